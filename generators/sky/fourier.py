"""Galaxies drawn through Fourier space: profile times PSF times pixel, one inverse FFT.

The product of transforms is convolved and integrated over the pixel exactly, without
supersampling the cusp of a steep profile. Only the frequencies that the PSF lets through are
computed; those beyond the Nyquist frequency are folded back, as sampling by pixels folds
them. The grid is periodic: it is large enough for the copies of a source to be dark upon
what is visible, or for their light to be known in closed form, and then that is taken off.
Sources that share a grid are drawn together, in blocks that stay in cache.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from skybench.generators.arrays import Complexes, Floats, Integers, Singles
from skybench.generators.native.library import kernel
from skybench.generators.sky import moffat
from skybench.generators.sky.stamps import WHOLE, Sources, Stamps, reach, windows

Indices = NDArray[np.intp]

_convolve, _scratch, _twiddles = map(kernel, ("convolve", "fourier_scratch", "twiddles"))

SIZES = (
    *(32, 48, 64, 80, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048),
    *(3072, 4096, 6144, 8192, 12288, 16384),
)
"""Sides of grids, in pixels: multiples of 8 that an FFT likes; up to twice the largest image."""

NEGLIGIBLE = 1e-3
"""Power at the last frequency that is kept: it costs at most that share of the peak."""

_BANDS = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 16.0, 64.0)
"""Last frequencies that are kept, over the Nyquist frequency of the pixels."""

LAST = 2048
"""Most frequencies along half an axis: 8 million in all."""

BLOCK = 1 << 18
"""Frequencies of a block: a megabyte of float32, within a core's cache, and few calls."""


@dataclass(frozen=True, eq=False)
class Grid:
    """Frequencies in radians a pixel: ``kx`` from 0 to K, ``ky`` from 0 to K, then -K to -1.

    Attributes
    ----------
    size : int
        Side of the periodic grid, in pixels.
    """

    size: int
    kx: Floats
    ky: Floats


@lru_cache(maxsize=64)
def grid_up_to(size: int, last: int) -> Grid:
    """Return the grid of a side, in pixels, with frequencies up to 2 pi last / size."""
    unit, x = 2 * np.pi / size, np.arange(last + 1)
    ky = np.concatenate([x, np.arange(-last, 0)])
    return Grid(size, np.asarray(unit * x), np.asarray(unit * ky))


Spectrum = Callable[[Sources, Grid, Floats, Floats], Floats | Complexes]
"""(sources, grid, x, y) -> (m, ky, kx) transforms of the sources, flux included, each at (x, y)
on its stamp, or at the origin where `draw` is told so."""

End = Callable[[Floats], Floats]
"""Levels -> ln of the frequencies beyond which a transform stays within them."""


def cutoff(sources: Sources, end: End | None = None, faintness: Floats | float = 1.0) -> Floats:
    """Return the frequency, in radians a pixel, beyond which there is negligible power.

    Parameters
    ----------
    sources : Sources
        The PSF is read.
    end : callable, optional
        Where the transform of the profile ends; absent for a point.
    faintness : (m,) array
        Peak of the source over the peak of a point of the same flux.
    """
    inverse, fwhm = 1 / sources["psf_beta"], np.maximum(sources["psf_fwhm"], 1e-9)
    # The closer beta is to 1, the more of the power is at k = 0, infinitely far away.
    level = NEGLIGIBLE * faintness * np.minimum(sources["psf_beta"] - 1, 1)

    def psf_end(level: Floats) -> Floats:
        return moffat.transforms().end(inverse, level) - np.log(fwhm)

    last = psf_end(level)
    if end is not None:
        last = np.minimum(last, end(level))
        # Where one factor is below t and the other below the level over t, so is the product.
        for t in (0.1, 0.01, 0.001):
            both = np.maximum(psf_end(level / t), end(np.full(fwhm.shape, t)))
            last = np.minimum(last, both)
    return np.asarray(np.exp(last))


