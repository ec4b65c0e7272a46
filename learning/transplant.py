"""Weights that move into another model: by the names of tensors, where shapes agree."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch

from skybench.errors import ParameterError
from skybench.learning.model import StretchedNetwork
from skybench.learning.networks.network import Network
from skybench.learning.networks.table import network_named
from skybench.learning.weights_file import Weights

LeftBehind = Literal["head", "ends", "none"]
"""Nothing but the head, the first and the last layer, or nothing."""


@dataclass(frozen=True, kw_only=True)
class Transplant:
    """The tensors of a model that were replaced, and those that stayed as they were."""

    moved: tuple[str, ...]
    left: tuple[str, ...]

    def __str__(self) -> str:
        """Say how many moved, and which did not."""
        whole = len(self.moved) + len(self.left)
        left = f"; left as they were: {', '.join(self.left)}" if self.left else ""
        return f"{len(self.moved)} of {whole} tensors moved{left}"


def transplant(
    model: torch.nn.Module,
    weights: Weights,
    *,
    but: LeftBehind = "head",
    network: Network | None = None,
) -> Transplant:
    """Copy weights into a model, tensor by tensor of equal name and shape.

    Parameters
    ----------
    model : Module
        A `StretchedNetwork`, whose stretch stays, or a plain one such as torchvision's.
    weights : Weights
        From `read_weights`, or of a model in memory.
    but : {"head", "ends", "none"}
        What is left behind: the last layer, for other classes; the first and the last, for other
        planes too, as the DeepBench paper does; or nothing, where shapes agree.
    network : Network, optional
        Says which its first and last layers are. Default: the one that the weights name.

    Returns
    -------
    Transplant
        What moved.

    Raises
    ------
    ParameterError
        Nothing would move, or it is not known which layers are first and last.

    References
    ----------
    Voetberg et al. 2023, JOSS 8, 5334 (DeepBench); Yosinski et al. 2014, NIPS, 3320.
    """
    module = model.network if isinstance(model, StretchedNetwork) else model
    ends = _ends(weights, but, network)
    own, state = weights.tensors, module.state_dict()
    moved = tuple(n for n in state if not _is_of(n, ends) and _fits(own, n, state[n]))
    if not moved:
        msg = (
            f"none of the {len(own)} tensors fits the model by name and shape: they begin with "
            f"{', '.join([*own][:3])}, and those of the model with {', '.join([*state][:3])}"
        )
        raise ParameterError(msg)
    module.load_state_dict({name: own[name] for name in moved}, strict=False)
    return Transplant(moved=moved, left=tuple(name for name in state if name not in moved))


def _ends(weights: Weights, but: LeftBehind, network: Network | None) -> tuple[str, ...]:
    """Return what the names of the tensors begin with that are left behind."""
    wanted = {"none": (), "head": ("head",), "ends": ("stem", "head")}
    if but not in wanted:
        msg = f"but must be one of {', '.join(wanted)}, got {but!r}"
        raise ParameterError(msg)
    named = weights.about.network
    known = network or (network_named(named) if named else None)
    ends = [getattr(known, end, None) for end in wanted[but]]
    if None in ends:
        name = known.name if known else "a network without a name"
        lost = " and ".join(wanted[but])
        msg = f"{name} does not say which its {lost} is; give network=, or but='none'"
        raise ParameterError(msg)
    return tuple(str(end) for end in ends)


def _is_of(name: str, ends: tuple[str, ...]) -> bool:
    return any(name == end or name.startswith(f"{end}.") for end in ends)


def _fits(tensors: Mapping[str, torch.Tensor], name: str, there: torch.Tensor) -> bool:
    return name in tensors and tensors[name].shape == there.shape
