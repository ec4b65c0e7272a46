"""A flare: a star that brightens within minutes and fades in two stages."""

from skybench.generators.arrays import Floats, Parameters
from skybench.generators.declaration import parameter
from skybench.generators.distributions import log_uniform, uniform
from skybench.generators.native.library import kernel
from skybench.generators.series.light_curve.light_curve import LightCurve, computed
from skybench.generators.series.light_curve.vocabulary import DAYS

_flares = kernel("flares")


class Flare(LightCurve):
    """Star with one flare: a steep rise, a fast and then a slow decline."""

    code = 6
    formula = (
        "rise 1 + 1.941 x - 0.175 x^2 - 2.246 x^3 - 1.125 x^4 for -1 < x < 0, decline "
        "0.689 exp(-1.6 x) + 0.303 exp(-0.2783 x), x = 0.913 (t - epoch) / fwhm"
    )
    reference = "Davenport et al. (2014), ApJ 797, 122, equations 1 and 4"
    accuracy = "the template in long doubles; its halves differ by 0.8 % at the peak"
    example = "Flare(epoch=12, flare_fwhm=4).render()"

    epoch: float = parameter(default=uniform(2, 36))
    flare_fwhm: float = parameter(
        "full time of a flare above half its peak",
        units="day",
        domain=DAYS,
        default=log_uniform(0.08, 0.4),
    )
    peak_amplitude: float = parameter(default=log_uniform(0.05, 1))

    @staticmethod
    def relative_flux(stars: Parameters, times: Floats) -> Floats:
        """Return 1 and the flare."""
        return computed(_flares, stars, Flare.variables, times)
