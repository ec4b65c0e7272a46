"""A field with acoustic peaks, as the cosmic microwave background has them."""

import numpy as np

from skybench.generators.arrays import Floats, Parameters
from skybench.generators.declaration import parameter
from skybench.generators.distributions import log_uniform, uniform
from skybench.generators.native.elementary import exponential, sine_cosine
from skybench.generators.sphere.sphere_field import (
    ACCURACY,
    SphereField,
    from_band_power,
    scale_free,
)
from skybench.generators.variable import Interval

_PHASE = 0.267
"""Peaks lie at (n - phase) times the acoustic scale: 221 for the first, if that is 302."""


class AcousticField(SphereField):
    """Gaussian random field with acoustic peaks and a damping tail."""

    code = 2
    former_names = ("acoustic",)
    formula = (
        "l (l + 1) C_l / 2π = A² (l / 10)^tilt [1 + h (1 - e^(-4x²)) cos²(π (x + 0.267))] "
        "e^(-(l / l_D)²), x = l / l_A"
    )
    reference = "after Hu & Dodelson 2002, ARA&A 40, 171 (peaks, damping)"
    accuracy = ACCURACY
    example = "AcousticField(acoustic_scale=40, seed=1).render(nside=64)"

    spectrum_amplitude: float = parameter(default=log_uniform(0.5, 2))
    spectrum_tilt: float = parameter(
        "exponent of l (l + 1) C_l in the multipole",
        units=None,
        domain=Interval(-4, 5),
        default=uniform(-0.1, 0.1),
    )
    acoustic_scale: float = parameter(
        "distance in multipole between acoustic peaks",
        units=None,
        domain=Interval(2, 3000),
        default=uniform(30, 60),
    )
    acoustic_contrast: float = parameter(
        "height of the acoustic peaks over the smooth spectrum",
        units=None,
        domain=Interval(0, 100),
        default=uniform(2, 6),
    )
    damping_scale: float = parameter(
        "multipole at which damping takes 1/e of the power",
        units=None,
        domain=Interval(1, 1e5),
        default=uniform(80, 160),
    )

    @staticmethod
    def power(parameters: Parameters, multipoles: Floats) -> Floats:
        """Return C_l of a plateau with peaks of equal distance and a damping tail."""
        phase = multipoles / parameters["acoustic_scale"][:, None]
        # Sound had no time to act on scales far beyond the horizon.
        inside = -np.expm1(-((2 * phase) ** 2))
        _, wave = sine_cosine(np.pi * (phase + _PHASE))
        peaks = inside * wave**2
        damping = exponential(-((multipoles / parameters["damping_scale"][:, None]) ** 2))
        smooth = scale_free(
            parameters["spectrum_amplitude"], parameters["spectrum_tilt"], multipoles
        )
        contrast = parameters["acoustic_contrast"][:, None]
        return from_band_power(smooth * (1 + contrast * peaks) * damping, multipoles)
