"""The table of plane shapes: a new one is a file and a line here."""

from skybench.generators.geometric.arc import Arc as Arc
from skybench.generators.geometric.ellipse import Circle as Circle
from skybench.generators.geometric.ellipse import Ellipse as Ellipse
from skybench.generators.geometric.geometric_object import GeometricObject as GeometricObject
from skybench.generators.geometric.polygon import Polygon as Polygon
from skybench.generators.geometric.rectangle import Line as Line
from skybench.generators.geometric.rectangle import Rectangle as Rectangle
from skybench.generators.object_table import ObjectTable

GEOMETRIC_OBJECTS = ObjectTable(GeometricObject, Rectangle, Polygon, Arc, Line, Ellipse, Circle)
"""Shapes by the name that recipes use."""
