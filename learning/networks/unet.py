"""U-Net: an answer for every pixel, for segmentation and deblending."""

from itertools import pairwise
from typing import TYPE_CHECKING

from skybench.learning.networks.network import Network
from skybench.learning.sample_form import SampleForm

if TYPE_CHECKING:
    import torch

WIDTH, DEPTH = 16, 3
"""Maps at the full size, doubled at each of so many halvings: the paper's 64 and 4, made narrow."""


def build(form: SampleForm, outputs: int) -> "torch.nn.Module":
    """Make a narrow U-Net with normalisations; its convolutions keep the size of the image.

    Maps that come up are cut to the size of those beside them, so that images of any size are
    taken.
    """
    import torch  # seconds, and only where a network is built

    nn = torch.nn

    def double(before: int, width: int) -> torch.nn.Module:
        layers: list[torch.nn.Module] = []
        for inputs in (before, width):
            layers += [
                nn.Conv2d(inputs, width, 3, padding=1, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU(inplace=True),
            ]
        return nn.Sequential(*layers)

    class UNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            widths = [WIDTH * 2**level for level in range(DEPTH + 1)]
            pairs = [*pairwise(widths)]
            self.stem = double(form.planes, WIDTH)
            self.down = nn.ModuleList(double(a, b) for a, b in pairs)
            self.up = nn.ModuleList(nn.ConvTranspose2d(b, a, 2, stride=2) for a, b in pairs)
            self.join = nn.ModuleList(double(b, a) for a, b in pairs)
            self.head = nn.Conv2d(WIDTH, outputs, 1)

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            maps, beside = self.stem(images), []
            for down in self.down:
                beside.append(maps)
                maps = down(nn.functional.max_pool2d(maps, 2, ceil_mode=True))
            for level in reversed(range(DEPTH)):
                height, width = beside[level].shape[-2:]
                larger = self.up[level](maps)[..., :height, :width]
                maps = self.join[level](torch.cat([beside[level], larger], dim=1))
            answers: torch.Tensor = self.head(maps)
            return answers

    return UNet()


UNET = Network(
    name="unet",
    title="U-Net",
    model="U-Net of width 16 and three halvings, {planes}-channel stem",
    reference="Ronneberger, Fischer & Brox 2015, MICCAI, 234",
    takes=("images",),
    answers=("segmentation", "deblending"),
    build=build,
    stem="stem.0",
    head="head",
)
