"""A spiral galaxy: exponential disc, arms after Ringermacher and Mead, and a bulge.

The arms follow the curve of Ringermacher & Mead (2009, MNRAS 397, 164, equation 1),

    r(phi) = A / log[B tan(phi / 2N)],

whose inverse is closed and total, so that each point of the disc knows its phase:

    phi(r) = 2N arctan(exp(A / r) / B).

Near the centre phi is constant, a bar; outwards it winds by up to 2N arctan(B). The pitch
angle P follows from tan P = dr / (r dphi):

    tan P = (r / (2 N A)) (u + 1 / u),    u = exp(A / r) / B.

The disc is multiplied by 1 + c (exp(s cos m(phi - phi(r))) / I0(s) - 1), whose mean over the
azimuth is exactly 1: arms move light around the disc and never add any. Hence disc and bulge
are drawn as Sersic profiles in Fourier space, and only the arms' part, of zero flux, is
sampled, in windows fine enough for every harmonic of the arms that the PSF lets through.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import i0

from skybench.generators.distributions import Choice, Constant, LogUniform, Uniform
from skybench.generators.sky import fourier, nested
from skybench.generators.sky.galaxy import dark_radius, ellipse, psf_extent, taper_step
from skybench.generators.sky.galaxy import draw as draw_galaxies
from skybench.generators.sky.profile import SkyProfile
from skybench.generators.sky.stamps import Sources, Stamps, reach

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]

BAR_RADIUS = 0.4
"""Arms fade inwards of this many half-light radii: their phase has no limit at r = 0."""

_DISC_INDEX = 1.0

_DARK_RADIUS = 5.0
"""Half-light radii beyond which arms are below 5e-4 of the disc's centre."""

_PSF_WIDTHS = 1.5
"""FWHM beyond the border from which the light of arms, bright and dark, still matters."""

_NEGLIGIBLE = 2e-3
"""Harmonics of the arms below this part of the disc's centre may be aliased."""

_CROWDED = 50.0
"""Radians a pixel at which arms are faded out: a sixteenth of a pixel from arm to arm."""

RADII = np.geomspace(0.25, 5, 24)
"""Radii, in half-light radii, at which the arms are asked how fine they are."""

SLOPE = 1.6783469900166605
"""b of the exponential disc."""


def arm_phase(
    radius: Floats, winding: Floats | float, bulge_ratio: Floats | float, scale: Floats | float
) -> Floats:
    """Return phi(r) of the arms in radians, for a scale A in the units of the radius."""
    with np.errstate(divide="ignore", over="ignore"):
        return np.asarray(2 * winding * np.arctan(np.exp(scale / radius) / bulge_ratio))


def arm_turning(radius: Floats, winding: Floats, bulge_ratio: Floats, scale: Floats) -> Floats:
    """Return -dphi/dr in radians per unit of the radius: how tightly the arms are wound there."""
    u = np.exp(scale / radius) / bulge_ratio
    return np.asarray(2 * winding * scale / (radius**2 * (u + 1 / u)))


def winding_of(pitch_angle: Floats, bulge_ratio: Floats, radius_ratio: Floats) -> Floats:
    """Return N such that the arms have the given pitch, in degrees, at the half-light radius."""
    u = np.exp(radius_ratio) / bulge_ratio
    return np.asarray((u + 1 / u) / (2 * radius_ratio * np.tan(np.deg2rad(pitch_angle))))


def pitch_of(winding: Floats, bulge_ratio: Floats, radius_ratio: Floats) -> Floats:
    """Return the pitch in degrees at the half-light radius."""
    u = np.exp(radius_ratio) / bulge_ratio
    return np.asarray(np.rad2deg(np.arctan((u + 1 / u) / (2 * winding * radius_ratio))))


def _winding(parameters: Sources) -> Sources:
    shape = parameters["arm_bulge_ratio"], parameters["arm_radius_ratio"]
    return {"arm_winding": winding_of(parameters["pitch_angle"], *shape)}


