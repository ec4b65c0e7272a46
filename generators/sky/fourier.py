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
from functools import lru_cache, partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.fft import ifft, irfft

from skybench.generators.arrays import Complexes, Floats
from skybench.generators.sky import moffat
from skybench.generators.sky.stamps import WHOLE, Sources, Stamps, reach, windows

Indices = NDArray[np.intp]

SIZES = (32, 48, 64, 80, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048)
"""Sides of grids, in pixels: multiples of 8 that an FFT likes."""

NEGLIGIBLE = 1e-3
"""Power at the last frequency that is kept: it costs at most that share of the peak."""

_BANDS = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 16.0, 64.0)
"""Last frequencies that are kept, over the Nyquist frequency of the pixels."""

LAST = 2048
"""Most frequencies along half an axis: 8 million in all."""

BLOCK = 1 << 17
"""Frequencies of a block: about a megabyte of float64, the size of a core's cache."""

_REMEMBERED = 1 << 17
"""Frequencies of the largest grid that is kept for the next block."""


@dataclass(frozen=True, eq=False)
class Grid:
    """Frequencies in radians a pixel: ``kx`` from 0 to K, ``ky`` from 0 to K, then -K to -1.

    Attributes
    ----------
    size : int
        Side of the periodic grid, in pixels.
    oversampling : int
        Samples a pixel, a power of two, from which an FFT has all these frequencies.
    squares : (3, points) array
        kx^2, 2 kx ky and ky^2, row by row.
    pixel : (kx,) array
        Transform of a pixel along an axis.
    """

    size: int
    oversampling: int
    kx: Floats
    ky: Floats
    squares: Floats
    pixel: Floats
    _log_radius: Floats
    _which: Indices

    def radial(self, evaluate: Callable[[Floats], Floats], log_scale: Floats) -> Floats:
        """Return (m, points) values of round functions of ln k plus the source's log scale.

        A grid has many points at equal distance: each distance is evaluated once.
        """
        return evaluate(self._log_radius + log_scale[:, None]).take(self._which, axis=1)

    def kept(self, transform: Complexes) -> Complexes:
        """Return the frequencies of this grid from an `rfft2` of oversampled samples."""
        last = self.kx.size - 1
        rows = (transform[..., : last + 1, : last + 1], transform[..., -last:, : last + 1])
        return np.concatenate(rows, axis=-2)


