"""Sersic profile and its Fourier transform, continuous in the index.

Surface brightness (Sersic 1968; Graham & Driver 2005, PASA 22, 118, equations 1 and 4)
at the elliptical radius r, in units of the half-light radius along the major axis:

    I(r) = exp(-b r^(1/n)) / (2 pi n q b^(-2n) Gamma(2n)),    P(2n, b) = 1/2
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.fft import fht
from scipy.special import gammaincc, gammaincinv, gammaln

from skybench.generators.arrays import Floats
from skybench.generators.sky.radial_table import LOG_FIRST, LOG_STEP, RadialTable

TAPER = 1.5
"""Outer over inner radius of the taper."""

UNTAPERED = 99
"""The step of a profile that is not tapered."""

_STEP = 0.025
_ROWS = 137
_FIRST = float(np.log(0.3)) - _STEP
"""Steps in ln n, from just below 0.3 to just above 8."""

_NODES = 1001
_PADDED = 2048
"""Nodes of the Hankel transform: radii from 1e-9 to 1e9, so that its ends do not matter."""


def b_n(index: Floats) -> Floats:
    """Return b of the profile, exactly: half of the flux is within r = 1."""
    return np.asarray(gammaincinv(2 * np.asarray(index, dtype=np.float64), 0.5))


def enclosing_radius(index: Floats, outside: float) -> Floats:
    """Return the radius, in half-light radii, outside which a share of the flux lies."""
    n = np.asarray(index, dtype=np.float64)
    return np.asarray((gammaincinv(2 * n, 1 - outside) / b_n(n)) ** n)


def share_outside(radius: Floats, index: Floats) -> Floats:
    """Return the share of the flux outside of a radius in half-light radii."""
    return np.asarray(gammaincc(2 * index, b_n(index) * radius ** (1 / index)))


def surface_brightness(radius: Floats, index: Floats) -> Floats:
    """Return I at elliptical radii in half-light radii, for unit flux and axis ratio 1."""
    n = np.asarray(index, dtype=np.float64)
    b = b_n(n)
    return np.asarray(np.exp(-b * radius ** (1 / n) - log_norm(n, b)))


def log_norm(index: Floats, b: Floats) -> Floats:
    """Return -ln I(0) for axis ratio 1."""
    n2 = 2 * index
    return np.asarray(np.log(np.pi * n2) - n2 * np.log(b) + gammaln(n2))


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


@lru_cache(maxsize=32)
def transforms(step: int = UNTAPERED) -> RadialTable:
    """Return the transforms over ln n and ln(k r_half), by FFTLog (Hamilton 2000)."""
    log_r = LOG_STEP * np.arange(0.5 - _PADDED / 2, _PADDED / 2, dtype=np.float64)
    r = np.exp(log_r)
    profile = surface_brightness(r, _indices())
    if step != UNTAPERED:
        profile = profile * taper(r, float(taper_radius(np.asarray(step))))
    # fht returns the integral of a(r) J0(k r) k dr at ln k = reversed ln r (offset 0), so
    # a = r I gives k / 2 pi times the transform.
    spectrum = fht(r * profile, LOG_STEP, mu=0.0, offset=0.0)
    return RadialTable(_resample(log_r, 2 * np.pi * spectrum / r), _FIRST, _STEP)


@lru_cache(maxsize=1)
def shares() -> RadialTable:
    """Return the share of the flux outside of a radius, over ln n and ln(r / r_half)."""
    radius = np.exp(LOG_FIRST + LOG_STEP * np.arange(_NODES))
    return RadialTable(share_outside(radius, _indices()), _FIRST, _STEP)


def _indices() -> Floats:
    return np.asarray(np.exp(_FIRST + _STEP * np.arange(_ROWS))[:, None])


def _resample(log_k: Floats, values: Floats) -> Floats:
    """Move from the half-step nodes of the transform to those of tables by a cubic."""
    first = round((LOG_FIRST - log_k[0]) / LOG_STEP - 0.5)
    last = first + _NODES
    middle = values[:, first:last] + values[:, first + 1 : last + 1]
    outer = values[:, first - 1 : last - 1] + values[:, first + 2 : last + 2]
    return np.asarray((9 * middle - outer) / 16)
