"""Two bodies on a circular orbit that pass in front of each other, and the light they block."""

import numpy as np
from typing_extensions import override

from skybench.errors import ParameterError
from skybench.generators.arrays import Floats, Parameters
from skybench.generators.native.library import kernel
from skybench.generators.series.light_curve.light_curve import LightCurve, computed

_passages, _blocked_light = kernel("passages"), kernel("blocked_light")

_SYSTEM = (
    "period",
    "epoch",
    "semi_major_axis_ratio",
    "impact_parameter",
    "radius_ratio",
    "limb_darkening_u1",
    "limb_darkening_u2",
    "surface_brightness_ratio",
    "ellipsoidal_amplitude",
)


class Passage(LightCurve):
    """Two bodies on a circular orbit that pass in front of each other."""

    @override
    def __post_init__(self) -> None:
        super().__post_init__()
        edges = (getattr(self, f"limb_darkening_{u}") for u in ("u1", "u2"))
        check_limb_darkening(*edges)


def passing(systems: Parameters, times: Floats) -> Floats:
    """Return the flux of two bodies over that out of eclipse, tides included: (system, time).

    Their distance in radii of the larger is d^2 = (a sin(2 pi x))^2 + (b cos(2 pi x))^2, x the
    periods since mid-eclipse; where the cosine is above 0 the smaller one is in front.

    References
    ----------
    Mandel & Agol (2002), ApJ 580, L171, section 5; Winn (2010), arXiv:1001.2010, equation 5.
    """
    return computed(_passages, systems, _SYSTEM, times)


def blocked(separation: Floats, radius_ratio: Floats, u1: Floats, u2: Floats) -> Floats:
    """Return the share of the star's light that a disc blocks.

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
        0 where they do not touch, 1 where the disc hides the star. To 1e-10 for radius ratios up
        to 10; beyond, errors grow as their fourth power, 2e-6 at a thousand.

    References
    ----------
    Mandel & Agol (2002), ApJ 580, L171.
    """
    given = separation, radius_ratio, u1, u2
    share = np.empty(separation.shape)
    _blocked_light(*(np.ascontiguousarray(x, dtype=np.float64) for x in given), share)
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
