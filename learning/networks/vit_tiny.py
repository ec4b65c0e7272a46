"""A tiny vision transformer: torchvision's in the size of DeiT-Ti, for small images too."""

from typing import TYPE_CHECKING, Any

from skybench.errors import ParameterError
from skybench.learning.networks.network import Network
from skybench.learning.sample_form import SampleForm

if TYPE_CHECKING:
    import torch

LAYERS, HEADS, WIDTH = 12, 3, 192

_PATCHES = 14
"""Patches along a side, about: the paper's images of 224 pixels have patches of 16."""


def build(form: SampleForm, outputs: int) -> "torch.nn.Module":
    """Make a transformer of 12 layers, 3 heads and a width of 192.

    It sees squares of whole patches, and images are padded to one at their lower right by zeros,
    which are the mean of stretched pixels. Positions are learnt, so that the weights are of one
    size of images.
    """
    import torch  # seconds, and only where a network is built
    from torchvision.models import VisionTransformer  # type: ignore[import-untyped]

    patch = max(1, round(max(form.extent) / _PATCHES))
    side = -(-max(form.extent) // patch) * patch

    class Padded(VisionTransformer):  # type: ignore[misc]
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            height, width = images.shape[-2:]
            if max(height, width) > side:
                msg = f"its positions are learnt for {side} x {side} pixels, got {height} x {width}"
                raise ParameterError(msg)
            padded = torch.nn.functional.pad(images, (0, side - width, 0, side - height))
            outputs: torch.Tensor = super().forward(padded)
            return outputs

    network: torch.nn.Module = Padded(
        image_size=side,
        patch_size=patch,
        num_layers=LAYERS,
        num_heads=HEADS,
        hidden_dim=WIDTH,
        mlp_dim=4 * WIDTH,
        num_classes=outputs,
    )
    stem: Any = torch.nn.Conv2d(form.planes, WIDTH, patch, stride=patch)
    torch.nn.init.trunc_normal_(stem.weight, std=(form.planes * patch**2) ** -0.5)
    torch.nn.init.zeros_(stem.bias)
    network.conv_proj = stem
    return network


VIT_TINY = Network(
    name="vit_tiny",
    title="ViT-Tiny",
    model="torchvision VisionTransformer in the size of DeiT-Ti, {planes}-channel patches",
    reference="Dosovitskiy et al. 2021, ICLR; Touvron et al. 2021, ICML, 10347",
    takes=("images",),
    build=build,
    stem="conv_proj",
    head="heads.head",
)