class Pattern(NamedTuple):
    """What moves the light of a disc around: without any in the mean, ring by ring.

    ``light`` is (galaxies shaped to broadcast, x, y) -> what it adds to unit-flux discs at
    (x, y) and (-x, -y); ``levels`` how finely that is sampled; ``symmetric`` where both agree.
    """

    light: Callable[[Sources, Floats, Floats], tuple[Floats, Floats]]
    levels: Callable[[Sources], nested.Levels]
    symmetric: Callable[[Sources], NDArray[np.bool_]]


def draw(
    sources: Sources, shape: tuple[int, int], pattern: Pattern | None = None
) -> Iterator[Stamps]:
    """Yield the stamps of spiral galaxies, whose pattern is arms alone if none is given."""
    spectrum = partial(_spectrum, pattern or Pattern(arm_light, arm_levels, _symmetric))
    size = sources["half_light_radius"]
    disc = taper_step(sources, size, _index(size), shape)
    bulge_size = size * sources["bulge_radius_ratio"]
    bulge = taper_step(sources, bulge_size, sources["bulge_sersic_index"], shape)
    blurred = sources["psf_fwhm"] > 0
    edge = np.maximum(
        dark_radius(size, _index(size), disc),
        dark_radius(bulge_size, sources["bulge_sersic_index"], bulge),
    )
    internal = {
        "_disc": disc.astype(np.float64),
        "_bulge": bulge.astype(np.float64),
        "_bulge_share": np.where(blurred, sources["bulge_fraction"], 0.0),
        "_visible": np.maximum(*reach(sources, shape)),
        "_crowded": _wave_number({n: v[:, None] for n, v in sources.items()}, RADII).max(axis=1),
    }
    yield from fourier.draw(sources | internal, edge + psf_extent(sources), shape, spectrum)
    yield from _sharp_bulges(sources, np.flatnonzero(~blurred), shape)


def _sharp_bulges(
    sources: Sources, members: NDArray[np.intp], shape: tuple[int, int]
) -> Iterator[Stamps]:
    """Yield the bulges without PSF as the galaxies they are: those are exact at the cusp."""
    bulges = {name: values[members] for name, values in sources.items()}
    bulges["flux"] = bulges["flux"] * bulges["bulge_fraction"]
    bulges["half_light_radius"] = bulges["half_light_radius"] * bulges["bulge_radius_ratio"]
    bulges["sersic_index"] = bulges["bulge_sersic_index"]
    for stamps in draw_galaxies(bulges, shape):
        yield stamps._replace(members=members[stamps.members])


def _index(size: Floats) -> Floats:
    return np.full(size.shape, _DISC_INDEX)


def _spectrum(
    pattern: Pattern, sources: Sources, on: fourier.Grid, x: Floats, y: Floats
) -> Complexes:
    size = sources["half_light_radius"]
    share = sources["bulge_fraction"][:, None, None]
    steps = [sources[name].astype(np.int64) for name in ("_disc", "_bulge")]
    disc = ellipse(on, size, _index(size), steps[0], sources)
    bulge_size = size * sources["bulge_radius_ratio"]
    bulge = ellipse(on, bulge_size, sources["bulge_sersic_index"], steps[1], sources)
    along_y, along_x = fourier.shift(on, x, y)
    bulge_share = sources["_bulge_share"][:, None, None]
    light = ((1 - share) * disc + bulge_share * bulge) * along_y * along_x
    light += (1 - share) * _moved(pattern, sources, on) * along_y * along_x
    return np.asarray(light * sources["flux"][:, None, None])


def _moved(pattern: Pattern, sources: Sources, on: fourier.Grid) -> Complexes:
    """Return the transform of what the pattern adds to and takes from a unit-flux disc."""

    def light(members: NDArray[np.intp], x: Floats, y: Floats) -> tuple[Floats, Floats]:
        chosen = {name: values[members, None, None] for name, values in sources.items()}
        return pattern.light(chosen, x, y)

    return nested.transform(light, pattern.levels(sources), pattern.symmetric(sources), on)


def _symmetric(sources: Sources) -> NDArray[np.bool_]:
    return np.asarray(sources["arm_count"] % 2 == 0)


