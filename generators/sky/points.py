"""Light at points to stamps: into the pixels, or to Fourier space for the PSF.

Without a PSF a point's light belongs to the pixel that it lies in. With one, the transform of
the points is wanted at the frequencies of the Fourier engine: they are spread onto a lattice
by cubic B-splines, transformed, and the spline's own transform is divided out, a non-uniform
Fourier transform of type 1 (Dutt & Rokhlin 1993, SIAM J. Sci. Comput. 14, 1368).
"""

import numpy as np
from numpy.typing import NDArray
from scipy.fft import next_fast_len, rfft2

from skybench.generators.arrays import Complexes, Floats
from skybench.generators.sky.fourier import Grid
from skybench.generators.sky.quadtree import Points

_MERGE = np.pi / 8
"""Side times the highest frequency of a cell that is as good as a point."""


def merging_side(on: Grid) -> float:
    """Return the side in pixels of a cell whose light may lie in its centre."""
    return float(_MERGE / on.kx[-1])


def pixels(points: Points, count: int, size: int) -> Floats:
    """Return the light in each pixel of ``count`` stamps."""
    column, row = (np.floor(at + 0.5).astype(np.intp) for at in (points.x, points.y))
    place = (points.owner * size + row) * size + column
    flux = np.bincount(place, points.flux, minlength=count * size**2)
    return np.asarray(flux.reshape(count, size, size), dtype=np.float64)


def transform(points: Points, count: int, on: Grid) -> Complexes:
    """Return the Fourier transforms, (count, ky, kx), of the points of each stamp."""
    side = next_fast_len(2 * (on.kx.size - 1), real=True)
    low, high = (on.ky.size + 1) // 2, on.ky.size // 2
    order = np.argsort(points.owner.astype(np.int16), kind="stable")
    ends = np.searchsorted(points.owner[order], np.arange(count + 1))
    transforms = np.empty((count, on.ky.size, on.kx.size), dtype=np.complex128)
    for one in range(count):
        some = order[ends[one] : ends[one + 1]]
        x, y = (at[some] % on.size * (side / on.size) for at in (points.x, points.y))
        full = rfft2(_spread(x, y, points.flux[some], side))
        transforms[one, :low] = full[:low, : on.kx.size]
        transforms[one, low:] = full[side - high :, : on.kx.size]
    return np.asarray(transforms / _spline_transform(on, side))


def _spread(x: Floats, y: Floats, flux: Floats, side: int) -> Floats:
    """Return the periodic lattice with points, in its spacing, spread on 4 x 4 nodes each."""
    padded = side + 4
    column, across = _spline(x)
    row, along = _spline(y)
    along = along * flux
    corner = row * padded + column
    place = np.empty((4, 4, corner.size), dtype=np.intp)
    weight = np.empty((4, 4, corner.size))
    for j in range(4):
        for i in range(4):
            np.add(corner, j * padded + i, out=place[j, i])
            np.multiply(along[j], across[i], out=weight[j, i])
    light = np.bincount(place.ravel(), weight.ravel(), minlength=padded**2)
    lattice = np.asarray(light.reshape(padded, padded), dtype=np.float64)
    for view in (lattice, lattice.T):
        view[side] += view[0]
        view[1:4] += view[side + 1 :]
    return lattice[1 : side + 1, 1 : side + 1]


def _spline(at: Floats) -> tuple[NDArray[np.intp], Floats]:
    """Return the first of four nodes, counted from -1, and the cubic B-spline on each."""
    below = np.floor(at)
    t = at - below
    t2 = t * t
    last = t2 * t / 6
    third = (1 + 3 * (t + t2)) / 6 - 3 * last
    first = (1 - 3 * (t - t2)) / 6 - last
    return below.astype(np.intp), np.stack([first, 1 - first - third - last, third, last])


def _spline_transform(on: Grid, side: int) -> Floats:
    x, y = (np.sinc(k * on.size / (2 * np.pi * side)) ** 4 for k in (on.kx, on.ky))
    return np.asarray(x * y[:, None])
