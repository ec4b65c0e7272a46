"""Arcs of circles, of a width and with straight ends."""

import numpy as np

from skybench.generators.arrays import Parameters
from skybench.generators.declaration import parameter
from skybench.generators.distributions import uniform
from skybench.generators.geometric.edges import Edges, arc_ends, circular_arc, join, straight
from skybench.generators.geometric.geometric_object import (
    ANY_ANGLE,
    DEFAULT_SIZE,
    EXACT,
    GeometricObject,
)
from skybench.generators.variable import Interval


class Arc(GeometricObject):
    """Arc of a circle with straight ends; a whole turn is a ring."""

    code = 3
    formula = "radius - line_width ≤ r ≤ radius, at most opening_angle/2 from the position angle."
    reference = "Plane geometry"
    accuracy = EXACT
    example = "Arc(radius=24, line_width=5, position_angle=90, opening_angle=200).render((64, 64))"

    radius: float = parameter(default=DEFAULT_SIZE)
    line_width: float = parameter(default=uniform(2, 6))
    position_angle: float = parameter(default=ANY_ANGLE)
    opening_angle: float = parameter(
        "angle that an arc goes on for",
        units="degree",
        domain=Interval(0, 360, open_low=True),
        default=uniform(60, 270),
    )

    @staticmethod
    def boundary(parameters: Parameters) -> Edges:
        """Return arcs; one as wide as its radius is a slice of a disc, a whole turn is a ring."""
        x, y, outer = (parameters[name] for name in ("source_x", "source_y", "radius"))
        inner = np.maximum(outer - parameters["line_width"], 0.0)
        turn = parameters["opening_angle"]
        first = np.mod(parameters["position_angle"] - turn / 2 + 90, 360) - 90
        corners = []
        for axis, centre in enumerate((x, y)):
            inner_begin, inner_end = arc_ends(centre, inner, first, turn, axis=axis)
            outer_begin, outer_end = arc_ends(centre, outer, first, turn, axis=axis)
            corners.append(np.stack([outer_begin, outer_end, inner_end, inner_begin], axis=1))
        quadrilateral = straight(*corners)
        ends = Edges._make(field[:, 1::2] for field in quadrilateral)
        return join(
            circular_arc(x, y, outer, first, turn),
            circular_arc(x, y, inner, first, turn).reversed(),
            ends.where(turn < 360),
        )
