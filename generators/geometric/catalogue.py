"""The table of shapes: a new one is a module and a line here."""

from skybench.generators.geometric.arc import ARC
from skybench.generators.geometric.ellipse import CIRCLE, ELLIPSE
from skybench.generators.geometric.polygon import POLYGON
from skybench.generators.geometric.rectangle import LINE, RECTANGLE
from skybench.generators.geometric.shape import Shape

SHAPES: dict[str, Shape] = {
    shape.name: shape for shape in (RECTANGLE, POLYGON, ARC, LINE, ELLIPSE, CIRCLE)
}
"""Shapes by the name that recipes use."""
