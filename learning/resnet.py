"""The baseline's model: torchvision's ResNet-50 with a stem for as many channels as bands.

The network takes images in electrons as they are stored and stretches them itself, so
its weights alone are enough to score raw images.
"""

import torch
from torchvision.models import resnet50  # type: ignore[import-untyped]

from skybench.learning.stretch import Stretch


def model_name(bands: int) -> str:
    """Return what a record calls the model."""
    return f"torchvision resnet50, {'one' if bands == 1 else bands}-channel stem"


class SkyResNet50(torch.nn.Module):
    """ResNet-50 from scratch on stretched images; its geometry is stock.

    The last normalisation of each residual block starts at zero (Goyal et al. 2017, section 5.1),
    without which the first epochs at a high learning rate are lost.

    Parameters
    ----------
    classes : int
        Number of outputs (logits).
    stretch : Stretch
        Kept among the weights.
    bands : int
        Planes of an image.
    """

    scale: torch.Tensor
    mean: torch.Tensor
    deviation: torch.Tensor

    def __init__(self, classes: int, stretch: Stretch, bands: int = 1) -> None:
        super().__init__()
        self.network = resnet50(weights=None, num_classes=classes, zero_init_residual=True)
        self.network.conv1 = torch.nn.Conv2d(bands, 64, 7, stride=2, padding=3, bias=False)
        torch.nn.init.kaiming_normal_(
            self.network.conv1.weight, mode="fan_out", nonlinearity="relu"
        )
        for name in ("scale", "mean", "deviation"):
            self.register_buffer(name, torch.tensor(getattr(stretch, name), dtype=torch.float32))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Give logits (sample, class) for images (sample, [band,] y, x) in electrons."""
        stretched = (torch.asinh(images.float() / self.scale) - self.mean) / self.deviation
        planes = stretched[:, None] if stretched.ndim == 3 else stretched
        logits: torch.Tensor = self.network(planes.contiguous(memory_format=torch.channels_last))
        return logits.float()


def build_model(classes: int, stretch: Stretch, seed: int, bands: int = 1) -> SkyResNet50:
    """Make the model with weights drawn from `seed`, leaving torch's own generator alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = SkyResNet50(classes, stretch, bands)
    return model.to(memory_format=torch.channels_last)


def parameter_count(model: torch.nn.Module) -> int:
    """Count the trainable numbers of a model."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)
