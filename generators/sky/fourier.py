"""Galaxies drawn through Fourier space: profile times PSF times pixel, one inverse FFT.

The product of transforms is convolved and integrated over the pixel exactly, without
supersampling the cusp of a steep profile. Only the frequencies that the PSF lets through are
computed; those beyond the Nyquist frequency are folded back, as sampling by pixels folds
them. The grid is periodic: it is large enough for the copies of a source to be dark upon
what is visible, or for their light to be known in closed form, and then that is taken off. A PSF
with wide wings is cut (`cut_psf.py`): nothing else would keep its copies' light away.
Sources that share a grid are drawn together, in blocks that stay in cache.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from skybench.generators.arrays import Complexes, Flags, Floats, Integers, Singles
from skybench.generators.native.library import kernel
from skybench.generators.sky import cut_psf, moffat
from skybench.generators.sky.stamps import STEP, WHOLE, Sources, Stamps, reach, windows

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

_PSF_OUTSIDE = 1e-3
"""Share of the flux of a PSF without wide wings that may lie beyond its extent."""


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


def psf_extent(sources: Sources) -> Floats:
    """Return the radius of the PSF's visible wings, 0 without a PSF."""
    return moffat.enclosing_radius(sources["psf_fwhm"], sources["psf_beta"], _PSF_OUTSIDE)


def draw(
    sources: Sources,
    dark: Floats,
    shape: tuple[int, int],
    spectrum: Spectrum,
    *,
    wings: Floats | None = None,
    centred: bool = False,
) -> Iterator[Stamps]:
    """Yield the convolved, pixel-integrated stamps of the sources, grouped by grid.

    Parameters
    ----------
    sources : Sources
    dark : (m,) array
        Radius in pixels beyond which the profile is dark.
    shape : (ny, nx)
        Of the image.
    spectrum : callable
        The profile's transform.
    wings : (m,) array, optional
        Pixels that a PSF without wide wings adds to that radius, `psf_extent` if absent.
    centred : bool
        The transforms are of sources at the origin, and are yet to be moved to their place.
    """
    plan = _plan(sources, dark, shape, wings)
    # A stamp is cut from its grid, so it is no larger.
    stamps = np.minimum(fitting(2 * plan.extent + 10), plan.sizes)
    sides = np.where(plan.extent + 1 >= plan.far, WHOLE, stamps)
    own = sources | {"_cut": plan.cut}
    for group in groups(own, plan.sizes, sides, plan.last, np.isfinite(plan.cut)):
        yield from draw_group(own, group, shape, spectrum, centred=centred)


def highest(sources: Sources, dark: Floats, shape: tuple[int, int], wings: Floats) -> Floats:
    """Return the frequency up to which `draw` asks for the power of sources, without need.

    It is the PSF's, or the last of the grid: what lies between is of no importance.
    """
    plan = _plan(sources, dark, shape, wings)
    return np.minimum(plan.last, 2 * np.pi * np.minimum(LAST / plan.sizes, _BANDS[-1] / 2))


class _Plan(NamedTuple):
    """What sources ask of their grids.

    Attributes
    ----------
    far, cut, extent : (m,) arrays
        Distance to the farthest visible pixel; radius at which the PSF is cut, infinite where it is
        whole; radius beyond which the source is dark through its PSF.
    last : (m,) array
        Last frequency, in radians a pixel.
    sizes : (m,) array
        Sides of the grids.
    """

    far: Floats
    cut: Floats
    extent: Floats
    last: Floats
    sizes: Integers


def _plan(sources: Sources, dark: Floats, shape: tuple[int, int], wings: Floats | None) -> _Plan:
    far, last = np.maximum(*reach(sources, shape)), cutoff(sources)
    cut = _cuts(sources, dark, shape, last)
    room = psf_extent(sources) if wings is None else wings
    extent = np.where(np.isfinite(cut), cut_psf.extent(cut, dark), dark + room)
    return _Plan(far, cut, extent, last, fitting(extent + np.minimum(extent + 5, far) + 2))


def _cuts(sources: Sources, dark: Floats, shape: tuple[int, int], last: Floats) -> Floats:
    """Return where PSFs with wide wings are cut; others are not."""
    cut = np.full(dark.shape, np.inf)
    wide = np.flatnonzero(cut_psf.is_wide(sources))
    if wide.size:
        some = {name: values[wide] for name, values in sources.items()}
        # On a larger grid frequencies are finer, so that the last of them is lower.
        affordable = np.searchsorted(SIZES, 2 * np.pi * LAST / last[wide], side="right")
        largest = np.asarray(SIZES)[np.maximum(affordable, 1) - 1]
        cut[wide] = cut_psf.radius(some, dark[wide], shape, largest)
    return cut


class Psf(NamedTuple):
    """The PSF of each source as kernels take it: its place in their table, and its FWHM."""

    place: Floats
    fwhm: Floats


class Group(NamedTuple):
    """Sources that are drawn alike: on one grid, on stamps of one side, through PSFs cut or not."""

    members: Indices
    size: int
    last: int
    side: int
    cut: bool = False


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
    sources: Sources, sizes: Integers, sides: Integers, last: Floats, cut: Flags
) -> Iterator[Group]:
    """Yield the sources grouped by grid and stamp, in an order that no other source changes."""
    bands = np.asarray(_BANDS)[np.minimum(np.searchsorted(_BANDS, last / np.pi), len(_BANDS) - 1)]
    keys = np.stack([sizes, frequencies(sizes, np.pi * bands), sides, cut], axis=1)
    for key in np.unique(keys, axis=0):
        members = np.flatnonzero((keys == key).all(axis=1))
        size, count, side, is_cut = key.tolist()
        yield Group(members, size, count, side, bool(is_cut))


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
        transforms, through = spectrum(chosen, on, x, y), psf(chosen)
        there = (0 * x, 0 * y) if centred else (x, y)
        if group.cut:
            yield from _beyond(chosen, members, transforms, on, there, shape)
            transforms = transforms * _cut_psf(chosen, on)
            through = psf(chosen | {"psf_fwhm": 0 * x})
        pixels = np.empty((members.size, int(at.height[0]), int(at.width[0])), dtype=np.float32)
        _convolved(transforms, x - there[0], y - there[1], through, on, pixels)
        yield Stamps(members, at.x0, at.y0, pixels)


def _cut_psf(sources: Sources, on: Grid) -> Floats:
    cut, fwhm, beta = (sources[name] for name in ("_cut", "psf_fwhm", "psf_beta"))
    return cut_psf.transform(cut, fwhm, beta, on.kx, on.ky)


def _beyond(
    sources: Sources,
    members: Indices,
    transforms: Floats | Complexes,
    on: Grid,
    at: tuple[Floats, Floats],
    shape: tuple[int, int],
) -> Iterator[Stamps]:
    """Yield what a PSF that is cut within the image leaves out, as points at the centroids.

    The flux is the transform at the origin, and the centroid its slope there, less that of a
    source which lies at (x, y) on its stamp.
    """
    flux = transforms[:, 0, 0].real
    moved = dict(sources)
    for name, place, first, k in (
        ("source_x", at[0], transforms[:, 0, 1], on.kx[1]),
        ("source_y", at[1], transforms[:, 1, 0], on.ky[1]),
    ):
        moved[name] = sources[name] - np.angle(np.sign(flux) * first * np.exp(1j * k * place)) / k
    seen, light = cut_psf.rest(moved, sources["_cut"], shape)
    if seen.any():
        corner = np.zeros(int(seen.sum()), dtype=np.int64)
        yield Stamps(members[seen], corner, corner, flux[seen, None, None] * light, STEP)


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
