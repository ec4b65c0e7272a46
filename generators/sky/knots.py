"""Star-forming knots: small bright spots strewn over a disc, most of them along its arms.

The luminosities follow N(L) dL = L^-2 dL over a factor of twenty (Kennicutt, Edgar & Hodge 1989,
ApJ 337, 761), the radii the light of the disc. Each galaxy's places come from its
``pattern_seed`` alone, so they are drawn again from what is recorded.
"""

import numpy as np
from scipy.special import gammainc, gammaincinv, ndtri

from skybench.generators.arrays import Complexes, Floats
from skybench.generators.random_streams import uniforms
from skybench.generators.sky import arms, components, fourier
from skybench.generators.sky.components import Spots
from skybench.generators.sky.stamps import Sources

_MOST = (8, 16, 32, 64)
"""Numbers of knots that share matrices of one size; those that a galaxy lacks are dark."""

_INNERMOST, _OUTERMOST = 0.4, 2.5
"""Radii between which knots lie, in half-light radii."""

_BRIGHTEST = 20.0
"""Luminosity of the brightest over that of the faintest."""

_SCATTER = 0.6
"""Distance of knots from the crest of their arm, over the arm's own width."""


def flux(sources: Sources) -> Floats:
    """Return the flux of each galaxy that is in knots."""
    disc = sources["flux"] * (1 - sources["bulge_fraction"])
    return np.where(sources["knot_count"] > 0, disc * sources["knot_fraction"], 0.0)


def transform(sources: Sources, on: fourier.Grid) -> Complexes:
    """Return the transforms (m, ky, kx) of the knots of each galaxy, about its centre."""
    transforms = np.zeros((sources["flux"].size, on.ky.size, on.kx.size), dtype=np.complex128)
    counts = sources["knot_count"]
    for fewer, most in zip((0, *_MOST), _MOST, strict=False):
        some = np.flatnonzero((counts > fewer) & (counts <= most))
        if some.size:
            galaxies = {name: values[some] for name, values in sources.items()}
            transforms[some] = components.transform(knots(galaxies, most), on)
    return transforms


def knots(sources: Sources, most: int) -> Spots:
    """Return the knots of galaxies that have at most so many."""
    drawn = np.empty((sources["flux"].size, most, 5))
    for one, seed in enumerate(sources["pattern_seed"]):
        drawn[one] = uniforms(int(seed), "flocculent.knots", 0, 5 * most).reshape(most, 5)
    galaxy = {name: values[:, None] for name, values in sources.items()}
    at_radius, at_arm, off_arm, follows, bright = np.moveaxis(drawn, 2, 0)
    radius = _radii(at_radius)
    azimuth = np.where(
        follows < galaxy["arm_contrast"],
        _on_arms(galaxy, radius, at_arm, off_arm),
        2 * np.pi * at_arm,
    )
    light = 1 / (1 - bright * (1 - 1 / _BRIGHTEST))
    light = np.where(np.arange(most) < galaxy["knot_count"], light, 0.0)
    total = np.cumsum(light, axis=1)[:, -1:]
    x, y = _on_the_sky(galaxy, radius, azimuth)
    sigma = galaxy["half_light_radius"] * galaxy["knot_radius_ratio"] * np.ones_like(x)
    return Spots(flux(sources)[:, None] * light / total, x, y, sigma)


def _radii(uniform: Floats) -> Floats:
    """Return radii with the density of an exponential disc's light."""
    inside, outside = gammainc(2, arms.SLOPE * np.array([_INNERMOST, _OUTERMOST]))
    return np.asarray(gammaincinv(2, inside + (outside - inside) * uniform) / arms.SLOPE)


def _on_arms(galaxy: Sources, radius: Floats, arm: Floats, off: Floats) -> Floats:
    """Return azimuths near the crests of the arms."""
    count = galaxy["arm_count"]
    shape = (galaxy[f"arm_{name}"] for name in ("winding", "bulge_ratio", "radius_ratio"))
    crest = galaxy["arm_handedness"] * np.deg2rad(galaxy["arm_angle"])
    crest = crest - arms.arm_phase(radius, *shape)
    width = _SCATTER / (count * np.sqrt(galaxy["arm_sharpness"]))
    return np.asarray(crest + 2 * np.pi * np.floor(arm * count) / count + width * ndtri(off))


def _on_the_sky(galaxy: Sources, radius: Floats, azimuth: Floats) -> tuple[Floats, Floats]:
    """Return places about the centre, in pixels: the inverse of `arms.disc_plane`."""
    angle, size = np.deg2rad(galaxy["position_angle"]), galaxy["half_light_radius"]
    major = size * radius * np.cos(azimuth)
    minor = size * radius * np.sin(azimuth) * galaxy["axis_ratio"] * galaxy["arm_handedness"]
    cos, sin = np.cos(angle), np.sin(angle)
    return cos * major - sin * minor, sin * major + cos * minor
