"""Regular polygons, solid or as outlines."""

import numpy as np

from skybench.generators.arrays import Floats, Parameters
from skybench.generators.declaration import parameter
from skybench.generators.distributions import choice
from skybench.generators.geometric.edges import Edges, direction, join, straight
from skybench.generators.geometric.geometric_object import (
    ANY_ANGLE,
    DEFAULT_SIZE,
    EXACT,
    GeometricObject,
)
from skybench.generators.variable import OneOf


def _sides(parameters: Parameters, radius: Floats) -> Edges:
    """Return the sides; of polygons with fewer than the most, the first vertex is repeated."""
    count = parameters["side_count"][:, None]
    vertex = np.arange(int(count.max(initial=3)))
    turn = np.where(vertex < count, 360.0 * vertex / count, 0.0)
    cos, sin = direction(parameters["position_angle"][:, None] + turn)
    x = parameters["source_x"][:, None] + radius[:, None] * cos
    y = parameters["source_y"][:, None] + radius[:, None] * sin
    return straight(x, y)


class Polygon(GeometricObject):
    """Regular polygon, solid or an outline."""

    code = 2
    formula = (
        "side_count vertices at radius from the centre, the first in the direction of the position "
        "angle; an outline leaves out the polygon whose sides lie its thickness further in."
    )
    reference = "Plane geometry"
    accuracy = EXACT
    example = "Polygon(radius=24, side_count=6, position_angle=10).render((64, 64))"

    radius: float = parameter(default=DEFAULT_SIZE)
    side_count: float = parameter(
        "number of sides of a polygon",
        units=None,
        domain=OneOf(values=tuple(range(3, 65))),
        default=choice(3, 4, 5, 6, 7, 8),
    )
    position_angle: float = parameter(default=ANY_ANGLE)
    thickness: float = parameter(default=0)

    @staticmethod
    def boundary(parameters: Parameters) -> Edges:
        """Return polygons, each with a hole where it is an outline that leaves one."""
        radius, thickness = parameters["radius"], parameters["thickness"]
        # The distance of a side from the centre is the radius times this.
        apothem, _ = direction(180 / parameters["side_count"])
        hollow = (thickness > 0) & (thickness < radius * apothem)
        inset = np.where(hollow, thickness / apothem, 0.0)
        hole = _sides(parameters, radius - inset)
        return join(_sides(parameters, radius), hole.reversed().where(hollow))
