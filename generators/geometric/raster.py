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
from numpy.typing import NDArray

from skybench.generators.arrays import Floats, Integers
from skybench.generators.geometric.edges import EdgeList, Edges
from skybench.generators.native.library import kernel

_inside, _coverage = kernel("inside"), kernel("coverage")


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
    held = np.empty(within.size, dtype=np.uint8)
    _inside(np.stack(edges.edge), edges.owner, np.stack(within, axis=1), held)
    return held.view(np.bool_)


def coverage(edges: EdgeList, within: Boxes) -> Floats:
    """Return, in the flat array of the boxes, the share of each pixel that the shape covers."""
    cover = np.empty(within.size, dtype=np.int64)
    _coverage(np.stack(edges.edge), edges.owner, np.stack(within, axis=1), cover)
    return cover.view(np.float64)


def _x(edge: Edges, t: Floats) -> Floats:
    root = np.sqrt(np.maximum((edge.height - t) * (edge.height + t), 0))
    return np.asarray(edge.at_x + edge.slope * t + edge.bulge * root)


def _extent(edge: Edges, bottom: Floats, top: Floats) -> tuple[Floats, Floats]:
    """Return the least and the largest x of edges between two heights."""
    ends = _x(edge, bottom), _x(edge, top)
    left, right = np.minimum(*ends), np.maximum(*ends)
    norm = np.sqrt(edge.slope**2 + edge.bulge**2)
    side = np.sign(edge.bulge)
    turn = side * edge.slope * edge.height / np.where(norm > 0, norm, 1.0)
    extreme = edge.at_x + side * norm * edge.height
    turns = (side != 0) & (bottom <= turn) & (turn <= top)
    return (
        np.where(turns & (side < 0), extreme, left),
        np.where(turns & (side > 0), extreme, right),
    )
