"""The arms of discs: their curve, their light, and its transform.

They follow the curve of Ringermacher & Mead (2009, MNRAS 397, 164, equation 1),

    r(phi) = A / log[B tan(phi / 2N)],

whose inverse is closed and total, so that each point of the disc knows its phase:

    phi(r) = 2N arctan(exp(A / r) / B).

Near the centre phi is constant, a bar; outwards it winds by up to 2N arctan(B). The pitch
angle P follows from tan P = dr / (r dphi):

    tan P = (r / (2 N A)) (u + 1 / u),    u = exp(A / r) / B.

The disc is multiplied by 1 + c (exp(s cos m(phi - phi(r))) / I0(s) - 1), whose mean over the
azimuth is exactly 1: arms move light around the disc and never add any. Patches follow logarithmic
spirals, phi(r) = -cot P ln r, instead.

No light is sampled on the sky. A pattern is a sum of harmonics exp(i n m (theta + phi(r))), and
each has a Hankel transform in the plane of its disc, whatever the inclination: two Fourier
transforms over ln r (Hamilton 2000, MNRAS 312, 257), with as many radii as its winding asks for.
The kernel `arms.c` makes these tables and looks them up at the frequencies of the sky.
"""

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ive, loggamma

from skybench.generators.arrays import Floats, Integers, Singles
from skybench.generators.native.library import kernel
from skybench.generators.sky import asymmetry, sersic_profile
from skybench.generators.sky.fourier import Grid
from skybench.generators.sky.radial_table import NODES as RADIAL_NODES
from skybench.generators.sky.stamps import Sources

SLOPE = 1.6783469900166605
"""b of the exponential disc."""

BAR_RADIUS = 0.4
"""Arms fade inwards of this many half-light radii: their phase has no limit at r = 0."""

_NEGLIGIBLE = 2e-4
"""Part of the disc's light below which the fineness of arms does not matter."""

_PSF_FALL, _UNSEEN = 7.0, 1e-5
"""ln of what the PSF leaves of the last frequency; what is left of harmonics that are not seen."""

_SEEN = 2.0
"""Wave number at which arms are faded out, over the highest that the PSF lets through."""

_CROWDED, _WOUND = 60.0, 300.0
"""The least of it, per half-light radius, and that of arms which would end within a few turns."""

_INNERMOST, _LOWEST = 0.02, 0.02
"""Radius, in half-light radii, and wave number, in their inverse, at which the tables begin."""

_SPANS = (8, 12, 16)
"""Logarithms of the last radius and wave number of a table over the first."""

_RADII = tuple(2**i for i in range(8, 15))
"""Numbers of radii of a table."""

_FEATURES = 28.0
"""Oscillations in radians per unit of ln r that the disc itself has, beside those of its arms."""

_WEIGHT = 0.5
"""Power of kappa that the transforms are multiplied by, so that neither end disturbs the other."""

_OVERSAMPLING, _HARMONICS, _MOST_HARMONICS = 2, 8, 24
"""Nodes a radius; harmonics that the kernel transforms together; as many as any pattern has."""

_ASKED = np.geomspace(0.08, 5, 24)
"""Radii at which patterns are asked how tightly they are wound."""

_COSINE = 1e-6
"""Sharpness of a pattern of which all but its first harmonic, its contrast times this, is 0."""

_MOST_RAGS = 5
"""Arms of the irregular harmonics, at most."""

_LEAST_PITCH = 5.0
"""Pitch in degrees below which these are wound no tighter: they would be rings."""

_LOOSEST, _TIGHTEST = 0.4, 1.2
"""Their winding over the cotangent of the pitch angle."""

_DARK = 1e-10
"""Light that is none."""

_arms = kernel("arms")


def arm_phase(
    radius: Floats, winding: Floats | float, bulge_ratio: Floats | float, scale: Floats | float
) -> Floats:
    """Return phi(r) of the arms in radians, for a scale A in the units of the radius."""
    with np.errstate(divide="ignore", over="ignore"):
        angle = np.exp(scale / np.asarray(radius))
        angle = np.arctan(angle / bulge_ratio)
        return np.asarray(angle * (2 * winding))


