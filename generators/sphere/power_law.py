"""A field without a scale: its power spectrum is a power of the multipole."""

import numpy as np

from skybench.generators.distributions import LogUniform, Uniform
from skybench.generators.profiles import Parameters
from skybench.generators.sphere.profile import PIVOT, Floats, SphereProfile, scale_free

ACCURACY = "alm to map within 4e-13 of its largest value (healpy, nside 1 to 512)"


def power(parameters: Parameters, multipoles: Floats) -> Floats:
    """Return C_l = 2 pi A^2 / (p (p + 1)) (l / p)^slope with p the pivot."""
    at_pivot = 2 * np.pi / (PIVOT * (PIVOT + 1))
    return at_pivot * scale_free(
        parameters["spectrum_amplitude"], parameters["spectral_slope"], multipoles
    )


PROFILE = SphereProfile(
    name="power_law",
    code=1,
    summary="Gaussian random field whose power is a power of the multipole.",
    formula="C_l = 2π A² / (p (p + 1)) · (l / p)^slope, p = 10, l ≥ 2",
    reference="Górski et al. 2005, ApJ 622, 759 (pixels)",
    accuracy=ACCURACY,
    example="PowerLawField(spectral_slope=-2.5, seed=1).render(nside=64)",
    defaults={
        "spectrum_amplitude": LogUniform(distribution="log_uniform", low=0.5, high=2),
        "spectral_slope": Uniform(distribution="uniform", low=-3, high=0),
    },
    power=power,
)
