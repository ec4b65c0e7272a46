"""A narrow residual network, for quick work on two cores."""

from typing import TYPE_CHECKING

from skybench.learning.networks.network import Network
from skybench.learning.sample_form import SampleForm

if TYPE_CHECKING:
    import torch

WIDTH = 16
"""Maps of the first stage; each later one has twice as many."""


def build(form: SampleForm, outputs: int) -> "torch.nn.Module":
    """Make a residual network of four stages with one basic block each.

    Its stem is that of CIFAR's residual networks (He et al. 2016, section 4.2), three pixels wide
    and without a pooling, so that small images keep their detail: the last maps have an eighth of
    the image's side.
    """
    import torch  # seconds, and only where a network is built
    from torchvision.models.resnet import BasicBlock  # type: ignore[import-untyped]

    nn = torch.nn

    def stage(before: int, width: int, stride: int) -> torch.nn.Module:
        shortcut = None
        if stride != 1:
            shortcut = nn.Sequential(
                nn.Conv2d(before, width, 1, stride=stride, bias=False), nn.BatchNorm2d(width)
            )
        block: torch.nn.Module = BasicBlock(before, width, stride, shortcut)
        return block

    widths = [WIDTH * 2**number for number in range(4)]
    network = nn.Sequential()
    network.add_module("conv1", nn.Conv2d(form.planes, WIDTH, 3, padding=1, bias=False))
    network.add_module("bn1", nn.BatchNorm2d(WIDTH))
    network.add_module("relu", nn.ReLU(inplace=True))
    for number, (before, width) in enumerate(zip((WIDTH, *widths), widths, strict=False), 1):
        network.add_module(f"layer{number}", stage(before, width, 1 if number == 1 else 2))
    network.add_module("avgpool", nn.AdaptiveAvgPool2d(1))
    network.add_module("flatten", nn.Flatten())
    network.add_module("fc", nn.Linear(widths[-1], outputs))
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    return network


NARROW_RESNET = Network(
    name="narrow_resnet",
    title="Narrow ResNet",
    model="residual network of width 16, one block a stage, {planes}-channel stem",
    reference="after He et al. 2016, CVPR, 770",
    takes=("images",),
    build=build,
    stem="conv1",
    head="fc",
)
