"""The arms of a spiral: their curve, their light, and how finely that is sampled.

They follow the curve of Ringermacher & Mead (2009, MNRAS 397, 164, equation 1),

    r(phi) = A / log[B tan(phi / 2N)],

whose inverse is closed and total, so that each point of the disc knows its phase:

    phi(r) = 2N arctan(exp(A / r) / B).

Near the centre phi is constant, a bar; outwards it winds by up to 2N arctan(B). The pitch
angle P follows from tan P = dr / (r dphi):

    tan P = (r / (2 N A)) (u + 1 / u),    u = exp(A / r) / B.

The disc is multiplied by 1 + c (exp(s cos m(phi - phi(r))) / I0(s) - 1), whose mean over the
azimuth is exactly 1: arms move light around the disc and never add any.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import i0

from skybench.generators.arrays import Floats
from skybench.generators.sky import nested
from skybench.generators.sky.stamps import Sources

BAR_RADIUS = 0.4
"""Arms fade inwards of this many half-light radii: their phase has no limit at r = 0."""

_DARK_RADIUS = 5.0
"""Half-light radii beyond which arms are below 5e-4 of the disc's centre."""

_PSF_WIDTHS = 1.0
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
        angle = np.exp(scale / np.asarray(radius))
        angle = np.arctan(angle / bulge_ratio)
        return np.asarray(angle * (2 * winding))


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


def symmetric(sources: Sources) -> NDArray[np.bool_]:
    """Return which galaxies are the same after half a turn: those of an even number of arms."""
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
    azimuth *= count / 2
    phase += azimuth
    phase -= count / 2 * hand * np.deg2rad(galaxy["arm_angle"])
    disc = outer_disc(galaxy, radius)
    disc *= galaxy["arm_contrast"]
    if (galaxy["_crowded"] > _CROWDED / 8).any():
        disc *= _resolved(galaxy, radius)
    rise = peaks(phase, galaxy["arm_sharpness"])
    here = (rise - 1) * disc
    if (count % 2 == 0).all():
        return here, here
    # Half a turn moves m arms by m half periods, and turns the sign of the cosine if m is odd.
    return here, disc * (1 / (rise * i0(galaxy["arm_sharpness"]) ** 2) - 1)


def peaks(half: Floats, sharpness: Floats | float) -> Floats:
    """Return exp(s cos x) / I0(s), whose mean is 1, at halves of x; they are overwritten."""
    # cos x = 2 / (1 + tan^2(x / 2)) - 1: numpy's cosine of float64 costs six times its tangent.
    np.tan(half, out=half)
    half *= half
    half += 1
    np.divide(2 * sharpness, half, out=half)
    half -= sharpness + np.log(i0(sharpness))
    return np.asarray(np.exp(half, out=half))


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
    azimuth = np.arctan2(minor, major)
    major *= major
    minor *= minor
    major += minor
    return np.sqrt(major, out=major), azimuth


def outer_disc(galaxy: Sources, radius: Floats) -> Floats:
    """Return the brightness of unit-flux discs, faded out inwards of `BAR_RADIUS`."""
    inward = (radius * (1 / BAR_RADIUS)) ** 2
    inward *= -inward
    # An exponential that underflows costs five times as much.
    np.exp(np.maximum(inward, -40, out=inward), out=inward)
    np.subtract(1, inward, out=inward)
    disc = -SLOPE * radius
    np.exp(disc, out=disc)
    disc *= inward
    disc *= SLOPE**2 / (2 * np.pi * galaxy["axis_ratio"] * galaxy["half_light_radius"] ** 2)
    return np.asarray(disc)


def _resolved(galaxy: Sources, radius: Floats) -> Floats:
    """Return what is left of arms that are closer than any PSF or pixel can tell apart."""
    k = wave_number(galaxy, np.maximum(radius, galaxy["arm_radius_ratio"] / 700))
    left = 1 / (1 + (k / _CROWDED) ** 8)
    return np.asarray(np.where(galaxy["_crowded"] > _CROWDED / 8, left, 1.0))


def wave_number(galaxy: Sources, radius: Floats) -> Floats:
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
    blur = 2 + _PSF_WIDTHS * sources["psf_fwhm"]
    half_width = np.minimum(dark, sources["_visible"] + blur)
    # What ends before the image begins need not be drawn at all.
    return np.asarray(np.where(dark + 3 * blur < sources["_away"], 1.0, half_width))


def arm_levels(sources: Sources) -> nested.Levels:
    """Return the sampling that resolves the arms."""
    galaxy = {name: values[:, None] for name, values in sources.items()}
    around = galaxy["arm_count"] / (galaxy["half_light_radius"] * RADII)
    return levels(galaxy, wave_number(galaxy, RADII), around, galaxy["arm_sharpness"])


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
    there = (light > 0) & np.tile(radially < 2 * _CROWDED, 2)
    fastest = np.where(there, np.maximum(harmonic, 1), 0.1) * np.minimum(k, 20 * _CROWDED)
    wanted = 2 * np.pi / (fastest + np.minimum(fastest, passed))
    flat = {name: values[:, 0] for name, values in galaxy.items()}
    return nested.levels(_half_width(flat), radius, wanted)
