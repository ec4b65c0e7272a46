"""A merging pair: two galaxies, the tails that they draw from each other, and a bridge.

Each galaxy is a Sersic profile. Its half-light radius grows as the square root of its flux,
so that both have the same surface brightness. From the far side of each a tail leaves, of
constant curvature, fading and widening towards its tip; light lies between the two as well: the
picture of Toomre & Toomre (1972, ApJ 178, 623, section VI). Tails and bridge are chains of round
Gaussians, hence their flux and centroid are exact; the position of a pair is its centroid.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from skybench.generators.arrays import Floats
from skybench.generators.declaration import parameter
from skybench.generators.distributions import choice, log_uniform, truncated_normal, uniform
from skybench.generators.sky import components
from skybench.generators.sky.components import Spots
from skybench.generators.sky.sersic import Sersic
from skybench.generators.sky.sky_object import SkyObject, Smooth
from skybench.generators.sky.stamps import Sources, Stamps
from skybench.generators.variable import Interval

_LINKS = 32
"""Gaussians of a tail: their spacing is below twice their width in the longest."""

_BRIDGE_SHARE = 0.2
"""Of the light of tails and bridge."""

_WIDTH, _WIDENING = 0.16, 0.2
"""Width of a tail at its root and its growth to the tip, in half-light radii."""

_FADING = 1.2
"""Logarithm of the light at a tail's root over that at its tip."""


class Pair(NamedTuple):
    """A pair about its centroid: the (x, y) of both galaxies, (m, 2) each, and tidal light."""

    primary: Floats
    companion: Floats
    tides: Spots


def _size_of_both(sources: Sources) -> Floats:
    """Return the half-light radius of one galaxy of the light and brightness of both."""
    return np.asarray(sources["half_light_radius"] * np.sqrt(1 + sources["flux_ratio"]))


class Merger(SkyObject):
    """Merging pair: two Sersic galaxies with tidal tails and a bridge."""

    code = 6
    formula = "two Sersic profiles, radii as the square root of flux, and tails of round Gaussians"
    reference = "Toomre & Toomre (1972), ApJ 178, 623, section VI"
    accuracy = "the formula at points of light, seen one by one through the PSF and the pixel"
    example = "Merger(flux=6e4, half_light_radius=6, seed=2).render((64, 64))"
    colour = truncated_normal(0.4, 0.15, 0.0, 0.9)
    smooth = Smooth(Sersic, {"half_light_radius": _size_of_both})

    flux: float = parameter(default=log_uniform(1e4, 1e5))
    half_light_radius: float = parameter(default=uniform(3, 5))
    sersic_index: float = parameter(default=uniform(0.8, 2.5))
    axis_ratio: float = parameter(default=uniform(0.4, 0.9))
    position_angle: float = parameter(default=uniform(0, 180))
    flux_ratio: float = parameter(
        "flux of the companion over that of the first galaxy",
        units=None,
        domain=Interval(0.05, 1),
        default=uniform(0.3, 1),
    )
    separation_ratio: float = parameter(
        "distance of the companion over the half-light radius of the first galaxy",
        units=None,
        domain=Interval(0, 10),
        default=uniform(2, 3.5),
    )
    separation_angle: float = parameter(
        "direction of the companion from the first galaxy, counter-clockwise from +x",
        units="degree",
        default=uniform(0, 360),
    )
    companion_axis_ratio: float = parameter(
        "minor over major axis of the companion",
        units=None,
        domain=Interval(0.05, 1),
        default=uniform(0.4, 0.9),
    )
    companion_position_angle: float = parameter(
        "angle of the companion's major axis, counter-clockwise from +x",
        units="degree",
        default=uniform(0, 180),
    )
    tail_fraction: float = parameter(
        "share of the flux in tidal tails and the bridge",
        units=None,
        domain=Interval(0, 0.6),
        default=uniform(0.2, 0.4),
    )
    tail_length_ratio: float = parameter(
        "length of a tidal tail over the half-light radius of its galaxy",
        units=None,
        domain=Interval(0, 8),
        default=uniform(3.5, 6),
    )
    tail_curl: float = parameter(
        "turn of a tidal tail from root to tip, positive counter-clockwise",
        units="degree",
        domain=Interval(-360, 360),
        default=choice(-130, -100, 100, 130),
    )

    @staticmethod
    def draw(sources: Sources, shape: tuple[int, int]) -> Iterator[Stamps]:
        """Yield the stamps of the first galaxies, the companions, and their tidal light."""
        pair = layout(sources)
        for part in _galaxies(sources, pair):
            yield from Sersic.draw(part, shape)
        yield from components.draw(pair.tides, sources, shape)


