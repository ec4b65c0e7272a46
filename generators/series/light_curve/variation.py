"""What a kind of light curve is: its parameters, and the star's flux at given instants."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skybench.generators.profiles import Profile

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Variation(Profile):
    """A kind of light curve.

    Attributes
    ----------
    flux : callable
        (parameters, instants) -> flux over that of the quiet star. The parameters are
        (star, 1) arrays, instants and flux are (star, time), in days.
    """

    flux: Callable[[Mapping[str, Floats], Floats], Floats]


def phase(stars: Mapping[str, Floats], times: Floats) -> Floats:
    """Return the periods since the epoch, from -1/2 to 1/2."""
    turns = (times - stars["epoch"]) / stars["period"]
    return np.asarray(turns - np.rint(turns))
