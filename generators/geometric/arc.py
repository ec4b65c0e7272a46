"""Arcs of circles, of a width and with straight ends."""

import numpy as np

from skybench.generators.distributions import Uniform
from skybench.generators.geometric.edges import Edges, arc_ends, circular_arc, join, straight
from skybench.generators.geometric.shape import ANY_ANGLE, BRIGHT, DEFAULT_SIZE, EXACT, Shape
from skybench.generators.profiles import Parameters


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


ARC = Shape(
    name="arc",
    code=3,
    summary="Arc of a circle with straight ends; a whole turn is a ring.",
    formula="radius - line_width ≤ r ≤ radius, at most opening_angle/2 from the position angle.",
    reference="Plane geometry",
    accuracy=EXACT,
    example="Arc(radius=24, line_width=5, position_angle=90, opening_angle=200).render((64, 64))",
    defaults={
        "brightness": BRIGHT,
        "radius": DEFAULT_SIZE,
        "line_width": Uniform(distribution="uniform", low=2, high=6),
        "position_angle": ANY_ANGLE,
        "opening_angle": Uniform(distribution="uniform", low=60, high=270),
    },
    boundary=boundary,
)
