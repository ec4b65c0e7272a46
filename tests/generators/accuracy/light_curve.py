"""Stars that vary, each against its formula in more digits or by adaptive quadrature."""

import numpy as np
from accuracy.measure import Measure
from series.light_curve.reference_eclipse import share

from skybench.generators import (
    Cepheid,
    Constant,
    EclipsingBinary,
    Flare,
    RRLyrae,
    Supernova,
    Transit,
)

LONG = np.longdouble
TURN = 8 * np.arctan(LONG(1))
FAR = np.arange(40) + 0.5


def over_flux(times, truth, star):
    """Return the largest error over the flux, which may be far above that of the quiet star."""
    flux = star.render(np.asarray(times, dtype=float)).values
    return float(np.max(np.abs(flux - truth) / np.maximum(np.abs(truth), 1)))


def constant(star):
    return over_flux(FAR, np.ones(FAR.size), star)


def near_eclipses(star):
    """Return instants in and around both eclipses."""
    reach = (1 + star.radius_ratio) / star.semi_major_axis_ratio / (2 * np.pi)
    phases = np.linspace(-1.1, 1.1, 23) * min(reach, 0.2)
    return star.epoch + star.period * np.concatenate([phases, 0.5 + phases, [0.25, 3.3]])


def separations(star, times):
    """Return the distances of the centres in radii of the star, and which is in front."""
    x = (times - star.epoch) / star.period
    angle = 2 * np.pi * (x - np.rint(x))
    across = star.semi_major_axis_ratio * np.sin(angle)
    return np.hypot(across, star.impact_parameter * np.cos(angle)), np.cos(angle)


def transit(star):
    times, u = near_eclipses(star), (star.limb_darkening_u1, star.limb_darkening_u2)
    pairs = zip(*separations(star, times), strict=True)
    truth = [1 - share(d, star.radius_ratio, *u) if front > 0 else 1.0 for d, front in pairs]
    return over_flux(times, np.array(truth), star)


def eclipsing_binary(star):
    times, k = near_eclipses(star), star.radius_ratio
    u = star.limb_darkening_u1, star.limb_darkening_u2
    light = star.surface_brightness_ratio * k**2
    truth = []
    for d, front in zip(*separations(star, times), strict=True):
        larger = 1 - share(d, k, *u) if front > 0 else 1.0
        smaller = 1 - share(d / k, 1 / k, *u) if front < 0 and k > 0 else 1.0
        truth.append((larger + light * smaller) / (1 + light))
    x = (times - star.epoch) / star.period
    tides = 1 - star.ellipsoidal_amplitude * np.cos(4 * np.pi * (x - np.rint(x)))
    return over_flux(times, np.array(truth) * tides, star)


def pulsator(star):
    """Sum the harmonics in long doubles, each by itself."""
    r21, r31 = LONG(star.fourier_r21), LONG(star.fourier_r31)
    step = LONG(star.fourier_phi31) - LONG(star.fourier_phi21)
    fall = min(r31 / r21, LONG(1)) if r21 > 0 else LONG(0)
    x = (LONG(1) * FAR - LONG(star.epoch)) / LONG(star.period)
    y = TURN * (x - np.rint(x)) + TURN / 2
    total = np.cos(y) + r21 * np.cos(2 * y + LONG(star.fourier_phi21))
    for order in range(3, 8):
        ratio, turn = r31 * fall ** (order - 3), LONG(star.fourier_phi31) + (order - 3) * step
        total += ratio * np.cos(order * y + turn)
    return over_flux(FAR, 10 ** (-LONG(0.4) * LONG(star.pulsation_amplitude) * total), star)


def flare(star):
    """Davenport et al. (2014), equations 1 and 4, in long doubles."""
    times = star.epoch + star.flare_fwhm * np.linspace(-2, 8, 40)
    t = LONG(0.913056) * (LONG(1) * times - LONG(star.epoch)) / LONG(star.flare_fwhm)
    powers = (1.0, LONG("1.941"), LONG("-0.175"), LONG("-2.246"), LONG("-1.125"))
    rise = sum(c * t**power for power, c in enumerate(powers))
    fall = LONG("0.6890") * np.exp(-LONG("1.600") * t) + LONG("0.3030") * np.exp(
        -LONG("0.2783") * t
    )
    shape = np.where(t < -1, 0, np.where(t <= 0, rise, fall))
    return over_flux(times, 1 + LONG(star.peak_amplitude) * shape, star)


def supernova(star):
    """Bazin et al. (2009), equation 1, over its value where its derivative is 0."""
    rise, fall = LONG(star.rise_time), LONG(star.rise_time) * LONG(star.fall_rise_ratio)
    times = star.epoch + float(rise) * np.linspace(-12, 40, 40)
    peak = rise * np.log(fall / rise - 1)

    def shape(t):
        return np.exp(-t / fall) / (1 + np.exp(-t / rise))

    truth = shape(LONG(1) * times - LONG(star.epoch) + peak) / shape(peak)
    return over_flux(times, 1 + LONG(star.peak_amplitude) * truth, star)


FLUX = "of the flux"
ORBIT = {
    "period": (0.2, 1000.0),
    "epoch": (-1000.0, 1000.0),
    "semi_major_axis_ratio": (2.0, 1e4),
    "limb_darkening_u2": (-0.5, 0.0),
}
PULSE = {
    "period": (0.05, 1000.0),
    "epoch": (-1000.0, 1000.0),
    "fourier_phi21": (0.0, 6.0),
    "fourier_phi31": (0.0, 12.0),
}


def _measure(kind, error, ends, **more):
    return Measure(kind=kind, scale=FLUX, error=error, ends=ends, **more)


MEASURES = (
    _measure(Constant, constant, {}, bulk=2),
    _measure(Transit, transit, ORBIT),
    _measure(EclipsingBinary, eclipsing_binary, ORBIT, bulk=24, combined=16),
    _measure(RRLyrae, pulsator, PULSE),
    _measure(Cepheid, pulsator, PULSE),
    _measure(
        Flare,
        flare,
        {"epoch": (-1000.0, 1000.0), "flare_fwhm": (0.001, 100.0)},
    ),
    _measure(
        Supernova,
        supernova,
        {"epoch": (-1000.0, 1000.0), "rise_time": (0.01, 100.0)},
    ),
)
