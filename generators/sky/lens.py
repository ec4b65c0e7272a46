"""A strong lens: a galaxy whose mass bends the light of another one far behind it.

Mass is a singular isothermal ellipsoid along the axes of the lens's own light, with external
shear (`sie`); behind it lies a Sersic profile (`lensed`), whose images are integrated over
cells that are the smaller the more of it a cell maps to. So a galaxy far smaller than a pixel
is seen wherever it is imaged, be it an arc, a ring or four points. The images are convolved
with the PSF and integrated over the pixel, once each; the light of the lens is a Sersic
galaxy on top, as `galaxy` draws it.
"""

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from skybench.generators.arrays import Floats
from skybench.generators.declaration import parameter
from skybench.generators.distributions import Distribution, log_uniform, uniform
from skybench.generators.sky import adaptive, lensed, sersic_profile, sie
from skybench.generators.sky.sersic import Sersic
from skybench.generators.sky.sky_object import LENSED, RED, SkyObject, Smooth
from skybench.generators.sky.stamps import Sources, Stamps
from skybench.generators.sky.vocabulary import ELECTRONS
from skybench.generators.variable import Interval

_DROPPED = 5e-4
"""Share of the lensed galaxy's flux that may be cut off."""


class Lens(SkyObject):
    """Strong lens: a Sersic galaxy behind an isothermal ellipsoid with external shear."""

    code = 10
    formula = (
        "I(theta) = I_source(theta - alpha(theta)), kappa = theta_E / (2 sqrt(q x^2 + y^2 / q)), "
        "external shear"
    )
    reference = (
        "Kormann, Schneider & Bartelmann (1994), A&A 284, 285; Keeton (2001), astro-ph/0102341"
    )
    accuracy = "lenstronomy's deflection and the formula, in cells halved until nothing changes"
    example = (
        "Lens(einstein_radius=15, axis_ratio=0.6, shear=0, lensed_offset_x=0.5, seed=7)"
        ".render((64, 64))"
    )
    colour = RED
    smooth = Smooth(Sersic)
    other_colours: ClassVar[dict[str, Distribution]] = {"lensed_flux": LENSED}

    einstein_radius: float = parameter(
        "Einstein radius of the lens: its circle has the area within which kappa averages 1",
        units="pixel",
        domain=Interval(0, 500),
        default=uniform(6, 11),
    )
    axis_ratio: float = parameter(default=uniform(0.5, 1))
    position_angle: float = parameter(default=uniform(0, 180))
    shear: float = parameter(
        "strength of the external shear on a lens",
        units=None,
        domain=Interval(0, 0.5),
        default=uniform(0, 0.1),
    )
    shear_angle: float = parameter(
        "direction in which the external shear stretches images, counter-clockwise from +x",
        units="degree",
        default=uniform(0, 180),
    )
    flux: float = parameter(default=log_uniform(1e4, 1e5))
    half_light_radius: float = parameter(default=log_uniform(3, 6))
    sersic_index: float = parameter(default=4)
    lensed_offset_x: float = parameter(
        "position of the lensed galaxy, as it would be without the lens, along x from the lens",
        units="pixel",
        domain=Interval(-1e4, 1e4),
        default=uniform(-2, 2),
    )
    lensed_offset_y: float = parameter(
        "position of the lensed galaxy, as it would be without the lens, along y from the lens",
        units="pixel",
        domain=Interval(-1e4, 1e4),
        default=uniform(-2, 2),
    )
    lensed_flux: float = parameter(
        "total flux of the lensed galaxy, as it would be without the lens",
        units="electron",
        domain=ELECTRONS,
        default=log_uniform(2e3, 1e4),
    )
    lensed_half_light_radius: float = parameter(
        "half-light radius of the lensed galaxy along its major axis, without the lens",
        units="pixel",
        domain=Interval(0.01, 500),
        default=log_uniform(0.5, 2),
    )
    lensed_sersic_index: float = parameter(
        "Sersic index of the lensed galaxy",
        units=None,
        domain=Interval(0.5, 6),
        default=uniform(0.5, 2),
    )
    lensed_axis_ratio: float = parameter(
        "minor over major axis of the lensed galaxy, without the lens",
        units=None,
        domain=Interval(0.05, 1),
        default=uniform(0.4, 1),
    )
    lensed_position_angle: float = parameter(
        "angle of the lensed galaxy's major axis, counter-clockwise from +x, without the lens",
        units="degree",
        default=uniform(0, 180),
    )

    @staticmethod
    def draw(sources: Sources, shape: tuple[int, int]) -> Iterator[Stamps]:
        """Yield the stamps of lensed galaxies, then those of the lenses' own light."""
        yield from adaptive.draw(
            sources,
            shape,
            dark=_dark_radius(sources),
            flux=sources["lensed_flux"],
            area=sources["lensed_axis_ratio"] * sources["lensed_half_light_radius"] ** 2,
            light=lensed.light,
        )
        shining = np.flatnonzero(sources["flux"] > 0)
        own = {name: values[shining] for name, values in sources.items()}
        for stamps in Sersic.draw(own, shape):
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
    extent = sersic_profile.enclosing_radius(sources["lensed_sersic_index"], _DROPPED)
    reach = offset + sources["lensed_half_light_radius"] * extent + pull
    return np.asarray(reach / (1 - sources["shear"]))
