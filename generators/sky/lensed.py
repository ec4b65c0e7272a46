"""What `lensed.c` draws a Sersic galaxy from that is seen through a lens.

Surface brightness is kept: I(theta) = I_source(beta), on the lens equation beta = theta -
alpha(theta) of `sie`. The position p on the galaxy, in half-light radii along its axes, is linear
in the position on the sky and in the two parts of the deflection.
"""

import numpy as np

from skybench.generators.arrays import Floats
from skybench.generators.sky import rays, sersic_profile, sie
from skybench.generators.sky.stamps import Sources

Columns = tuple[Floats, ...]


def light(sources: Sources) -> rays.Light:
    """Return the light of lensed galaxies."""
    columns = (*_lens(sources), *_axes(sources), *_profile(sources))
    return rays.Light(rays.LENSED, np.stack(columns, axis=1))


def _lens(sources: Sources) -> Columns:
    """Return cosine and sine of the major axis, e, 1 - e^2, theta_E sqrt(q), shear."""
    angle, q = np.deg2rad(sources["position_angle"]), sources["axis_ratio"]
    mass, e = sources["einstein_radius"] * np.sqrt(q), sie.eccentricity(q)
    return np.cos(angle), np.sin(angle), e, 1 - e**2, mass, sources["shear"]


def _profile(sources: Sources) -> Columns:
    """Return 1 / 2n, ln b, central brightness, half-light radius along the minor axis."""
    size, n = sources["lensed_half_light_radius"], sources["lensed_sersic_index"]
    minor = size * sources["lensed_axis_ratio"]
    central = sersic_profile.surface_brightness(np.zeros(n.shape), n) / (size * minor)
    log_b = np.log(sersic_profile.b_n(n))
    return 1 / (2 * n), log_b, sources["lensed_flux"] * central, minor


def _axes(sources: Sources) -> Columns:
    angle, size = np.deg2rad(sources["lensed_position_angle"]), sources["lensed_half_light_radius"]
    cos, sin = np.cos(angle), np.sin(angle)
    minor = size * sources["lensed_axis_ratio"]
    major_axis = _axis(sources, cos / size, sin / size)
    return *major_axis, *_axis(sources, -sin / minor, cos / minor)


def _axis(sources: Sources, x: Floats, y: Floats) -> Columns:
    """Return one part of p, the source position times (x, y).

    These are its coefficients of x, y and both parts of the deflection over theta_E sqrt(q) / e,
    and what is taken off.
    """
    angle, q = np.deg2rad(sources["position_angle"]), sources["axis_ratio"]
    shear, shear_angle = sources["shear"], 2 * np.deg2rad(sources["shear_angle"])
    plus, cross = shear * np.cos(shear_angle), shear * np.sin(shear_angle)
    along, across = sie.turned(x, y, -angle)
    scale = sources["einstein_radius"] * np.sqrt(q) / sie.eccentricity(q)
    return (
        x * (1 - plus) - y * cross,
        y * (1 + plus) - x * cross,
        scale * along,
        scale * across,
        x * sources["lensed_offset_x"] + y * sources["lensed_offset_y"],
    )
