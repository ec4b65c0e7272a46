"""A network with the stretch of its samples: made from a seed, or read back from its weights.

It takes samples in electrons as they are stored and stretches them itself, so its file of weights
alone is enough to score raw samples.
"""

import dataclasses
from os import PathLike

import torch

from skybench.errors import IntegrityError
from skybench.learning.networks.network import Network
from skybench.learning.sample_form import SampleForm
from skybench.learning.stretch import Stretch
from skybench.learning.weights_file import read_weights


class StretchedNetwork(torch.nn.Module):
    """A network behind the stretch that it was trained with.

    Parameters
    ----------
    network : Module
        Of stretched (sample, plane, *extent).
    form : SampleForm
        Which axes of a sample are planes.
    stretch : Stretch
    """

    scale: torch.Tensor
    mean: torch.Tensor
    deviation: torch.Tensor

    def __init__(self, network: torch.nn.Module, form: SampleForm, stretch: Stretch) -> None:
        super().__init__()
        self.network, self.form, self.stretch = network, form, stretch
        for name in ("scale", "mean", "deviation"):
            self.register_buffer(name, torch.tensor(getattr(stretch, name), dtype=torch.float32))

    def forward(self, samples: torch.Tensor) -> torch.Tensor:
        """Give outputs (sample, output) for samples in electrons."""
        stretched = (torch.asinh(samples.float() / self.scale) - self.mean) / self.deviation
        # A pixel that is not finite tells nothing and becomes the mean, as in `Stretch.applied`.
        usable = torch.nan_to_num(stretched, nan=0.0, posinf=0.0, neginf=0.0)
        # Convolutions take samples of other extents than those of training.
        form = dataclasses.replace(self.form, shape=tuple(samples.shape[1:]))
        planes = planes_first(usable, form)
        outputs: torch.Tensor = self.network(planes.contiguous(memory_format=_layout(form)))
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
    """Read a model back from its weights.

    Raises
    ------
    NotFoundError, IntegrityError
        As `read_weights`; or the file has no stretch, or is of another network.
    """
    weights = read_weights(path)
    stretch = weights.about.normalisation
    if stretch is None:
        msg = f"{path} does not say how its samples are stretched; skybench did not write it"
        raise IntegrityError(msg)
    model = build_model(network, form, outputs, stretch=stretch, seed=0)
    try:
        model.network.load_state_dict(weights.tensors)
    except RuntimeError as error:
        msg = f"{path} is not of {network.name} with {outputs} outputs for {form}: {error}"
        raise IntegrityError(msg) from None
    return model.eval()


def _layout(form: SampleForm) -> torch.memory_format:
    """Return how the numbers of images lie for the fastest convolutions."""
    return torch.channels_last if len(form.axes) == 2 else torch.contiguous_format
