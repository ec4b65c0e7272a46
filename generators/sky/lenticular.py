"""A lenticular galaxy: a smooth disc with a plateau, and a bulge; no arms.

Many S0 galaxies have a *lens*, a stretch of the disc of nearly constant brightness that ends at an
edge (Kormendy 1979, ApJ 227, 714). Decompositions draw it as a Ferrers profile (Laurikainen,
Salo & Buta 2005, MNRAS 362, 1319, section 3.2), here of the exponent 1/2, flat but for its edge:

    I(m) = 3 / (2 pi R^2 q) sqrt(1 - m^2)  for m <= 1,

m the elliptical radius over the edge's R. It is a sphere of even density seen from afar, so its
transform is F(k) = 3 j1(k R) / (k R) with the spherical Bessel function j1. Around it lies an
exponential disc, in its middle a Sersic bulge.
"""

from collections.abc import Iterator

import numpy as np

from skybench.generators.declaration import parameter
from skybench.generators.distributions import log_uniform, uniform
from skybench.generators.sky import components, ferrers
from skybench.generators.sky.sersic import Sersic
from skybench.generators.sky.sky_object import RED, SkyObject, Smooth
from skybench.generators.sky.stamps import Sources, Stamps
from skybench.generators.variable import Interval


class Lenticular(SkyObject):
    """Lenticular galaxy: an exponential disc with a plateau that ends at an edge, and a bulge."""

    code = 12
    formula = "disc (n = 1), plateau 3 / (2 pi R^2 q) sqrt(1 - m^2) for m <= 1, and a Sersic bulge"
    reference = "Kormendy (1979), ApJ 227, 714; Laurikainen, Salo & Buta (2005), MNRAS 362, 1319"
    accuracy = "the formula at points of light, seen one by one through the PSF and the pixel"
    example = (
        "Lenticular(half_light_radius=10, axis_ratio=0.7, bulge_fraction=0.1, "
        "plateau_fraction=0.7, seed=1).render((64, 64))"
    )
    colour = RED
    smooth = Smooth(changes={"plateau_fraction": 0.0})

    flux: float = parameter(default=log_uniform(1e4, 1e5))
    half_light_radius: float = parameter(default=uniform(4, 8))
    axis_ratio: float = parameter(default=uniform(0.3, 1))
    position_angle: float = parameter(default=uniform(0, 180))
    bulge_fraction: float = parameter(default=uniform(0.1, 0.5))
    bulge_radius_ratio: float = parameter(default=uniform(0.12, 0.3))
    bulge_sersic_index: float = parameter(default=uniform(1, 4))
    bulge_axis_ratio: float = parameter(default=uniform(0.7, 1))
    plateau_fraction: float = parameter(
        "share of the disc's flux in its plateau",
        units=None,
        domain=Interval(0, 1),
        default=uniform(0.2, 0.5),
    )
    plateau_radius_ratio: float = parameter(
        "radius of the edge of a disc's plateau over the half-light radius of the disc",
        units=None,
        domain=Interval(0.1, 4),
        default=uniform(0.8, 1.4),
    )

    @staticmethod
    def draw(sources: Sources, shape: tuple[int, int]) -> Iterator[Stamps]:
        """Yield the stamps of the discs, of their plateaus and of the bulges."""
        flux = sources["flux"] * (1 - sources["bulge_fraction"])
        plateau = sources | {
            "flux": flux * sources["plateau_fraction"],
            "half_light_radius": sources["half_light_radius"] * sources["plateau_radius_ratio"],
        }
        yield from Sersic.draw(
            components.sersic_part(
                sources, flux=flux - plateau["flux"], sersic_index=np.ones_like(flux)
            ),
            shape,
        )
        yield from ferrers.draw(plateau, shape, ferrers.EVEN)
        yield from Sersic.draw(components.bulge(sources), shape)
