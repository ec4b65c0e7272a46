"""Rectangles, solid or as outlines, and straight lines, which are thin ones."""

import numpy as np

from skybench.generators.arrays import Floats, Parameters
from skybench.generators.declaration import parameter
from skybench.generators.distributions import uniform
from skybench.generators.geometric.edges import Edges, direction, join, straight
from skybench.generators.geometric.geometric_object import EXACT, HALF_TURN, GeometricObject
from skybench.generators.geometric.vocabulary import SIZE

_ALONG = np.array([1.0, -1.0, -1.0, 1.0]) / 2
_ACROSS = np.array([1.0, 1.0, -1.0, -1.0]) / 2

_SIDE = uniform(25, 80)


def _sides(parameters: Parameters, width: Floats, height: Floats) -> Edges:
    cos, sin = direction(parameters["position_angle"])
    along, across = np.outer(width, _ALONG), np.outer(height, _ACROSS)
    x = parameters["source_x"][:, None] + along * cos[:, None] - across * sin[:, None]
    y = parameters["source_y"][:, None] + along * sin[:, None] + across * cos[:, None]
    return straight(x, y)


class Rectangle(GeometricObject):
    """Rectangle, solid or an outline."""

    code = 1
    formula = (
        "|u| ≤ width/2 and |v| ≤ height/2 with u along the position angle; an outline leaves "
        "out the rectangle that lies its thickness further in."
    )
    reference = "Plane geometry"
    accuracy = EXACT
    example = "Rectangle(width=44, height=28, position_angle=20, thickness=4).render((64, 64))"

    width: float = parameter(
        "side of a rectangle along its position angle",
        units="pixel",
        domain=SIZE,
        after="radius",
        default=_SIDE,
    )
    height: float = parameter(
        "side of a rectangle across its width", units="pixel", domain=SIZE, default=_SIDE
    )
    position_angle: float = parameter(default=HALF_TURN)
    thickness: float = parameter(default=0)

    @staticmethod
    def boundary(parameters: Parameters) -> Edges:
        """Return rectangles, each with a hole where it is an outline that leaves one."""
        width, height, thickness = (parameters[n] for n in ("width", "height", "thickness"))
        hollow = (thickness > 0) & (2 * thickness < np.minimum(width, height))
        inset = np.where(hollow, 2 * thickness, 0.0)
        hole = _sides(parameters, width - inset, height - inset)
        return join(_sides(parameters, width, height), hole.reversed().where(hollow))


class Line(GeometricObject):
    """Straight line with flat ends."""

    code = 4
    formula = "|u| ≤ length/2 and |v| ≤ line_width/2 with u along the position angle."
    reference = "Plane geometry"
    accuracy = EXACT
    example = "Line(length=50, line_width=4, position_angle=30).render((64, 64))"

    length: float = parameter(
        "length of a line", units="pixel", domain=SIZE, after="height", default=uniform(30, 100)
    )
    line_width: float = parameter(default=uniform(2, 6))
    position_angle: float = parameter(default=HALF_TURN)

    @staticmethod
    def boundary(parameters: Parameters) -> Edges:
        """Return lines: rectangles of a length and a width, with flat ends."""
        return _sides(parameters, parameters["length"], parameters["line_width"])
