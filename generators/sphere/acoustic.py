"""A field with acoustic peaks, as the cosmic microwave background has them."""

import numpy as np

from skybench.generators.distributions import LogUniform, Uniform
from skybench.generators.profiles import Parameters
from skybench.generators.sphere.power_law import ACCURACY
from skybench.generators.sphere.profile import (
    Floats,
    SphereProfile,
    from_band_power,
    scale_free,
)

_PHASE = 0.267
"""Peaks lie at (n - phase) times the acoustic scale: 221 for the first, if that is 302."""


def power(parameters: Parameters, multipoles: Floats) -> Floats:
    """Return C_l of a plateau with peaks of equal distance and a damping tail."""
    phase = multipoles / parameters["acoustic_scale"][:, None]
    # Sound had no time to act on scales far beyond the horizon.
    inside = -np.expm1(-((2 * phase) ** 2))
    peaks = inside * np.cos(np.pi * (phase + _PHASE)) ** 2
    damping = np.exp(-((multipoles / parameters["damping_scale"][:, None]) ** 2))
    smooth = scale_free(parameters["spectrum_amplitude"], parameters["spectrum_tilt"], multipoles)
    contrast = parameters["acoustic_contrast"][:, None]
    return from_band_power(smooth * (1 + contrast * peaks) * damping, multipoles)


PROFILE = SphereProfile(
    name="acoustic",
    code=2,
    summary="Gaussian random field with acoustic peaks and a damping tail.",
    formula=(
        "l (l + 1) C_l / 2π = A² (l / 10)^tilt [1 + h (1 - e^(-4x²)) cos²(π (x + 0.267))] "
        "e^(-(l / l_D)²), x = l / l_A"
    ),
    reference="after Hu & Dodelson 2002, ARA&A 40, 171 (peaks, damping)",
    accuracy=ACCURACY,
    example="AcousticField(acoustic_scale=40, seed=1).render(nside=64)",
    defaults={
        "spectrum_amplitude": LogUniform(distribution="log_uniform", low=0.5, high=2),
        "spectrum_tilt": Uniform(distribution="uniform", low=-0.1, high=0.1),
        "acoustic_scale": Uniform(distribution="uniform", low=30, high=60),
        "acoustic_contrast": Uniform(distribution="uniform", low=2, high=6),
        "damping_scale": Uniform(distribution="uniform", low=80, high=160),
    },
    power=power,
)
