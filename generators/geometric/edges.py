"""Boundaries of plane shapes, cut into edges that run up or down.

Every edge is a function of height,

    x(y) = at_x + slope t + bulge sqrt(height**2 - t**2),    t = y - at_y,

a straight line where the bulge is 0, else one side of an ellipse: a rotated ellipse of
semi-axes a and b has height**2 = a**2 sin**2 + b**2 cos**2 of its angle, slope
(a**2 - b**2) sin cos / height**2 and bulge -+ a b / height**2. The boundary of any shape
made of lines and elliptical arcs is a list of them, holes included, and whatever is asked
of the shape is a sum over its edges. Boundaries run counter-clockwise, holes clockwise.
"""

from collections.abc import Iterable
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from skybench.generators.arrays import Floats, Integers
from skybench.generators.native.library import kernel

_sine_cosine = kernel("sine_cosine")

_QUARTERS = np.array([1.0, 0.0, -1.0, 0.0])
"""Cosine of 0, 90, 180 and 270 degrees; the place before holds the sine."""


class Edges(NamedTuple):
    """Edges of m shapes, each field (m, edges): from height ``start`` to height ``end``.

    An edge that starts where it ends is none. Edges that meet must hold the very same
    number there, so that the boundary is closed to the last bit.
    """

    start: Floats
    end: Floats
    at_x: Floats
    at_y: Floats
    slope: Floats
    bulge: Floats
    height: Floats

    def reversed(self) -> Self:
        """Return the same edges run the other way: the boundary of a hole."""
        return self._replace(start=self.end, end=self.start)

    def where(self, kept: NDArray[np.bool_]) -> Self:
        """Return the edges of the shapes that are kept; the others' become none."""
        return self._replace(end=np.where(kept[:, None], self.end, self.start))


class EdgeList(NamedTuple):
    """The edges of any number of shapes in one list: each with the shape it belongs to."""

    shapes: int
    owner: Integers
    edge: Edges

    @property
    def side(self) -> NDArray[np.int8]:
        """1 for edges that run down, left sides; -1 for those that run up."""
        return np.where(self.edge.end < self.edge.start, 1, -1).astype(np.int8)

    @property
    def heights(self) -> tuple[Floats, Floats]:
        """The lower and the upper end of each edge."""
        ends = self.edge.start, self.edge.end
        return np.minimum(*ends), np.maximum(*ends)


def listed(parts: Iterable[tuple[Integers, Edges]], count: int) -> EdgeList:
    """Return the edges of ``count`` shapes from parts (which shapes, their edges)."""
    owners, fields = [np.empty(0, dtype=np.int64)], [np.empty((len(Edges._fields), 0))]
    for members, edges in parts:
        shape, column = np.nonzero(edges.start != edges.end)
        owners.append(members[shape])
        fields.append(np.stack([field[shape, column] for field in edges]))
    return EdgeList(
        count, np.concatenate(owners), Edges._make(iter(np.concatenate(fields, axis=1)))
    )


def join(*parts: Edges) -> Edges:
    """Return the edges of all parts, shape by shape."""
    return Edges._make(np.concatenate(fields, axis=1) for fields in zip(*parts, strict=True))


def straight(x: Floats, y: Floats) -> Edges:
    """Return the sides of closed polygons, from their (m, vertices) in counter-clockwise order."""
    rise = np.roll(y, -1, axis=1) - y
    run = np.roll(x, -1, axis=1) - x
    slope = np.divide(run, rise, out=np.zeros_like(run), where=rise != 0)
    none = np.zeros_like(x)
    return Edges(y, np.roll(y, -1, axis=1), x, y, slope, none, none)


def ellipse(x: Floats, y: Floats, major: Floats, minor: Floats, angle: Floats) -> Edges:
    """Return the boundaries of ellipses by centre, semi-axes and angle in degrees: two sides."""
    cos, sin = direction(angle)
    height = np.sqrt((major * sin) ** 2 + (minor * cos) ** 2)
    slope = (major - minor) * (major + minor) * sin * cos / height**2
    bulge = major * minor / height**2
    low, high = y - height, y + height
    columns = (
        (high, low),
        (low, high),
        (x, x),
        (y, y),
        (slope, slope),
        (-bulge, bulge),
        (height, height),
    )
    return Edges._make(np.stack(pair, axis=1) for pair in columns)


def circular_arc(x: Floats, y: Floats, radius: Floats, first: Floats, turn: Floats) -> Edges:
    """Return arcs of circles, counter-clockwise, cut where they turn from up to down.

    Parameters
    ----------
    x, y, radius : (m,) arrays
    first : (m,) array
        Angle at which they begin, -90 to 270 degrees.
    turn : (m,) array
        Degrees that they go on for, 0 to 360.
    """
    begin, end = arc_ends(y, radius, first, turn, axis=1)
    # Halves of the circle begin at -90 (going up), 90, 270 and 450 degrees.
    half = -90.0 + 180.0 * np.arange(4)
    first, last = first[:, None], (first + turn)[:, None]
    bottom_or_top = y[:, None] + radius[:, None] * np.array([-1.0, 1.0, -1.0, 1.0, -1.0])
    low = np.where(first >= half, begin[:, None], bottom_or_top[:, :-1])
    high = np.where(last <= half + 180, end[:, None], bottom_or_top[:, 1:])
    met = (first < half + 180) & (last > half)
    side = np.broadcast_to(np.array([1.0, -1.0, 1.0, -1.0]), low.shape)
    at_x, at_y, slope, height = (
        np.broadcast_to(v[:, None], low.shape) for v in (x, y, np.zeros_like(x), radius)
    )
    return Edges(low, np.where(met, high, low), at_x, at_y, slope, side, height)


def arc_ends(
    centre: Floats, radius: Floats, first: Floats, turn: Floats, *, axis: int
) -> tuple[Floats, Floats]:
    """Return where arcs begin and end, along x (axis 0) or y (axis 1).

    A full turn ends on the very number that it begins on.
    """
    begin = centre + radius * direction(first)[axis]
    end = centre + radius * direction(first + turn)[axis]
    return begin, np.where(turn == 360, begin, end)


def direction(degrees: Floats) -> tuple[Floats, Floats]:
    """Return cosine and sine of angles in degrees, exact at multiples of 90."""
    turned = np.mod(degrees, 360.0)
    quarter = (turned // 90.0).astype(np.int64)
    rest = np.deg2rad(turned - 90.0 * quarter)
    quarter %= 4  # a turn that rounds to 360 is none
    sin, cos = np.empty(rest.shape), np.empty(rest.shape)
    _sine_cosine(np.ascontiguousarray(rest), sin, cos)
    along, across = _QUARTERS[quarter], _QUARTERS[quarter - 1]
    return cos * along - sin * across, sin * along + cos * across
