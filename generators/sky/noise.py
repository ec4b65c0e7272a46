"""From the expected image to the observed one: photons are counted, then read out.

Poisson numbers add up, and so does rounding to integers what an integer is added to:
the electrons of a pixel are the counts of sky and source together, less whole electrons of sky,
and the read noise less the rest of the sky, rounded.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Annotated, Never

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from pydantic import Field
from scipy.special import ndtri

from skybench.errors import ParameterError
from skybench.generators import poisson
from skybench.generators.arrays import Floats
from skybench.generators.distributions import Constant, Distribution, Finite
from skybench.generators.random_streams import WORD_BITS, PixelWords, RowStreams
from skybench.generators.recipe import Part

LARGEST = np.iinfo(np.int32).max

_BLOCK_PIXELS = 1 << 15
"""Pixels drawn together: their arrays stay in the cache."""

_READ_USE = poisson.USES
_CELL_BITS = 12
_HALF_STEP = 2.0**-41
_FARTHEST = 8.0

_MOST_COUNTED = LARGEST - (1 << 24)
"""Leaves room for the read noise, which is below 1e7."""

ROUNDING = 1 / 12
"""Variance of rounding to whole electrons: the noise is never nothing."""


class Noise(Part):
    """Noise, in the order that a camera adds it.

    ``shot`` switches the Poisson noise of source and sky; a ``read_noise`` of 0 switches
    that off; ``scale`` multiplies the departure of the image from its expectation.
    """

    sky_level: Distribution = Constant(value=100)
    read_noise: Distribution = Constant(value=5)
    shot: bool = True
    scale: Annotated[Finite, Field(ge=0, le=100)] = 1.0


def observe(
    expected: Floats,
    parameters: xr.Dataset,
    noise: Noise,
    seed: int,
    bands: Sequence[str] | None = None,
) -> NDArray[np.int32]:
    """Return observed images: Poisson counts of source and sky, read noise, sky subtracted.

    The counts of a pixel are the same whatever the read noise and the scale.

    Parameters
    ----------
    expected : (sample, [band,] y, x) float64 array, electrons
    parameters : xr.Dataset
        Holds ``sample_id``, and ``sky_level`` and ``read_noise`` by sample or by sample and band.
    noise : Noise
        Which parts are on, and the scale of all of it.
    seed : int
    bands : sequence of str, optional
        Their names, each a random stream of its own; their numbers if absent.

    Returns
    -------
    int32 array of the same shape, electrons, sky subtracted

    Raises
    ------
    ParameterError
        If a pixel holds more electrons than an int32.
    """
    rows = parameters["sample_id"].values
    sky = parameters["sky_level"].values.astype(np.float64)
    read = parameters["read_noise"].values.astype(np.float64)
    if expected.ndim == 3:
        return _observe(expected, rows, sky, read, noise, seed, "noise")
    names = range(expected.shape[1]) if bands is None else bands
    sky, read = (
        np.broadcast_to(v if v.ndim == 2 else v[:, None], (len(rows), len(names)))
        for v in (sky, read)
    )
    images = [
        _observe(expected[:, i], rows, sky[:, i], read[:, i], noise, seed, f"noise[{name}]")
        for i, name in enumerate(names)
    ]
    return np.stack(images, axis=1)


def _observe(
    expected: Floats,
    rows: NDArray[np.int64],
    sky: Floats,
    read: Floats,
    noise: Noise,
    seed: int,
    stream: str,
) -> NDArray[np.int32]:
    images = np.empty(expected.shape, dtype=np.int32)
    pixels = int(np.prod(expected.shape[1:]))
    flat = images.reshape(len(rows), pixels)
    bright = RowStreams(seed, stream)
    for block in _blocks(rows, max(1, _BLOCK_PIXELS // pixels)):
        first, count = int(rows[block.start]), block.stop - block.start
        words = PixelWords(seed, f"{stream}.pixels", first, count, pixels, _READ_USE + 1)
        light = expected[block].reshape(count, pixels)
        levels = sky[block, None], read[block, None]
        if noise.shot and noise.scale == 1:
            flat[block] = _counted(light, *levels, words, bright, first)
        else:
            flat[block] = _scaled(light, *levels, noise, words, bright, first)
    return images


def _blocks(rows: NDArray[np.int64], longest: int) -> Iterator[slice]:
    """Yield runs of consecutive rows."""
    breaks = np.flatnonzero(np.diff(rows) != 1) + 1
    for start, stop in zip([0, *breaks], [*breaks, len(rows)], strict=True):
        for first in range(start, stop, longest):
            yield slice(first, min(first + longest, stop))


def _counted(
    light: Floats, sky: Floats, read: Floats, words: PixelWords, bright: RowStreams, first: int
) -> NDArray[np.int32]:
    """Return counts and read noise, less the sky, in whole electrons."""
    whole = np.floor(sky)
    observed = _counts(light, sky, words, bright, first)
    observed -= whole.astype(np.int32)
    observed += _rounded_normal(read, sky - whole, words).reshape(light.shape)
    return observed


def _scaled(
    light: Floats,
    sky: Floats,
    read: Floats,
    noise: Noise,
    words: PixelWords,
    bright: RowStreams,
    first: int,
) -> Floats:
    """Return images whose departure from the expected one is scaled, rounded."""
    departure = np.zeros(light.shape)
    if noise.shot and noise.scale > 0:
        departure += _counts(light, sky, words, bright, first) - sky - light
    if noise.scale > 0 and read.any():
        departure += read * _normal(words, np.arange(light.size)).reshape(light.shape)
    observed = np.rint(light + noise.scale * departure)
    for i, image in enumerate(observed):
        extreme = max(image.max(), -image.min())
        if extreme > LARGEST:
            _refuse(float(extreme), first + i)
    return observed


def _counts(
    light: Floats, sky: Floats, words: PixelWords, bright: RowStreams, first: int
) -> NDArray[np.int32]:
    # Transforms may undershoot zero by a rounding error where there is no light.
    mean = np.maximum(light, 0.0)
    mean += sky
    mean = mean.reshape(-1)
    above = np.flatnonzero(mean >= poisson.TABULATED)
    largest, mean[above] = mean[above], 0.0
    counts = poisson.poisson(mean, words)
    # The bright pixels of one row after the other.
    ends = np.searchsorted(above, np.arange(1, len(light) + 1) * light.shape[1]).tolist()
    for i, (start, end) in enumerate(zip([0, *ends], ends, strict=False)):
        if start < end:
            drawn = bright.poisson(first + i, largest[start:end])
            if drawn.max() > _MOST_COUNTED:
                _refuse(float(drawn.max()), first + i)
            counts[above[start:end]] = drawn
    return counts.reshape(light.shape)


def _rounded_normal(sigma: Floats, offset: Floats, words: PixelWords) -> NDArray[np.int32]:
    """Return rounded normal numbers of the given sigmas less the offsets, one of each a row.

    The leading bits place the normal between two numbers. Only where these round to different
    integers is it needed itself.
    """
    cells = (words.leading[_READ_USE] >> np.uint16(WORD_BITS - _CELL_BITS)).reshape(len(sigma), -1)
    below, above = (
        np.rint(sigma * edges.take(cells) - offset).reshape(-1) for edges in _normal_cells()
    )
    values: NDArray[np.int32] = below.astype(np.int32)
    undecided = np.flatnonzero(below != above)
    owners = undecided // cells.shape[1]
    normal = _normal(words, undecided)
    values[undecided] = np.rint(sigma[owners, 0] * normal - offset[owners, 0])
    return values


def _normal(words: PixelWords, where: NDArray[np.intp]) -> Floats:
    return np.asarray(ndtri(words.uniforms(_READ_USE, where) + _HALF_STEP))


@cache
def _normal_cells() -> tuple[Floats, Floats]:
    """Return the normal numbers at the lower and upper ends of the cells."""
    edges = np.clip(
        ndtri(np.arange((1 << _CELL_BITS) + 1) / (1 << _CELL_BITS)), -_FARTHEST, _FARTHEST
    )
    return edges[:-1], edges[1:]


def _refuse(electrons: float, sample: int) -> Never:
    msg = (
        f"a pixel of sample {sample} holds {electrons:g} electrons, more than the {LARGEST} "
        "of an int32; lower flux, sky_level, read_noise or noise.scale."
    )
    raise ParameterError(msg)


def sky_variance(parameters: xr.Dataset, noise: Noise) -> Floats:
    """Return the variance of the noise where no source is, in electrons squared."""
    sky = parameters["sky_level"].values.astype(np.float64)
    read = parameters["read_noise"].values.astype(np.float64)
    return np.asarray(noise.scale**2 * (noise.shot * sky + read**2) + ROUNDING)


def inverse_variance(expected: Floats, parameters: xr.Dataset, noise: Noise) -> Floats:
    """Return 1 / variance of each pixel.

    The variance of the noise is scale^2 (light + sky + read_noise^2) + 1 / 12: photons are counted,
    the amplifier adds its own noise, and images are of whole electrons.

    Parameters
    ----------
    expected : (sample, [band,] y, x) float64 array, electrons
        The light of the sources, without noise.
    parameters : xr.Dataset
        Holds ``sky_level`` and ``read_noise`` by sample, or by sample and band.
    noise : Noise

    Returns
    -------
    float64 array of the same shape, from above 0 to 12
    """
    background = sky_variance(parameters, noise)[..., None, None]
    light = np.maximum(expected, 0.0) * (noise.shot * noise.scale**2)
    return np.asarray(1 / (light + background))
