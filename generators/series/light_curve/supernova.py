"""A supernova-like transient over the steady light of its host."""

from skybench.generators.arrays import Floats, Parameters
from skybench.generators.declaration import parameter
from skybench.generators.distributions import log_uniform, uniform
from skybench.generators.native.library import kernel
from skybench.generators.series.light_curve.light_curve import LightCurve, computed
from skybench.generators.series.light_curve.vocabulary import DAYS
from skybench.generators.variable import Interval

_transients = kernel("transients")


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
        return computed(_transients, stars, Supernova.variables, times)
