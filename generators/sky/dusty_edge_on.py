"""A disc galaxy seen from the side, with a lane of dust along its middle plane.

Dust lies in a thinner layer than the stars. In the plane a share 1 - exp(-tau) of the stars' light
is lost, less above it,

    L(r, z) ~ exp(-r / h) (sech^2(z / z0) - (1 - exp(-tau)) sech^2(z / (rho z0))),

rho being the thickness of the lane over that of the disc, about half in the galaxies that Xilouris
et al. (1999) model, whose dust would be transparent face-on. It is a disc less a thinner one, hence
the transform is exact at any inclination, and no light is negative. Seen edge-on the middle of the
lane has exp(-tau) of the light of a disc without dust; towards face-on the lane disappears. Left
out are the light that dust scatters, and that it hides only what lies behind it: both sides of an
inclined disc are alike, and the bulge shines through.
"""

from collections.abc import Iterator

import numpy as np

from skybench.generators.declaration import parameter
from skybench.generators.distributions import uniform
from skybench.generators.sky.edge_on import EdgeOn
from skybench.generators.sky.stamps import Sources, Stamps
from skybench.generators.variable import Interval


class DustyEdgeOn(EdgeOn):
    """Disc galaxy seen from the side with a dust lane along its middle plane.

    The flux is what is seen, after the dust.
    """

    code = 15
    formula = "exp(-r / h) (sech^2(z / z0) - (1 - exp(-tau)) sech^2(z / (rho z0))), and a bulge"
    reference = "Xilouris et al. (1999), A&A 344, 868, for optical depths and thickness"
    accuracy = "GalSim's InclinedExponential at tight settings, and points of light of the bulge"
    example = (
        "DustyEdgeOn(flux=6e4, half_light_radius=9, position_angle=30, seed=2).render((64, 64))"
    )

    bulge_fraction: float = parameter(default=uniform(0.02, 0.15))
    dust_optical_depth: float = parameter(
        "optical depth of the dust in the middle plane, seen edge-on",
        units=None,
        domain=Interval(0, 100),
        default=uniform(0.5, 2),
    )
    dust_height_ratio: float = parameter(
        "scale height of the dust over that of the stars",
        units=None,
        domain=Interval(0.05, 0.95),
        default=uniform(0.3, 0.6),
    )

    @staticmethod
    def draw(sources: Sources, shape: tuple[int, int]) -> Iterator[Stamps]:
        """Yield the stamps of discs and bulges, then what the dust takes."""
        disc = sources["flux"] * (1 - sources["bulge_fraction"])
        ratio = sources["dust_height_ratio"]
        taken = -np.expm1(-sources["dust_optical_depth"]) * ratio
        before = disc / (1 - taken)
        whole = before + sources["flux"] * sources["bulge_fraction"]
        share = 1 - before / np.where(whole > 0, whole, 1)
        yield from EdgeOn.draw(sources | {"flux": whole, "bulge_fraction": share}, shape)
        dark = {
            "flux": -before * taken,
            "bulge_fraction": np.zeros_like(share),
            "scale_height_ratio": sources["scale_height_ratio"] * ratio,
        }
        yield from EdgeOn.draw(sources | dark, shape)
