"""ResNet-18 as torchvision has it, with a stem for as many channels as a sample has planes."""

from typing import TYPE_CHECKING

from skybench.learning.networks.network import Network
from skybench.learning.networks.resnet50 import build_residual
from skybench.learning.sample_form import SampleForm

if TYPE_CHECKING:
    import torch


def build(form: SampleForm, outputs: int) -> "torch.nn.Module":
    """Make ResNet-18 from scratch; its residual blocks begin as the identity, as ResNet-50's do."""
    return build_residual("resnet18", form, outputs)


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
