"""From the expected image to the observed one: photons are counted, then read out.

Poisson numbers add up, and so does rounding to integers what an integer is added to:
the electrons of a pixel are the counts of sky and source together, less whole electrons of sky,
and the read noise less the rest of the sky, rounded.

Rounding to the nearest integer shifts the mean where the noise that is rounded is narrower than
an electron, so it is dithered there: to x a uniform number from -1/2 to 1/2 is added, and the mean
is x (Lipshitz, Wannamaker and Vanderkooy 1992, J. Audio Eng. Soc. 40, 355). From a sigma of 1 on
the shift is below 1e-8.
"""

import math
from collections.abc import Sequence
from functools import cache
from typing import Annotated, Any, Never

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from pydantic import AfterValidator, Discriminator, Field, Tag

from skybench.errors import ParameterError
from skybench.generators import poisson
from skybench.generators.arrays import Floats
from skybench.generators.distributions import Constant, Distribution, Finite
from skybench.generators.native.library import kernel
from skybench.generators.random_streams import RowStreams, key_of
from skybench.generators.recipe import Part

LARGEST = np.iinfo(np.int32).max

ROUNDING = 1 / 12
"""Variance of rounding to the nearest electron, and the least that a pixel is said to have."""

_CELL_BITS = 12
_FARTHEST = 8.0

_HARMONICS = 64
"""Terms of the Fourier series of the variance that rounding adds."""

_CACHED = 1 << 16
"""Pixels whose variance is computed at a time, so that it stays in the cache."""

_WAVES, _LEAST_POWER = 512, 0.01
"""Waves at which the power of correlated noise is looked at, and its least over that of white."""

_STEPS = 2000
"""Of a factorisation, which then has converged for any power above the least."""

_observe = kernel("observe")
_inverse_normal = kernel("inverse_normal")


def _possible(lags: tuple[float, ...]) -> tuple[float, ...]:
    """Refuse what is the correlation of no noise: its power would be negative somewhere."""
    powers = [
        1 + 2 * sum(c * math.cos(k * math.pi * at / _WAVES) for k, c in enumerate(lags, 1))
        for at in range(_WAVES + 1)
    ]
    if min(powers) < _LEAST_POWER:
        where = 2 * _WAVES / max(1, powers.index(min(powers)))
        msg = (
            f"no noise has the correlations {list(lags)}: waves of {where:.3g} pixels would have "
            f"{min(powers):.3g} of the power of white noise, and {_LEAST_POWER:g} is the least; "
            "bring them closer to 0"
        )
        raise ValueError(msg)
    return lags


def _form(given: Any) -> str:
    return "lags" if isinstance(given, list | tuple) else "neighbours"


Correlation = Annotated[
    Annotated[Finite, Field(ge=0, le=0.65), Tag("neighbours")]
    | Annotated[
        tuple[Annotated[Finite, Field(ge=-1, le=1)], ...],
        Field(min_length=1, max_length=8),
        AfterValidator(_possible),
        Tag("lags"),
    ],
    Discriminator(_form),
]
"""Correlation of neighbouring pixels, or of those at lags 1, 2 and so on along an axis."""


class Noise(Part):
    """Noise, in the order that a camera adds it.

    ``shot`` switches the Poisson noise of source and sky; a ``read_noise`` of 0 switches
    that off; ``scale`` multiplies the departure of the image from its expectation.

    A ``correlation`` above 0 is that of neighbouring pixels, along x as along y, as in coadds of
    resampled images: the noise is then normal, white noise smoothed by a kernel of unit power
    and multiplied by the standard deviation that each pixel has by ``shot``, ``read_noise`` and
    ``scale``. A list has the correlations at lags 1, 2 and so on, as measured; beyond them there is
    none, and what is correlated along both axes has the product.
    """

    sky_level: Distribution = Constant(value=100)
    read_noise: Distribution = Constant(value=5)
    shot: bool = True
    scale: Annotated[Finite, Field(ge=0, le=100)] = 1.0
    correlation: Correlation = 0.0

    @property
    def is_correlated(self) -> bool:
        """Whether pixels are."""
        return isinstance(self.correlation, tuple) or self.correlation > 0


