"""A supernova-like transient over the steady light of its host."""

from collections.abc import Mapping

import numpy as np

from skybench.generators.distributions import LogUniform, Uniform
from skybench.generators.series.light_curve.variation import Floats, Variation


def _logarithm(times: Floats, rise: Floats, fall: Floats) -> Floats:
    """Return log[exp(-t / fall) / (1 + exp(-t / rise))], for instants however early."""
    return np.asarray(-times / fall - np.logaddexp(0, -times / rise))


def shape(times: Floats, rise: Floats, fall: Floats) -> Floats:
    """Return the template: 1 at its peak.

    Parameters
    ----------
    times : array
        Since the peak.
    rise, fall : array
        Time scales of the rise and, longer, of the decline.

    References
    ----------
    Bazin et al. (2009), A&A 499, 653, equation 1.
    """
    peak = rise * np.log(fall / rise - 1)
    height = _logarithm(peak, rise, fall)
    return np.asarray(np.exp(_logarithm(times + peak, rise, fall) - height))


def flux(stars: Mapping[str, Floats], times: Floats) -> Floats:
    """Return 1 and the transient."""
    rise = stars["rise_time"]
    fall = rise * stars["fall_rise_ratio"]
    return np.asarray(1 + stars["peak_amplitude"] * shape(times - stars["epoch"], rise, fall))


VARIATION = Variation(
    name="supernova",
    code=7,
    summary="Transient that rises in days and fades in weeks, as a supernova does.",
    formula="exp(-t / fall) / [1 + exp(-t / rise)], over its value at the peak",
    reference="Bazin et al. (2009), A&A 499, 653, equation 1",
    accuracy="exact for the template",
    example="Supernova(epoch=12).render()",
    defaults={
        "epoch": Uniform(distribution="uniform", low=8, high=28),
        "rise_time": Uniform(distribution="uniform", low=1, high=3),
        "fall_rise_ratio": Uniform(distribution="uniform", low=3, high=8),
        "peak_amplitude": LogUniform(distribution="log_uniform", low=0.03, high=0.5),
    },
    flux=flux,
)
