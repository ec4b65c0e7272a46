"""A supernova-like transient over the steady light of its host."""

import numpy as np

from skybench.generators.arrays import Floats, Parameters
from skybench.generators.declaration import parameter
from skybench.generators.distributions import log_uniform, uniform
from skybench.generators.series.light_curve.light_curve import LightCurve
from skybench.generators.series.light_curve.vocabulary import DAYS
from skybench.generators.variable import Interval


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


class Supernova(LightCurve):
    """Transient that rises in days and fades in weeks, as a supernova does."""

    code = 7
    formula = "exp(-t / fall) / [1 + exp(-t / rise)], over its value at the peak"
    reference = "Bazin et al. (2009), A&A 499, 653, equation 1"
    accuracy = "the formula in long doubles"
    example = "Supernova(epoch=12).render()"

    epoch: float = parameter(default=uniform(8, 28))
    rise_time: float = parameter(
        "time scale of the rise", units="day", domain=DAYS, default=uniform(1, 3)
    )
    fall_rise_ratio: float = parameter(
        "time scale of the decline over that of the rise",
        units=None,
        domain=Interval(1.1, 1000),
        default=uniform(3, 8),
    )
    peak_amplitude: float = parameter(default=log_uniform(0.03, 0.5))

    @staticmethod
    def relative_flux(stars: Parameters, times: Floats) -> Floats:
        """Return 1 and the transient."""
        rise = stars["rise_time"]
        fall = rise * stars["fall_rise_ratio"]
        return np.asarray(1 + stars["peak_amplitude"] * shape(times - stars["epoch"], rise, fall))
