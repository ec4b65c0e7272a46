"""ResNet-18 as torchvision has it, with a stem for as many channels as a sample has planes."""

from typing import TYPE_CHECKING

from skybench.learning.networks.network import Network
from skybench.learning.sample_form import SampleForm

if TYPE_CHECKING:
    import torch


def build(form: SampleForm, outputs: int) -> "torch.nn.Module":
    """Make ResNet-18 from scratch; its residual blocks begin as the identity, as ResNet-50's do."""
    import torch  # seconds, and only where a network is built
    from torchvision.models import resnet18  # type: ignore[import-untyped]

    network: torch.nn.Module = resnet18(weights=None, num_classes=outputs, zero_init_residual=True)
    stem = torch.nn.Conv2d(form.planes, 64, 7, stride=2, padding=3, bias=False)
    torch.nn.init.kaiming_normal_(stem.weight, mode="fan_out", nonlinearity="relu")
    network.conv1 = stem
    return network


RESNET18 = Network(
    name="resnet18",
    title="ResNet-18",
    model="torchvision resnet18, {planes}-channel stem",
    reference="He et al. 2016, CVPR, 770",
    takes=("images",),
    build=build,
    stem="conv1",
    head="fc",
)
