"""Brightness of a Sersic galaxy seen through a lens, and how rough it is.

Surface brightness is kept: I(theta) = I_source(beta), on the lens equation beta = theta -
alpha(theta) of `sie`.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from skybench.generators.arrays import Floats
from skybench.generators.sky import sersic_profile, sie
from skybench.generators.sky.quadtree import Owners, gauss_error
from skybench.generators.sky.stamps import Sources

Columns = tuple[Floats, ...]

_CENTRE = 1e-100
"""Squared distances from a centre are kept above: there alpha jumps, and ln m has no value."""

_RESOLVED = 0.7
"""Reach of a cell on the source, over its distance from the centre, that tells it apart."""

_REACH = 1.1
"""Reach of a cell, over half its side times the Frobenius norm of the Jacobian."""

_STRAIGHT = 0.25
"""Half a cell over the distance from the lens, below which its own Jacobian holds all over it."""


@dataclass(frozen=True)
class LensedSersic:
    """Lensed galaxies: all that depends on the source alone, tabulated.

    The position p on the galaxy, in half-light radii along its axes, is linear in the
    position on the sky and in the two parts of `sie.isothermal`.

    Attributes
    ----------
    axes : pair of tuples of (m,) arrays
        For each part of p, its coefficients of x, y and both parts, and what is taken off.
    lens : tuple of (m,) arrays
        Cosine and sine of the major axis, e, 1 - e^2, theta_E sqrt(q), shear.
    profile : tuple of (m,) arrays
        1 / 2n, ln b, central brightness, half-light radius along the minor axis.
    """

    axes: tuple[Columns, Columns]
    lens: Columns
    profile: Columns

    @classmethod
    def of(cls, sources: Sources) -> "LensedSersic":
        """Tabulate some sources."""
        angle, q = np.deg2rad(sources["position_angle"]), sources["axis_ratio"]
        mass, e = sources["einstein_radius"] * np.sqrt(q), sie.eccentricity(q)
        lens = np.cos(angle), np.sin(angle), e, 1 - e**2, mass, sources["shear"]
        own = np.deg2rad(sources["lensed_position_angle"])
        size, n = sources["lensed_half_light_radius"], sources["lensed_sersic_index"]
        minor = size * sources["lensed_axis_ratio"]
        central = sersic_profile.surface_brightness(np.zeros(n.shape), n) / (size * minor)
        profile = (
            1 / (2 * n),
            np.log(sersic_profile.b_n(n)),
            sources["lensed_flux"] * central,
            minor,
        )
        cos, sin = np.cos(own), np.sin(own)
        return cls(
            (_axis(sources, cos / size, sin / size), _axis(sources, -sin / minor, cos / minor)),
            lens,
            profile,
        )

    def brightness(self, owner: Owners, x: Floats, y: Floats) -> Floats:
        """Return the flux per square pixel at points relative to the lens."""
        cos, sin, e, q2 = (column[owner] for column in self.lens[:4])
        along, across = cos * x + sin * y, cos * y - sin * x
        slant = e / np.sqrt(np.maximum(q2 * along**2 + across**2, _CENTRE))
        along, across = np.arctan(slant * along), np.arctanh(slant * across)
        squared = np.full(x.shape, _CENTRE)
        for axis in self.axes:
            by_x, by_y, by_along, by_across, offset = (column[owner] for column in axis)
            squared += (by_x * x + by_y * y - by_along * along - by_across * across - offset) ** 2
        return self._sersic(owner, squared)[0]

    def _sersic(self, owner: Owners, squared: Floats) -> tuple[Floats, Floats]:
        """Return the brightness at squared radii m^2, and -d ln I / d ln m."""
        half_index, log_b, central = (column[owner] for column in self.profile[:3])
        exponent = np.exp(half_index * np.log(squared) + log_b)
        return central * np.exp(-exponent), 2 * half_index * exponent

    def roughness(self, owner: Owners, x: Floats, y: Floats, half: float) -> tuple[Floats, Floats]:
        """Describe cells by the piece of the source that they map to.

        Where that is clear of the centre of the galaxy, the growth of I along x and y tells
        how well nine points do; elsewhere the steepest part that a cell may hold does.
        """
        piece = self._piece(owner, x, y)
        bent = half / np.maximum(piece.psi, half / 2)
        reach, radius = self._reach(owner, piece, half, bent), np.sqrt(piece.squared)
        nearest = np.maximum(radius - reach, np.minimum(reach, 1) / 2)
        brightest, steep = self._sersic(owner, nearest**2)
        rough = gauss_error(steep * reach / nearest, np.maximum(reach / nearest, bent))
        typical, steep = self._sersic(owner, piece.squared)
        curving = np.maximum(half * np.sqrt(piece.norm) / radius, bent)
        smooth = gauss_error(steep * half * piece.growth, curving)
        clear = reach < _RESOLVED * radius
        return brightest, np.where(clear, typical * smooth, brightest * rough)

    def _piece(self, owner: Owners, x: Floats, y: Floats) -> "_Piece":
        cos, sin, e, q2 = (column[owner] for column in self.lens[:4])
        along, across = cos * x + sin * y, cos * y - sin * x
        r2 = np.maximum(along**2 + across**2, _CENTRE)
        psi = np.sqrt(np.maximum(q2 * along**2 + across**2, _CENTRE))
        slant = e / psi
        turn_along, turn_across = np.arctan(slant * along), np.arctanh(slant * across)
        squared, norm = np.full(x.shape, _CENTRE), np.zeros(x.shape)
        grow_x, grow_y = np.zeros(x.shape), np.zeros(x.shape)
        for axis in self.axes:
            by_x, by_y, by_along, by_across, offset = (column[owner] for column in axis)
            p = by_x * x + by_y * y - by_along * turn_along - by_across * turn_across - offset
            # The deflection is the same all along a radius; across it changes by 2 kappa.
            bend = slant / r2 * (by_across * along - by_along * across)
            p_x, p_y = by_x + bend * y, by_y - bend * x
            squared += p**2
            norm += p_x**2 + p_y**2
            grow_x += p * p_x
            grow_y += p * p_y
        growth = np.maximum(np.abs(grow_x), np.abs(grow_y)) / squared
        return _Piece(psi, squared, norm, growth)

    def _reach(self, owner: Owners, piece: "_Piece", half: float, bent: Floats) -> Floats:
        """Return at least how far on the source, in its radii, a cell reaches from its middle."""
        mass, shear = (column[owner] for column in self.lens[4:])
        twice_kappa = mass / np.maximum(piece.psi - np.sqrt(2) * half, 0.1 * half)
        most = np.sqrt(2) * (shear + np.maximum(1, twice_kappa - 1)) / self.profile[3][owner]
        local = np.minimum(_REACH * np.sqrt(piece.norm) * (1 + 2 * bent), most)
        return np.asarray(half * np.where(bent < _STRAIGHT, local, most))


class _Piece(NamedTuple):
    """What points map to.

    psi of the lens; on the galaxy m^2, the squared Frobenius norm of the Jacobian of p, and
    the greater of d ln m / dx and d ln m / dy.
    """

    psi: Floats
    squared: Floats
    norm: Floats
    growth: Floats


def _axis(sources: Sources, x: Floats, y: Floats) -> Columns:
    """Return the coefficients of one part of p, the source position times (x, y)."""
    angle, q = np.deg2rad(sources["position_angle"]), sources["axis_ratio"]
    shear, shear_angle = sources["shear"], 2 * np.deg2rad(sources["shear_angle"])
    plus, cross = shear * np.cos(shear_angle), shear * np.sin(shear_angle)
    along, across = sie.turned(x, y, -angle)
    scale = sources["einstein_radius"] * np.sqrt(q) / sie.eccentricity(q)
    return (
        x * (1 - plus) - y * cross,
        y * (1 + plus) - x * cross,
        scale * along,
        scale * across,
        x * sources["lensed_offset_x"] + y * sources["lensed_offset_y"],
    )
