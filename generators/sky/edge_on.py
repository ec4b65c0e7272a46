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

A warped disc is a sum of rings that are tilted the more the farther out they are, seen along the
line about which they are: an integral sign (Sanchez-Saavedra, Battaner & Florido 1990, MNRAS 246,
458). Rings are Bernstein polynomials of t = exp(-r / s),

    B_k(t) = C(8, k) (1 - t)^k t^(8 - k),    turned by w C(k, 2) / C(8, 2),

which add up to 1; so the tilt at a radius is w (1 - exp(-r / s))^2 in the mean. Each ring is a sum
of exponential discs, hence its transform is exact as well. Rings overlap, so that a strong warp
flares, too: at a radius tilts differ by up to 0.3 w. That is little seen below 15 degrees.
"""

from collections.abc import Iterator
from math import comb

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
_RINGS, _INNERMOST = 8, 2
"""Degree of the polynomials of a warp; the innermost ring that is tilted."""


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
    warp_angle: float = parameter(
        "tilt of the outermost rings of a warped disc, counter-clockwise",
        units="degree",
        domain=Interval(-45, 45),
        default=0,
        switch="warp_angle",
    )
    warp_radius_ratio: float = parameter(
        "radius at which a warp sets in over the half-light radius of the disc",
        units=None,
        domain=Interval(0.2, 10),
        default=uniform(1.2, 2.5),
        switch="warp_angle",
    )

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
    return np.asarray(_thickness(minor, height, tilt) / (flat * np.sqrt(flat)))


def _thickness(minor: Floats, height: Floats, tilt: Floats) -> Floats:
    """Return u / sinh u."""
    u = np.maximum(np.abs(minor) * (np.pi / 2 * height * np.sin(tilt)), 1e-9)
    return np.asarray(2 * u * np.exp(-u) / -np.expm1(-2 * u))


def _warp(
    major: Floats,
    minor: Floats,
    length: Floats,
    height: Floats,
    tilt: Floats,
    start: float,
    warp: float,
) -> Floats:
    """Return what a warp adds to the transform of a disc: its tilted rings, less the flat ones."""
    added = np.zeros_like(major)
    for ring in range(_INNERMOST, _RINGS + 1):
        turn = warp * comb(ring, _INNERMOST) / comb(_RINGS, _INNERMOST)
        cos, sin = np.cos(turn), np.sin(turn)
        for sign, x, y in (
            (1, cos * major + sin * minor, cos * minor - sin * major),
            (-1, major, minor),
        ):
            added += sign * _ring(x, y, ring, length, start, tilt) * _thickness(y, height, tilt)
    return added


def _ring(
    major: Floats, minor: Floats, ring: int, length: Floats, start: float, tilt: Floats
) -> Floats:
    """Return the transform of the light of an exponential disc in one ring, without thickness."""
    squared = major**2 + (minor * np.cos(tilt)) ** 2
    total = np.zeros_like(major)
    for term in range(ring + 1):
        weight = comb(_RINGS, ring) * comb(ring, term) * (-1) ** term
        own = 1 / (1 / length + (_RINGS - ring + term) / start)
        flat = 1 + own**2 * squared
        total += weight * (own / length) ** 2 / (flat * np.sqrt(flat))
    return total


def _spectrum(sources: Sources, on: fourier.Grid, x: Floats, y: Floats) -> Floats:
    major, minor = components.along_axes(on, sources["position_angle"])
    size = sources["half_light_radius"][:, None, None]
    height = size * sources["scale_height_ratio"][:, None, None]
    tilt = np.deg2rad(sources["inclination"])[:, None, None]
    discs = transform(major, minor, size / _SLOPE, height, tilt)
    warps = sources.get("warp_angle", np.zeros_like(sources["flux"]))
    for one in np.flatnonzero(warps).tolist():
        start = sources["half_light_radius"][one] * sources["warp_radius_ratio"][one]
        flat = (size[one] / _SLOPE, height[one], tilt[one])
        discs[one] += _warp(major[one], minor[one], *flat, start, np.deg2rad(warps[one]))
    flux = sources["flux"] * (1 - sources["bulge_fraction"])
    return np.asarray(discs * flux[:, None, None])
