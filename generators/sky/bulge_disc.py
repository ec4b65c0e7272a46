"""A disc galaxy with a bulge: an exponential disc and a Sersic profile about one centre.

The profile of nearly every catalogue of bulge-disc decompositions (Simard et al. 2011, ApJS
196, 11, equations 1 and 3; Freeman 1970, ApJ 160, 811 for the disc):

    I(r) = (1 - B) I_1(r / R) + B I_n(r / (rho R)),

with I_n the Sersic profile of unit flux, R the half-light radius of the disc, rho the ratio of
the radii and B the bulge's share of the flux. The bulge is rounder than the inclined disc.
"""

from collections.abc import Iterator

import numpy as np

from skybench.generators.declaration import parameter
from skybench.generators.distributions import log_uniform, truncated_normal, uniform
from skybench.generators.sky import components
from skybench.generators.sky.sersic import Sersic
from skybench.generators.sky.sky_object import SkyObject, Smooth
from skybench.generators.sky.stamps import Sources, Stamps
from skybench.generators.sky.star import Star


class BulgeDisc(SkyObject):
    """Disc galaxy with a bulge: an exponential disc and a rounder Sersic profile."""

    code = 7
    formula = "I(r) = (1 - B) I_1(r / R) + B I_n(r / rho R), I_n the Sersic profile of unit flux"
    reference = "Simard et al. (2011), ApJS 196, 11, equations 1 and 3"
    accuracy = "the formula at points of light, seen one by one through the PSF and the pixel"
    example = "BulgeDisc(flux=6e4, half_light_radius=8, axis_ratio=0.5).render((64, 64))"
    colour = truncated_normal(0.6, 0.13, 0.2, 1.0)
    smooth = Smooth(Star)

    flux: float = parameter(default=log_uniform(1e4, 1e5))
    half_light_radius: float = parameter(default=uniform(4, 8))
    axis_ratio: float = parameter(default=uniform(0.3, 1))
    position_angle: float = parameter(default=uniform(0, 180))
    bulge_fraction: float = parameter(default=uniform(0.1, 0.6))
    bulge_radius_ratio: float = parameter(default=uniform(0.15, 0.4))
    bulge_sersic_index: float = parameter(default=uniform(1, 4))
    bulge_axis_ratio: float = parameter(default=uniform(0.7, 1))

    @staticmethod
    def draw(sources: Sources, shape: tuple[int, int]) -> Iterator[Stamps]:
        """Yield the stamps of the discs, then those of the bulges."""
        disc = components.sersic_part(
            sources,
            flux=sources["flux"] * (1 - sources["bulge_fraction"]),
            sersic_index=np.ones_like(sources["flux"]),
        )
        yield from Sersic.draw(disc, shape)
        yield from Sersic.draw(components.bulge(sources), shape)
