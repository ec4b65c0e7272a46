"""The light of a limb-darkened star that a dark disc in front of it blocks.

The star is cut into rings: the disc covers an arc of each, and the light of the arcs is
summed by Gauss-Legendre quadrature in an angle that makes the integrand smooth at both
ends. One formula holds for discs of any size, also larger than the star.
"""

import numpy as np

from skybench.generators.arrays import Floats

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)


def brightness(cosine: Floats, u1: Floats, u2: Floats) -> Floats:
    """Return the surface brightness over the centre's: 1 - u1 (1 - mu) - u2 (1 - mu)^2.

    Parameters
    ----------
    cosine : array
        mu, of the angle between the surface's normal and the line of sight.
    u1, u2 : array
        Linear and quadratic limb darkening.
    """
    limb = 1 - cosine
    return np.asarray(1 - limb * (u1 + u2 * limb))


def _within(radius: Floats, u1: Floats, u2: Floats) -> Floats:
    """Return the light inside a radius, over pi: the integral of the brightness times 2 mu."""
    mu = np.sqrt(np.maximum(1 - radius * radius, 0))
    steps = (1 - u1 - u2, 2 * (u1 + 2 * u2) / 3, -u2 / 2)
    return np.asarray(sum(c * (1 - mu ** (2 + power)) for power, c in enumerate(steps)))


def blocked(separation: Floats, radius_ratio: Floats, u1: Floats, u2: Floats) -> Floats:
    """Return the share of the star's light that the disc blocks.

    Parameters
    ----------
    separation : array
        Distance of both centres over the radius of the star.
    radius_ratio : array
        Radius of the disc over that of the star.
    u1, u2 : array
        Quadratic limb darkening of the star.

    Returns
    -------
    float64 array
        0 where they do not touch, 1 where the disc hides the star.

    References
    ----------
    The integral of Mandel & Agol (2002), ApJ 580, L171, equation 2.
    """
    inner = np.abs(radius_ratio - separation)
    outer = np.minimum(1, radius_ratio + separation)
    hidden = _within(np.minimum(np.maximum(radius_ratio - separation, 0), 1), u1, u2)
    half = np.maximum(outer - inner, 0) / 2
    total = np.zeros_like(separation)
    for node, weight in zip(_NODES, _WEIGHTS, strict=True):
        angle = np.pi / 2 * (1 + node)
        # The distances from both ends, each without a difference of like numbers.
        low, high = half * (1 - np.cos(angle)), half * (1 + np.cos(angle))
        radius = inner + low
        arc = _arc(separation, radius_ratio, radius)
        mu = np.sqrt(np.maximum((1 - outer + high) * (1 + radius), 0))
        total += (weight * np.sin(angle)) * radius * arc * brightness(mu, u1, u2)
    # Twice the arc, over pi; the angle's range and the ring's width are half of each.
    rings = total * half
    return np.asarray((hidden + rings) / (1 - u1 / 3 - u2 / 6))


def _arc(separation: Floats, radius_ratio: Floats, radius: Floats) -> Floats:
    """Return half the angle over which a ring is covered, by the half-angle formula."""
    away = (radius_ratio - separation + radius) * (radius_ratio + separation - radius)
    near = (separation + radius - radius_ratio) * (separation + radius + radius_ratio)
    return np.asarray(2 * np.arctan2(np.sqrt(np.maximum(away, 0)), np.sqrt(np.maximum(near, 0))))
