"""A planet that passes in front of its star."""

import numpy as np

from skybench.generators.arrays import Floats, Parameters
from skybench.generators.declaration import parameter
from skybench.generators.distributions import log_uniform, uniform
from skybench.generators.series.light_curve.passage import Passage, passing


class Transit(Passage):
    """Star with a planet that passes in front of it, on a circular orbit."""

    code = 2
    formula = "f = 1 - share of the disc 1 - u1 (1 - mu) - u2 (1 - mu)^2 that is blocked"
    reference = "Mandel & Agol (2002), ApJ 580, L171; Winn (2010), arXiv:1001.2010"
    accuracy = "adaptive quadrature of the rings of the star to 1e-12"
    example = "Transit(period=40, epoch=20, semi_major_axis_ratio=4).render()"

    period: float = parameter(default=log_uniform(2, 12))
    epoch: float = parameter(default=uniform(1, 12))
    radius_ratio: float = parameter(default=uniform(0.05, 0.15))
    semi_major_axis_ratio: float = parameter(default=uniform(6, 15))
    impact_parameter: float = parameter(default=uniform(0, 0.8))
    limb_darkening_u1: float = parameter(default=uniform(0.2, 0.5))
    limb_darkening_u2: float = parameter(default=uniform(0.1, 0.4))

    @staticmethod
    def relative_flux(stars: Parameters, times: Floats) -> Floats:
        """Return the star's flux less what the dark disc of the planet blocks."""
        dark = np.zeros_like(stars["period"])
        alone = {"surface_brightness_ratio": dark, "ellipsoidal_amplitude": dark}
        return passing(stars | alone, times)
