"""Moffat point-spread function: in real space for stars, in Fourier space for galaxies.

Surface brightness of unit flux (Moffat 1969, A&A 3, 455), with a the scale radius:

    I(r) = (beta - 1) / (pi a^2) * (1 + r^2 / a^2)^-beta,    a = FWHM / (2 sqrt(2^(1/beta) - 1))

and its transform (Trujillo et al. 2001, MNRAS 328, 977, equation 7):

    M(k) = 2 / Gamma(beta - 1) * (k a / 2)^(beta - 1) * K_(beta - 1)(k a)
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, kve

from skybench.generators.sky.radial_table import LOG_K, RadialTable

Floats = NDArray[np.float64]

CORE_RADIUS = 4
"""Pixels around the centre where the pixel integral needs quadrature."""

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(5)
NODES, WEIGHTS = _NODES / 2, _WEIGHTS / 2
"""Five-point Gauss-Legendre rule on one pixel, [-1/2, 1/2]."""

_FINEST = 32
"""Parts, along an axis, of the pixels that a sharp source is integrated over."""


def scale_radius(fwhm: Floats, beta: Floats) -> Floats:
    """Return a, in the units of the FWHM."""
    return np.asarray(fwhm / (2 * np.sqrt(2 ** (1 / beta) - 1)))


def enclosing_radius(fwhm: Floats, beta: Floats, outside: float) -> Floats:
    """Return the radius outside which the given share of the flux lies."""
    with np.errstate(over="ignore"):
        reach = np.sqrt(outside ** (1 / (1 - beta)) - 1)
    # For beta near 1 the wings have no end; without a PSF they are nowhere all the same.
    return np.asarray(scale_radius(fwhm, beta) * np.minimum(reach, 1e30))


@lru_cache(maxsize=64)
def transform_table(beta: float) -> RadialTable:
    """Return M as a table over ln(k a)."""
    order = beta - 1
    x = np.exp(LOG_K)
    # kve is exp(x) K: without the factor K underflows where the product is still smooth.
    bessel = kve(order, x)
    log_m = np.log(2) - gammaln(order) + order * np.log(x / 2) + np.log(bessel) - x
    # For beta above 50 it overflows where M has hardly left 1: there the first term tells all.
    return RadialTable(np.exp(np.where(np.isinf(bessel), -(x**2) / (4 * (order - 1)), log_m)))


def integrate(dx: Floats, dy: Floats, radius: Floats, beta: Floats) -> Floats:
    """Return the flux of unit-flux Moffats in pixels, to 1e-4 of the peak for FWHM >= 0.05.

    The pixel mean is the value at the centre plus its Laplacian over 24, the first
    term of the expansion of the mean; within `CORE_RADIUS` of the source, where
    the next terms matter, it is a 5 x 5 Gauss-Legendre rule, in each part of the pixel
    where the source is sharper than that.

    Parameters
    ----------
    dx : (m, nx) array
        Pixel centres minus the source position along x.
    dy : (m, ny) array
        The same along y.
    radius, beta : (m,) arrays

    Returns
    -------
    (m, ny, nx) array
    """
    flux = _surface(dx, dy, radius, beta, laplacian=True)
    for source, (core_x, core_y) in enumerate(zip(_core(dx), _core(dy), strict=True)):
        if core_x.size and core_y.size:
            here = slice(source, source + 1)
            nodes, weights = _rule(float(radius[source]), float(beta[source]))
            sub_x = (dx[here, core_x, None] + nodes).reshape(1, -1)
            sub_y = (dy[here, core_y, None] + nodes).reshape(1, -1)
            fine = _surface(sub_x, sub_y, radius[here], beta[here], laplacian=False)
            fine = fine.reshape(core_y.size, nodes.size, core_x.size, nodes.size)
            mean = np.einsum("aibj,i,j->ab", fine, weights, weights)
            flux[source, core_y[0] : core_y[-1] + 1, core_x[0] : core_x[-1] + 1] = mean
    return flux


def _rule(radius: float, beta: float) -> tuple[Floats, Floats]:
    """Return nodes and weights on one pixel: one rule in each FWHM."""
    fwhm = 2 * radius * np.sqrt(2 ** (1 / beta) - 1)
    # Less a trifle: at a FWHM of 1 the last bit, that CPUs disagree on, must not decide.
    parts = int(np.clip(np.ceil(1 / fwhm - 1e-6), 1, _FINEST))
    middles = (np.arange(parts) + 0.5) / parts - 0.5
    nodes = (middles[:, None] + NODES / parts).ravel()
    return nodes, np.tile(WEIGHTS / parts, parts)


def _core(offsets: Floats) -> list[NDArray[np.intp]]:
    return [np.flatnonzero(np.abs(row) <= CORE_RADIUS) for row in offsets]


def _surface(dx: Floats, dy: Floats, radius: Floats, beta: Floats, *, laplacian: bool) -> Floats:
    a2 = (radius**2)[:, None, None]
    b = beta[:, None, None]
    s = (dx**2)[:, None, :] / a2 + (dy**2)[:, :, None] / a2
    value = (b - 1) / (np.pi * a2) * np.exp(-b * np.log1p(s))
    if laplacian:
        value *= 1 + b * (b * s - 1) / (6 * a2 * (1 + s) ** 2)
    return np.asarray(value)