def winding_of(pitch_angle: Floats, bulge_ratio: Floats, radius_ratio: Floats) -> Floats:
    """Return N such that the arms have the given pitch, in degrees, at the half-light radius."""
    u = np.exp(radius_ratio) / bulge_ratio
    return np.asarray((u + 1 / u) / (2 * radius_ratio * np.tan(np.deg2rad(pitch_angle))))


def pitch_of(winding: Floats, bulge_ratio: Floats, radius_ratio: Floats) -> Floats:
    """Return the pitch in degrees at the half-light radius."""
    u = np.exp(radius_ratio) / bulge_ratio
    return np.asarray(np.rad2deg(np.arctan((u + 1 / u) / (2 * winding * radius_ratio))))


def disc_light(radius: Floats) -> Floats:
    """Return the brightness of a face-on disc of unit flux and radius, where arms share in it."""
    fade = 1 - np.exp(-((radius / BAR_RADIUS) ** 4))
    return np.asarray(SLOPE**2 / (2 * np.pi) * np.exp(-SLOPE * radius) * fade)


class Waves(NamedTuple):
    """Patterns on the discs of m galaxies, each an (m, patterns) array.

    Attributes
    ----------
    logarithmic : 1 for logarithmic spirals, whose ``winding`` is the cotangent of their pitch; 0
        for arms of `arm_phase`
    number : of arms
    winding, scale, bulge_ratio : N or cot P, A over the half-light radius, B
    angle : what is added to the number times the azimuth, in radians
    contrast, sharpness : c and s
    """

    logarithmic: Floats
    number: Floats
    winding: Floats
    scale: Floats
    bulge_ratio: Floats
    angle: Floats
    contrast: Floats
    sharpness: Floats


def long_arms(sources: Sources) -> Waves:
    """Return the one pattern of spiral galaxies: their arms."""
    count, hand = sources["arm_count"], sources["arm_handedness"]
    angle = -count * hand * np.deg2rad(sources["arm_angle"])
    names = ("winding", "radius_ratio", "bulge_ratio", "contrast", "sharpness")
    winding, scale, ratio, contrast, sharpness = (sources[f"arm_{name}"] for name in names)
    columns = (0 * count, count, winding, scale, ratio, angle, contrast, sharpness)
    return Waves(*(np.asarray(column)[:, None] for column in columns))


def uneven_arms(sources: Sources, waves: Waves) -> Waves:
    """Return patterns with those of lopsidedness and raggedness beside them; see `asymmetry`."""
    if not asymmetry.uneven(sources).any():
        return waves
    side, ragged = (asymmetry.column(sources, n) for n in ("lopsidedness", "raggedness"))
    number, share, phase = asymmetry.rags(sources, 1, _MOST_RAGS)
    tangent = np.tan(np.deg2rad(np.maximum(sources["pitch_angle"], _LEAST_PITCH)))
    winding = (_LOOSEST + (_TIGHTEST - _LOOSEST) * share) / tangent[:, None]
    heading = np.deg2rad(asymmetry.column(sources, "lopsidedness_angle"))
    first = np.ones((side.size, 1))
    left = (1 - side)[:, None]
    each = left * ragged[:, None] / asymmetry.RAGS * np.ones_like(number)
    amplitude = np.concatenate([side[:, None], each], axis=1)
    # What has no amplitude shall not make a transform complex.
    numbers = np.where(amplitude > 0, np.hstack([first, number]), waves.number[:, :1])
    added = Waves(
        logarithmic=np.ones_like(amplitude),
        number=numbers,
        winding=np.hstack([0 * first, winding]),
        scale=np.ones_like(amplitude),
        bulge_ratio=np.ones_like(amplitude),
        angle=-np.hstack([(sources["arm_handedness"] * heading)[:, None], phase]),
        contrast=amplitude / _COSINE,
        sharpness=np.full_like(amplitude, _COSINE),
    )
    kept = waves._replace(contrast=waves.contrast * (left * (1 - ragged[:, None])))
    return Waves(*(np.concatenate(pair, axis=1) for pair in zip(kept, added, strict=True)))


