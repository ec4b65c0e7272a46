"""An arc: a stretch of a ring with soft edges, the simple picture of a lensed galaxy.

Across, the arc is a Gaussian; at its ends it fades as an edge does that is smoothed by the
same Gaussian, so that a short arc is a round spot and one of 360 degrees a ring:

    I(r, phi) = c exp(-(r - R)^2 / 2 sigma^2) (erf(u + v) + erf(u - v)) / 2,
    u = opening / 2 w,  v = phi / w,  w = sqrt(2) min(sigma / R, 1),

summed over phi + 2 pi k; c gives it its flux.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import erf

from skybench.generators.arrays import Floats
from skybench.generators.declaration import parameter
from skybench.generators.distributions import log_uniform, uniform
from skybench.generators.sky import adaptive
from skybench.generators.sky.quadtree import Owners, gauss_error
from skybench.generators.sky.sky_object import LENSED, SkyObject
from skybench.generators.sky.stamps import Sources, Stamps
from skybench.generators.variable import Interval

_FWHM = 2 * np.sqrt(2 * np.log(2))
"""Full width at half maximum of a Gaussian over its standard deviation."""

_DARK = 5
"""Standard deviations from its middle at which an arc is dark."""


@dataclass(frozen=True)
class ArcLight:
    """Brightness of arcs; each field is an (m,) array, angles in radians."""

    radius: Floats
    sigma: Floats
    direction: Floats
    opening: Floats
    central: Floats

    @classmethod
    def of(cls, sources: Sources) -> "ArcLight":
        """Tabulate some sources."""
        radius, sigma = sources["arc_radius"], sources["arc_width"] / _FWHM
        opening = np.deg2rad(sources["arc_opening"])
        ratio = radius / (np.sqrt(2) * sigma)
        # The integral of r exp(-(r - R)^2 / 2 sigma^2) over r from 0.
        across = sigma**2 * np.exp(-(ratio**2))
        across += radius * sigma * np.sqrt(np.pi / 2) * (1 + erf(ratio))
        direction = np.deg2rad(sources["arc_direction"])
        return cls(radius, sigma, direction, opening, sources["flux"] / (across * opening))

    def brightness(self, owner: Owners, x: Floats, y: Floats) -> Floats:
        """Return the flux per square pixel at points relative to the centre of the ring."""
        phi = self._phi(owner, x, y)
        return self._at(owner, np.hypot(x, y) - self.radius[owner], phi)

    def _phi(self, owner: Owners, x: Floats, y: Floats) -> Floats:
        """Return the angle from the middle of the arc, 0 to pi."""
        phi = np.arctan2(y, x) - self.direction[owner]
        return np.abs(phi - 2 * np.pi * np.round(phi / (2 * np.pi)))

    def _fading(self, owner: Owners) -> Floats:
        return np.minimum(self.sigma / self.radius, 1)[owner]

    def _at(self, owner: Owners, off: Floats, phi: Floats) -> Floats:
        width = np.sqrt(2) * self._fading(owner)
        half = self.opening[owner] / 2
        along = np.zeros(phi.shape)
        for turn in (-2 * np.pi, 0, 2 * np.pi):
            along += erf((half + phi + turn) / width) + erf((half - phi - turn) / width)
        across = np.exp(-((off / self.sigma[owner]) ** 2) / 2)
        return np.asarray(self.central[owner] / 2 * across * along)

    def roughness(self, owner: Owners, x: Floats, y: Floats, half: float) -> tuple[Floats, Floats]:
        """Describe cells by their distance from the middle of the arc."""
        sigma, r = self.sigma[owner], np.hypot(x, y)
        reach = np.sqrt(2) * half
        off = np.maximum(np.abs(r - self.radius[owner]) - reach, 0)
        turn = np.where(r > reach, reach / np.maximum(r, reach), np.pi)
        phi = np.maximum(self._phi(owner, x, y) - 1.6 * turn, 0)
        brightest = self._at(owner, off, phi)
        # A Gaussian's derivatives, bounded by those of a power; the ends fade as steeply.
        scale = np.minimum(sigma, self._fading(owner) * np.maximum(r, half / 2))
        beyond = r * np.maximum(phi - self.opening[owner] / 2, 0)
        slope = 1.4 * half * (1 / scale + off / sigma**2 + beyond / scale**2)
        # About the centre of the ring the angle takes all values.
        lost = np.where(r < 2 * reach, 1, gauss_error(slope, 0.8 * half / scale))
        return brightest, brightest * lost


class LensedArc(SkyObject):
    """Arc: a stretch of a ring with soft edges, the simple picture of a lensed galaxy."""

    code = 11
    former_names = ("arc",)
    formula = "I(r, phi) = c exp(-(r - R)^2 / 2 sigma^2), fading with sigma at both ends"
    reference = "as the arcs of Voetberg et al. (2023), DeepBench"
    accuracy = "1e-4 of the peak against sums over 24 x 24 points a pixel"
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
            light=ArcLight.of,
        )
