"""The table of light curves: a new kind is a module and a line here."""

from skybench.generators.series.light_curve import (
    constant,
    eclipsing_binary,
    flare,
    pulsator,
    supernova,
    transit,
)
from skybench.generators.series.light_curve.variation import Variation

VARIATIONS: dict[str, Variation] = {
    variation.name: variation
    for variation in (
        constant.VARIATION,
        transit.VARIATION,
        eclipsing_binary.VARIATION,
        pulsator.RR_LYRAE,
        pulsator.CEPHEID,
        flare.VARIATION,
        supernova.VARIATION,
    )
}
"""Kinds of light curves by name."""