def arm_light(galaxy: Sources, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Return the arms' part of unit-flux discs at (x, y) and (-x, -y) from their centres.

    The second holds where the number of arms is odd; where it is even, both are the same.

    Parameters
    ----------
    galaxy : Sources
        Shaped to broadcast against the points.
    x, y : arrays
        In pixels.
    """
    count, hand = galaxy["arm_count"], galaxy["arm_handedness"]
    radius, azimuth = disc_plane(galaxy, x, y)
    phase = arm_phase(
        # Where exp(A / r) would overflow, the arms have long faded.
        np.maximum(radius, galaxy["arm_radius_ratio"] / 700),
        count / 2 * galaxy["arm_winding"],
        galaxy["arm_bulge_ratio"],
        galaxy["arm_radius_ratio"],
    )
    phase += count / 2 * azimuth
    phase -= count / 2 * hand * np.deg2rad(galaxy["arm_angle"])
    # cos x = 2 / (1 + tan^2(x / 2)) - 1: numpy's cosine of float64 costs six times its tangent.
    sharpness, mean = galaxy["arm_sharpness"], i0(galaxy["arm_sharpness"])
    rise = np.exp(2 * sharpness / (1 + np.tan(phase) ** 2) - (sharpness + np.log(mean)))
    disc = galaxy["arm_contrast"] * outer_disc(galaxy, radius)
    if (galaxy["_crowded"] > _CROWDED / 8).any():
        disc *= _resolved(galaxy, radius)
    # Half a turn moves m arms by m half periods, and turns the sign of the cosine if m is odd.
    return disc * (rise - 1), disc * (1 / (rise * mean**2) - 1)


def disc_plane(galaxy: Sources, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Return radius, in half-light radii, and azimuth of points in the planes of the discs.

    The azimuth grows in the sense in which the arms turn outwards.
    """
    angle = np.deg2rad(galaxy["position_angle"])
    size, q = galaxy["half_light_radius"], galaxy["axis_ratio"]
    across = galaxy["arm_handedness"] / (q * size)
    cos, sin = np.cos(angle), np.sin(angle)
    major = (cos / size) * x + (sin / size) * y
    minor = (across * cos) * y - (across * sin) * x
    return np.sqrt(major**2 + minor**2), np.arctan2(minor, major)


def outer_disc(galaxy: Sources, radius: Floats) -> Floats:
    """Return the brightness of unit-flux discs, faded out inwards of `BAR_RADIUS`."""
    inward = (radius * (1 / BAR_RADIUS)) ** 2
    # An exponential that underflows costs five times as much.
    fade = 1 - np.exp(-np.minimum(inward * inward, 40))
    norm = SLOPE**2 / (2 * np.pi * galaxy["axis_ratio"] * galaxy["half_light_radius"] ** 2)
    return np.asarray(norm * np.exp(-SLOPE * radius) * fade)


def _resolved(galaxy: Sources, radius: Floats) -> Floats:
    """Return what is left of arms that are closer than any PSF or pixel can tell apart."""
    wave_number = _wave_number(galaxy, np.maximum(radius, galaxy["arm_radius_ratio"] / 700))
    left = 1 / (1 + (wave_number / _CROWDED) ** 8)
    return np.asarray(np.where(galaxy["_crowded"] > _CROWDED / 8, left, 1.0))


def _wave_number(galaxy: Sources, radius: Floats) -> Floats:
    """Return how fast the arms' pattern changes along the major axis, in radians a pixel."""
    shape = (galaxy[f"arm_{name}"] for name in ("winding", "bulge_ratio", "radius_ratio"))
    return np.asarray(
        galaxy["arm_count"] / galaxy["half_light_radius"] * arm_turning(radius, *shape)
    )


def _half_width(sources: Sources) -> Floats:
    """Return how far from the centre, along x or y, arms are seen."""
    angle, q = np.deg2rad(sources["position_angle"]), sources["axis_ratio"]
    widest = np.sqrt(np.maximum(np.cos(angle) ** 2, np.sin(angle) ** 2) * (1 - q**2) + q**2)
    dark = _DARK_RADIUS * sources["half_light_radius"] * widest
    return np.asarray(np.minimum(dark, sources["_visible"] + 2 + _PSF_WIDTHS * sources["psf_fwhm"]))


def arm_levels(sources: Sources) -> nested.Levels:
    """Return the sampling that resolves the arms."""
    galaxy = {name: values[:, None] for name, values in sources.items()}
    around = galaxy["arm_count"] / (galaxy["half_light_radius"] * RADII)
    return levels(galaxy, _wave_number(galaxy, RADII), around, galaxy["arm_sharpness"])


def levels(galaxy: Sources, radially: Floats, around: Floats, sharpness: Floats) -> nested.Levels:
    """Return the sampling that resolves each harmonic of exp(s cos x) that the PSF lets through.

    Parameters
    ----------
    galaxy : Sources
        Each (m, 1).
    radially, around : (m, radius) arrays
        Change of x per pixel at `RADII`, in radians, as if the disc were seen face-on.
    sharpness : (m, 1) array
        s.
    """
    q, size = galaxy["axis_ratio"], galaxy["half_light_radius"]
    along_major = np.sqrt(radially**2 + (around / q) ** 2)
    along_minor = np.sqrt((radially / q) ** 2 + around**2)
    k = np.concatenate([along_major, along_minor], axis=1)
    radius = np.concatenate([size * RADII, q * size * RADII], axis=1)
    # exp(s cos x) is nearly a Gaussian of variance 1 / s, so its n-th harmonic is exp(-n^2 / 2s);
    # the PSF leaves about exp(-(k FWHM - 2) / 1.2). Harmonics up to the highest that is seen
    # must be below pi / spacing, and aliases, 2 pi / spacing - n k, of weaker ones unseen.
    fwhm = np.maximum(galaxy["psf_fwhm"], 1e-3)
    light = np.maximum(np.tile(np.log(2 / _NEGLIGIBLE) - SLOPE * RADII, 2), 0)
    blur = k * fwhm / 1.2
    highest = np.sqrt(2 * sharpness * light)
    seen = sharpness * (np.sqrt(blur**2 + 2 * (light + 2 / 1.2) / sharpness) - blur)
    harmonic = np.minimum(np.maximum(sharpness * blur, seen), highest)
    passed = (2 + 1.2 * np.maximum(light - harmonic**2 / (2 * sharpness), 0)) / fwhm
    fastest = np.where(light > 0, np.maximum(harmonic, 1), 0.1) * k
    wanted = 2 * np.pi / (fastest + np.minimum(fastest, passed))
    flat = {name: values[:, 0] for name, values in galaxy.items()}
    return nested.levels(_half_width(flat), radius, wanted)


PROFILE = SkyProfile(
    name="spiral",
    code=3,
    summary="Spiral galaxy: exponential disc with Ringermacher-Mead arms, and a bulge.",
    formula="disc (n = 1) with arms along phi(r) = 2N arctan(exp(A / r) / B), and a Sersic bulge",
    reference="Ringermacher & Mead (2009), MNRAS 397, 164, equation 1",
    accuracy="3.5e-4 of the peak (median 8e-5) against a much finer sampling",
    defaults={
        "flux": LogUniform(distribution="log_uniform", low=1e4, high=1e5),
        "half_light_radius": Uniform(distribution="uniform", low=4, high=8),
        "axis_ratio": Uniform(distribution="uniform", low=0.5, high=1),
        "position_angle": Uniform(distribution="uniform", low=0, high=180),
        "bulge_fraction": Uniform(distribution="uniform", low=0.05, high=0.3),
        "bulge_radius_ratio": Uniform(distribution="uniform", low=0.15, high=0.3),
        "bulge_sersic_index": Constant(value=2),
        "arm_count": Constant(value=2),
        "pitch_angle": Uniform(distribution="uniform", low=15, high=35),
        "arm_bulge_ratio": Uniform(distribution="uniform", low=0.8, high=1.2),
        "arm_radius_ratio": Constant(value=1),
        "arm_angle": Uniform(distribution="uniform", low=0, high=360),
        "arm_handedness": Choice(distribution="choice", values=(-1, 1)),
        "arm_contrast": Uniform(distribution="uniform", low=0.7, high=1),
        "arm_sharpness": Constant(value=2),
    },
    draw=draw,
    derive=_winding,
    derived=("arm_winding",),
)