def planned(sources: Sources, waves: Waves, amount: Floats, seen: Floats) -> Sources:
    """Return what `transform` reads beside the sources: their patterns, and tables for them.

    Parameters
    ----------
    sources : Sources
        Half-light radius, axis ratio, position angle and handedness are read.
    waves : Waves
    amount : (m,) array
        Flux of the disc that the patterns move around.
    seen : (m,) array
        Highest frequency at which arms are seen, in radians a pixel.
    """
    strengths = _strengths(waves, sources["half_light_radius"] * seen)
    plans = _plans(waves, strengths, sources["half_light_radius"] * seen)
    return {
        "_patterns": np.stack(waves, axis=2),
        "_amplitudes": _amplitudes(waves.number, amount, strengths, plans.orders),
        "_orders": plans.orders,
        "_plane": _plane(sources),
        "_arms": np.stack([seen, plans.crowded, plans.unit, plans.groups], axis=1),
        "_tables": np.stack([plans.span, plans.radii], axis=1),
    }


def transform(sources: Sources, on: Grid, *, real: bool) -> NDArray[Any]:
    """Return the transforms of discs with patterns and of their bulges.

    All tables are of one shape (``_tables``), and all profiles tapered alike.

    Parameters
    ----------
    sources : Sources
        What `planned` returns, the flux of disc and bulge (``_disc_flux``, ``_bulge_flux``), the
        steps of their tapers (``_disc_step``, ``_bulge_step``), and the bulges' radius ratio and
        Sersic index are read.
    on : Grid
    real : bool
        All numbers of arms are even: what is the same after half a turn has a real transform.

    Returns
    -------
    (m, ky, kx) float32 or complex64 array
        Centred on the origin.
    """
    galaxies, (span, radii) = _galaxies(sources), sources["_tables"][0].tolist()
    steps = (int(sources[f"_{part}_step"][0]) for part in ("disc", "bulge"))
    profiles = (sersic_profile.transforms(step).singles for step in steps)
    shape = (len(galaxies), on.ky.size, on.kx.size, 1 if real else 2)
    transforms = np.empty(shape, dtype=np.float32)
    amplitudes = np.ascontiguousarray(sources["_amplitudes"])
    orders = np.ascontiguousarray(sources["_orders"])
    nodes, groups = _OVERSAMPLING * radii, amplitudes.shape[2] // _HARMONICS
    work = 2 * RADIAL_NODES + (2 + groups) * nodes * 2 * _HARMONICS
    _arms(
        galaxies, np.ascontiguousarray(sources["_patterns"]), amplitudes, orders, len(galaxies),
        float(on.kx[1]), on.kx.size - 1, shape[3], float(np.log(_LOWEST)), span / nodes,
        *_tables(span, radii, _ladder(int(orders.max()))),
        *profiles, np.empty(6 * radii, dtype=np.float32), np.empty(work, dtype=np.float32),
        transforms,
    )  # fmt: skip
    return (transforms if real else transforms.view(np.complex64))[..., 0]


def _galaxies(sources: Sources) -> Floats:
    """Return the columns that the kernel reads of each galaxy."""
    places = sersic_profile.transforms().place(np.log(sources["bulge_sersic_index"]))
    disc = sersic_profile.transforms().place(np.zeros_like(places))
    columns = (
        *(sources["_disc_flux"], disc, sources["_bulge_flux"], places),
        sources["bulge_radius_ratio"],
    )
    return np.concatenate([sources["_plane"], np.stack(columns, axis=1), sources["_arms"]], axis=1)


