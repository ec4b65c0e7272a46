"""Covered areas of pixels from the outlines of shapes, cut at the borders of pixels.

An outline is a closed curve of chords so short that each lies in one pixel once it is cut there;
between a chord and the curve lies a segment of known area. A chord covers, of its pixel, what is
right of it, and all of the pixels further right.
"""

import numpy as np

_STEP = 1e-4
"""Radians of a chord."""


def covered(outlines, shape):
    """Return the covered share of each pixel, (ny, nx).

    Parameters
    ----------
    outlines : iterable of (x, y, segment)
        Counter-clockwise around what is covered, clockwise around a hole; pixel (0, 0) has its
        centre at (0, 0). Chord i, from point i to the next, leaves out the area ``segment[i]``.
    shape : (ny, nx)
    """
    total = np.zeros(shape)
    for x, y, segment in outlines:
        total += _right_of(x + 0.5, y + 0.5, segment, shape)
    return total


def _right_of(x, y, segment, shape):
    x0, y0, x1, y1 = x, y, np.roll(x, -1), np.roll(y, -1)
    owner, start, end = _pieces(x0, y0, x1, y1)
    dx, dy = x1 - x0, y1 - y0
    middle = (start + end) / 2
    column = np.floor(x0[owner] + middle * dx[owner])
    row = np.floor(y0[owner] + middle * dy[owner]).astype(int)
    at = x0[owner] + middle * dx[owner]
    rise = (end - start) * dy[owner]
    # Upwards on the right and downwards on the left: what lies left of a chord is covered.
    own = rise * (at - column) + (end - start) * segment[owner]
    return _swept(row, column.astype(int), own, rise, shape)


def _pieces(x0, y0, x1, y1):
    """Return where chords are cut, as shares of their length: owner, begin, end."""
    owners, cuts = [np.arange(x0.size)], [np.zeros(x0.size)]
    for a, b in ((x0, x1), (y0, y1)):
        low, high = np.floor(np.minimum(a, b)), np.ceil(np.maximum(a, b))
        count = np.maximum(high - low - 1, 0).astype(int)
        owner = np.repeat(np.arange(a.size), count)
        first = np.repeat(np.cumsum(count) - count, count)
        line = low[owner] + 1 + np.arange(owner.size) - first
        owners.append(owner)
        cuts.append((line - a[owner]) / (b - a)[owner])
    owner, cut = np.concatenate(owners), np.concatenate(cuts)
    order = np.lexsort((cut, owner))
    owner, cut = owner[order], cut[order]
    last = np.append(owner[1:] != owner[:-1], True)
    return owner, cut, np.where(last, 1.0, np.append(cut[1:], 1.0))


def _swept(row, column, own, rise, shape):
    """Return the sums over rows from the left: of each pixel, what is left of the chords."""
    rows, columns = shape
    inside = (row >= 0) & (row < rows)
    row, column, own, rise = row[inside], column[inside], own[inside], rise[inside]
    area, whole = np.zeros(shape), np.zeros((rows, columns + 1))
    # A chord right of the image covers all of a row, one left of it none.
    seen = (column >= 0) & (column < columns)
    np.add.at(area, (row[seen], column[seen]), own[seen])
    beyond = np.clip(column, 0, columns)
    kept = column >= 0
    np.add.at(whole, (row[kept], beyond[kept]), rise[kept])
    from_right = np.cumsum(whole[:, ::-1], axis=1)[:, ::-1]
    return area + from_right[:, 1:]


def ellipse(x, y, major, minor, angle):
    """Return the outline of an ellipse."""
    return arc(x, y, major, minor, angle, 0.0, 2 * np.pi, closed=True)


def arc(x, y, major, minor, angle, first, turn, *, closed=False):
    """Return points along an arc; of one that is not closed, the end is a point, too."""
    count = int(np.ceil(abs(turn) / _STEP))
    t = first + turn * np.arange(count + (not closed)) / count
    u, v = major * np.cos(t), minor * np.sin(t)
    cos, sin = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    step = turn / count
    segment = np.full(t.size, major * minor * (step - np.sin(step)) / 2)
    if not closed:
        segment[-1] = 0
    return x + cos * u - sin * v, y + sin * u + cos * v, segment


def vertices(x, y, radius, count, angle):
    """Return the outline of a regular polygon."""
    t = np.deg2rad(angle) + 2 * np.pi * np.arange(count) / count
    return x + radius * np.cos(t), y + radius * np.sin(t), np.zeros(count)


def box(x, y, width, height, angle):
    """Return the outline of a rectangle."""
    u = np.array([1, -1, -1, 1]) * width / 2
    v = np.array([1, 1, -1, -1]) * height / 2
    cos, sin = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    return x + cos * u - sin * v, y + sin * u + cos * v, np.zeros(4)


def reversed_(outline):
    """Return an outline the other way round."""
    x, y, segment = outline
    return x[::-1], y[::-1], -np.roll(segment[::-1], -1)
