"""Xception: separable convolutions throughout, written from the paper's figure 5.

Its tensors have the names of Cadene's port of the author's weights, which timm has as
`legacy_xception`: files of that network's weights move into this one.
"""

from typing import TYPE_CHECKING

from skybench.learning.networks.network import Network
from skybench.learning.sample_form import SampleForm

if TYPE_CHECKING:
    import torch

MIDDLE_BLOCKS = 8
MIDDLE = 728


def build(form: SampleForm, outputs: int) -> "torch.nn.Module":
    """Make Xception: an entry of four blocks, eight middle blocks, an exit, and a linear layer."""
    import torch  # seconds, and only where a network is built

    nn = torch.nn

    def separable(before: int, after: int) -> torch.nn.Module:
        """Filter each map by itself, then mix them."""
        layer = nn.Sequential()
        depthwise = nn.Conv2d(before, before, 3, padding=1, groups=before, bias=False)
        layer.add_module("conv1", depthwise)
        layer.add_module("pointwise", nn.Conv2d(before, after, 1, bias=False))
        return layer

    class Block(nn.Module):
        def __init__(
            self, before: int, widths: tuple[int, ...], stride: int, *, active_first: bool = True
        ) -> None:
            super().__init__()
            layers: list[torch.nn.Module] = []
            inside = before
            for width in widths:
                layers += [nn.ReLU(), separable(inside, width), nn.BatchNorm2d(width)]
                inside = width
            self.skip: torch.nn.Module = nn.Identity()
            self.skipbn: torch.nn.Module = nn.Identity()
            if stride != 1:
                layers.append(nn.MaxPool2d(3, stride, 1))
                self.skip = nn.Conv2d(before, inside, 1, stride=stride, bias=False)
                self.skipbn = nn.BatchNorm2d(inside)
            self.rep = nn.Sequential(*(layers if active_first else layers[1:]))

        def forward(self, maps: torch.Tensor) -> torch.Tensor:
            added: torch.Tensor = self.rep(maps) + self.skipbn(self.skip(maps))
            return added

    network = nn.Sequential()
    network.add_module("conv1", nn.Conv2d(form.planes, 32, 3, stride=2, bias=False))
    network.add_module("bn1", nn.BatchNorm2d(32))
    network.add_module("relu1", nn.ReLU())
    network.add_module("conv2", nn.Conv2d(32, 64, 3, bias=False))
    network.add_module("bn2", nn.BatchNorm2d(64))
    network.add_module("relu2", nn.ReLU())
    network.add_module("block1", Block(64, (128, 128), 2, active_first=False))
    network.add_module("block2", Block(128, (256, 256), 2))
    network.add_module("block3", Block(256, (MIDDLE, MIDDLE), 2))
    for number in range(4, 4 + MIDDLE_BLOCKS):
        network.add_module(f"block{number}", Block(MIDDLE, (MIDDLE,) * 3, 1))
    network.add_module("block12", Block(MIDDLE, (MIDDLE, 1024), 2))
    for number, (before, after) in enumerate(((1024, 1536), (1536, 2048)), 3):
        network.add_module(f"conv{number}", separable(before, after))
        network.add_module(f"bn{number}", nn.BatchNorm2d(after))
        network.add_module(f"relu{number}", nn.ReLU())
    network.add_module("mean", nn.AdaptiveAvgPool2d(1))
    network.add_module("flatten", nn.Flatten())
    network.add_module("fc", nn.Linear(2048, outputs))
    return network


XCEPTION = Network(
    name="xception",
    title="Xception",
    model="Xception, {planes}-channel stem",
    reference="Chollet 2017, CVPR, 1251",
    takes=("images",),
    smallest=7,
    build=build,
    stem="conv1",
    head="fc",
)
