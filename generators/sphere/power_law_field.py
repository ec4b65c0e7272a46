"""A field without a scale: its power spectrum is a power of the multipole."""

import numpy as np

from skybench.generators.arrays import Floats, Parameters
from skybench.generators.declaration import parameter
from skybench.generators.distributions import log_uniform, uniform
from skybench.generators.sphere.sphere_field import ACCURACY, PIVOT, SphereField, scale_free
from skybench.generators.variable import Interval


class PowerLawField(SphereField):
    """Gaussian random field whose power is a power of the multipole."""

    code = 1
    former_names = ("power_law",)
    formula = "C_l = 2π A² / (p (p + 1)) · (l / p)^slope, p = 10, l ≥ 2"
    reference = "Górski et al. 2005, ApJ 622, 759 (pixels)"
    accuracy = ACCURACY
    example = "PowerLawField(spectral_slope=-2.5, seed=1).render(nside=64)"

    spectrum_amplitude: float = parameter(default=log_uniform(0.5, 2))
    spectral_slope: float = parameter(
        "exponent of the power spectrum C_l in the multipole",
        units=None,
        domain=Interval(-6, 3),
        default=uniform(-3, 0),
    )

    @staticmethod
    def power(parameters: Parameters, multipoles: Floats) -> Floats:
        """Return C_l = 2 pi A^2 / (p (p + 1)) (l / p)^slope with p the pivot."""
        at_pivot = 2 * np.pi / (PIVOT * (PIVOT + 1))
        return at_pivot * scale_free(
            parameters["spectrum_amplitude"], parameters["spectral_slope"], multipoles
        )
