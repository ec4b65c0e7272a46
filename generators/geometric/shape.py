"""A profile of the plane: a shape that is known by its boundary."""

from collections.abc import Callable
from dataclasses import dataclass

from skybench.generators.distributions import Constant, Distribution, Uniform
from skybench.generators.geometric.edges import Edges
from skybench.generators.profiles import Parameters, Profile

SOLID = Constant(value=0)
BRIGHT = Constant(value=1)
ANY_ANGLE = Uniform(distribution="uniform", low=0, high=360)
HALF_TURN = Uniform(distribution="uniform", low=0, high=180)
"""Angles of what looks the same upside down."""

DEFAULT_SIZE: Distribution = Uniform(distribution="uniform", low=15, high=45)
"""Pixels: what a canvas of 256x256 shows well."""

EXACT = "Pixels of 0 and 1 by the centre rule; covered areas are exact to 1e-9 of a pixel."


@dataclass(frozen=True, kw_only=True)
class Shape(Profile):
    """A kind of plane shape.

    Attributes
    ----------
    boundary : callable
        Parameters of m shapes, each (m,) -> their edges.
    """

    boundary: Callable[[Parameters], Edges]
