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

No light is sampled on the sky. A pattern is a sum of harmonics exp(i n m (theta + phi(r))), and each
has a Hankel transform in the plane of its disc, whatever the inclination: two Fourier transforms
over ln r (Hamilton 2000, MNRAS 312, 257), with as many radii as its winding asks for. The kernel
`arms.c` makes these tables and looks them up at the frequencies of the sky.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ive, loggamma

from skybench.generators.arrays import Complexes, Floats, Integers
from skybench.generators.native.library import kernel
from skybench.generators.sky.fourier import Grid
from skybench.generators.sky.stamps import Sources

SLOPE = 1.6783469900166605
"""b of the exponential disc."""

BAR_RADIUS = 0.4
"""Arms fade inwards of this many half-light radii: their phase has no limit at r = 0."""

_NEGLIGIBLE = 1e-4
"""Harmonics of the arms below this part of the disc's light are left out."""

_SEEN, _LEAST_CROWDED = 2.0, 60.0
"""Wave number at which arms are faded out, over the highest that the PSF lets through; the least, per
half-light radius."""

_INNERMOST, _LOWEST = 0.02, 0.02
"""Radius, in half-light radii, and wave number, in their inverse, at which the tables begin."""

_SPANS = (8, 12, 16)
"""Logarithms of the last radius and wave number of a table over the first."""

_RADII = tuple(2**i for i in range(7, 15))
"""Numbers of radii of a table."""

_FEATURES = 22.0
"""Oscillations in radians per unit of ln r that the disc itself has, beside those of its arms."""

_WEIGHT = 0.5
"""Power of kappa that the transforms are multiplied by, so that neither end disturbs the other."""

_OVERSAMPLING, _HARMONICS, _MOST_HARMONICS = 2, 8, 24
"""Nodes a radius; harmonics that the kernel transforms together; as many as any pattern has."""

_ASKED = np.geomspace(0.05, 6, 48)
"""Radii at which patterns are asked how tightly they are wound."""

