"""How a network that learns one survey is made to see another alike, without labels of that.

`with_statistics_of` changes a trained network; an alignment is a term of the loss while it is
trained, small where the features of labelled samples and of those of the split `UNLABELLED` are
alike: a module of (source, target, progress from 0 to 1), with what is trained beside the network.
A new one is one class and one line in `ALIGNMENTS`.
"""

import copy
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from skybench.errors import ParameterError
from skybench.generators.suggestion import unknown
from skybench.learning.model import StretchedNetwork

_JUDGE_WIDTH = 64
_AT_ONCE = 256
_STEEPNESS = 10.0
"""How fast the adversary's gradient grows: the gamma of Ganin et al., section 5.2.2."""


@dataclass(frozen=True, kw_only=True)
class Adaptation:
    """Which alignment is trained with, and how much it weighs.

    Parameters
    ----------
    kind : "coral" or "dann"
        A key of `ALIGNMENTS`.
    weight : float
        Of the term beside the loss of the labels.

    Raises
    ------
    ParameterError
        There is no such alignment, or the weight is not above 0.
    """

    kind: str
    weight: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what would be found out only in training."""
        if self.kind not in ALIGNMENTS:
            raise ParameterError(unknown("alignment", self.kind, ALIGNMENTS))
        if not 0 < self.weight < math.inf:
            msg = f"the weight of an alignment must be above 0, got {self.weight}"
            raise ParameterError(msg)

    def made(self, features: int, seed: int) -> torch.nn.Module:
        """Make the alignment for vectors of so many features."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return ALIGNMENTS[self.kind](features)

    def identity(self) -> dict[str, Any]:
        """Return what a run's digest has of it."""
        return asdict(self)


class Coral(torch.nn.Module):
    """Correlation alignment: |C_source - C_target|^2 / (4 d^2), with covariances C of d features.

    References
    ----------
    Sun & Saenko 2016, ECCV workshops, equation 1 (Deep CORAL).
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.features = features

    def forward(self, source: torch.Tensor, target: torch.Tensor, progress: float) -> torch.Tensor:
        """Give the squared distance of the covariances."""
        apart = torch.cov(source.float().T) - torch.cov(target.float().T)
        return apart.square().sum() / (4 * self.features**2)


class Adversary(torch.nn.Module):
    """A judge that learns to tell the surveys apart, whose gradient is turned round.

    The network so learns features that the judge cannot tell apart; the strength of that grows as
    2 / (1 + exp(-10 progress)) - 1.

    References
    ----------
    Ganin et al. 2016, JMLR 17, 59 (DANN), equation 18 and section 5.2.2.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.judge = torch.nn.Sequential(
            torch.nn.Linear(features, _JUDGE_WIDTH),
            torch.nn.ReLU(),
            torch.nn.Linear(_JUDGE_WIDTH, 1),
        )

    def forward(self, source: torch.Tensor, target: torch.Tensor, progress: float) -> torch.Tensor:
        """Give the cross-entropy of the judge; what it sends back is turned round."""
        strength = 2 / (1 + math.exp(-_STEEPNESS * progress)) - 1
        both = torch.cat([source, target]).float()
        verdicts = self.judge(_reversed_gradient(both, strength))[:, 0]
        truth = torch.zeros_like(verdicts)
        truth[len(source) :] = 1
        return functional.binary_cross_entropy_with_logits(verdicts, truth)


ALIGNMENTS: dict[str, Callable[[int], torch.nn.Module]] = {"coral": Coral, "dann": Adversary}


def _reversed_gradient(values: torch.Tensor, strength: float) -> torch.Tensor:
    """Return the values; the gradient that comes back through them is times -strength."""
    turned = -strength * values
    return turned + (values - turned).detach()


def with_statistics_of(
    model: StretchedNetwork, images: npt.NDArray[Any], *, at_once: int = _AT_ONCE
) -> StretchedNetwork:
    """Return a copy of a network whose batch normalisations know another survey: AdaBN.

    Means and variances are those of the images given, no label or weight is touched. All batches
    but the last have the same length, so that each image counts about alike.

    Parameters
    ----------
    model : StretchedNetwork
    images : (sample, ...) array
        Of the survey that it shall be used on, as it takes them.
    at_once : int
        Images of a batch.

    Raises
    ------
    ParameterError
        The network has no batch normalisation, or there are fewer than two images.

    References
    ----------
    Li et al. 2018, Pattern Recognition 80, 109 (adaptive batch normalisation).
    """
    adapted = copy.deepcopy(model).eval()
    kinds = (torch.nn.BatchNorm1d, torch.nn.BatchNorm2d, torch.nn.BatchNorm3d)
    layers = [layer for layer in adapted.modules() if isinstance(layer, kinds)]
    if not layers or len(images) < 2:
        what = "the network has no batch normalisation" if not layers else "they are too few images"
        msg = f"statistics cannot be learnt of {len(images)} images: {what}"
        raise ParameterError(msg)
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # a plain mean over the batches
        layer.train()
    device = next(adapted.parameters()).device
    with torch.no_grad():
        for batch in np.array_split(images, max(1, len(images) // at_once)):
            adapted(torch.from_numpy(np.ascontiguousarray(batch)).to(device))
    return adapted.eval()


@contextmanager
def features_seen(model: StretchedNetwork, head: str | None) -> Iterator[list[torch.Tensor]]:
    """Collect what goes into the last layer while the network is used: (sample, feature) each.

    Of maps it is the mean of each.

    Parameters
    ----------
    model : StretchedNetwork
    head : str or None
        The name of its last layer.

    Raises
    ------
    ParameterError
        It is not known which layer that is.
    """
    seen: list[torch.Tensor] = []
    handle = head_of(model, head).register_forward_pre_hook(
        lambda _, inputs: seen.append(_vectors(inputs[0]))
    )
    try:
        yield seen
    finally:
        handle.remove()


def _vectors(values: torch.Tensor) -> torch.Tensor:
    return values.flatten(2).mean(-1) if values.ndim > 2 else values


def head_of(model: StretchedNetwork, head: str | None) -> torch.nn.Module:
    """Return the last layer of a network; raises as `features_seen`."""
    if head is None:
        msg = (
            "the network does not say which its last layer is (Network.head), so it has no features"
        )
        raise ParameterError(msg)
    return model.network.get_submodule(head)
