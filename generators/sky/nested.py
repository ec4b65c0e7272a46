"""Transforms of light that has none in closed form: sampled in nested windows.

Arms and tails are fine near the centre and smooth outside, so one spacing would either miss
the core or waste itself on the rest. Level 0 samples the whole of the light at a coarse
spacing; each further level halves it within a smooth window half as wide, and adds

    transform of (window x fine samples) - transform of (window x coarse samples),

which replaces the coarse samples where they do not suffice. What is left out is what the
coarser spacing misses outside the window. A level holds the same few samples whatever the
size of the galaxy, and reaches the grid of frequencies by products with small matrices,
which cost less than Fourier transforms of the same padded arrays.

Samples lie on a lattice about the source, so those at p and -p share their geometry: only the
half plane y >= 0 is evaluated, and the even and odd parts of the light give the real and
imaginary parts of the transform.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from skybench.generators.sky.fourier import Grid

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]
Integers = NDArray[np.int64]

_REACH = 20
"""Samples from the centre of a window to its edge."""

_INNER = 6
"""Coarse samples from the centre within which a window is 1."""

_COARSEST, _FINEST = 0, -6
"""Logarithms to base 2 of the widest and closest spacing, in pixels."""

_DOUBLINGS = (0, 1, 2)
"""How often windows may be doubled, where the light is fine beyond the smallest."""

_PASSED = 0.75
"""Part of the grid's frequencies that is filled: beyond, the PSF leaves less than 3e-3."""

_HALF_WIDTHS = np.array(
    [*range(8, 33, 2), *range(36, 65, 4), *range(80, 513, 16), *range(640, 8193, 128)]
)
"""Samples from the centre to the edge of the light: a ladder, so that sources share matrices."""

_SAMPLES = 1 << 14
"""Samples of a block of sources, whose dozen arrays stay in cache."""

_MOST = 1 << 20
"""Samples evaluated together of one source."""

Light = Callable[[NDArray[np.intp], Floats, Floats], tuple[Floats, Floats]]
"""(sources, x, y) -> light of those sources at (x, y) and at (-x, -y) from their centres.

The second is not looked at where a source is symmetric."""


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
    affordable = np.ceil(np.log2(half_width / _HALF_WIDTHS[-1])).astype(np.int64)
    finest = np.clip(finest, np.maximum(_FINEST, affordable), _COARSEST)
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


def transform(light: Light, sampled: Levels, symmetric: NDArray[np.bool_], on: Grid) -> Complexes:
    """Return the transforms, centred on the origin, of what ``light`` gives.

    Parameters
    ----------
    light : Light
    sampled : Levels
    symmetric : (m,) bool array
        Sources whose light is the same at p and at -p.
    on : Grid
    """
    half_width, coarsest, finest, doublings = sampled
    needed = np.ceil(half_width / 2.0**coarsest)
    counts = _HALF_WIDTHS[np.searchsorted(_HALF_WIDTHS, needed)]
    sums = _Sums(symmetric, on)
    for level, count in sorted(set(zip(coarsest.tolist(), counts.tolist(), strict=True))):
        members = np.flatnonzero((coarsest == level) & (counts == count))
        sums.add(light, members, _whole(on.size, _last(on), level, count))
    for level in range(int(coarsest.max(initial=_FINEST)) - 1, _FINEST - 1, -1):
        for doubling in _DOUBLINGS:
            windowed = (finest <= level) & (level < coarsest) & (doublings == doubling)
            if windowed.any():
                plans = _window(on.size, _last(on), level, doubling)
                sums.add(light, np.flatnonzero(windowed), *plans)
    return sums.transforms()


def _last(on: Grid) -> int:
    return int(_PASSED * (on.kx.size - 1))


class _Plan(NamedTuple):
    """Samples on the half plane and the matrices that take them to the frequencies."""

    x: Floats
    y: Floats
    every: int
    cos_x: Floats
    sin_x: Floats
    cos_y: Floats
    sin_y: Floats


@lru_cache(maxsize=256)
def _whole(size: int, last: int, level: int, count: int) -> _Plan:
    x = np.arange(-count, count + 1, dtype=np.float64) * 2.0**level
    return _plan(size, last, level, x, np.ones(x.size), 1.0, 1)


