"""What a kind of N-body system is: its parameters, and where its bodies start."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from skybench.generators.distributions import Constant, Distribution, Uniform
from skybench.generators.profiles import Profile
from skybench.generators.series.nbody.orbit import Floats, State

Uniforms = Callable[[int], Floats]
"""The first so many random numbers of each system, (system, count)."""

TURNED: dict[str, Distribution] = {
    "system_inclination": Constant(value=0),
    "orientation": Uniform(distribution="uniform", low=0, high=360),
}
"""How a system drawn in the xy plane is turned: tilted about x, then turned about z."""


@dataclass(frozen=True, kw_only=True)
class System(Profile):
    """A kind of N-body system.

    Attributes
    ----------
    bodies : int or None
        How many it has; None for any number.
    place : callable
        (parameters, number of bodies, random numbers) -> State, in three dimensions and
        about the centre of mass.
    """

    bodies: int | None
    place: Callable[[Mapping[str, Floats], int, Uniforms], State]
