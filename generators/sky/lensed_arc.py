"""An arc: a stretch of a ring with soft edges, the simple picture of a lensed galaxy.

Across, the arc is a Gaussian; at its ends it fades as an edge does that is smoothed by the
same Gaussian, so that a short arc is a round spot and one of 360 degrees a ring:

    I(r, phi) = c exp(-(r - R)^2 / 2 sigma^2) (erf(u + v) + erf(u - v)) / 2,
    u = opening / 2 w,  v = phi / w,  w = sqrt(2) min(sigma / R, 1),

summed over phi + 2 pi k; c gives it its flux.
"""

from collections.abc import Iterator

import numpy as np
from scipy.special import erf

from skybench.generators.declaration import parameter
from skybench.generators.distributions import log_uniform, uniform
from skybench.generators.sky import adaptive, rays
from skybench.generators.sky.sky_object import LENSED, SkyObject
from skybench.generators.sky.stamps import Sources, Stamps
from skybench.generators.variable import Interval

_FWHM = 2 * np.sqrt(2 * np.log(2))
"""Full width at half maximum of a Gaussian over its standard deviation."""

_DARK = 5
"""Standard deviations from its middle at which an arc is dark."""


def light(sources: Sources) -> rays.Light:
    """Return what `arc.c` draws: R, sigma, direction, half the opening, c, w / sqrt(2)."""
    radius, sigma = sources["arc_radius"], sources["arc_width"] / _FWHM
    opening, ratio = np.deg2rad(sources["arc_opening"]), radius / (np.sqrt(2) * sigma)
    # The integral of r exp(-(r - R)^2 / 2 sigma^2) over r from 0.
    across = sigma**2 * np.exp(-(ratio**2))
    across += radius * sigma * np.sqrt(np.pi / 2) * (1 + erf(ratio))
    central, direction = sources["flux"] / (across * opening), np.deg2rad(sources["arc_direction"])
    fading = np.minimum(sigma / radius, 1)
    columns = (radius, sigma, direction, opening / 2, central, fading)
    return rays.Light(rays.ARC, np.stack(columns, axis=1))


class LensedArc(SkyObject):
    """Arc: a stretch of a ring with soft edges, the simple picture of a lensed galaxy."""

    code = 11
    former_names = ("arc",)
    formula = "I(r, phi) = c exp(-(r - R)^2 / 2 sigma^2), fading with sigma at both ends"
    reference = "as the arcs of Voetberg et al. (2023), DeepBench"
    accuracy = "the formula, in cells that are halved until nothing changes"
    example = "LensedArc(seed=2).render((64, 64))"
    colour = LENSED

    flux: float = parameter(default=log_uniform(1e4, 1e5))
    arc_radius: float = parameter(
        "radius of the ring that an arc of light is a stretch of",
        units="pixel",
        domain=Interval(0, 500, open_low=True),
        default=uniform(5, 12),
    )
    arc_width: float = parameter(
        "full width at half maximum across an arc of light",
        units="pixel",
        domain=Interval(0.05, 100),
        default=uniform(1, 3),
    )
    arc_opening: float = parameter(
        "angle that an arc of light subtends at the centre of its ring",
        units="degree",
        domain=Interval(1, 360),
        default=uniform(40, 160),
    )
    arc_direction: float = parameter(
        "direction from the centre of the ring to the middle of an arc of light",
        units="degree",
        default=uniform(0, 360),
    )

    @staticmethod
    def draw(sources: Sources, shape: tuple[int, int]) -> Iterator[Stamps]:
        """Yield the stamps of arcs."""
        sigma = sources["arc_width"] / _FWHM
        blurred = np.hypot(sigma, sources["psf_fwhm"] / _FWHM)
        length = np.deg2rad(sources["arc_opening"]) * sources["arc_radius"]
        yield from adaptive.draw(
            sources,
            shape,
            dark=sources["arc_radius"] + _DARK * sigma,
            flux=sources["flux"],
            area=sigma**2 + 0.4 * length * blurred,
            light=light,
        )
