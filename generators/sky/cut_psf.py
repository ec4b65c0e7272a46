"""A PSF with wide wings, cut where no one sees it, so that grids need not hold all of its light.

On a periodic grid each pixel also gets what the source's copies shed. A PSF that ends at a radius
sheds nothing from farther on: where that exceeds the distance of any light from any pixel, and the
grid is larger by as much, the image is that of the whole PSF (Vico, Greengard & Ferrando 2016, J.
Comput. Phys. 323, 191, do so with Green's functions). The transform of the cut PSF differs from
that of the whole at low frequencies alone, where it is integrated.
"""

import numpy as np
from scipy.special import j0

from skybench.generators.arrays import Floats
from skybench.generators.sky import fourier, moffat, sersic_profile

WIDE = 2.5
"""Exponents of the Moffat profile below which its wings are cut."""

_DIFFERENT = 30.0
"""Frequency times the radius up to which the transforms differ: from there on by 1e-6."""

_STEPS = 400
"""Frequencies up to there: between them cubics err by less than 1e-6."""

_RULE = np.polynomial.legendre.leggauss(192)


def transform(radius: Floats, fwhm: Floats, beta: Floats, on: fourier.Grid) -> Floats:
    """Return the transforms, (m, ky, kx), of PSFs that fade from the radius to 1.5 times it."""
    k = np.hypot(on.kx, on.ky[:, None]).ravel()
    log_k = np.log(np.maximum(k, 1e-9)) + np.log(fwhm)[:, None]
    found = moffat.transforms().evaluate(1 / beta, log_k)
    for one, r in enumerate(radius.tolist()):
        near = np.flatnonzero(k * r < _DIFFERENT)
        at = np.arange(-1, _STEPS + 3) * (_DIFFERENT / _STEPS / r)
        values = _integrated(r, float(fwhm[one]), float(beta[one]), at)
        found[one, near] = _between(values, k[near] / at[2] + 1)
    return np.asarray(found.reshape(-1, on.ky.size, on.kx.size))


def _integrated(radius: float, fwhm: float, beta: float, k: Floats) -> Floats:
    """Return the transform at some frequencies: the integral of 2 pi r P(r) J0(k r) dr."""
    nodes, weights = _RULE
    a = moffat.scale_radius(np.asarray(fwhm), np.asarray(beta))
    # Evenly spaced in the core, and in the logarithm from there on.
    end = np.arcsinh(sersic_profile.TAPER * radius / a)
    t = end * (nodes + 1) / 2
    r = a * np.sinh(t)
    light = moffat.surface((r / a) ** 2, a, np.asarray(beta)) * sersic_profile.taper(r, radius)
    light *= 2 * np.pi * r * a * np.cosh(t) * weights * end / 2
    bessel = j0(np.abs(k)[:, None] * r)
    total = np.zeros(k.size)
    for j in range(r.size):
        total += light[j] * bessel[:, j]
    return total


def _between(values: Floats, place: Floats) -> Floats:
    """Return cubics through values at whole places."""
    below = np.floor(place).astype(np.intp)
    t = place - below
    a, b, c, d = t + 1, t, t - 1, t - 2
    outer = a * b * c * values[below + 2] - b * c * d * values[below - 1]
    return np.asarray(outer / 6 + (a * c * d * values[below] - a * b * d * values[below + 1]) / 2)
