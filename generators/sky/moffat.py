"""Moffat point-spread function: in real space for stars, in Fourier space for galaxies.

Surface brightness of unit flux (Moffat 1969, A&A 3, 455), with a the scale radius:

    I(r) = (beta - 1) / (pi a^2) * (1 + r^2 / a^2)^-beta,    a = FWHM / (2 sqrt(2^(1/beta) - 1))

and its transform (Trujillo et al. 2001, MNRAS 328, 977, equation 7):

    M(k) = 2 / Gamma(beta - 1) * (k a / 2)^(beta - 1) * K_(beta - 1)(k a)

At a given FWHM the limit of large beta is the Gaussian.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, kve

from skybench.generators.arrays import Floats
from skybench.generators.sky.radial_table import LOG_FIRST, LOG_STEP, RadialTable

CORE = 3
"""Pixels beside the one in the middle that need quadrature."""

_RULES = ((2.5, 3), (1.5, 4), (0.0, 5))
"""Least FWHM, and the Gauss-Legendre points along a pixel that are true to 1e-4 from there on."""

_FINEST = 32
"""Parts, along an axis, of the pixels that a sharp source is integrated over."""

_AT_ONCE = 1 << 17
"""Points of a block of cores: about a megabyte of float64, the size of a core's cache."""

_ROWS = 257
_NODES = 801
GAUSSIAN = 1e6
"""Exponent of the Gaussian: the profiles differ by 1e-7 of the peak."""

_ASYMPTOTIC_ORDER = 40


def scale_radius(fwhm: Floats, beta: Floats) -> Floats:
    """Return a, in the units of the FWHM."""
    return np.asarray(fwhm / (2 * np.sqrt(np.expm1(np.log(2) / beta))))


def surface(squared: Floats, scale: Floats, beta: Floats) -> Floats:
    """Return I of unit flux where (r / a)^2 is ``squared``."""
    return np.asarray((beta - 1) / (np.pi * scale**2) * np.exp(-beta * np.log1p(squared)))


def share_outside(radius: Floats, scale: Floats, beta: Floats) -> Floats:
    """Return the share of the flux outside of a radius."""
    return np.asarray(np.exp((1 - beta) * np.log1p((radius / scale) ** 2)))


def enclosing_radius(fwhm: Floats, beta: Floats, outside: float) -> Floats:
    """Return the radius outside which the given share of the flux lies."""
    with np.errstate(over="ignore"):
        reach = np.sqrt(np.expm1(np.log(outside) / (1 - beta)))
    # For beta near 1 the wings have no end; without a PSF they are nowhere all the same.
    return np.asarray(scale_radius(fwhm, beta) * np.minimum(reach, 1e30))


@lru_cache(maxsize=1)
def transforms() -> RadialTable:
    """Return M as a table over 1 / beta, 0 for the Gaussian, and ln(k FWHM)."""
    inverse = np.linspace(0, 1, _ROWS)[1:-1, None]
    beta = 1 / inverse
    x = np.exp(LOG_FIRST + LOG_STEP * np.arange(_NODES))
    log_m = _log_transform(beta - 1, x * scale_radius(np.asarray(1.0), beta))
    gaussian = np.exp(-(x**2) / (16 * np.log(2)))
    # With beta = 1 all the light is infinitely far away.
    values = np.vstack([gaussian, np.exp(log_m), np.zeros_like(x)])
    return RadialTable(values, 0.0, 1 / (_ROWS - 1))


def _log_transform(order: Floats, x: Floats) -> Floats:
    with np.errstate(over="ignore"):
        # kve is exp(x) K: without the factor K underflows where the product is still smooth.
        log_k = np.log(kve(np.minimum(order, _ASYMPTOTIC_ORDER), x)) - x
    # The uniform expansion (Abramowitz & Stegun 9.7.8), for orders that overflow.
    large = np.maximum(order, _ASYMPTOTIC_ORDER)
    z = x / large
    root = np.sqrt(1 + z**2)
    p = 1 / root
    eta = root + np.log(z / (1 + root))
    series = 1 - (3 * p - 5 * p**3) / (24 * large)
    uniform = np.log(np.pi / (2 * large * root)) / 2 - large * eta + np.log(series)
    bessel = np.where(order > _ASYMPTOTIC_ORDER, uniform, log_k)
    return np.asarray(np.log(2) - gammaln(order) + order * np.log(x / 2) + bessel)


