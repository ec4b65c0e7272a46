"""Transforms of light that has none in closed form: sampled in nested windows.

Arms and tails are fine near the centre and smooth outside, so one spacing would either miss
the core or waste itself on the rest. Level 0 samples the whole of the light at a coarse
spacing; each further level halves it within a smooth window half as wide. A level counts
where its window W is open and that of the next finer one is not, so the weights W - W' of all
levels sum to 1. What is left out is what the coarser spacing misses outside the window. A
window holds the same few samples whatever the size of the galaxy, and reaches the grid of
frequencies by products with small matrices, which cost less than Fourier transforms of the
same padded arrays.

Samples lie on a lattice about the source, so those at p and -p share their geometry: only the
half plane y >= 0 is evaluated, and the even and odd parts of the light give the real and
imaginary parts of the transform.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from skybench.generators.arrays import Complexes, Floats, Integers
from skybench.generators.sky.fourier import Grid

_REACH = 20
"""Samples from the centre of a window to its edge."""

_INNER = 6
"""Coarse samples from the centre within which a window is 1."""

_COARSEST, _FINEST = 0, -6
"""Logarithms to base 2 of the widest and closest spacing, in pixels."""

_DOUBLINGS = (0, 1, 2)
"""How often windows may be doubled, where the light is fine beyond the smallest."""

_HALF_WIDTHS = np.array(
    [8, 12, 16, 20, 22, 24, 28, *range(32, 65, 8), *range(80, 513, 16), *range(640, 8193, 128)]
)
"""Samples from the centre to the edge of the light: a ladder, so that sources share matrices."""

_AFFORDABLE = 2048
"""Samples to the edge that are not exceeded, however fine the light, unless by whole pixels."""

_SAMPLES = 1 << 14
"""Samples of a block of sources, whose dozen arrays stay in cache."""

_MOST = 1 << 20
"""Samples evaluated together of one source."""

Light = Callable[[NDArray[np.intp], Floats, Floats], tuple[Floats, Floats]]
"""(sources, x, y) -> light of those sources at (x, y) and at (-x, -y) from their centres.

