"""Moffat point-spread function: in real space for stars, in Fourier space for galaxies.

Surface brightness of unit flux (Moffat 1969, A&A 3, 455), with a the scale radius:

    I(r) = (beta - 1) / (pi a^2) * (1 + r^2 / a^2)^-beta,    a = FWHM / (2 sqrt(2^(1/beta) - 1))

and its transform (Trujillo et al. 2001, MNRAS 328, 977, equation 7):

    M(k) = 2 / Gamma(beta - 1) * (k a / 2)^(beta - 1) * K_(beta - 1)(k a)

At a given FWHM the limit of large beta is the Gaussian.
"""

from functools import lru_cache

import numpy as np
from scipy.special import gammaln, kve

from skybench.generators.arrays import Floats
from skybench.generators.native.library import kernel
from skybench.generators.sky.radial_table import LOG_FIRST, LOG_STEP, RadialTable

_ROWS = 257
_NODES = 801
GAUSSIAN = 1e6
"""Exponent of the Gaussian: the profiles differ by 1e-7 of the peak."""

_ASYMPTOTIC_ORDER = 40

_moffats = kernel("moffats")


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


def integrate(
    dx: Floats,
    dy: Floats,
    radius: Floats,
    beta: Floats,
    flux: Floats | float = 1.0,
    nearest: float = 0.0,
) -> Floats:
    """Return the flux of Moffats in pixels, to 2e-6 of the peak for FWHM >= 0.05; never below 0.

    Away from the source a pixel's mean is taken from the value and the derivatives at its
    centre. In the 7 x 7 pixels about a source of FWHM below 8, where more of them would matter,
    it is the flow through the pixel's border of the field of size E(r) / (2 pi r) along r, E being
    the flux within r: its divergence is I.

    Parameters
    ----------
    dx : (m, nx) array
        Pixel centres minus the source position along x, a pixel apart.
    dy : (m, ny) array
        The same along y.
    radius, beta, flux : (m,) arrays
    nearest : float
        If above 0, centres may lie any distances apart, and nearer ones have the light that is
        at this distance.

    Returns
    -------
    (m, ny, nx) array
    """
    pixels = np.empty((radius.size, dy.shape[1], dx.shape[1]))
    profiles = radius, beta, np.broadcast_to(flux, radius.shape)
    _moffats(nearest, *(np.ascontiguousarray(v, float) for v in (dx, dy, *profiles)), pixels)
    return pixels