def integrate(dx: Floats, dy: Floats, radius: Floats, beta: Floats) -> Floats:
    """Return the flux of unit-flux Moffats in pixels, to 1e-4 of the peak for FWHM >= 0.05.

    The pixel mean is the value at the centre plus its Laplacian over 24, the first
    term of the expansion of the mean; in the 7 x 7 pixels around the source, where the next
    terms matter, it is a Gauss-Legendre rule of 3 to 5 points along an axis, in each part
    of the pixel where the source is sharper than that.

    Parameters
    ----------
    dx : (m, nx) array
        Pixel centres minus the source position along x, a pixel apart.
    dy : (m, ny) array
        The same along y.
    radius, beta : (m,) arrays

    Returns
    -------
    (m, ny, nx) array
    """
    flux = _smooth(dx, dy, radius, beta)
    fwhm = 2 * radius * np.sqrt(np.expm1(np.log(2) / beta))
    keys = np.stack([_points(fwhm), _parts(fwhm)], axis=1)
    for points, parts in np.unique(keys, axis=0).tolist():
        alike = np.flatnonzero((keys == (points, parts)).all(axis=1))
        step = max(1, _AT_ONCE // ((2 * CORE + 1) * points * parts) ** 2)
        for first in range(0, alike.size, step):
            some = alike[first : first + step]
            x, y = (_core(offsets[some]) for offsets in (dx, dy))
            at = x + dx[some, 0], y + dy[some, 0]
            _place(flux, some, x, y, _quadrature(*at, radius[some], beta[some], points, parts))
    return flux


def _points(fwhm: Floats) -> NDArray[np.int64]:
    conditions = [fwhm >= least for least, _ in _RULES]
    return np.select(conditions, [count for _, count in _RULES])


def _parts(fwhm: Floats) -> NDArray[np.int64]:
    # Less a trifle: at a FWHM of 1 the last bit, that CPUs disagree on, must not decide.
    return np.clip(np.ceil(1 / fwhm - 1e-6), 1, _FINEST).astype(np.int64)


def _core(offsets: Floats) -> NDArray[np.int64]:
    """Return the first of the pixels, counted from that of the first offset, near the source."""
    return np.floor(0.5 - offsets[:, 0]).astype(np.int64) - CORE


def _smooth(dx: Floats, dy: Floats, radius: Floats, beta: Floats) -> Floats:
    a2 = radius**2
    s = (dx**2 / a2[:, None])[:, None, :] + (dy**2 / a2[:, None])[:, :, None]
    value = np.log1p(s)
    value *= -beta[:, None, None]
    np.exp(value, out=value)
    value *= ((beta - 1) / (np.pi * a2))[:, None, None]
    # 1 + beta (beta s - 1) / (6 a^2 (1 + s)^2), in powers of u = 1 / (1 + s).
    s += 1
    u = np.divide(1, s, out=s)
    slope = (beta / (6 * a2))[:, None, None]
    mean = u * (-(beta + 1)[:, None, None] * slope)
    mean += beta[:, None, None] * slope
    mean *= u
    mean += 1
    value *= mean
    return np.asarray(value)


def _quadrature(
    x: Floats, y: Floats, radius: Floats, beta: Floats, points: int, parts: int
) -> Floats:
    """Return (m, 7, 7) fluxes of the pixels whose first has its centre at (x, y)."""
    nodes, weights = _rule(points, parts)
    sub = (np.arange(2 * CORE + 1)[:, None] + nodes).ravel()
    across, up = ((at[:, None] + sub) ** 2 / (radius**2)[:, None] for at in (x, y))
    fine = across[:, None, :] + up[:, :, None]
    np.log1p(fine, out=fine)
    fine *= -beta[:, None, None]
    np.exp(fine, out=fine)
    fine *= ((beta - 1) / (np.pi * radius**2))[:, None, None]
    return _gather(_gather(fine, weights).transpose(0, 2, 1), weights).transpose(0, 2, 1)


def _gather(fine: Floats, weights: Floats) -> Floats:
    """Return weighted sums over the points of pixels along the last axis, in a fixed order."""
    split = fine.reshape(*fine.shape[:2], -1, weights.size)
    total = split[..., 0] * weights[0]
    for k in range(1, weights.size):
        total += split[..., k] * weights[k]
    return np.asarray(total)


@lru_cache(maxsize=64)
def _rule(points: int, parts: int) -> tuple[Floats, Floats]:
    """Return nodes and weights on one pixel, [-1/2, 1/2]."""
    nodes, weights = np.polynomial.legendre.leggauss(points)
    middles = (np.arange(parts) + 0.5) / parts - 0.5
    return (middles[:, None] + nodes / (2 * parts)).ravel(), np.tile(weights / (2 * parts), parts)


def _place(
    flux: Floats,
    members: NDArray[np.intp],
    first_x: NDArray[np.int64],
    first_y: NDArray[np.int64],
    core: Floats,
) -> None:
    """Replace what of the stamps the cores cover."""
    span = np.arange(2 * CORE + 1)
    x, y = first_x[:, None] + span, first_y[:, None] + span
    _, height, width = flux.shape
    inside_x, inside_y = ((at >= 0) & (at < length) for at, length in ((x, width), (y, height)))
    owner, row, column = np.nonzero(inside_y[:, :, None] & inside_x[:, None, :])
    flux[members[owner], y[owner, row], x[owner, column]] = core[owner, row, column]
