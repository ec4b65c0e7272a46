"""A star that does not vary."""

import numpy as np

from skybench.generators.arrays import Floats, Parameters
from skybench.generators.series.light_curve.light_curve import LightCurve


class Constant(LightCurve):
    """Star that does not vary; what its light curve shows is noise."""

    code = 1
    formula = "f = 1"
    reference = "none"
    accuracy = "1"
    example = 'generate("lightcurves", 2, 3).relative_flux[0]'

    @staticmethod
    def relative_flux(stars: Parameters, times: Floats) -> Floats:
        """Return 1 throughout."""
        return np.ones_like(times)