def _galaxies(sources: Sources, pair: Pair) -> tuple[Sources, Sources]:
    ratio, light = sources["flux_ratio"], sources["flux"] * (1 - sources["tail_fraction"])
    first = components.sersic_part(
        sources,
        flux=light / (1 + ratio),
        source_x=sources["source_x"] + pair.primary[:, 0],
        source_y=sources["source_y"] + pair.primary[:, 1],
    )
    second = components.sersic_part(
        sources,
        flux=light * ratio / (1 + ratio),
        source_x=sources["source_x"] + pair.companion[:, 0],
        source_y=sources["source_y"] + pair.companion[:, 1],
        half_light_radius=sources["half_light_radius"] * np.sqrt(ratio),
        axis_ratio=sources["companion_axis_ratio"],
        position_angle=sources["companion_position_angle"],
    )
    return first, second


def layout(sources: Sources) -> Pair:
    """Return where the parts of each pair lie about its centroid, and how bright the tides are."""
    ratio, size = sources["flux_ratio"], sources["half_light_radius"]
    share = 1 / (1 + ratio)
    angle = np.deg2rad(sources["separation_angle"])
    towards = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    apart = (sources["separation_ratio"] * size)[:, None] * towards
    # About the centroid of the two galaxies, as the tides are not yet known.
    first, second = -(1 - share)[:, None] * apart, share[:, None] * apart
    tidal = sources["flux"] * sources["tail_fraction"]
    tails = tidal * (1 - _BRIDGE_SHARE)
    chains = (
        _tail(sources, first, angle + np.pi, size, tails * share),
        _tail(sources, second, angle, size * np.sqrt(ratio), tails * (1 - share)),
        _bridge(first, second, size, tidal * _BRIDGE_SHARE),
    )
    tides = Spots(*(np.concatenate(parts, axis=1) for parts in zip(*chains, strict=True)))
    centroid = _centroid(tides, sources["tail_fraction"])
    x, y = (tides[1 + axis] - centroid[:, axis, None] for axis in (0, 1))
    return Pair(first - centroid, second - centroid, Spots(tides.flux, x, y, tides.sigma))


def _centroid(tides: Spots, fraction: Floats) -> Floats:
    """Return the centroid of pairs whose galaxies alone have theirs at the origin."""
    weight = tides.flux / np.maximum(tides.flux.sum(axis=1), 1e-300)[:, None]
    at = [(weight * place).sum(axis=1) * fraction for place in (tides.x, tides.y)]
    return np.stack(at, axis=1)


def _tail(sources: Sources, root: Floats, heading: Floats, size: Floats, flux: Floats) -> Spots:
    """Return a tail that leaves a galaxy outwards and bends all the way by the same amount."""
    along = (np.arange(_LINKS) + 0.5) / _LINKS
    curl = np.deg2rad(sources["tail_curl"])[:, None]
    direction = heading[:, None] + curl * (along - 0.25)
    link = (sources["tail_length_ratio"] * size / _LINKS)[:, None]
    x = root[:, :1] + np.cumsum(link * np.cos(direction), axis=1)
    y = root[:, 1:] + np.cumsum(link * np.sin(direction), axis=1)
    light = np.exp(-_FADING * along)
    sigma = size[:, None] * (_WIDTH + _WIDENING * along)
    return Spots(flux[:, None] * (light / light.sum()), x, y, sigma)


def _bridge(first: Floats, second: Floats, size: Floats, flux: Floats) -> Spots:
    along = (np.arange(_LINKS) + 0.5) / _LINKS
    x, y = (first[:, axis, None] + (second - first)[:, axis, None] * along for axis in (0, 1))
    even = np.full_like(along, 1 / _LINKS)
    sigma = (_WIDTH + _WIDENING) * size[:, None] * np.ones_like(along)
    return Spots(flux[:, None] * even, x, y, sigma)
