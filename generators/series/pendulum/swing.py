"""What a kind of pendulum is: its parameters, and how it moves."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from skybench.generators.distributions import Constant, Distribution, Uniform
from skybench.generators.profiles import Profile

Floats = NDArray[np.float64]


class Motion(NamedTuple):
    """Angle in radians and angular velocity in radians a second, (pendulum, time) each."""

    angle: Floats
    angular_velocity: Floats


@dataclass(frozen=True, kw_only=True)
class Swing(Profile):
    """A kind of pendulum.

    Attributes
    ----------
    move : callable
        (parameters, instants in seconds) -> Motion. The instants are even and begin with 0.
    """

    move: Callable[[Mapping[str, Floats], Floats], Motion]


FREE: dict[str, Distribution] = {
    "pendulum_length": Uniform(distribution="uniform", low=0.5, high=2),
    "gravity": Constant(value=9.81),
    "initial_angle": Uniform(distribution="uniform", low=-2.8, high=2.8),
    "initial_angular_velocity": Constant(value=0),
}
"""The parameters of a pendulum without friction."""


def natural_frequency(pendulums: Mapping[str, Floats]) -> Floats:
    """Return sqrt(g / L), the angular frequency of small swings."""
    return np.asarray(np.sqrt(pendulums["gravity"] / pendulums["pendulum_length"]))
