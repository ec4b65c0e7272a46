"""Sersic profile and its Fourier transform, continuous in the index.

Surface brightness (Sersic 1968; Graham & Driver 2005, PASA 22, 118, equations 1 and 4)
at the elliptical radius r, in units of the half-light radius along the major axis:

    I(r) = exp(-b r^(1/n)) / (2 pi n q b^(-2n) Gamma(2n)),    P(2n, b) = 1/2

No image holds the whole of a Sersic galaxy: with n = 6, half a percent of the flux lies
beyond 20 half-light radii, and on a periodic Fourier grid it would wrap around. The
profile is therefore tapered to zero outside a radius that no visible pixel reaches, so
that inside the image it is exact and the grid need not be larger than a few images.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.fft import fht
from scipy.special import gammaincinv, gammaln

from skybench.generators.sky.radial_table import LOG_K, LOG_STEP, RadialTable

Floats = NDArray[np.float64]

TAPER = 1.5
"""Outer over inner radius of the taper."""

_INDEX_STEP = 0.05
_INDEX_FIRST = 0.4
_INDEX_COUNT = 115
_PADDED = 8192
"""Nodes of the Hankel transform: radii from 1e-7 to 1e7, so that its ends do not matter."""


def b_n(index: Floats) -> Floats:
    """Return b of the profile, exactly: half of the flux is within r = 1."""
    return np.asarray(gammaincinv(2 * np.asarray(index, dtype=np.float64), 0.5))


def enclosing_radius(index: Floats, outside: float) -> Floats:
    """Return the radius, in half-light radii, outside which a share of the flux lies."""
    n = np.asarray(index, dtype=np.float64)
    return np.asarray((gammaincinv(2 * n, 1 - outside) / b_n(n)) ** n)


def surface_brightness(radius: Floats, index: Floats) -> Floats:
    """Return I at elliptical radii in half-light radii, for unit flux and axis ratio 1."""
    n = np.asarray(index, dtype=np.float64)
    b = b_n(n)
    log_norm = np.log(2 * np.pi * n) - 2 * n * np.log(b) + gammaln(2 * n)
    return np.asarray(np.exp(-b * radius ** (1 / n) - log_norm))


def taper(radius: Floats, inner: Floats | float) -> Floats:
    """Return 1 within ``inner``, 0 beyond `TAPER` times it, and a smooth step between."""
    with np.errstate(divide="ignore"):
        t = np.clip(np.log(radius / inner) / np.log(TAPER), 0, 1)
    return np.asarray(1 - t**3 * (10 - 15 * t + 6 * t**2))


def taper_step(radius: Floats) -> NDArray[np.int64]:
    """Return the smallest step k with ``taper_radius(k)`` at least the given radius."""
    return np.asarray(np.ceil(np.maximum(2 * np.log2(radius), 2) - 1e-9), dtype=np.int64)


def taper_radius(step: NDArray[np.int64]) -> Floats:
    """Return the inner taper radius of a step, in half-light radii: powers of sqrt(2).

    A ladder keeps the transform a table in two variables, index and k.
    """
    return np.asarray(2.0 ** (step / 2))


def transform_table(index: float, step: int) -> RadialTable:
    """Return the transform of the tapered unit profile as a table over ln(k r_half).

    Between tabulated indices the four nearest are interpolated by a cubic.
    """
    place = (index - _INDEX_FIRST) / _INDEX_STEP
    first = int(np.clip(np.floor(place) - 1, 0, _INDEX_COUNT - 4))
    weights = _lagrange(place - first)
    rows = _transforms(step)[first : first + 4]
    # A fixed order of additions, so that the table does not depend on the BLAS.
    return RadialTable(
        weights[0] * rows[0] + weights[1] * rows[1] + weights[2] * rows[2] + weights[3] * rows[3]
    )


def _lagrange(t: float) -> tuple[float, float, float, float]:
    a, b, c, d = t, t - 1, t - 2, t - 3
    return -b * c * d / 6, a * c * d / 2, -a * b * d / 2, a * b * c / 6


@lru_cache(maxsize=32)
def _transforms(step: int) -> Floats:
    """Return the transforms for all tabulated indices, by FFTLog (Hamilton 2000)."""
    log_r = LOG_STEP * np.arange(0.5 - _PADDED / 2, _PADDED / 2, dtype=np.float64)
    r = np.exp(log_r)
    steps = np.arange(_INDEX_COUNT, dtype=np.float64)
    index = (_INDEX_FIRST + _INDEX_STEP * steps)[:, None]
    profile = surface_brightness(r, index) * taper(r, float(taper_radius(np.asarray(step))))
    # fht returns the integral of a(r) J0(k r) k dr at ln k = reversed ln r (offset 0), so
    # a = r I gives k / 2 pi times the transform.
    spectrum = fht(r * profile, LOG_STEP, mu=0.0, offset=0.0)
    log_k = log_r
    transform = 2 * np.pi * spectrum / np.exp(log_k)
    return np.asarray(_resample(log_k, transform))


def _resample(log_k: Floats, values: Floats) -> Floats:
    """Move from the half-step nodes of the transform to `LOG_K` by a cubic."""
    first = round((LOG_K[0] - log_k[0]) / LOG_STEP - 0.5)
    last = first + LOG_K.size
    middle = values[:, first:last] + values[:, first + 1 : last + 1]
    outer = values[:, first - 1 : last - 1] + values[:, first + 2 : last + 2]
    return (9 * middle - outer) / 16