def draw(
    sources: Sources,
    extent: Floats,
    shape: tuple[int, int],
    spectrum: Spectrum,
    *,
    last: Floats | None = None,
    centred: bool = False,
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
    last : (m,) array, optional
        Frequency beyond which there is no power, `cutoff` of the PSF if absent.
    centred : bool
        The transforms are of sources at the origin, and are yet to be moved to their place.
    """
    far = np.maximum(*reach(sources, shape))
    sizes = _sizes(extent, far)
    # A stamp is cut from its grid, so it is no larger.
    stamps = np.minimum(fitting(2 * extent + 10), sizes)
    sides = np.where(extent + 1 >= far, WHOLE, stamps)
    for group in groups(sources, sizes, sides, last):
        yield from draw_group(sources, group, shape, spectrum, centred=centred)


def highest(sources: Sources, extent: Floats, shape: tuple[int, int]) -> Floats:
    """Return the frequency up to which `draw` asks for the power of sources, without need.

    It is the PSF's, or the last of the grid: what lies between is of no importance.
    """
    sizes = _sizes(extent, np.maximum(*reach(sources, shape)))
    return np.minimum(cutoff(sources), 2 * np.pi * np.minimum(LAST / sizes, _BANDS[-1] / 2))


def _sizes(extent: Floats, far: Floats) -> Integers:
    return fitting(extent + np.minimum(extent + 5, far) + 2)


class Psf(NamedTuple):
    """The PSF of each source as kernels take it: its place in their table, and its FWHM."""

    place: Floats
    fwhm: Floats


class Group(NamedTuple):
    """Sources that are drawn alike: on one grid, on stamps of one side."""

    members: Indices
    size: int
    last: int
    side: int


def fitting(needed: Floats) -> NDArray[np.int64]:
    """Return the smallest of `SIZES` that is enough, or the largest."""
    return np.asarray(SIZES)[np.minimum(np.searchsorted(SIZES, needed), len(SIZES) - 1)]


def stamp_sizes(extent: Floats, visible: Floats) -> NDArray[np.int64]:
    """Return the side of a grid about a source that shows what is visible, without wrapped light.

    Parameters
    ----------
    extent : (m,) array
        Radius in pixels beyond which the source is dark.
    visible : (m,) array
        Distance in pixels from the source to the farthest visible pixel.
    """
    return fitting(extent + np.minimum(extent, visible) + 2)


def frequencies(sizes: Integers, last: Floats, most: int = LAST) -> Integers:
    """Return how many frequencies along half an axis reach the last one that is kept."""
    return np.minimum(np.ceil(last * sizes / (2 * np.pi)), most).astype(np.int64)


def groups(
    sources: Sources, sizes: Integers, sides: Integers, last: Floats | None = None
) -> Iterator[Group]:
    """Yield the sources grouped by grid and stamp, in an order that no other source changes."""
    band = (cutoff(sources) if last is None else last) / np.pi
    bands = np.asarray(_BANDS)[np.minimum(np.searchsorted(_BANDS, band), len(_BANDS) - 1)]
    keys = np.stack([sizes, frequencies(sizes, np.pi * bands), sides], axis=1)
    for size, count, side in np.unique(keys, axis=0).tolist():
        members = np.flatnonzero((keys == (size, count, side)).all(axis=1))
        yield Group(members, size, count, side)


def draw_group(
    sources: Sources,
    group: Group,
    shape: tuple[int, int],
    spectrum: Spectrum,
    *,
    centred: bool,
) -> Iterator[Stamps]:
    """Yield the stamps of a group, a block at a time."""
    on = grid_up_to(group.size, group.last)
    count = max(1, BLOCK // (on.kx.size * on.ky.size))
    for first in range(0, group.members.size, count):
        members = group.members[first : first + count]
        chosen = {name: values[members] for name, values in sources.items()}
        at = windows(chosen, np.full(members.shape, group.side), shape)
        x, y = chosen["source_x"] - at.x0, chosen["source_y"] - at.y0
        transforms = spectrum(chosen, on, x, y)
        if not centred:
            x, y = 0 * x, 0 * y
        pixels = np.empty((members.size, int(at.height[0]), int(at.width[0])), dtype=np.float32)
        _convolved(transforms, x, y, psf(chosen), on, pixels)
        yield Stamps(members, at.x0, at.y0, pixels)


def _convolved(
    transforms: Floats | Complexes, x: Floats, y: Floats, psf: Psf, on: Grid, pixels: Singles
) -> None:
    complex_ = np.iscomplexobj(transforms)
    dtype = np.complex64 if complex_ else np.float32
    given = transforms.astype(dtype, order="C", copy=False).view(np.float32)
    last, (height, width) = on.kx.size - 1, pixels.shape[1:]
    memory = scratch(on.size, last, height)
    _convolve(
        given, 1 + complex_, x, y, *psf, moffat.transforms().singles,
        on.size, last, height, width, twiddles(on.size), memory, pixels,
    )  # fmt: skip


def psf(sources: Sources) -> Psf:
    """Return the PSF; without one it is a Gaussian so narrow that it lets everything through."""
    blurred = sources["psf_fwhm"] > 0
    inverse = np.where(blurred, 1 / sources["psf_beta"], 0)
    fwhm = np.where(blurred, sources["psf_fwhm"], 1e-9)
    return Psf(moffat.transforms().place(inverse), fwhm)


@lru_cache(maxsize=len(SIZES))
def twiddles(size: int) -> Singles:
    """Return the cosines and sines of the FFT of a grid."""
    values = np.zeros(3 * size, dtype=np.float32)
    _twiddles(size, values)
    return values


@lru_cache(maxsize=1)
def all_twiddles() -> tuple[Singles, Integers]:
    """Return those of all `SIZES` one after another, and where each begins."""
    every = [twiddles(size) for size in SIZES]
    return np.concatenate(every), np.cumsum([0, *(one.size for one in every[:-1])])


def scratch(size: int, last: int, height: int) -> Singles:
    """Return the memory that a kernel works in."""
    needed = np.zeros(1, dtype=np.int64)
    _scratch(size, last, height, needed)
    return np.empty(int(needed[0]), dtype=np.float32)
