"""Light at points, found by adaptive cells: into the pixels, or to Fourier space for the PSF.

Both are native code (`rays.c`): the search for light, and where it goes. Without a PSF a point's
light belongs to the pixel that it lies in. With one, the transform of the points is wanted at the
frequencies of the Fourier engine: they are spread onto a lattice by cubic B-splines, transformed,
and the spline's own transform is divided out, a non-uniform Fourier transform of type 1 (Dutt &
Rokhlin 1993, SIAM J. Sci. Comput. 14, 1368).
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.fft import next_fast_len, rfft2

from skybench.generators.arrays import Complexes, Floats
from skybench.generators.native.library import kernel
from skybench.generators.sky.fourier import Grid

TOLERANCE = 3e-3
"""Bound on the error of a cell, over the light of the brightest pixel.

A bound that few cells come near to: images then err by some 2e-4 of the peak.
"""

LENSED, ARC = 0, 1
"""The kinds of light that `rays.c` knows."""

_WIDEST = 0.8
"""Side over the FWHM of the PSF beyond which the points of a cell could be told apart."""

_FINE = 0.125
"""Side in pixels of cells whose points are close enough for any PSF; without, a pixel is."""

_MERGE = np.pi / 8
"""Side times the highest frequency of a cell that is as good as a point."""

_FINER = 1.25
"""Nodes of a lattice over the fewest that have all frequencies.

A point then errs by 8e-4 of the peak under a PSF, and the light of a wide source by 3e-4; with 1
these are 1e-3 and 7e-4, with 1.5 5e-4 and 2e-4 at 1.4 times the FFT.
"""

_SCRATCH = 30 * 2 * 256
"""Numbers that the search keeps cells in which it has yet to visit."""

_AT_ONCE = 1 << 16
"""Nodes of the lattices that are transformed together: half a megabyte of float64."""

_ALL = slice(None)

_into_pixels = kernel("rays_into_pixels")
_onto_lattice = kernel("rays_onto_lattice")


class Light(NamedTuple):
    """Brightness on the sky of m sources: a kind, and (m, numbers) that describe each."""

    kind: int
    numbers: Floats


@dataclass(frozen=True, kw_only=True)
class Frame:
    """The planes that are searched for the light of m sources; each field is an (m,) array.

    Attributes
    ----------
    x, y :
        Where the source is, in pixels of the plane.
    left, right, low, high :
        Between what bounds light is wanted.
    peak :
        At most the flux in the brightest pixel, for the scale of errors.
    fwhm :
        Of the PSF, in pixels.
    from_x, from_y :
        Where the plane begins on the stamp.
    """

    x: Floats
    y: Floats
    left: Floats
    right: Floats
    low: Floats
    high: Floats
    peak: Floats
    fwhm: Floats
    from_x: Floats
    from_y: Floats

    def table(self) -> Floats:
        """Return what the kernels take: (m, 10) numbers."""
        widest = np.where(self.fwhm > 0, np.maximum(_WIDEST * self.fwhm, _FINE), 1.0)
        bounds = (self.left, self.right, self.low, self.high)
        columns = (*bounds, TOLERANCE * self.peak, widest, self.from_x, self.from_y)
        return np.stack([self.x, self.y, *columns], axis=1)


def pixels(light: Light, frame: Frame, size: int) -> Floats:
    """Return the light in each pixel of stamps: (m, size, size)."""
    stamps = np.empty((len(light.numbers), size, size))
    scratch = np.empty(_SCRATCH)
    _into_pixels(light.kind, light.numbers, frame.table(), size, 1.0, scratch, stamps)
    return stamps


def transform(light: Light, frame: Frame, on: Grid) -> Complexes:
    """Return the Fourier transforms, (m, ky, kx), of the light on stamps as large as the grid."""
    count, side = len(light.numbers), next_fast_len(int(_FINER * 2 * (on.kx.size - 1)), real=True)
    low, high, sharpened = (on.ky.size + 1) // 2, on.ky.size // 2, _sharpened(on, side)
    transforms = np.empty((count, on.ky.size, on.kx.size), dtype=np.complex128)
    step = max(1, _AT_ONCE // side**2)
    for first in range(0, count, step):
        some = slice(first, first + step)
        full = rfft2(lattices(light, frame, on, side, some))[..., : on.kx.size]
        np.multiply(full[:, :low], sharpened[:low], out=transforms[some, :low])
        np.multiply(full[:, side - high :], sharpened[low:], out=transforms[some, low:])
    return transforms


def lattices(light: Light, frame: Frame, on: Grid, side: int, some: slice = _ALL) -> Floats:
    """Return the light of some sources, spread on 4 x 4 nodes of periodic lattices."""
    numbers, frames = light.numbers[some], frame.table()[some]
    spread = np.empty((len(numbers), side, side))
    scratch, padded = np.empty(_SCRATCH), np.empty((side + 4, side + 4))
    merge = merging_side(on)
    _onto_lattice(light.kind, numbers, frames, on.size, side, merge, scratch, padded, spread)
    return spread


def merging_side(on: Grid) -> float:
    """Return the side in pixels of a cell whose light may lie in its centre."""
    return float(_MERGE / on.kx[-1])


def _sharpened(on: Grid, side: int) -> Floats:
    """Return the inverse of the spline's own transform."""
    x, y = (np.sinc(k * on.size / (2 * np.pi * side)) ** -4 for k in (on.kx, on.ky))
    return np.asarray(x * y[:, None])
