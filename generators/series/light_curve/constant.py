"""A star that does not vary."""

from collections.abc import Mapping

import numpy as np

from skybench.generators.series.light_curve.variation import Floats, Variation


def flux(stars: Mapping[str, Floats], times: Floats) -> Floats:
    """Return 1 throughout."""
    return np.ones_like(times)


VARIATION = Variation(
    name="constant",
    code=1,
    summary="Star that does not vary; what its light curve shows is noise.",
    formula="f = 1",
    reference="none",
    accuracy="exact",
    example='generate("lightcurves", 2, 3).relative_flux[0]',
    defaults={},
    flux=flux,
)
