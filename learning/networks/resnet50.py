"""ResNet-50 as torchvision has it, with a stem for as many channels as a sample has planes."""

from typing import TYPE_CHECKING

from skybench.learning.networks.network import Network
from skybench.learning.sample_form import SampleForm

if TYPE_CHECKING:
    import torch


def build(form: SampleForm, outputs: int) -> "torch.nn.Module":
    """Make ResNet-50 from scratch; its geometry is stock.

    The last normalisation of each residual block starts at zero (Goyal et al. 2017, section 5.1),
    without which the first epochs at a high learning rate are lost.
    """
    return build_residual("resnet50", form, outputs)


def build_residual(name: str, form: SampleForm, outputs: int) -> "torch.nn.Module":
    """Make a residual network of torchvision by its name there."""
    import torch  # seconds, and only where a network is built
    from torchvision import models  # type: ignore[import-untyped]

    network: torch.nn.Module = models.get_model(
        name, weights=None, num_classes=outputs, zero_init_residual=True
    )
    stem = torch.nn.Conv2d(form.planes, 64, 7, stride=2, padding=3, bias=False)
    torch.nn.init.kaiming_normal_(stem.weight, mode="fan_out", nonlinearity="relu")
    network.conv1 = stem
    return network


RESNET50 = Network(
    name="resnet50",
    title="ResNet-50",
    model="torchvision resnet50, {planes}-channel stem",
    reference="He et al. 2016, CVPR, 770",
    takes=("images",),
    build=build,
    stem="conv1",
    head="fc",
)
