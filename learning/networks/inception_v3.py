"""Inception v3 as torchvision has it, without the auxiliary classifier."""

from typing import TYPE_CHECKING, Any

from skybench.learning.networks.network import Network
from skybench.learning.sample_form import SampleForm

if TYPE_CHECKING:
    import torch


def build(form: SampleForm, outputs: int) -> "torch.nn.Module":
    """Make Inception v3 from scratch; torchvision's `inception_v3(aux_logits=False)` is the same.

    The auxiliary classifier is left out: it helps towards the end of a long training alone
    (Szegedy et al. 2016, section 4), and would make a second output.
    """
    import torch  # seconds, and only where a network is built
    from torchvision.models import inception_v3  # type: ignore[import-untyped]

    network: Any = inception_v3(
        weights=None, num_classes=outputs, aux_logits=False, init_weights=True
    )
    stem = torch.nn.Conv2d(form.planes, 32, 3, stride=2, bias=False)
    torch.nn.init.trunc_normal_(stem.weight, std=0.1, a=-2, b=2)
    network.Conv2d_1a_3x3.conv = stem
    made: torch.nn.Module = network
    return made


INCEPTION_V3 = Network(
    name="inception_v3",
    title="Inception v3",
    model="torchvision inception_v3 without auxiliary outputs, {planes}-channel stem",
    reference="Szegedy et al. 2016, CVPR, 2818",
    takes=("images",),
    smallest=75,
    build=build,
    stem="Conv2d_1a_3x3.conv",
    head="fc",
)
