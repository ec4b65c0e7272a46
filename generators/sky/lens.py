"""A strong lens: a galaxy whose mass bends the light of another one far behind it.

Mass is a singular isothermal ellipsoid along the axes of the lens's own light, with external
shear (`sie`); behind it lies a Sersic profile (`lensed`), whose images are integrated over
cells that are the smaller the more of it a cell maps to. So a galaxy far smaller than a pixel
is seen wherever it is imaged, be it an arc, a ring or four points. The images are convolved
with the PSF and integrated over the pixel, once each; the light of the lens is a Sersic
galaxy on top, as `galaxy` draws it.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from skybench.generators.distributions import Constant, LogUniform, Uniform
from skybench.generators.sky import adaptive, galaxy, sersic, sie
from skybench.generators.sky.lensed import LensedSersic
from skybench.generators.sky.profile import SkyProfile
from skybench.generators.sky.stamps import Sources, Stamps

Floats = NDArray[np.float64]

_DROPPED = 5e-4
"""Share of the lensed galaxy's flux that may be cut off."""


def draw(sources: Sources, shape: tuple[int, int]) -> Iterator[Stamps]:
    """Yield the stamps of lensed galaxies, then those of the lenses' own light."""
    yield from adaptive.draw(
        sources,
        shape,
        dark=_dark_radius(sources),
        flux=sources["lensed_flux"],
        area=sources["lensed_axis_ratio"] * sources["lensed_half_light_radius"] ** 2,
        light=LensedSersic.of,
    )
    shining = np.flatnonzero(sources["flux"] > 0)
    own = {name: values[shining] for name, values in sources.items()}
    for stamps in galaxy.draw(own, shape):
        yield stamps._replace(members=shining[stamps.members])


def _dark_radius(sources: Sources) -> Floats:
    """Return the radius outside which there is no lensed light.

    |theta| is at most (|beta| + |alpha|) / (1 - shear), and the deflection of the ellipsoid at
    most what it is on both of its axes.
    """
    q = sources["axis_ratio"]
    e = sie.eccentricity(q)
    pull = sources["einstein_radius"] * np.sqrt(q) / e * np.hypot(np.arctan(e / q), np.arctanh(e))
    offset = np.hypot(sources["lensed_offset_x"], sources["lensed_offset_y"])
    extent = sersic.enclosing_radius(sources["lensed_sersic_index"], _DROPPED)
    reach = offset + sources["lensed_half_light_radius"] * extent + pull
    return np.asarray(reach / (1 - sources["shear"]))


PROFILE = SkyProfile(
    name="lens",
    code=10,
    summary="Strong lens: a Sersic galaxy behind an isothermal ellipsoid with external shear.",
    formula=(
        "I(theta) = I_source(theta - alpha(theta)), kappa = theta_E / (2 sqrt(q x^2 + y^2 / q)), "
        "external shear"
    ),
    reference=(
        "Kormann, Schneider & Bartelmann (1994), A&A 284, 285; Keeton (2001), astro-ph/0102341"
    ),
    accuracy="3e-4 of the peak against lenstronomy with 19 x 19 to 35 x 35 rays a pixel",
    example="Lens(einstein_radius=15, axis_ratio=0.6, shear=0, lensed_offset_x=0.5, seed=7)"
    ".render((64, 64))",
    defaults={
        "einstein_radius": Uniform(distribution="uniform", low=6, high=11),
        "axis_ratio": Uniform(distribution="uniform", low=0.5, high=1),
        "position_angle": Uniform(distribution="uniform", low=0, high=180),
        "shear": Uniform(distribution="uniform", low=0, high=0.1),
        "shear_angle": Uniform(distribution="uniform", low=0, high=180),
        "flux": LogUniform(distribution="log_uniform", low=1e4, high=1e5),
        "half_light_radius": LogUniform(distribution="log_uniform", low=3, high=6),
        "sersic_index": Constant(value=4),
        "lensed_offset_x": Uniform(distribution="uniform", low=-2, high=2),
        "lensed_offset_y": Uniform(distribution="uniform", low=-2, high=2),
        "lensed_flux": LogUniform(distribution="log_uniform", low=2e3, high=1e4),
        "lensed_half_light_radius": LogUniform(distribution="log_uniform", low=0.5, high=2),
        "lensed_sersic_index": Uniform(distribution="uniform", low=0.5, high=2),
        "lensed_axis_ratio": Uniform(distribution="uniform", low=0.4, high=1),
        "lensed_position_angle": Uniform(distribution="uniform", low=0, high=180),
    },
    draw=draw,
)
