"""A PSF with wide wings, cut where no one sees it, so that grids need not hold all of its light.

On a periodic grid each pixel also gets what the source's copies shed. A PSF that ends at a radius
sheds nothing from farther on: where that exceeds the distance of any light from any pixel, and the
grid is larger by as much, the image is that of the whole PSF (Vico, Greengard & Ferrando 2016, J.
Comput. Phys. 323, 191, do so with Green's functions). The transform of the cut PSF differs from
that of the whole at low frequencies alone, where it is integrated.

On a large image the PSF is cut where a source is a point from afar: what is beyond is the rest of
the PSF, smooth all over the image, about the centroid of the light.
"""

import numpy as np
from scipy.special import j0

from skybench.generators.arrays import Flags, Floats, Integers
from skybench.generators.sky import moffat, sersic_profile
from skybench.generators.sky.stamps import STEP, Sources, nodes, reach

WIDE = 2.5
"""Exponents of the Moffat profile below which its wings are cut."""

_DIFFERENT = 30.0
"""Frequency times the radius up to which the transforms differ: from there on by 1e-6."""

_STEPS = 400
"""Frequencies up to there: between them cubics err by less than 1e-6."""

_RULE = np.polynomial.legendre.leggauss(192)

_POINT = ("source_x", "source_y", "psf_fwhm", "psf_beta")

_MISPLACED = 3e-5
"""Share of the flux that the rest of a PSF may err by, where a source is taken as a point."""

_LEAST = 8.0 * STEP
"""Shortest radius: the rest of the PSF is given at nodes, and is to be smooth between them."""


def is_wide(sources: Sources) -> Flags:
    """Return whether the wings of each source's PSF are wide."""
    return np.asarray((sources["psf_fwhm"] > 0) & (sources["psf_beta"] < WIDE))


def extent(radius: Floats, dark: Floats) -> Floats:
    """Return the radius beyond which sources are dark through PSFs that are cut."""
    return np.asarray(sersic_profile.TAPER * radius + dark)


def radius(sources: Sources, dark: Floats, shape: tuple[int, int], largest: Integers) -> Floats:
    """Return where PSFs are cut: beyond all that is visible, or where sources are points.

    Parameters
    ----------
    sources : Sources
    dark : (m,) array
        Radius in pixels beyond which the profile of a source is dark.
    shape : (ny, nx)
        Of the image.
    largest : (m,) array
        Sides of the largest grids that there are.
    """
    far = np.maximum(*reach(sources, shape))
    on_image, on_stamp = largest - 2 - far - dark, (largest - 10 - 2 * dark) / 2
    longest = np.maximum(on_image, on_stamp) / sersic_profile.TAPER
    enough = np.maximum(np.minimum(_alone(sources, dark), longest), _LEAST)
    needed = np.hypot(*reach(sources, shape)) + dark
    return np.asarray(np.minimum(needed, enough))


def _alone(sources: Sources, dark: Floats) -> Floats:
    """Return how far from sources their wings are those of a point at the centroid.

    Second moments of the light, at most dark^2 / 8 along an axis and most often half of that,
    change a wing r^(-2 beta) by beta (2 beta + 1) / r^2 times themselves.
    """
    beta = sources["psf_beta"]
    a = moffat.scale_radius(sources["psf_fwhm"], beta)
    squared = a ** (2 * beta - 2) * dark**2 * beta * (2 * beta + 1) / (16 * _MISPLACED)
    return np.asarray(squared ** (1 / (2 * beta)))


def rest(sources: Sources, radius: Floats, shape: tuple[int, int]) -> tuple[Flags, Floats]:
    """Return which PSFs are cut within the image, and (m, node, node) what is cut off those.

    It is the light of points of unit flux at the sources' places, at the `nodes` of the image.
    """
    seen = radius < np.hypot(*reach(sources, shape))
    x, y, fwhm, beta = (sources[name][seen, None, None] for name in _POINT)
    r = np.hypot(nodes(shape[1]) - x, nodes(shape[0])[:, None] - y)
    a = moffat.scale_radius(fwhm, beta)
    faded = 1 - sersic_profile.taper(r, radius[seen, None, None])
    return np.asarray(seen), np.asarray(moffat.surface((r / a) ** 2, a, beta) * faded)


def transform(radius: Floats, fwhm: Floats, beta: Floats, along: Floats, up: Floats) -> Floats:
    """Return the transforms of PSFs that fade from the radius to 1.5 times it.

    Parameters
    ----------
    radius, fwhm, beta : (m,) arrays
    along, up : (kx,) and (ky,) arrays
        Frequencies in radians a pixel.

    Returns
    -------
    (m, ky, kx) array
    """
    k = np.hypot(along, up[:, None]).ravel()
    log_k = np.log(np.maximum(k, 1e-9)) + np.log(fwhm)[:, None]
    found = moffat.transforms().evaluate(1 / beta, log_k)
    for one, r in enumerate(radius.tolist()):
        near = np.flatnonzero(k * r < _DIFFERENT)
        at = np.arange(-1, _STEPS + 3) * (_DIFFERENT / _STEPS / r)
        values = _integrated(r, float(fwhm[one]), float(beta[one]), at)
        found[one, near] = _between(values, k[near] / at[2] + 1)
    return np.asarray(found.reshape(-1, up.size, along.size))


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
