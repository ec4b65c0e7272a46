"""Pixels of shapes in numpy: what the kernels must agree with.

With edges of long doubles it is exact to 1e-11 of a pixel for shapes of ten thousand pixels.
"""

import numpy as np

from skybench.generators.geometric.edges import Edges

UNIT = 2.0**32


def inside(edges, within):
    """Return, in the flat array of the boxes, the pixels whose centre lies in the shape."""
    owners, (low, high) = edges.owner, edges.heights
    first, stop = (
        np.clip(np.ceil(v) - within.y0[owners], 0, within.height[owners]) for v in (low, high)
    )
    edge, row = spread(first, stop)
    owner = owners[edge]
    piece = take(edges.edge, edge)
    x = x_at(piece, row + within.y0[owner] - piece.at_y)
    column = clipped(np.ceil(x) - within.x0[owner], within.width[owner])
    change = np.zeros(within.size, dtype=np.int8)
    np.add.at(change, within.place(owner, row, column), edges.side[edge])
    return np.cumsum(change, dtype=np.int8) > 0


def coverage(edges, within):
    """Return, in the flat array of the boxes, the share of each pixel that the shape covers."""
    owners, (low, high) = edges.owner, edges.heights
    first = clipped(np.floor(low + 0.5) - within.y0[owners], within.height[owners])
    stop = clipped(np.ceil(high + 0.5) - within.y0[owners], within.height[owners])
    edge, row = spread(first, stop)
    owner, piece = owners[edge], take(edges.edge, edge)
    middle = row + within.y0[owner]
    bottom, top = (np.clip(v[edge], middle - 0.5, middle + 0.5) for v in (low, high))
    whole = np.rint(top * UNIT) - np.rint(bottom * UNIT)
    pair, column, value = cells(
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


def cells(piece, bottom, top, whole, x0, width):
    """Return the pixels that pieces of edges cross, and the next, with the area on the right."""
    least, most = extent(piece, bottom, top)
    first = clipped(np.floor(least + 0.5) - x0, width)
    last = clipped(np.floor(most + 0.5) + 1 - x0, width)
    pair, column = spread(first - 1, last + 1)
    side = np.asarray(column + x0[pair] + 0.5, dtype=piece.start.dtype)
    # There is nothing between an edge and what lies on its left; the last pixel is known, too.
    integral = np.zeros(pair.size, dtype=side.dtype)
    needed = (side > least[pair]) & (column < last[pair])
    for part, rule in ((piece.bulge == 0, right_of_line), (piece.bulge != 0, right_of_curve)):
        some = np.flatnonzero(needed & part[pair])
        of = pair[some]
        integral[some] = rule(take(piece, of), bottom[of], top[of], side[some])
    area = np.rint(np.diff(integral, prepend=0.0) * UNIT)
    own = column >= first[pair]
    pair, column, area = pair[own], column[own], area[own]
    return pair, column, np.where(column == last[pair], whole[pair], np.clip(area, 0, whole[pair]))


def right_of_line(edge, bottom, top, side):
    ends = x_at(edge, bottom), x_at(edge, top)
    left, right = np.minimum(*ends), np.maximum(*ends)
    run = right - left
    ramp = np.clip(side - left, 0, run) ** 2 / (2 * np.maximum(run, np.finfo(float).tiny))
    return np.asarray((top - bottom) * (ramp + np.maximum(side - right, 0)))


def right_of_curve(edge, bottom, top, side):
    """Return the area between a side of an ellipse and a vertical line on its right."""
    from_axis = side - edge.at_x
    inward = -np.sign(edge.bulge)
    low, high = crossings(edge, from_axis, inward)
    low, high = np.clip(low, bottom, top), np.clip(high, bottom, top)
    cut = inward * (antiderivative(edge, from_axis, high) - antiderivative(edge, from_axis, low))
    full = antiderivative(edge, from_axis, top) - antiderivative(edge, from_axis, bottom)
    return np.where(inward > 0, cut, full + cut)


def crossings(edge, from_axis, inward):
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


def antiderivative(edge, from_axis, t):
    """Return the integral over t of what lies between curve and vertical line."""
    rise = np.sqrt(np.maximum((edge.height - t) * (edge.height + t), 0))
    segment = t * rise + edge.height**2 * np.arctan2(t, rise)
    return np.asarray(from_axis * t - edge.slope * t**2 / 2 - edge.bulge / 2 * segment)


def x_at(edge, t):
    root = np.sqrt(np.maximum((edge.height - t) * (edge.height + t), 0))
    return np.asarray(edge.at_x + edge.slope * t + edge.bulge * root)


def extent(edge, bottom, top):
    """Return the least and the largest x of edges between two heights."""
    ends = x_at(edge, bottom), x_at(edge, top)
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


def take(edges, which):
    return Edges._make(field[which] for field in edges)


def clipped(values, last):
    return np.clip(values, 0, last).astype(np.int64)


def spread(first, stop):
    """Return all whole numbers from ``first`` to ``stop`` of each range: its index, the number."""
    first = np.asarray(first, dtype=np.int64)
    count = np.maximum(np.asarray(stop, dtype=np.int64) - first, 0)
    which = np.repeat(np.arange(first.size), count)
    begins = np.cumsum(count) - count
    return which, np.arange(which.size) - begins[which] + first[which]
