"""Two stars that eclipse each other."""

from skybench.generators.arrays import Floats, Parameters
from skybench.generators.declaration import parameter
from skybench.generators.distributions import log_uniform, uniform
from skybench.generators.series.light_curve.passage import Passage, passing
from skybench.generators.variable import Interval


class EclipsingBinary(Passage):
    """Two stars on a circular orbit that eclipse each other, pulled out of round."""

    code = 3
    formula = (
        "f = [1 - B(d, k) + J k^2 (1 - B(d / k, 1 / k))] / (1 + J k^2) (1 - A cos(4 pi x)), "
        "B the share that is blocked"
    )
    reference = "Mandel & Agol (2002), ApJ 580, L171; Morris & Naftilan (1993), ApJ 419, 344"
    accuracy = "adaptive quadrature of the rings of the stars to 1e-12"
    example = "EclipsingBinary(period=30, semi_major_axis_ratio=5).render()"

    period: float = parameter(default=log_uniform(1, 10))
    epoch: float = parameter(default=uniform(0, 10))
    radius_ratio: float = parameter(default=uniform(0.4, 1))
    surface_brightness_ratio: float = parameter(
        "mean surface brightness of the smaller star over that of the larger",
        units=None,
        domain=Interval(0, 10),
        after="limb_darkening_u2",
        default=uniform(0.1, 1),
    )
    semi_major_axis_ratio: float = parameter(default=uniform(3, 10))
    impact_parameter: float = parameter(default=uniform(0, 1.1))
    limb_darkening_u1: float = parameter(default=uniform(0.2, 0.5))
    limb_darkening_u2: float = parameter(default=uniform(0.1, 0.4))
    ellipsoidal_amplitude: float = parameter(
        "amplitude of the ellipsoidal variation, as a share of the flux",
        units=None,
        domain=Interval(0, 0.2),
        default=log_uniform(0.001, 0.02),
    )

    @staticmethod
    def relative_flux(stars: Parameters, times: Floats) -> Floats:
        """Return the flux of both stars less what each blocks of the other."""
        return passing(stars, times)
