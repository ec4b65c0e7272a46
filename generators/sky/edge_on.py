"""A disc galaxy seen from the side: an exponential disc of finite thickness, and a bulge.

The light of the disc, in its own plane coordinates, falls exponentially with the radius and as
the square of a hyperbolic secant with the height (van der Kruit & Searle 1981, A&A 95, 105,
equation 4),

    L(r, z) = exp(-r / h) sech^2(z / z0) / (4 pi h^2 z0),

and is transparent. By the projection theorem its image at an inclination i has the transform

    F(a, b) = (1 + h^2 (a^2 + b^2 cos^2 i))^(-3/2) u / sinh u,    u = pi z0 b sin i / 2,

a and b the frequencies along the major and minor axis: exact for any inclination. Edge-on it
is that of (x / h) K1(x / h) sech^2(z / z0). The half-light radius R is that of the disc seen
face-on, h = R / 1.678.
"""

from collections.abc import Iterator

import numpy as np

from skybench.generators.arrays import Floats
from skybench.generators.declaration import parameter
from skybench.generators.distributions import log_uniform, truncated_normal, uniform
from skybench.generators.sky import components, fourier, sersic_profile
from skybench.generators.sky.sersic import Sersic
from skybench.generators.sky.sky_object import SkyObject, Smooth
from skybench.generators.sky.stamps import Sources, Stamps
from skybench.generators.variable import Interval

_SLOPE = float(sersic_profile.b_n(np.asarray(1.0)))
"""Half-light radius of an exponential disc over its scale length."""

_WRAPPED = 1e-4
"""Share of the flux that may lie beyond the stamp."""

_TILTED = 60.0
"""Inclination in degrees up to which no disc is seen from the side: the median on the sky."""


class EdgeOn(SkyObject):
    """Disc galaxy seen from the side: a thick exponential disc at any inclination."""

    code = 5
    formula = "L(r, z) = exp(-r / h) sech^2(z / z0) / (4 pi h^2 z0), projected, and a Sersic bulge"
    reference = "van der Kruit & Searle (1981), A&A 95, 105, equation 4"
    accuracy = "GalSim's InclinedExponential at tight settings, and points of light of the bulge"
    example = "EdgeOn(flux=6e4, half_light_radius=9, position_angle=30).render((64, 64))"
    colour = truncated_normal(0.55, 0.13, 0.1, 1.0)
    smooth = Smooth(changes={"inclination": lambda own: np.minimum(own["inclination"], _TILTED)})

    flux: float = parameter(default=log_uniform(1e4, 1e5))
    half_light_radius: float = parameter(default=uniform(5, 10))
    inclination: float = parameter(
        "inclination of the disc: 0 is face-on, 90 edge-on",
        units="degree",
        domain=Interval(0, 90),
        default=uniform(82, 90),
    )
    scale_height_ratio: float = parameter(
        "scale height of the disc over its half-light radius",
        units=None,
        domain=Interval(0.01, 1),
        default=uniform(0.08, 0.16),
    )
    position_angle: float = parameter(default=uniform(0, 180))
    bulge_fraction: float = parameter(default=uniform(0.02, 0.25))
    bulge_radius_ratio: float = parameter(default=uniform(0.12, 0.25))
    bulge_sersic_index: float = parameter(default=uniform(1, 3))
    bulge_axis_ratio: float = parameter(default=uniform(0.6, 1))

    @staticmethod
    def draw(sources: Sources, shape: tuple[int, int]) -> Iterator[Stamps]:
        """Yield the stamps of the discs, then those of the bulges."""
        outermost = float(sersic_profile.enclosing_radius(np.asarray(1.0), _WRAPPED))
        dark = sources["half_light_radius"] * outermost
        yield from fourier.draw(sources, dark, shape, _spectrum, centred=True)
        yield from Sersic.draw(components.bulge(sources), shape)


def transform(major: Floats, minor: Floats, length: Floats, height: Floats, tilt: Floats) -> Floats:
    """Return the transform of a disc of unit flux.

    Parameters
    ----------
    major, minor : arrays
        Frequencies along the axes, in radians a pixel.
    length, height : arrays
        h and z0 in pixels.
    tilt : array
        Inclination in radians: 0 is face-on.
    """
    flat = 1 + length**2 * (major**2 + (minor * np.cos(tilt)) ** 2)
    u = np.maximum(np.abs(minor) * (np.pi / 2 * height * np.sin(tilt)), 1e-9)
    thickness = 2 * u * np.exp(-u) / -np.expm1(-2 * u)
    return np.asarray(thickness / (flat * np.sqrt(flat)))


def _spectrum(sources: Sources, on: fourier.Grid, x: Floats, y: Floats) -> Floats:
    major, minor = components.along_axes(on, sources["position_angle"])
    size = sources["half_light_radius"][:, None, None]
    height = size * sources["scale_height_ratio"][:, None, None]
    tilt = np.deg2rad(sources["inclination"])[:, None, None]
    discs = transform(major, minor, size / _SLOPE, height, tilt)
    flux = sources["flux"] * (1 - sources["bulge_fraction"])
    return np.asarray(discs * flux[:, None, None])
