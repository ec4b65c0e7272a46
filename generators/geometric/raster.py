"""Pixels of shapes: which centres lie inside, or how much of each pixel is covered.

Both walk along the edges, not over the area. An edge that runs down is a left side: it
adds 1 to all pixels on its right, and one that runs up takes it away again. So edges mark
where a row of pixels changes, and the running sum along the row is the image. All sums
are of integers: exact, closed at the end of each row, the same in any order and company.

Coverage is the area of a pixel on the right of an edge, by Green's theorem

    integral over the pixel's height of clip(X - x(y), 0, 1) dy,    X its right side,

the difference of P(X) = integral of max(X - x(y), 0) dy between the pixel's two sides, for
which lines and ellipses have closed forms. It is kept in steps of 2**-32 of a pixel.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skybench.generators.arrays import Floats, Integers
from skybench.generators.geometric.edges import EdgeList, Edges

UNIT = 2.0**32
"""Steps of coverage to a pixel."""


class Boxes(NamedTuple):
    """The pixels of m shapes: a box for each, and its place in one flat array.

    A row of a box has one place more than it has pixels, for what changes on its right.
    """

    x0: Integers
    y0: Integers
    width: Integers
    height: Integers
    offset: Integers

    @property
    def size(self) -> int:
        """Length of the flat array."""
        return int(((self.width + 1) * self.height).sum())

    def place(self, shape: Integers, row: Integers, column: Integers) -> Integers:
        """Return where pixels lie in the flat array, counted from the corner of their box."""
        return np.asarray(self.offset[shape] + row * (self.width[shape] + 1) + column)

    def cut(self, flat: NDArray[Any], shape: int) -> NDArray[Any]:
        """Return the pixels (y, x) of one shape."""
        start, rows, columns = self.offset[shape], self.height[shape], self.width[shape]
        return flat[start : start + rows * (columns + 1)].reshape(rows, columns + 1)[:, :-1]


def boxes(edges: EdgeList, window: tuple[int, int, int, int]) -> Boxes:
    """Return the pixels that shapes may touch within a window (x0, y0, x1, y1), ends excluded."""
    low, high = edges.heights
    left, right = _extent(edges.edge, low - edges.edge.at_y, high - edges.edge.at_y)
    corner, size = [], []
    for least, most, first, last in (
        (left, right, window[0], window[2]),
        (low, high, window[1], window[3]),
    ):
        begin, end = np.full(edges.shapes, np.inf), np.full(edges.shapes, -np.inf)
        np.minimum.at(begin, edges.owner, least)
        np.maximum.at(end, edges.owner, most)
        corner.append(np.clip(np.floor(begin + 0.5), first, last).astype(np.int64))
        stop = np.clip(np.floor(end + 0.5) + 1, first, last).astype(np.int64)
        size.append(np.maximum(stop - corner[-1], 0))
    area = (size[0] + 1) * size[1]
    return Boxes._make((*corner, *size, np.cumsum(area) - area))


def inside(edges: EdgeList, within: Boxes) -> NDArray[np.bool_]:
    """Return, in the flat array of the boxes, the pixels whose centre lies in the shape.

    A centre on the boundary is inside where that is a left or lower side, so that shapes
    which share a side share no pixel, and sides of whole pixels enclose as many as they should.
    """
    owners, (low, high) = edges.owner, edges.heights
    first, stop = (
        np.clip(np.ceil(v) - within.y0[owners], 0, within.height[owners]) for v in (low, high)
    )
    edge, row = _spread(first, stop)
    owner = owners[edge]
    piece = _take(edges.edge, edge)
    x = _x(piece, row + within.y0[owner] - piece.at_y)
    column = _clipped(np.ceil(x) - within.x0[owner], within.width[owner])
    change = np.zeros(within.size, dtype=np.int8)
    np.add.at(change, within.place(owner, row, column), edges.side[edge])
    return np.cumsum(change, dtype=np.int8) > 0


def coverage(edges: EdgeList, within: Boxes) -> Floats:
    """Return, in the flat array of the boxes, the share of each pixel that the shape covers."""
    owners, (low, high) = edges.owner, edges.heights
    first = _clipped(np.floor(low + 0.5) - within.y0[owners], within.height[owners])
    stop = _clipped(np.ceil(high + 0.5) - within.y0[owners], within.height[owners])
    edge, row = _spread(first, stop)
    owner, piece = owners[edge], _take(edges.edge, edge)
    middle = row + within.y0[owner]
    bottom, top = (np.clip(v[edge], middle - 0.5, middle + 0.5) for v in (low, high))
    whole = np.rint(top * UNIT) - np.rint(bottom * UNIT)
    pair, column, value = _cells(
        piece, bottom - piece.at_y, top - piece.at_y, whole, within.x0[owner], within.width[owner]
    )
    step = np.diff(value, prepend=0.0)
    begins = np.diff(pair, prepend=-1) != 0
    step[begins] = value[begins]
    change = np.zeros(within.size, dtype=np.int64)
    place = within.place(owner[pair], row[pair], column)
    np.add.at(change, place, edges.side[edge][pair] * step.astype(np.int64))
    share = np.cumsum(change, out=change) / UNIT
    return np.asarray(np.clip(share, 0.0, 1.0, out=share))


def _cells(
    piece: Edges, bottom: Floats, top: Floats, whole: Floats, x0: Integers, width: Integers
) -> tuple[Integers, Integers, Floats]:
    """Return the pixels that pieces of edges cross, and the next: piece, column, area on the right.

    Pieces lie in one row of pixels each; areas are whole numbers of steps.
    """
    least, most = _extent(piece, bottom, top)
    first = _clipped(np.floor(least + 0.5) - x0, width)
    last = _clipped(np.floor(most + 0.5) + 1 - x0, width)
    pair, column = _spread(first - 1, last + 1)
    side = np.asarray(column + x0[pair] + 0.5, dtype=np.float64)
    # There is nothing between an edge and what lies on its left; the last pixel is known, too.
    integral = np.zeros(pair.size)
    needed = (side > least[pair]) & (column < last[pair])
    for part, rule in ((piece.bulge == 0, _right_of_line), (piece.bulge != 0, _right_of_curve)):
        some = np.flatnonzero(needed & part[pair])
        of = pair[some]
        integral[some] = rule(_take(piece, of), bottom[of], top[of], side[some])
    area = np.rint(np.diff(integral, prepend=0.0) * UNIT)
    own = column >= first[pair]
    pair, column, area = pair[own], column[own], area[own]
    return pair, column, np.where(column == last[pair], whole[pair], np.clip(area, 0, whole[pair]))


def _right_of_line(edge: Edges, bottom: Floats, top: Floats, side: Floats) -> Floats:
    ends = _x(edge, bottom), _x(edge, top)
    left, right = np.minimum(*ends), np.maximum(*ends)
    run = right - left
    ramp = np.clip(side - left, 0, run) ** 2 / (2 * np.maximum(run, np.finfo(float).tiny))
    return np.asarray((top - bottom) * (ramp + np.maximum(side - right, 0)))


def _right_of_curve(edge: Edges, bottom: Floats, top: Floats, side: Floats) -> Floats:
    """Return the area between a side of an ellipse and a vertical line on its right.

    The area on the concave side of the curve lies between two heights, the roots of a
    quadratic; on the right side of an ellipse the area asked for is what it leaves.
    """
    from_axis = side - edge.at_x
    inward = -np.sign(edge.bulge)
    low, high = _crossings(edge, from_axis, inward)
    low, high = np.clip(low, bottom, top), np.clip(high, bottom, top)
    cut = inward * (_antiderivative(edge, from_axis, high) - _antiderivative(edge, from_axis, low))
    full = _antiderivative(edge, from_axis, top) - _antiderivative(edge, from_axis, bottom)
    return np.where(inward > 0, cut, full + cut)


def _crossings(edge: Edges, from_axis: Floats, inward: Floats) -> tuple[Floats, Floats]:
    """Return the heights between which the vertical line lies inward of the curve."""
    squares = edge.slope**2 + edge.bulge**2
    half_width = np.sqrt(squares) * edge.height
    root = np.sqrt(np.maximum((half_width - from_axis) * (half_width + from_axis), 0))
    spread = np.abs(edge.bulge) * root / squares
    centre = from_axis * edge.slope / squares
    ends = []
    for height, limit in ((centre - spread, -edge.height), (centre + spread, edge.height)):
        on_own_side = inward * (from_axis - edge.slope * height) <= 0
        ends.append(np.where(on_own_side & (np.abs(from_axis) < half_width), height, limit))
    none = inward * from_axis <= -half_width
    return ends[0], np.where(none, ends[0], ends[1])


def _antiderivative(edge: Edges, from_axis: Floats, t: Floats) -> Floats:
    """Return the integral over t of what lies between curve and vertical line."""
    rise = np.sqrt(np.maximum((edge.height - t) * (edge.height + t), 0))
    segment = t * rise + edge.height**2 * np.arctan2(t, rise)
    return np.asarray(from_axis * t - edge.slope * t**2 / 2 - edge.bulge / 2 * segment)


def _x(edge: Edges, t: Floats) -> Floats:
    root = np.sqrt(np.maximum((edge.height - t) * (edge.height + t), 0))
    return np.asarray(edge.at_x + edge.slope * t + edge.bulge * root)


def _extent(edge: Edges, bottom: Floats, top: Floats) -> tuple[Floats, Floats]:
    """Return the least and the largest x of edges between two heights."""
    ends = _x(edge, bottom), _x(edge, top)
    left, right = np.minimum(*ends), np.maximum(*ends)
    norm = np.hypot(edge.slope, edge.bulge)
    side = np.sign(edge.bulge)
    turn = side * edge.slope * edge.height / np.where(norm > 0, norm, 1.0)
    extreme = edge.at_x + side * norm * edge.height
    turns = (side != 0) & (bottom <= turn) & (turn <= top)
    return (
        np.where(turns & (side < 0), extreme, left),
        np.where(turns & (side > 0), extreme, right),
    )


def _take(edges: Edges, which: Integers) -> Edges:
    return Edges._make(field[which] for field in edges)


def _clipped(values: Floats, last: Integers) -> Integers:
    return np.clip(values, 0, last).astype(np.int64)


def _spread(first: ArrayLike, stop: ArrayLike) -> tuple[Integers, Integers]:
    """Return all whole numbers from ``first`` to ``stop`` of each range: its index, the number."""
    first = np.asarray(first, dtype=np.int64)
    count = np.maximum(np.asarray(stop, dtype=np.int64) - first, 0)
    which = np.repeat(np.arange(first.size), count)
    begins = np.cumsum(count) - count
    return which, np.arange(which.size) - begins[which] + first[which]
