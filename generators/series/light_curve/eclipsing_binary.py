"""Two stars that eclipse each other."""

from collections.abc import Mapping

import numpy as np

from skybench.generators.distributions import LogUniform, Uniform
from skybench.generators.series.light_curve.passage import eclipsed, separation
from skybench.generators.series.light_curve.variation import Floats, Variation, phase


def flux(stars: Mapping[str, Floats], times: Floats) -> Floats:
    """Return the flux of both stars less what each blocks of the other."""
    apart, front = separation(stars, times)
    ratio = stars["radius_ratio"]
    u1, u2 = stars["limb_darkening_u1"], stars["limb_darkening_u2"]
    light = stars["surface_brightness_ratio"] * ratio**2
    larger = 1 - eclipsed(apart, front, ratio, u1, u2)
    # A second star without a size has no light that could be missed.
    size = np.where(ratio > 0, ratio, 1)
    smaller = 1 - eclipsed(apart / size, -front, 1 / size, u1, u2)
    steady = (larger + light * smaller) / (1 + light)
    tides = 1 - stars["ellipsoidal_amplitude"] * np.cos(4 * np.pi * phase(stars, times))
    return np.asarray(steady * tides)


VARIATION = Variation(
    name="eclipsing_binary",
    code=3,
    summary="Two stars on a circular orbit that eclipse each other, pulled out of round.",
    formula="f = [1 - B(d, k) + J k^2 (1 - B(d / k, 1 / k))] / (1 + J k^2) (1 - A cos(4 pi x)), "
    "B the share that is blocked",
    reference="Mandel & Agol (2002), ApJ 580, L171; Morris & Naftilan (1993), ApJ 419, 344",
    accuracy="the eclipses as for the transit; the tides are their leading harmonic",
    example="EclipsingBinary(period=30, semi_major_axis_ratio=5).render()",
    defaults={
        "period": LogUniform(distribution="log_uniform", low=1, high=10),
        "epoch": Uniform(distribution="uniform", low=0, high=10),
        "radius_ratio": Uniform(distribution="uniform", low=0.4, high=1),
        "surface_brightness_ratio": Uniform(distribution="uniform", low=0.1, high=1),
        "semi_major_axis_ratio": Uniform(distribution="uniform", low=3, high=10),
        "impact_parameter": Uniform(distribution="uniform", low=0, high=1.1),
        "limb_darkening_u1": Uniform(distribution="uniform", low=0.2, high=0.5),
        "limb_darkening_u2": Uniform(distribution="uniform", low=0.1, high=0.4),
        "ellipsoidal_amplitude": LogUniform(distribution="log_uniform", low=0.001, high=0.02),
    },
    flux=flux,
)