def grid(size: int, oversampling: int) -> Grid:
    """Return all frequencies below the Nyquist frequency of so many samples a pixel."""
    return grid_up_to(size, size * oversampling // 2 - 1)


def grid_up_to(size: int, last: int) -> Grid:
    """Return the grid of a side, in pixels, with frequencies up to 2 pi last / size."""
    return _small_grid(size, last) if 2 * last**2 < _REMEMBERED else _make_grid(size, last)


def _make_grid(size: int, last: int) -> Grid:
    unit = 2 * np.pi / size
    x = np.arange(last + 1)
    y = np.concatenate([x, np.arange(-last, 0)])
    column, row = (part.ravel() for part in np.broadcast_arrays(x, y[:, None]))
    squares = unit**2 * np.stack([column**2, 2 * column * row, row**2])
    distance = column**2 + row**2
    occurs = np.zeros(2 * last**2 + 1, dtype=np.intp)
    occurs[distance] = 1
    distinct = np.flatnonzero(occurs)
    occurs[distinct] = np.arange(distinct.size)
    # No logarithm at k = 0, where the transform is set apart; its neighbour stands in.
    log_radius = np.log(np.maximum(distinct, 1)) / 2 + np.log(unit)
    squares[:, 0] = squares[:, 1]
    oversampling = 1 << int(np.floor(np.log2(max(2 * last / size, 0.5)))) + 1
    kx, ky = np.asarray(unit * x), np.asarray(unit * y)
    pixel = np.asarray(np.sinc(kx / (2 * np.pi)))
    which = occurs[distance]
    return Grid(size, oversampling, kx, ky, np.asarray(squares), pixel, log_radius, which)


_small_grid = lru_cache(maxsize=64)(_make_grid)


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
    sizes = fitting(extent + np.minimum(extent + 5, far) + 2)
    # A stamp is cut from its grid, so it is no larger.
    stamps = np.minimum(fitting(2 * extent + 10), sizes)
    sides = np.where(extent + 1 >= far, WHOLE, stamps)
    for group in groups(sources, sizes, sides, last):
        yield from draw_group(sources, group, shape, spectrum, centred=centred)


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


def groups(
    sources: Sources,
    sizes: NDArray[np.int64],
    sides: NDArray[np.int64],
    last: Floats | None = None,
) -> Iterator[Group]:
    """Yield the sources grouped by grid and stamp, in an order that no other source changes."""
    band = (cutoff(sources) if last is None else last) / np.pi
    bands = np.asarray(_BANDS)[np.minimum(np.searchsorted(_BANDS, band), len(_BANDS) - 1)]
    counts = np.minimum(np.ceil(bands * sizes / 2), LAST).astype(np.int64)
    keys = np.stack([sizes, counts, sides], axis=1)
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
    step: int = 1,
) -> Iterator[Stamps]:
    """Yield the stamps of a group, a block at a time; they begin at multiples of ``step``."""
    on = grid_up_to(group.size, group.last)
    count = max(1, BLOCK // on.squares.shape[1])
    for first in range(0, group.members.size, count):
        members = group.members[first : first + count]
        chosen = {name: values[members] for name, values in sources.items()}
        at = windows(chosen, np.full(members.shape, group.side), shape, step)
        x, y = chosen["source_x"] - at.x0, chosen["source_y"] - at.y0
        transform = spectrum(chosen, on, x, y)
        transform *= _psf(chosen, on).reshape(transform.shape)
        if not centred:
            x, y = 0 * x, 0 * y
        rows = _along_y(transform, on, y, int(at.height[0]))
        yield Stamps(members, at.x0, at.y0, _along_x(rows, on, x, int(at.width[0])))


def _psf(sources: Sources, on: Grid) -> Floats:
    # Without a PSF: a Gaussian so narrow that its transform is 1 as far as the table goes.
    blurred = sources["psf_fwhm"] > 0
    log_fwhm = np.log(np.where(blurred, sources["psf_fwhm"], 1e-9))
    inverse = np.where(blurred, 1 / sources["psf_beta"], 0)
    transfer = on.radial(partial(moffat.transforms().evaluate, inverse), log_fwhm)
    transfer[:, 0] = 1
    return transfer


def shift(on: Grid, x: Floats, y: Floats) -> tuple[Complexes, Complexes]:
    """Return the phases along y and x, shaped to broadcast, that move a source to (x, y)."""
    along_y = np.exp(-1j * on.ky * y[:, None])[:, :, None]
    along_x = np.exp(-1j * on.kx * x[:, None])[:, None, :]
    return along_y, along_x


def _turned(on: Grid, place: Floats) -> Complexes:
    """Return (m, kx): the phases that move sources along an axis, times the pixel's transform.

    Powers of the first one, by doubling: an exponential each costs twenty times as much.
    """
    phases = np.empty((place.size, on.kx.size), dtype=np.complex128)
    phases[:, 0] = 1
    power, done = np.exp(-1j * on.kx[1] * place)[:, None], 1
    while done < on.kx.size:
        some = phases[:, done : 2 * done]
        np.multiply(phases[:, : some.shape[1]], power, out=some)
        power, done = power**2, 2 * done
    phases *= on.pixel
    return phases


def _along_y(transform: Floats | Complexes, on: Grid, y: Floats, height: int) -> Complexes:
    """Return (m, y, kx): moved to y, integrated over pixels, folded, transformed back along y."""
    size, last = on.size, on.kx.size - 1
    turned = _turned(on, y) / size**2
    phase = np.concatenate([turned, np.conj(turned[:, :0:-1])], axis=1)[:, :, None]
    up, down = slice(0, last + 1), slice(last + 1, None)
    folded = np.zeros((y.size, size, last + 1), dtype=np.complex128)
    if last < size:
        np.multiply(transform[:, up], phase[:, up], out=folded[:, up])
        # Negative frequencies end the rows; the lowest of them may fall on positive ones.
        shared = max(2 * last + 1 - size, 0)
        on_both = slice(last + 1, last + 1 + shared)
        folded[:, size - last : size - last + shared] += transform[:, on_both] * phase[:, on_both]
        rest = slice(last + 1 + shared, None)
        np.multiply(transform[:, rest], phase[:, rest], out=folded[:, size - last + shared :])
    else:
        row = np.concatenate([np.arange(last + 1), np.arange(-last, 0)]) % size
        for part in (up, down):
            moved = transform[:, part] * phase[:, part]
            for first in range(0, moved.shape[1], size):
                some = moved[:, first : first + size]
                folded[:, row[part][first : first + size]] += some
    return np.asarray(ifft(folded, axis=1, norm="forward", overwrite_x=True)[:, :height])


def _along_x(rows: Complexes, on: Grid, x: Floats, width: int) -> Floats:
    """Return (m, y, x): the rest of the way, along x."""
    half, count = on.size // 2, on.kx.size
    phase = _turned(on, x)[:, None, :]
    folded = np.zeros((*rows.shape[:2], half + 1), dtype=np.complex128)
    kept = min(count, half)
    np.multiply(rows[:, :, :kept], phase[:, :, :kept], out=folded[:, :, :kept])
    for first in range(half, count, half):
        some = rows[:, :, first : first + half] * phase[:, :, first : first + half]
        if (first // half) % 2:
            # From the Nyquist frequency downwards, conjugate: the image is real.
            folded[:, :, half : half - some.shape[2] : -1] += np.conj(some)
            folded[:, :, half] += some[:, :, 0]
        else:
            folded[:, :, : some.shape[2]] += some
            folded[:, :, 0] += np.conj(some[:, :, 0])
    return np.asarray(irfft(folded, n=on.size, axis=2, norm="forward", overwrite_x=True))[
        :, :, :width
    ]
