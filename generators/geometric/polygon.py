"""Regular polygons, solid or as outlines."""

import numpy as np

from skybench.generators.distributions import Choice
from skybench.generators.geometric.edges import Edges, Floats, direction, join, straight
from skybench.generators.geometric.shape import (
    ANY_ANGLE,
    BRIGHT,
    DEFAULT_SIZE,
    EXACT,
    SOLID,
    Shape,
)
from skybench.generators.profiles import Parameters


def _sides(parameters: Parameters, radius: Floats) -> Edges:
    """Return the sides; of polygons with fewer than the most, the first vertex is repeated."""
    count = parameters["side_count"][:, None]
    vertex = np.arange(int(count.max(initial=3)))
    turn = np.where(vertex < count, 360.0 * vertex / count, 0.0)
    cos, sin = direction(parameters["position_angle"][:, None] + turn)
    x = parameters["source_x"][:, None] + radius[:, None] * cos
    y = parameters["source_y"][:, None] + radius[:, None] * sin
    return straight(x, y)


def boundary(parameters: Parameters) -> Edges:
    """Return polygons, each with a hole where it is an outline that leaves one."""
    radius, thickness = parameters["radius"], parameters["thickness"]
    # The distance of a side from the centre is the radius times this.
    apothem = np.cos(np.pi / parameters["side_count"])
    hollow = (thickness > 0) & (thickness < radius * apothem)
    inset = np.where(hollow, thickness / apothem, 0.0)
    hole = _sides(parameters, radius - inset)
    return join(_sides(parameters, radius), hole.reversed().where(hollow))


POLYGON = Shape(
    name="polygon",
    code=2,
    summary="Regular polygon, solid or an outline.",
    formula="side_count vertices at radius from the centre, the first in the direction of the "
    "position angle; an outline leaves out the polygon whose sides lie its thickness further in.",
    reference="Plane geometry",
    accuracy=EXACT,
    example="Polygon(radius=24, side_count=6, position_angle=10).render((64, 64))",
    defaults={
        "brightness": BRIGHT,
        "radius": DEFAULT_SIZE,
        "side_count": Choice(distribution="choice", values=(3, 4, 5, 6, 7, 8)),
        "position_angle": ANY_ANGLE,
        "thickness": SOLID,
    },
    boundary=boundary,
)