def _plane(sources: Sources) -> Floats:
    """Return (m, 4): how frequencies of the planes of discs follow from those of the sky."""
    angle, size = np.deg2rad(sources["position_angle"]), sources["half_light_radius"]
    minor = size * sources["axis_ratio"] * sources["arm_handedness"]
    cos, sin = np.cos(angle), np.sin(angle)
    return np.stack([size * cos, size * sin, -minor * sin, minor * cos], axis=1)


def _strengths(waves: Waves, seen: Floats) -> Floats:
    """Return (m, patterns, harmonics): 2 c I_n(s) / I0(s), or 0 where that is not seen.

    A harmonic of l = n m periods has hardly any wave number below l / r, and the PSF leaves about
    exp(-7 kappa / seen), where ``seen`` is the last, of exp(-b r): at most
    exp(-2 sqrt(7 b l / seen)).
    """
    n = np.arange(1, _MOST_HARMONICS + 1)
    sharpness = waves.sharpness[:, :, None]
    strength = 2 * waves.contrast[:, :, None] * ive(n, sharpness) / ive(0, sharpness)
    nearest = n * waves.number[:, :, None] / seen[:, None, None]
    visible = strength * np.exp(-2 * np.sqrt(_PSF_FALL * SLOPE * nearest)) > _UNSEEN
    return np.where(visible, strength, 0.0)


def _amplitudes(count: Floats, amount: Floats, strengths: Floats, orders: Integers) -> Floats:
    """Return (m, patterns, waves): the factors of waves of these orders.

    (-i)^order is the sign that is given here, or -i of it.
    """
    n, rest = np.divmod(orders[:, None], count[:, :, None].astype(np.int64))
    # Orders that only fill a group up are those of the last one again.
    first = np.diff(orders, axis=1, prepend=0) > 0
    known = (rest == 0) & (n <= _MOST_HARMONICS) & first[:, None]
    index = np.where(known, n, 1) - 1
    strength = np.where(known, np.take_along_axis(strengths, index, axis=2), 0.0)
    sign = np.where((orders + orders % 2) % 4 == 0, 1, -1)[:, None]
    return np.asarray(2 * np.pi * amount[:, None, None] * sign * strength)