@lru_cache(maxsize=64)
def _window(size: int, last: int, level: int, doubling: int) -> tuple[_Plan, _Plan]:
    """Return the plans that add the fine samples of a window and take its coarse ones."""
    reach = _REACH << doubling
    x = np.arange(-reach, reach + 1, dtype=np.float64) * 2.0**level
    inner = _INNER * 2.0 ** (level + 1 + doubling)
    t = np.clip((np.abs(x) - inner) / (x[-1] - inner), 0, 1)
    weights = 1 - t**3 * (10 - 15 * t + 6 * t**2)
    fine = _plan(size, last, level, x, weights, 1.0, 1)
    return fine, _plan(size, last, level + 1, x[::2], weights[::2], -1.0, 2)


def _plan(
    size: int, last: int, level: int, x: Floats, weights: Floats, sign: float, every: int
) -> _Plan:
    spacing = 2.0**level
    k = 2 * np.pi * np.arange(min(last, int(size / (2 * spacing))) + 1) / size
    y = x[x.size // 2 :]
    # Both half planes; the line y = 0 holds both its halves already.
    doubled = 2 * sign * spacing**2 * weights[x.size // 2 :]
    doubled[0] /= 2
    across, along = np.multiply.outer(x, k), np.multiply.outer(k, y)
    weighted = weights[:, None]
    return _Plan(
        x,
        y,
        every,
        np.cos(across) * weighted,
        np.sin(across) * weighted,
        np.cos(along) * doubled,
        np.sin(along) * doubled,
    )


class _Sums:
    """Sums of the even and odd parts of light times cosines and sines, source by source."""

    def __init__(self, symmetric: NDArray[np.bool_], on: Grid) -> None:
        self._on = on
        self._one_sided = ~symmetric
        side = _last(on) + 1
        self._even, self._odd = (np.zeros((2, symmetric.size, side, side)) for _ in "eo")

    def add(self, light: Light, members: NDArray[np.intp], *plans: _Plan) -> None:
        """Add the light of some sources, sampled by the first plan."""
        x, y = plans[0].x, plans[0].y
        step = max(1, _SAMPLES // (x.size * y.size))
        lines = max(1, _MOST // x.size)
        for first in range(0, members.size, step):
            for low in range(0, y.size, lines):
                part = slice(low, low + lines)
                self._add_lines(light, members[first : first + step], part, plans)

    def _add_lines(
        self, light: Light, members: NDArray[np.intp], lines: slice, plans: tuple[_Plan, ...]
    ) -> None:
        even, opposite = light(members, plans[0].x, plans[0].y[lines, None])
        one_sided = self._one_sided[members]
        odd = (even[one_sided] - opposite[one_sided]) / 2
        even[one_sided] -= odd
        for plan in plans:
            _accumulate(self._even, members, plan, lines, even, (plan.cos_x, plan.sin_x))
            if odd.size:
                across = plan.sin_x, plan.cos_x
                _accumulate(self._odd, members[one_sided], plan, lines, odd, across)

    def transforms(self) -> Complexes:
        """Return the sums of even cos(k r) - i odd sin(k r), for both signs of ky."""
        shape = self._one_sided.size, self._on.ky.size, self._on.kx.size
        total = np.zeros(shape, dtype=np.complex128)
        side = self._even.shape[-1]
        upper, lower = (slice(None), slice(side)), (slice(None), slice(1 - side, None))
        for part, sums, sign in ((total.real, self._even, 1), (total.imag, self._odd, -1)):
            straight, crossed = sums
            part[*upper, :side] = sign * straight - crossed
            part[*lower, :side] = (sign * straight + crossed)[:, :0:-1]
        return total


def _accumulate(
    sums: Floats,
    members: NDArray[np.intp],
    plan: _Plan,
    lines: slice,
    light: Floats,
    across: tuple[Floats, Floats],
) -> None:
    samples = np.ascontiguousarray(light[:, :: plan.every, :: plan.every])
    rows, columns = plan.cos_y.shape[0], plan.cos_x.shape[1]
    for total, along_y, along_x in zip(sums, (plan.cos_y, plan.sin_y), across, strict=True):
        total[members, :rows, :columns] += along_y[:, lines] @ (samples @ along_x)
