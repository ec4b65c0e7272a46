"""Two bodies on a circular orbit that pass in front of each other."""

import numpy as np
from typing_extensions import override

from skybench.errors import ParameterError
from skybench.generators.arrays import Floats, Parameters
from skybench.generators.series.light_curve.light_curve import LightCurve, phase
from skybench.generators.series.light_curve.occultation import blocked


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