def observe(
    expected: Floats,
    parameters: xr.Dataset,
    noise: Noise,
    seed: int,
    bands: Sequence[str] | None = None,
) -> NDArray[np.int32]:
    """Return observed images: Poisson counts of source and sky, read noise, sky subtracted.

    The counts of a pixel are the same whatever the read noise and the scale. Where the noise is
    correlated, it is normal.

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
    shape = expected.shape
    seen = np.ascontiguousarray(expected if expected.ndim == 4 else expected[:, None])
    names = [f"noise[{name}]" for name in bands or range(seen.shape[1])]
    sky, read = (_planes(parameters[name], seen) for name in ("sky_level", "read_noise"))
    rows = np.ascontiguousarray(parameters["sample_id"].values, dtype=np.int64)
    images = np.empty(seen.shape, dtype=np.int32)
    for plane, stream in enumerate(names if expected.ndim == 4 else ["noise"]):
        here, own = sky[:, plane].copy(), read[:, plane].copy()
        if noise.is_correlated and noise.scale > 0:
            smooth = _correlated(seen[:, plane], rows, here, own, noise, seed, stream)
            images[:, plane] = _whole(smooth, rows)
        else:
            _count(seen, plane, rows, here, own, noise, seed, stream, images)
    return images.reshape(shape)


def _planes(levels: xr.DataArray, seen: Floats) -> Floats:
    """Return levels as (sample, band), given by sample or by both."""
    values = levels.values.astype(np.float64)
    return np.broadcast_to(values if values.ndim == 2 else values[:, None], seen.shape[:2])


def _count(
    seen: Floats,
    plane: int,
    rows: NDArray[np.int64],
    sky: Floats,
    read: Floats,
    noise: Noise,
    seed: int,
    stream: str,
    images: NDArray[np.int32],
) -> None:
    """Write one plane of the images, from counts of photons."""
    shot, largest = noise.shot and noise.scale > 0, np.zeros(rows.size)
    pixels = int(np.prod(seen.shape[2:]))
    leading, further = (key_of(seed, f"{stream}.{use}") for use in ("pixels", "pixels.refined"))
    dithered = _dithered(noise.scale * read, shot).astype(np.uint8)
    _observe(
        *(pixels, seen.shape[1], plane, int(shot), noise.scale),
        *(np.append(leading, further[:1]), rows, seen, sky, read, dithered),
        *(*poisson.fine_tables(), *poisson.coarse_tables(), normal_cells()),
        *(images, largest),
    )
    _check(largest, rows)


def _dithered(sigma: Floats, shot: bool) -> NDArray[np.bool_]:
    """Return where rounding is dithered: there is noise, but what is rounded is narrow."""
    return np.asarray((sigma < 1) & (shot | (sigma > 0)))


@cache
def normal_cells() -> Floats:
    """Return normal numbers that part the distribution into cells of one probability."""
    shares = np.clip(np.arange((1 << _CELL_BITS) + 1) / (1 << _CELL_BITS), 1e-16, 1 - 1e-16)
    cells = np.empty(shares.shape)
    _inverse_normal(shares, cells)
    return np.asarray(np.clip(cells, -_FARTHEST, _FARTHEST))


def _correlated(
    light: Floats,
    rows: NDArray[np.int64],
    sky: Floats,
    read: Floats,
    noise: Noise,
    seed: int,
    stream: str,
) -> Floats:
    """Return images with normal noise of correlated pixels, before they are rounded."""
    normal, dither = (RowStreams(seed, f"{stream}.{name}") for name in ("white", "dither"))
    values = np.empty(light.shape)
    ny, nx = light.shape[1:]
    border = len(noise.correlation) if isinstance(noise.correlation, tuple) else 2
    for i, row in enumerate(rows.tolist()):
        sigma = np.sqrt(_departure(np.maximum(light[i], 0.0), sky[i], read[i], noise))
        white = normal.normals(row, (ny + border) * (nx + border)).reshape(-1, nx + border)
        values[i] = light[i] + sigma * _smoothed(white, noise.correlation)
        uniform = dither.uniforms(row, sigma.size).reshape(ny, nx) - 0.5
        values[i] += np.where(_dithered(sigma, shot=False), uniform, 0.0)
    return values


def _smoothed(white: Floats, correlation: float | tuple[float, ...]) -> Floats:
    """Return white noise smoothed along both axes; neighbours have the correlation.

    The kernel (a, 1, a) of unit power leaves neighbours a correlation of 2 a / (1 + 2 a^2).
    """
    if isinstance(correlation, tuple):
        kernel = _kernel_of(correlation)
        return _along_columns(_along_columns(white, kernel).T, kernel).T
    a = (1 - np.sqrt(1 - 2 * correlation**2)) / (2 * correlation)
    columns = white[:, 1:-1] + a * (white[:, :-2] + white[:, 2:])
    return np.asarray((columns[1:-1] + a * (columns[:-2] + columns[2:])) / (1 + 2 * a**2))


def _along_columns(white: Floats, kernel: Sequence[float]) -> Floats:
    """Return the sum of lines, each times a weight: as many fewer as there are further weights."""
    count = len(white) - len(kernel) + 1
    total = np.zeros((count, white.shape[1]))
    for line, weight in enumerate(kernel):
        total += weight * white[line : line + count]
    return total


@cache
def _kernel_of(lags: tuple[float, ...]) -> tuple[float, ...]:
    """Return the weights of unit power that leave white noise these correlations.

    They are the rows of the Cholesky factor of its covariance matrix, far from the first one
    (Bauer 1955; Sayed & Kailath 2001, Numer. Linear Algebra Appl. 8, 467): sums,
    products and roots alone, which are alike on every processor.
    """
    covariance, reach = (1.0, *lags), len(lags)
    rows = [[0.0] * (reach + 1) for _ in range(reach)]
    for _ in range(_STEPS):
        row: list[float] = []
        for at in range(reach + 1):  # the column so many before the diagonal, less `reach`
            above = rows[at] if at < reach else row
            known = zip(row, above[reach - at :] if at < reach else row, strict=False)
            left = covariance[reach - at] - sum(one * other for one, other in known)
            if at == reach:
                row.append(math.sqrt(left))
            else:
                row.append(left / above[reach] if above[reach] else 0.0)
        rows = [*rows[1:], row]
    return tuple(rows[-1])


def _whole(values: Floats, rows: NDArray[np.int64]) -> NDArray[np.int32]:
    values = np.rint(values)
    _check(np.abs(values).max(axis=(1, 2), initial=0.0), rows)
    return values.astype(np.int32)


def _check(largest: Floats, rows: NDArray[np.int64]) -> None:
    """Refuse images of which a pixel holds more than an integer can."""
    for row in np.flatnonzero(largest > LARGEST)[:1].tolist():
        _refuse(float(largest[row]), int(rows[row]))


def _refuse(electrons: float, sample: int) -> Never:
    msg = (
        f"a pixel of sample {sample} holds {electrons:g} electrons, more than the {LARGEST} "
        "of an int32; lower flux, sky_level, read_noise or noise.scale."
    )
    raise ParameterError(msg)


def sky_variance(parameters: xr.Dataset, noise: Noise) -> Floats:
    """Return the variance of the noise where no source is, in electrons squared."""
    sky, read = (parameters[n].values.astype(np.float64) for n in ("sky_level", "read_noise"))
    return _variance(np.zeros(()), sky, read, noise)


def inverse_variance(expected: Floats, parameters: xr.Dataset, noise: Noise) -> Floats:
    """Return 1 / variance of each pixel.

    The variance of the noise is scale^2 (light + sky + read_noise^2) + rounding: photons are
    counted, the amplifier adds its own noise, and images are of whole electrons. Rounding has
    1 / 12, the variance of a uniform number, or what its dithering has where the noise that is
    rounded is narrower than an electron, up to 1 / 4.

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
    sky, read = (
        parameters[name].values.astype(np.float64)[..., None, None]
        for name in ("sky_level", "read_noise")
    )
    weights = np.empty(expected.shape)
    step = max(1, _CACHED * len(expected) // max(1, expected.size))
    for start in range(0, len(expected), step):
        some = slice(start, start + step)
        light = np.maximum(expected[some], 0.0)
        np.divide(1, _variance(light, sky[some], read[some], noise), out=weights[some])
    return weights


def _variance(light: Floats, sky: Floats, read: Floats, noise: Noise) -> Floats:
    variance = _departure(light, sky, read, noise)
    variance += _rounding(light, sky, read, noise)
    return np.maximum(variance, ROUNDING, out=variance)


def _departure(light: Floats, sky: Floats, read: Floats, noise: Noise) -> Floats:
    """Return the variance before rounding."""
    return np.asarray(
        light * (noise.shot * noise.scale**2) + noise.scale**2 * (noise.shot * sky + read**2)
    )


def _rounding(light: Floats, sky: Floats, read: Floats, noise: Noise) -> Floats | float:
    """Return the variance that rounding adds.

    Where x is dithered, it is the mean of f (1 - f), f being the fraction of x; its Fourier
    series is 1/6 - sum of cos(2 pi k x) / (pi k)^2, and the mean of exp(2 pi i k x) is known for
    a Poisson and a normal number. What follows the last term is at most 1 / (64 pi^2).
    """
    shot, sigma = noise.shot and noise.scale > 0, noise.scale * read
    if noise.is_correlated:
        shot, sigma = False, np.sqrt(_departure(light, sky, read, noise))
    dithered = _dithered(sigma, shot)
    if not dithered.any():
        return ROUNDING
    photons = light + sky
    total = np.zeros(np.broadcast_shapes(np.shape(light), np.shape(sky)))
    for k in range(1, _HARMONICS + 1):
        turn = 2 * np.pi * k
        phase, damping = turn * light, (turn * sigma) ** 2 / 2
        if shot:
            phase = phase + photons * np.sin(turn * noise.scale) - turn * noise.scale * photons
            damping = damping + photons * (1 - np.cos(turn * noise.scale))
        total += np.cos(phase) * np.exp(-damping) / (np.pi * k) ** 2
    return np.where(dithered, 1 / 6 - total, ROUNDING)
