"""A disc galaxy with a bulge: an exponential disc and a Sersic profile about one centre.

The profile of nearly every catalogue of bulge-disc decompositions (Simard et al. 2011, ApJS
196, 11, equations 1 and 3; Freeman 1970, ApJ 160, 811 for the disc):

    I(r) = (1 - B) I_1(r / R) + B I_n(r / (rho R)),

with I_n the Sersic profile of unit flux, R the half-light radius of the disc, rho the ratio of
the radii and B the bulge's share of the flux. The bulge is rounder than the inclined disc.
"""

from collections.abc import Iterator

import numpy as np

from skybench.generators.distributions import LogUniform, Uniform
from skybench.generators.sky import components, galaxy
from skybench.generators.sky.profile import SkyProfile
from skybench.generators.sky.stamps import Sources, Stamps


def draw(sources: Sources, shape: tuple[int, int]) -> Iterator[Stamps]:
    """Yield the stamps of the discs, then those of the bulges."""
    disc = components.sersic_part(
        sources,
        flux=sources["flux"] * (1 - sources["bulge_fraction"]),
        sersic_index=np.ones_like(sources["flux"]),
    )
    yield from galaxy.draw(disc, shape)
    yield from galaxy.draw(components.bulge(sources), shape)


PROFILE = SkyProfile(
    name="bulge_disc",
    code=7,
    summary="Disc galaxy with a bulge: an exponential disc and a rounder Sersic profile.",
    formula="I(r) = (1 - B) I_1(r / R) + B I_n(r / rho R), I_n the Sersic profile of unit flux",
    reference="Simard et al. (2011), ApJS 196, 11, equations 1 and 3",
    accuracy="that of its Sersic profiles: 1e-4 of the peak against GalSim",
    example="BulgeDisc(flux=6e4, half_light_radius=8, axis_ratio=0.5).render((64, 64))",
    defaults={
        "flux": LogUniform(distribution="log_uniform", low=1e4, high=1e5),
        "half_light_radius": Uniform(distribution="uniform", low=4, high=8),
        "axis_ratio": Uniform(distribution="uniform", low=0.3, high=1),
        "position_angle": Uniform(distribution="uniform", low=0, high=180),
        "bulge_fraction": Uniform(distribution="uniform", low=0.1, high=0.6),
        "bulge_radius_ratio": Uniform(distribution="uniform", low=0.15, high=0.4),
        "bulge_sersic_index": Uniform(distribution="uniform", low=1, high=4),
        "bulge_axis_ratio": Uniform(distribution="uniform", low=0.7, high=1),
    },
    draw=draw,
)
