"""Galaxies drawn through Fourier space: profile times PSF times pixel, one inverse FFT.

The product of transforms is convolved and integrated over the pixel exactly, without
supersampling the cusp of a steep profile. A source is drawn on a square stamp around it,
as small as its extent and the visible part of the image allow; sources that share a grid
are drawn together, in blocks that stay in cache.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft2

from skybench.generators.sky import moffat
from skybench.generators.sky.stamps import GRIDS, Sources, Stamps, nearest_pixel, reach

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]

BLOCK = 1 << 17
"""Grid points of a block: about one megabyte of float64, the size of a core's cache."""

_NEGLIGIBLE = 1e-4
"""Power left beyond the last frequency that is kept: a tenth of the error budget."""

_OVERSAMPLINGS = (1, 2, 4, 8)

LONGEST_SIDE = 4096
"""Samples along a side: 134 MB of transform. Only sharp PSFs on the largest stamps want more."""


@dataclass(frozen=True)
class Grid:
    """Frequencies of a stamp, ``oversampling`` times beyond its Nyquist frequency."""

    size: int
    oversampling: int
    kx: Floats
    ky: Floats
    log_k: Floats
    pixel: Floats


@lru_cache(maxsize=32)
def grid(size: int, oversampling: int) -> Grid:
    """Return the frequencies, in radians a pixel, on the half plane kx >= 0."""
    fine = size * oversampling
    kx = 2 * np.pi * np.arange(fine // 2 + 1) / size
    ky = 2 * np.pi * np.fft.fftfreq(fine, 1 / fine) / size
    with np.errstate(divide="ignore"):
        log_k = np.log(kx**2 + ky[:, None] ** 2) / 2
    pixel = np.sinc(kx / (2 * np.pi)) * np.sinc(ky / (2 * np.pi))[:, None]
    return Grid(size, oversampling, kx, ky, log_k, pixel)


def oversampling(fwhm: Floats, beta: Floats) -> NDArray[np.int64]:
    """Return how far beyond the Nyquist frequency the PSF lets power through."""
    chosen = np.full(fwhm.shape, _OVERSAMPLINGS[-1], dtype=np.int64)
    radius = moffat.scale_radius(fwhm, beta)
    for factor in reversed(_OVERSAMPLINGS[:-1]):
        for one in np.flatnonzero(fwhm > 0):
            edge = np.log(np.pi * factor * radius[one])
            if moffat.transform_table(float(beta[one]))(edge) < _NEGLIGIBLE:
                chosen[one] = factor
    return chosen


def stamp_sizes(extent: Floats, visible: Floats) -> NDArray[np.int64]:
    """Return the stamp side that shows what is visible, with no wrapped light upon it.

    Parameters
    ----------
    extent : (m,) array
        Radius in pixels beyond which the source is dark.
    visible : (m,) array
        Distance in pixels from the source to the farthest visible pixel.
    """
    needed = extent + np.minimum(extent, visible) + 2
    place = np.minimum(np.searchsorted(GRIDS, needed), len(GRIDS) - 1)
    return np.asarray(GRIDS)[place]


Spectrum = Callable[[Sources, Grid, Floats, Floats], Complexes]
"""(sources, grid, x, y) -> transform of each source at (x, y) on the stamp, flux included."""


def draw(
    sources: Sources, extent: Floats, shape: tuple[int, int], spectrum: Spectrum
) -> Iterator[Stamps]:
    """Yield the convolved, pixel-integrated stamps of the sources, grouped by grid.

    Parameters
    ----------
    sources : Sources
    extent : (m,) array
        Radius in pixels beyond which the source is dark, PSF wings included.
    shape : (ny, nx)
        Of the image.
    spectrum : callable
        The profile's transform.
    """
    sizes = stamp_sizes(extent, np.maximum(*reach(sources, shape)))
    affordable = (2 ** np.floor(np.log2(LONGEST_SIDE / sizes))).astype(np.int64)
    factors = np.minimum(oversampling(sources["psf_fwhm"], sources["psf_beta"]), affordable)
    for size, factor in sorted(set(zip(sizes.tolist(), factors.tolist(), strict=True))):
        members = np.flatnonzero((sizes == size) & (factors == factor))
        points = (size * factor) ** 2 // 2
        step = max(1, BLOCK // points)
        for first in range(0, members.size, step):
            some = members[first : first + step]
            chosen = {name: values[some] for name, values in sources.items()}
            yield _block(chosen, some, grid(size, factor), spectrum)


def _block(sources: Sources, members: NDArray[np.intp], on: Grid, spectrum: Spectrum) -> Stamps:
    x0 = nearest_pixel(sources["source_x"]) - on.size // 2
    y0 = nearest_pixel(sources["source_y"]) - on.size // 2
    transform = spectrum(sources, on, sources["source_x"] - x0, sources["source_y"] - y0)
    transform *= on.pixel
    transform *= _psf(sources, on)
    for _ in range(on.oversampling.bit_length() - 1):
        transform = _fold(transform)
    return Stamps(members, x0, y0, irfft2(transform, s=(on.size, on.size)))


def shift(on: Grid, x: Floats, y: Floats) -> tuple[Complexes, Complexes]:
    """Return the phases along y and x, shaped to broadcast, that move a source to (x, y)."""
    along_y = np.exp(-1j * on.ky * y[:, None])[:, :, None]
    along_x = np.exp(-1j * on.kx * x[:, None])[:, None, :]
    return along_y, along_x


def _psf(sources: Sources, on: Grid) -> Floats:
    fwhm, beta = sources["psf_fwhm"], sources["psf_beta"]
    factor = np.ones((fwhm.size, *on.log_k.shape))
    log_radius = np.log(moffat.scale_radius(np.where(fwhm > 0, fwhm, 1.0), beta))
    for one in np.flatnonzero(fwhm > 0):
        factor[one] = moffat.transform_table(float(beta[one]))(on.log_k + log_radius[one])
    return factor


def _fold(transform: Complexes) -> Complexes:
    """Halve the sampling rate: add the frequencies that the coarser samples cannot tell apart."""
    rows = transform.shape[1]
    half = rows // 2
    mirrored = (-np.arange(rows)) % rows
    alias = transform[:, mirrored, half : half // 2 - 1 if half > 1 else None : -1]
    columns = transform[:, :, : half // 2 + 1] + np.conj(alias)
    return np.asarray(columns[:, :half] + columns[:, half:])
