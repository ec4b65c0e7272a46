"""A planet that passes in front of its star."""

from collections.abc import Mapping

import numpy as np

from skybench.generators.distributions import LogUniform, Uniform
from skybench.generators.series.light_curve.passage import eclipsed, separation
from skybench.generators.series.light_curve.variation import Floats, Variation


def flux(stars: Mapping[str, Floats], times: Floats) -> Floats:
    """Return the star's flux less what the dark disc of the planet blocks."""
    apart, front = separation(stars, times)
    u1, u2 = stars["limb_darkening_u1"], stars["limb_darkening_u2"]
    return np.asarray(1 - eclipsed(apart, front, stars["radius_ratio"], u1, u2))


VARIATION = Variation(
    name="transit",
    code=2,
    summary="Star with a planet that passes in front of it, on a circular orbit.",
    formula="f = 1 - share of the disc 1 - u1 (1 - mu) - u2 (1 - mu)^2 that is blocked",
    reference="Mandel & Agol (2002), ApJ 580, L171; Winn (2010), arXiv:1001.2010",
    accuracy="4e-8 of the flux against batman for a planet (its own error), 5e-7 for larger bodies",
    example="Transit(period=40, epoch=20, semi_major_axis_ratio=4).render()",
    defaults={
        "period": LogUniform(distribution="log_uniform", low=2, high=12),
        "epoch": Uniform(distribution="uniform", low=1, high=12),
        "radius_ratio": Uniform(distribution="uniform", low=0.05, high=0.15),
        "semi_major_axis_ratio": Uniform(distribution="uniform", low=6, high=15),
        "impact_parameter": Uniform(distribution="uniform", low=0, high=0.8),
        "limb_darkening_u1": Uniform(distribution="uniform", low=0.2, high=0.5),
        "limb_darkening_u2": Uniform(distribution="uniform", low=0.1, high=0.4),
    },
    flux=flux,
)