def _orders(number: Integers, strengths: Floats) -> tuple[Integers, Integers]:
    """Return the orders (m, waves) that patterns have, ascending, and how many groups of them."""
    every = np.arange(1, _MOST_HARMONICS + 1) * number[:, :, None]
    has = np.zeros((len(number), _MOST_HARMONICS * int(number.max(initial=1)) + 1), dtype=bool)
    galaxy = np.broadcast_to(np.arange(len(number))[:, None, None], every.shape)
    seen = strengths > 0
    has[galaxy[seen], every[seen]] = True
    has[:, 0] = False
    none = ~has.any(axis=1)
    has[none, number[none, 0]] = True
    counts = has.sum(axis=1)
    groups = -(-counts // _HARMONICS)
    slot = np.minimum(np.arange(groups.max(initial=1) * _HARMONICS), counts[:, None] - 1)
    ascending = np.argsort(~has, axis=1, kind="stable")
    return np.take_along_axis(ascending, slot, axis=1), groups


class _Plans(NamedTuple):
    """Of each galaxy: where arms fade; orders and their unit; span, radii, groups of its tables."""

    crowded: Floats
    orders: Integers
    unit: Integers
    span: Integers
    radii: Integers
    groups: Integers


def _plans(waves: Waves, strengths: Floats, seen: Floats) -> _Plans:
    """Return the tables that resolve the patterns of each galaxy."""
    most = max(int((strengths > 0).sum(axis=2).max(initial=0)), 1)
    bright = strengths[:, :, :most, None] * disc_light(_ASKED) * (2 * np.pi / SLOPE**2)
    left = np.log(np.maximum(bright, _NEGLIGIBLE) / _NEGLIGIBLE)
    turning = _turning(waves)[:, :, None]
    wound = np.where((left > 0) & (waves.logarithmic < 1)[:, :, None, None], turning / _ASKED, 0)
    least = np.where(wound[:, :, 0].max(axis=(1, 2)) > _CROWDED, _WOUND, _CROWDED)
    crowded = np.maximum(_SEEN * seen, least)
    span = _at_least(_SPANS, np.log(crowded / _LOWEST))
    # Beyond the wave number where they fade, arms are soon gone.
    fastest = np.arange(1, most + 1)[:, None] * turning
    fastest = np.minimum(fastest, 1.5 * crowded[:, None, None, None] * _ASKED)
    fastest += _FEATURES * left / np.log(2 / _NEGLIGIBLE)
    fastest = np.where(left > 0, fastest, 0).max(axis=(1, 2, 3))
    number = waves.number.astype(np.int64)
    orders, groups = _orders(number, strengths)
    unit = np.gcd.reduce(orders, axis=1)
    radii = _at_least(_RADII, span / np.pi * fastest)
    return _Plans(crowded, orders, unit, span, radii, groups)


def _turning(waves: Waves) -> Floats:
    """Return (m, patterns, radii): how fast patterns turn, in radians per unit of ln r."""
    count, winding, scale, ratio = (waves[i][:, :, None] for i in (1, 2, 3, 4))
    u = np.exp(np.minimum(scale / _ASKED, 600)) / ratio
    arms = 2 * scale / (_ASKED * (u + 1 / u))
    return np.asarray(count * winding * np.where(waves.logarithmic[:, :, None] > 0, 1, arms))


def _at_least(ladder: tuple[int, ...], wanted: Floats) -> Integers:
    """Return the least of a ladder that is enough, or the last."""
    rung = np.minimum(np.searchsorted(ladder, wanted), len(ladder) - 1)
    return np.asarray(np.asarray(ladder)[rung])


class _Tables(NamedTuple):
    """What the kernel reads of all galaxies whose tables span as much with as many radii."""

    radius: Floats
    light: Floats
    turns: Singles
    symbols: Singles
    rescale: Singles


def _ladder(order: int) -> int:
    """Return the number of orders that is tabulated for one: a ladder, so that few are made."""
    return next(n for n in (33, 65, 129, 257) if order < n)


@lru_cache(maxsize=16)
def _tables(span: int, radii: int, orders: int) -> _Tables:
    nodes = _OVERSAMPLING * radii
    radius, kappa = np.empty(radii), np.empty(nodes)
    kernel("exponential")(np.log(_INNERMOST) + np.arange(radii) * (span / radii), radius)
    kernel("exponential")(np.log(_LOWEST) + np.arange(nodes) * (span / nodes), kappa)
    cosine, sine = np.empty((2, nodes))
    kernel("sine_cosine")(-2 * np.pi / nodes * np.arange(nodes), sine, cosine)
    light = disc_light(radius)
    # Numbers below the least normal one of float32 cost a hundred times as much.
    light[light < _DARK] = 0
    symbols = np.stack([_symbol(order, span, radii) for order in range(orders)])
    return _Tables(
        radius,
        light * radius ** (2 - _WEIGHT),
        np.stack([cosine, sine]).astype(np.float32),
        symbols.astype(np.float32),
        (kappa**-_WEIGHT).astype(np.float32),
    )


def _symbol(order: int, span: int, radii: int) -> Floats:
    """Return (2, radii): what the modes of light over ln r become in its Hankel transform.

    That is the Mellin transform of x^w J(x), over that of the B-spline by which it is looked up.
    """
    mode = np.fft.fftfreq(radii, 1 / radii)
    frequency = 2 * np.pi / span * mode
    s = _WEIGHT + 1j * frequency
    logarithm = (s - 1) * np.log(2) + loggamma((order + s) / 2) - loggamma((order - s) / 2 + 1)
    logarithm -= 1j * frequency * np.log(_INNERMOST * _LOWEST)
    symbol = np.exp(logarithm) / radii
    symbol *= 3 / (2 + np.cos(2 * np.pi * mode / (_OVERSAMPLING * radii)))
    symbol[radii // 2] = 0
    return np.stack([symbol.real, symbol.imag])
