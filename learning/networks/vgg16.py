"""VGG-16 as torchvision has it, with a first layer for as many channels as a sample has planes."""

from typing import TYPE_CHECKING, Any

from skybench.learning.networks.network import Network
from skybench.learning.sample_form import SampleForm

if TYPE_CHECKING:
    import torch


def build(form: SampleForm, outputs: int) -> "torch.nn.Module":
    """Make VGG-16 from scratch: configuration D of the paper, without normalisations.

    Half a gigabyte of weights, most of them in the full connections of its end.
    """
    import torch  # seconds, and only where a network is built
    from torchvision.models import vgg16  # type: ignore[import-untyped]

    network: Any = vgg16(weights=None, num_classes=outputs)
    first: Any = torch.nn.Conv2d(form.planes, 64, 3, padding=1)
    torch.nn.init.kaiming_normal_(first.weight, mode="fan_out", nonlinearity="relu")
    torch.nn.init.zeros_(first.bias)
    network.features[0] = first
    made: torch.nn.Module = network
    return made


VGG16 = Network(
    name="vgg16",
    title="VGG-16",
    model="torchvision vgg16, {planes}-channel stem",
    reference="Simonyan & Zisserman 2015, ICLR",
    takes=("images",),
    smallest=32,
    build=build,
    stem="features.0",
    head="classifier.6",
)
