"""Rectangles, solid or as outlines, and straight lines, which are thin ones."""

import numpy as np

from skybench.generators.distributions import Uniform
from skybench.generators.geometric.edges import Edges, Floats, direction, join, straight
from skybench.generators.geometric.shape import BRIGHT, EXACT, HALF_TURN, SOLID, Shape
from skybench.generators.profiles import Parameters

_ALONG = np.array([1.0, -1.0, -1.0, 1.0]) / 2
_ACROSS = np.array([1.0, 1.0, -1.0, -1.0]) / 2


def _sides(parameters: Parameters, width: Floats, height: Floats) -> Edges:
    cos, sin = direction(parameters["position_angle"])
    along, across = np.outer(width, _ALONG), np.outer(height, _ACROSS)
    x = parameters["source_x"][:, None] + along * cos[:, None] - across * sin[:, None]
    y = parameters["source_y"][:, None] + along * sin[:, None] + across * cos[:, None]
    return straight(x, y)


def boundary(parameters: Parameters) -> Edges:
    """Return rectangles, each with a hole where it is an outline that leaves one."""
    width, height, thickness = (parameters[n] for n in ("width", "height", "thickness"))
    hollow = (thickness > 0) & (2 * thickness < np.minimum(width, height))
    inset = np.where(hollow, 2 * thickness, 0.0)
    hole = _sides(parameters, width - inset, height - inset)
    return join(_sides(parameters, width, height), hole.reversed().where(hollow))


def line(parameters: Parameters) -> Edges:
    """Return lines: rectangles of a length and a width, with flat ends."""
    return _sides(parameters, parameters["length"], parameters["line_width"])


_SIDE = Uniform(distribution="uniform", low=25, high=80)

RECTANGLE = Shape(
    name="rectangle",
    code=1,
    summary="Rectangle, solid or an outline.",
    formula="|u| ≤ width/2 and |v| ≤ height/2 with u along the position angle; an outline leaves "
    "out the rectangle that lies its thickness further in.",
    reference="Plane geometry",
    accuracy=EXACT,
    example="Rectangle(width=44, height=28, position_angle=20, thickness=4).render((64, 64))",
    defaults={
        "brightness": BRIGHT,
        "width": _SIDE,
        "height": _SIDE,
        "position_angle": HALF_TURN,
        "thickness": SOLID,
    },
    boundary=boundary,
)

LINE = Shape(
    name="line",
    code=4,
    summary="Straight line with flat ends.",
    formula="|u| ≤ length/2 and |v| ≤ line_width/2 with u along the position angle.",
    reference="Plane geometry",
    accuracy=EXACT,
    example="Line(length=50, line_width=4, position_angle=30).render((64, 64))",
    defaults={
        "brightness": BRIGHT,
        "length": Uniform(distribution="uniform", low=30, high=100),
        "line_width": Uniform(distribution="uniform", low=2, high=6),
        "position_angle": HALF_TURN,
    },
    boundary=line,
)
