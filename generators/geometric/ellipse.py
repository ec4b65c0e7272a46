"""Ellipses, solid or as outlines; a circle is one whose axes are equal."""

import numpy as np

from skybench.generators.arrays import Parameters
from skybench.generators.declaration import parameter
from skybench.generators.distributions import uniform
from skybench.generators.geometric.edges import Edges, ellipse, join
from skybench.generators.geometric.geometric_object import (
    DEFAULT_SIZE,
    EXACT,
    HALF_TURN,
    GeometricObject,
)


class Ellipse(GeometricObject):
    """Ellipse, solid or an outline."""

    code = 5
    formula = (
        "(u/a)² + (v/b)² ≤ 1 with u, v along the axes, a = radius, b = axis_ratio · radius; "
        "an outline leaves out the ellipse of semi-axes a - thickness, b - thickness."
    )
    reference = "Plane geometry"
    accuracy = EXACT
    example = "Ellipse(radius=26, axis_ratio=0.5, position_angle=30, thickness=4).render((64, 64))"

    radius: float = parameter(default=DEFAULT_SIZE)
    axis_ratio: float = parameter(default=uniform(0.3, 0.7))
    position_angle: float = parameter(default=HALF_TURN)
    thickness: float = parameter(default=0)

    @staticmethod
    def boundary(parameters: Parameters) -> Edges:
        """Return ellipses, each with a hole where it is an outline thinner than its minor axis."""
        x, y, major = (parameters[name] for name in ("source_x", "source_y", "radius"))
        minor, angle = major * parameters["axis_ratio"], parameters["position_angle"]
        thickness = parameters["thickness"]
        hollow = (thickness > 0) & (thickness < minor)
        inset = np.where(hollow, thickness, 0.0)
        hole = ellipse(x, y, major - inset, minor - inset, angle)
        return join(ellipse(x, y, major, minor, angle), hole.reversed().where(hollow))


class Circle(GeometricObject):
    """Circle, solid or an outline."""

    code = 6
    formula = "r ≤ radius; an outline leaves out r ≤ radius - thickness."
    reference = "Plane geometry"
    accuracy = EXACT
    example = "Circle(radius=20).render((64, 64))"

    radius: float = parameter(default=DEFAULT_SIZE)
    thickness: float = parameter(default=0)

    @staticmethod
    def boundary(parameters: Parameters) -> Edges:
        """Return ellipses whose axes are equal."""
        radius = parameters["radius"]
        round_ = {"axis_ratio": np.ones_like(radius), "position_angle": np.zeros_like(radius)}
        return Ellipse.boundary(parameters | round_)
