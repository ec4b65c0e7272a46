"""A network with the stretch of its samples: made from a seed, or read back from its weights.

It takes samples in electrons as they are stored and stretches them itself, so its weights alone
are enough to score raw samples.
"""

from os import PathLike

import safetensors.torch
import torch

from skybench.learning.networks.network import Network
from skybench.learning.sample_form import SampleForm
from skybench.learning.stretch import Stretch

_UNSTRETCHED = Stretch(scale=1.0, mean=0.0, deviation=1.0)


class StretchedNetwork(torch.nn.Module):
    """A network behind the stretch that it was trained with.

    Parameters
    ----------
    network : Module
        Of stretched (sample, plane, *extent).
    form : SampleForm
        Which axes of a sample are planes.
    stretch : Stretch
        Kept among the weights.
    """

    scale: torch.Tensor
    mean: torch.Tensor
    deviation: torch.Tensor

    def __init__(self, network: torch.nn.Module, form: SampleForm, stretch: Stretch) -> None:
        super().__init__()
        self.network, self.form = network, form
        for name in ("scale", "mean", "deviation"):
            self.register_buffer(name, torch.tensor(getattr(stretch, name), dtype=torch.float32))

    def forward(self, samples: torch.Tensor) -> torch.Tensor:
        """Give outputs (sample, output) for samples in electrons."""
        stretched = (torch.asinh(samples.float() / self.scale) - self.mean) / self.deviation
        # A pixel that is not finite tells nothing and becomes the mean, as in `Stretch.applied`.
        usable = torch.nan_to_num(stretched, nan=0.0, posinf=0.0, neginf=0.0)
        planes = planes_first(usable, self.form)
        outputs: torch.Tensor = self.network(planes.contiguous(memory_format=_layout(self.form)))
        return outputs.float()


def planes_first(samples: torch.Tensor, form: SampleForm) -> torch.Tensor:
    """Return samples as (sample, plane, *extent), whatever the order of their dimensions."""
    moved = samples.permute(0, *(axis + 1 for axis in form.planes_first))
    return moved.reshape(len(samples), form.planes, *form.extent)


def build_model(
    network: Network, form: SampleForm, outputs: int, *, stretch: Stretch, seed: int
) -> StretchedNetwork:
    """Make a model with weights drawn from `seed`, leaving torch's own generator alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = StretchedNetwork(network.build(form, outputs), form, stretch)
    return model.to(memory_format=_layout(form))


def load_model(
    path: str | PathLike[str], network: Network, form: SampleForm, outputs: int
) -> StretchedNetwork:
    """Read a model back from its weights."""
    model = build_model(network, form, outputs, stretch=_UNSTRETCHED, seed=0)
    model.load_state_dict(safetensors.torch.load_file(path))
    return model.eval()


def _layout(form: SampleForm) -> torch.memory_format:
    """Return how the numbers of images lie for the fastest convolutions."""
    return torch.channels_last if len(form.axes) == 2 else torch.contiguous_format
