"""Light curves in numpy: what the kernels must agree with."""

import numpy as np

from skybench.generators.variable import round_mantissa

TIME_BITS = 32
HARMONICS = 7
RISE = (1.0, 1.941, -0.175, -2.246, -1.125)
FADING = ((0.6890, 1.600), (0.3030, 0.2783))
FLARE_WIDTH = 0.913056


def phase(stars, times):
    turns = (times - stars["epoch"]) / stars["period"]
    return turns - np.rint(turns)


def instants(
    uniform,
    *,
    baseline,
    jitter,
    night_fraction,
    gap_start,
    gap_length,
):
    """Return rising instants in days, from 0 to the baseline."""
    count = uniform.shape[1]
    part = (baseline - gap_length[:, None]) / count
    times = (np.arange(count) + 0.5 + jitter * (uniform - 0.5)) * part
    times = np.where(times < gap_start[:, None], times, times + gap_length[:, None])
    day = np.floor(times)
    return round_mantissa(day + night_fraction * (times - day), TIME_BITS)


def damped_walk(normal, times, amplitude, timescale):
    """Return an Ornstein-Uhlenbeck process at any instants, exactly."""
    steps = np.diff(times, axis=1) / timescale[:, None]
    kept = np.exp(-steps)
    fresh = np.sqrt(-np.expm1(-2 * steps))
    walk = np.empty_like(normal)
    walk[:, 0] = normal[:, 0]
    for at in range(1, times.shape[1]):
        walk[:, at] = kept[:, at - 1] * walk[:, at - 1] + fresh[:, at - 1] * normal[:, at]
    return np.asarray(amplitude[:, None] * walk)


def harmonic(angle, order, ratio, turn):
    return ratio * np.cos(order * (angle + np.pi) + turn)


def pulsator(stars, times):
    angle = 2 * np.pi * phase(stars, times)
    ratio, turn = stars["fourier_r31"].copy(), stars["fourier_phi31"].copy()
    fall = np.where(stars["fourier_r21"] > 0, ratio / np.maximum(stars["fourier_r21"], 1e-12), 0)
    fall = np.minimum(fall, 1)
    total = harmonic(angle, 1, np.ones_like(ratio), np.zeros_like(turn))
    total += harmonic(angle, 2, stars["fourier_r21"], stars["fourier_phi21"])
    for order in range(3, HARMONICS + 1):
        total += harmonic(angle, order, ratio, turn)
        ratio = ratio * fall
        turn = turn + stars["fourier_phi31"] - stars["fourier_phi21"]
    return np.asarray(10 ** (-0.4 * stars["pulsation_amplitude"] * total))


def flare_shape(times):
    """Return the template: 0 before, 1 at the peak."""
    early = np.clip(times, -1, 0)
    rise = sum(term * early**power for power, term in enumerate(RISE))
    late = np.maximum(times, 0)
    fading = sum(height * np.exp(-rate * late) for height, rate in FADING)
    return np.where(times < -1, 0, np.where(times <= 0, rise, fading))


def flare(stars, times):
    since = (times - stars["epoch"]) / stars["flare_fwhm"]
    return 1 + stars["peak_amplitude"] * flare_shape(FLARE_WIDTH * since)


def transient_logarithm(times, rise, fall):
    """Return log[exp(-t / fall) / (1 + exp(-t / rise))], for instants however early."""
    return np.asarray(-times / fall - np.logaddexp(0, -times / rise))


def transient_shape(times, rise, fall):
    """Return the template: 1 at its peak."""
    peak = rise * np.log(fall / rise - 1)
    height = transient_logarithm(peak, rise, fall)
    return np.asarray(np.exp(transient_logarithm(times + peak, rise, fall) - height))


def supernova(stars, times):
    rise = stars["rise_time"]
    fall = rise * stars["fall_rise_ratio"]
    return 1 + stars["peak_amplitude"] * transient_shape(times - stars["epoch"], rise, fall)


def separation(stars, times):
    """Return the distance of both centres in radii of the star, and the cosine of the phase."""
    angle = 2 * np.pi * phase(stars, times)
    sine, cosine = np.sin(angle), np.cos(angle)
    across = stars["semi_major_axis_ratio"] * sine
    along = stars["impact_parameter"] * cosine
    return np.sqrt(across * across + along * along), cosine


def brightness(cosine, u1, u2):
    """Return the surface brightness over the centre's: 1 - u1 (1 - mu) - u2 (1 - mu)^2."""
    return 1 - (1 - cosine) * (u1 + u2 * (1 - cosine))


NODES, WEIGHTS = np.polynomial.legendre.leggauss(100)


def blocked(separation, radius_ratio, u1, u2):
    """Return the share of the star's light that the disc blocks, ring by ring.

    The radius goes from end to end as a cosine, the angle again as one, so that square roots at
    the ends and logarithms near them leave the integrand smooth.
    """
    inner, outer = np.abs(radius_ratio - separation), np.minimum(1, radius_ratio + separation)
    hidden = within(np.clip(radius_ratio - separation, 0, 1), u1, u2)
    half = np.maximum(outer - inner, 0) / 2
    total = np.zeros_like(separation)
    for node, weight in zip(NODES, WEIGHTS, strict=True):
        turn = np.pi / 2 * (1 + node)
        angle = np.pi / 2 * (1 - np.cos(turn))
        low, high = half * (1 - np.cos(angle)), half * (1 + np.cos(angle))
        radius = inner + low
        mu = np.sqrt(np.maximum((1 - outer + high) * (1 + radius), 0))
        step = weight * np.sin(angle) * np.pi / 2 * np.sin(turn)
        total += step * radius * arc(separation, radius_ratio, radius) * brightness(mu, u1, u2)
    return (hidden + total * half) / (1 - u1 / 3 - u2 / 6)


def within(radius, u1, u2):
    """Return the light inside a radius, over pi: the integral of the brightness times 2 mu."""
    mu = np.sqrt(np.maximum(1 - radius * radius, 0))
    steps = (1 - u1 - u2, 2 * (u1 + 2 * u2) / 3, -u2 / 2)
    return sum(c * (1 - mu ** (2 + power)) for power, c in enumerate(steps))


def arc(separation, radius_ratio, radius):
    """Return half the angle over which a ring is covered, by the half-angle formula."""
    away = (radius_ratio - separation + radius) * (radius_ratio + separation - radius)
    near = (separation + radius - radius_ratio) * (separation + radius + radius_ratio)
    return 2 * np.arctan2(np.sqrt(np.maximum(away, 0)), np.sqrt(np.maximum(near, 0)))


def passage(stars, times):
    """Return the flux of two bodies, each eclipsed where the other is in front."""
    apart, front = separation(stars, times)
    ratio, u1, u2 = (
        np.broadcast_to(stars[n], times.shape)
        for n in ("radius_ratio", "limb_darkening_u1", "limb_darkening_u2")
    )
    size = np.where(ratio > 0, ratio, 1)
    larger = 1 - np.where(front > 0, blocked(apart, ratio, u1, u2), 0)
    smaller = 1 - np.where(front < 0, blocked(apart / size, 1 / size, u1, u2), 0)
    light = stars["surface_brightness_ratio"] * ratio**2
    steady = (larger + light * smaller) / (1 + light)
    return steady * (1 - stars["ellipsoidal_amplitude"] * np.cos(4 * np.pi * phase(stars, times)))
