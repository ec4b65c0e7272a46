"""Two bodies on a circular orbit that pass in front of each other, and the light that is blocked.

The star is cut into rings: the disc of the other body covers an arc of each, and the light of the
arcs is summed by Gauss-Legendre quadrature in an angle that makes the integrand smooth at both
ends. One formula holds for discs of any size, also larger than the star.
"""

import numpy as np
from typing_extensions import override

from skybench.errors import ParameterError
from skybench.generators.arrays import Floats, Parameters
from skybench.generators.series.light_curve.light_curve import LightCurve, phase

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


class Passage(LightCurve):
    """Two bodies on a circular orbit that pass in front of each other."""

    @override
    def __post_init__(self) -> None:
        super().__post_init__()
        edges = (getattr(self, f"limb_darkening_{u}") for u in ("u1", "u2"))
        check_limb_darkening(*edges)


def separation(stars: Parameters, times: Floats) -> tuple[Floats, Floats]:
    """Return the distance of both centres in radii of the star, and how far in front the other is.

    d^2 = (a sin(2 pi x))^2 + (b cos(2 pi x))^2, x the periods since mid-eclipse. The
    second result is the cosine: above 0 the smaller body is in front of the star.

    References
    ----------
    Mandel & Agol (2002), ApJ 580, L171, section 5; Winn (2010), arXiv:1001.2010, equation 5.
    """
    angle = 2 * np.pi * phase(stars, times)
    sine, cosine = np.sin(angle), np.cos(angle)
    across = stars["semi_major_axis_ratio"] * sine
    along = stars["impact_parameter"] * cosine
    return np.sqrt(across * across + along * along), cosine


def eclipsed(apart: Floats, behind: Floats, radius_ratio: Floats, u1: Floats, u2: Floats) -> Floats:
    """Return the share of a star that is blocked, 0 where the other body is behind it.

    Parameters
    ----------
    apart : (star, time) array
        Distance of both centres over the radius of the eclipsed star.
    behind : (star, time) array
        Above 0 where the other body is in front.
    radius_ratio : (star, 1) array
        Radius of the other body over that of the eclipsed star.
    u1, u2 : (star, 1) arrays
        Limb darkening.
    """
    share = np.zeros_like(apart)
    touching = (behind > 0) & (apart < 1 + radius_ratio)
    owners = np.nonzero(touching)[0]
    share[touching] = blocked(
        apart[touching], radius_ratio[owners, 0], u1[owners, 0], u2[owners, 0]
    )
    return share


def check_limb_darkening(u1: float, u2: float) -> None:
    """Refuse limb darkening with which a star's edge would be darker than black.

    Raises
    ------
    ParameterError
        If u1 + u2 is above 1.
    """
    if u1 + u2 > 1:
        msg = (
            f"limb_darkening_u1 + limb_darkening_u2 must be at most 1, got {u1:g} + {u2:g}: "
            "the edge of the star would be darker than black."
        )
        raise ParameterError(msg)