The second is not looked at if the sources are symmetric."""


class Levels(NamedTuple):
    """Which spacings, 2**level pixels, each source is sampled at, and in what windows."""

    half_width: Floats
    coarsest: Integers
    finest: Integers
    doublings: Integers


def levels(half_width: Floats, radius: Floats, wanted: Floats) -> Levels:
    """Return the levels that sample each source as closely as it wants, with the fewest samples.

    Parameters
    ----------
    half_width : (m,) array
        Distance in pixels along either axis beyond which the light is not needed.
    radius : (m, n) array
        Distances from the centre, in pixels.
    wanted : (m, n) array
        Spacings in pixels that suffice there.
    """
    finest = np.floor(np.log2(wanted.min(axis=1))).astype(np.int64)
    affordable = np.ceil(np.log2(half_width / _AFFORDABLE)).astype(np.int64)
    finest = np.minimum(np.maximum(finest, np.maximum(_FINEST, affordable)), _COARSEST)
    coarsest, doublings = finest.copy(), np.zeros_like(finest)
    fewest = 2 * (half_width / 2.0**finest) ** 2
    spacings = range(int(finest.min(initial=_COARSEST)) + 1, _COARSEST + 1)
    # Outside this radius a spacing suffices.
    fine_within = {e: np.where(wanted < 2.0**e, radius, 0.0).max(axis=1) for e in spacings}
    for doubling in _DOUBLINGS:
        enough = np.ones(finest.shape, dtype=np.bool_)
        for level in spacings:
            enough &= (level <= finest) | (fine_within[level] <= _INNER * 2.0 ** (level + doubling))
            windows = 2 * (level - finest) * (_REACH * 2.0**doubling) ** 2
            samples = 2 * (half_width / 2.0**level) ** 2 + windows
            better = enough & (level > finest) & (samples < fewest)
            fewest = np.where(better, samples, fewest)
            coarsest[better], doublings[better] = level, doubling
    return Levels(half_width, coarsest, finest, doublings)


def transform(
    light: Light, sampled: Levels, on: Grid, *, symmetric: bool = False
) -> Floats | Complexes:
    """Return the transforms, centred on the origin, of what ``light`` gives.

    Parameters
    ----------
    light : Light
    sampled : Levels
    on : Grid
    symmetric : bool
        The light of each source is the same at p and at -p: its transform is real.
    """
    half_width, coarsest, finest, doublings = sampled
    needed = np.ceil(half_width / 2.0**coarsest)
    counts = _HALF_WIDTHS[np.searchsorted(_HALF_WIDTHS, needed)]
    sums = _Sums(half_width.size, on, symmetric=symmetric)
    for level in range(int(coarsest.max(initial=_FINEST)), int(finest.min(initial=0)) - 1, -1):
        # Light on no finer level is weighted alike whatever the windows would have been.
        hole = np.where(finest < level, doublings, -1)
        count = np.where(coarsest == level, counts, 0)
        window = np.where(coarsest == level, -1, doublings)
        keys = np.stack([count, window, hole], axis=1)
        here = (finest <= level) & (level <= coarsest)
        for key in np.unique(keys[here], axis=0).tolist():
            members = np.flatnonzero(here & (keys == key).all(axis=1))
            sums.add(light, members, _plan(on.size, on.kx.size - 1, level, *key))
    return sums.transforms()


class _Plan(NamedTuple):
    """Samples on the half plane, their weights, and the matrices to the frequencies."""

    x: Floats
    y: Floats
    weights: Floats
    cos_x: Floats
    sin_x: Floats
    cos_y: Floats
    sin_y: Floats


@lru_cache(maxsize=256)
def _plan(size: int, last: int, level: int, count: int, window: int, hole: int) -> _Plan:
    """Return the plan of a level.

    Parameters
    ----------
    size, last : int
        Of the grid of frequencies.
    level : int
    count : int
        Samples from the centre to the edge where the whole of the light is sampled.
    window, hole : int
        Doublings of the window, where that is sampled, and of the next finer one; -1 for none.
    """
    spacing = 2.0**level
    count = count if window < 0 else _REACH << window
    x = np.arange(-count, count + 1, dtype=np.float64) * spacing
    y = x[count:]
    # Both half planes; the line y = 0 holds both its halves already.
    lines = np.where(y > 0, 2 * spacing**2, spacing**2)
    open_ = np.ones((y.size, x.size)) if window < 0 else _window(x, y, level, window)
    shut = 0.0 if hole < 0 else _window(x, y, level - 1, hole)
    k = 2 * np.pi * np.arange(min(last, int(size / (2 * spacing))) + 1) / size
    across, along = np.multiply.outer(x, k), np.multiply.outer(k, y)
    matrices = np.cos(across), np.sin(across), np.cos(along), np.sin(along)
    return _Plan(x, y, lines[:, None] * (open_ - shut), *matrices)


def _window(x: Floats, y: Floats, level: int, doubling: int) -> Floats:
    """Return the window of a level: 1 inside, 0 outside, a smooth step along x and y."""
    inner = _INNER * 2.0 ** (level + 1 + doubling)
    outer = _REACH * 2.0 ** (level + doubling)
    steps = []
    for axis in (x, y[:, None]):
        t = np.clip((np.abs(axis) - inner) / (outer - inner), 0, 1)
        steps.append(1 - t**3 * (10 - 15 * t + 6 * t**2))
    return np.asarray(steps[0] * steps[1])


class _Sums:
    """Sums of the even and odd parts of light times cosines and sines, source by source."""

    def __init__(self, sources: int, on: Grid, *, symmetric: bool) -> None:
        self._symmetric = symmetric
        self._even, self._odd = (np.zeros((2, sources, on.kx.size, on.kx.size)) for _ in "eo")

    def add(self, light: Light, members: NDArray[np.intp], plan: _Plan) -> None:
        """Add the light of some sources, sampled by a plan."""
        step = max(1, _SAMPLES // plan.weights.size)
        lines = max(1, _MOST // plan.x.size)
        for first in range(0, members.size, step):
            for low in range(0, plan.y.size, lines):
                some = members[first : first + step]
                self._add_lines(light, some, slice(low, low + lines), plan)

    def _add_lines(
        self, light: Light, members: NDArray[np.intp], lines: slice, plan: _Plan
    ) -> None:
        even, opposite = light(members, plan.x, plan.y[lines, None])
        if not self._symmetric:
            odd = (even - opposite) / 2
            even = (even + opposite) / 2
            odd *= plan.weights[lines]
            _accumulate(self._odd, members, plan, lines, odd, (plan.sin_x, plan.cos_x))
        even *= plan.weights[lines]
        _accumulate(self._even, members, plan, lines, even, (plan.cos_x, plan.sin_x))

    def transforms(self) -> Floats | Complexes:
        """Return the sums of even cos(k r) - i odd sin(k r), for both signs of ky."""
        straight, crossed = self._even
        shape = straight.shape[0], 2 * straight.shape[1] - 1, straight.shape[2]
        if self._symmetric:
            even = np.empty(shape)
            _both_signs(straight, crossed, even)
            return even
        total = np.empty(shape, dtype=np.complex128)
        _both_signs(straight, crossed, total.real)
        straight, crossed = self._odd
        _both_signs(np.negative(straight, out=straight), crossed, total.imag)
        return total


def _both_signs(straight: Floats, crossed: Floats, out: Floats) -> None:
    side = straight.shape[1]
    np.subtract(straight, crossed, out=out[:, :side])
    np.add(straight[:, :0:-1], crossed[:, :0:-1], out=out[:, side:])


def _accumulate(
    sums: Floats,
    members: NDArray[np.intp],
    plan: _Plan,
    lines: slice,
    light: Floats,
    across: tuple[Floats, Floats],
) -> None:
    rows, columns = plan.cos_y.shape[0], plan.cos_x.shape[1]
    for total, along_y, along_x in zip(sums, (plan.cos_y, plan.sin_y), across, strict=True):
        total[members, :rows, :columns] += along_y[:, lines] @ (light @ along_x)