_FARTHEST = 6.0
"""Radius beyond which arms are dark, in half-light radii."""


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
    count : number of arms
    winding, scale, bulge_ratio : N or cot P, A over the half-light radius, B
    angle : what is added to count times the azimuth, in radians
    contrast, sharpness : c and s
    """

    logarithmic: Floats
    count: Floats
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


def transform(
    sources: Sources, waves: Waves, amount: Floats, smooth: Floats, on: Grid, rest: Floats
) -> Floats | Complexes:
    """Return the transforms of discs with patterns, and of what else there is.

    Parameters
    ----------
    sources : Sources
        Half-light radius, axis ratio, position angle and handedness are read.
    waves : Waves
    amount : (m,) array
        Flux of the disc that the patterns move around.
    smooth : (m,) array
        Flux of the exponential disc that is drawn.
    on : Grid
    rest : (m, ky, kx) array
        Added.

    Returns
    -------
    (m, ky, kx) array
        Centred on the origin; real if all numbers of arms are even.
    """
    size = sources["half_light_radius"]
    seen = size * on.kx[-1]
    amplitudes = _amplitudes(waves, amount, seen)
    galaxies = _geometry(sources, smooth, on)
    spans, radii = _plans(waves, amplitudes, seen)
    patterns = np.stack(waves[:6], axis=2)
    real = bool((waves.count % 2 == 0).all())
    transforms = np.empty(rest.shape, dtype=np.float64 if real else np.complex128)
    groups = np.ceil(_used(amplitudes) / _HARMONICS).astype(np.int64).clip(1)
    keys = np.stack([spans, radii, groups], axis=1)
    for key in np.unique(keys, axis=0).tolist():
        some = np.flatnonzero((keys == key).all(axis=1))
        kept = amplitudes[some, :, : key[2] * _HARMONICS]
        transforms[some] = _drawn(galaxies[some], patterns[some], kept, on, rest[some], real, key)
    return transforms


def _drawn(
    galaxies: Floats,
    patterns: Floats,
    amplitudes: Floats,
    on: Grid,
    rest: Floats,
    real: bool,
    key: list[int],
) -> Floats | Complexes:
    """Return the transforms of galaxies whose tables have one shape."""
    span, radii, groups = key
    tables = _tables(span, radii, _ladder(int(patterns[:, :, 1].max()) * groups * _HARMONICS))
    parts = np.empty((*rest.shape, 1 if real else 2))
    step = span / (_OVERSAMPLING * radii)
    work = (2 + patterns.shape[1] * groups) * _OVERSAMPLING * radii * 2 * _HARMONICS
    kernel("arms")(
        np.ascontiguousarray(galaxies),
        np.ascontiguousarray(patterns),
        np.ascontiguousarray(amplitudes),
        len(galaxies),
        on.kx,
        on.ky,
        float(np.log(_LOWEST)),
        step,
        *tables,
        np.ascontiguousarray(rest),
        np.empty(3 * radii),
        np.empty(work, dtype=np.float32),
        parts,
    )
    return parts[..., 0] if real else parts.view(np.complex128)[..., 0]


def _geometry(sources: Sources, smooth: Floats, on: Grid) -> Floats:
    """Return how frequencies of the planes of discs follow from those of the sky, and the rest."""
    angle, size = np.deg2rad(sources["position_angle"]), sources["half_light_radius"]
    minor = size * sources["axis_ratio"] * sources["arm_handedness"]
    cos, sin = np.cos(angle), np.sin(angle)
    last = np.full(size.shape, on.kx[-1])
    length = np.full(size.shape, 1 / SLOPE)
    crowded = _crowded(size * last)
    columns = (size * cos, size * sin, -minor * sin, minor * cos, smooth, length, last, crowded)
    return np.stack(columns, axis=1)


def _crowded(seen: Floats) -> Floats:
    """Return the wave number, per half-light radius, at which arms are faded out."""
    return np.maximum(_SEEN * seen, _LEAST_CROWDED)


def _amplitudes(waves: Waves, amount: Floats, seen: Floats) -> Floats:
    """Return (m, patterns, harmonics): how strong each is, 0 where it cannot be seen.

    exp(s cos x) / I0(s) has the harmonics 2 I_n(s) / I0(s); (-i)^(n m) is that sign, or -i of it.
    A harmonic of n m periods has power from kappa r of about n m on.
    """
    n = np.arange(1, _MOST_HARMONICS + 1)
    order = n * waves.count[:, :, None]
    sharpness = waves.sharpness[:, :, None]
    strength = 2 * waves.contrast[:, :, None] * ive(n, sharpness) / ive(0, sharpness)
    nearest = order / (1.5 * seen[:, None, None])
    visible = (strength * np.exp(-SLOPE * nearest) > _NEGLIGIBLE) & (nearest < _FARTHEST)
    sign = np.where((order + order % 2) % 4 == 0, 1, -1)
    scale = 2 * np.pi * amount[:, None, None]
    return np.where(visible, sign * scale * strength, 0.0)


def _used(amplitudes: Floats) -> Integers:
    """Return the highest harmonic of any pattern of each galaxy."""
    n = np.arange(1, amplitudes.shape[2] + 1)
    return np.asarray(np.where(amplitudes != 0, n, 0).max(axis=(1, 2)))


def _plans(waves: Waves, amplitudes: Floats, seen: Floats) -> tuple[Integers, Integers]:
    """Return the span of ln r and the number of radii that resolve the patterns of each galaxy."""
    span = np.asarray(_SPANS)[
        np.minimum(
            np.searchsorted(_SPANS, np.log(_crowded(seen) / _LOWEST)),
            len(_SPANS) - 1,
        )
    ]
    n = np.where(amplitudes != 0, np.arange(1, amplitudes.shape[2] + 1), 0).max(axis=2)
    count, winding, scale, ratio = (waves[i][:, :, None] for i in (1, 2, 3, 4))
    u = np.exp(np.minimum(scale / _ASKED, 600)) / ratio
    turning = np.where(
        waves.logarithmic[:, :, None] > 0,
        count * winding,
        count * winding * 2 * scale / (_ASKED * (u + 1 / u)),
    )
    # The harmonics that are bright at a radius: exp(-n^2 / 2s) of a disc that is fading itself.
    sharpness = np.maximum(waves.sharpness[:, :, None], 0.5)
    left = np.maximum(np.log(2 / _NEGLIGIBLE) - SLOPE * _ASKED, 0)
    bright = np.minimum(n[:, :, None], np.sqrt(2 * sharpness * left) + 1)
    fastest = np.minimum(bright * turning, 1.5 * _crowded(seen)[:, None, None] * _ASKED)
    fastest = np.where(left > 0, fastest, 0).max(axis=(1, 2))
    wanted = span / np.pi * (fastest + _FEATURES)
    radii = np.asarray(_RADII)[np.minimum(np.searchsorted(_RADII, wanted), len(_RADII) - 1)]
    return span, radii


class _Tables(NamedTuple):
    """What the kernel reads of all galaxies whose tables span as much with as many radii."""

    radius: Floats
    light: Floats
    turns: NDArray[np.float32]
    symbols: NDArray[np.float32]
    rescale: NDArray[np.float32]


def _ladder(order: int) -> int:
    """Return the number of orders that is tabulated for one: a ladder, so that few are made."""
    return next(n for n in (33, 65, 129, 257) if order < n)


@lru_cache(maxsize=16)
def _tables(span: int, radii: int, orders: int) -> _Tables:
    nodes = _OVERSAMPLING * radii
    radius, kappa = np.empty(radii), np.empty(nodes)
    kernel("exponential")(np.log(_INNERMOST) + np.arange(radii) * (span / radii), radius)
    kernel("exponential")(np.log(_LOWEST) + np.arange(nodes) * (span / nodes), kappa)
    cosine, sine = np.empty((2, nodes // 2))
    kernel("sine_cosine")(-2 * np.pi / nodes * np.arange(nodes // 2), sine, cosine)
    symbols = np.stack([_symbol(order, span, radii) for order in range(orders)])
    return _Tables(
        radius,
        disc_light(radius) * radius ** (2 - _WEIGHT),
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
