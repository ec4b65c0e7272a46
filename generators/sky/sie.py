"""Deflection of light by a singular isothermal ellipsoid with external shear.

Convergence (Kormann, Schneider & Bartelmann 1994, A&A 284, 285; Keeton 2001, astro-ph/0102341,
equation 33), x along the major axis and q the axis ratio of its contours:

    kappa = theta_E sqrt(q) / (2 psi),    psi = sqrt(q^2 x^2 + y^2)

so that the ellipse within which its mean is 1 has the area pi theta_E^2, whatever q is; and
the deflection

    alpha_x = theta_E sqrt(q) / e * arctan(e x / psi)
    alpha_y = theta_E sqrt(q) / e * artanh(e y / psi),    e = sqrt(1 - q^2)

External shear of strength g and angle phi adds g (cos 2 phi, sin 2 phi; sin 2 phi, -cos 2 phi)
theta; it stretches images along phi. The lens is singular, not softened: the deflection jumps
at its centre, where it is taken as 0.
"""

from typing import NamedTuple

import numpy as np

from skybench.generators.arrays import Floats

_ROUND = 1e-4
"""Least e: the deflection is then within 1e-8 of its limit for a circle, and no 0 / 0."""

_CENTRE = 1e-150


class Lens(NamedTuple):
    """Lenses, in arrays that broadcast with positions. Angles are in radians."""

    einstein_radius: Floats
    axis_ratio: Floats
    angle: Floats
    shear: Floats
    shear_angle: Floats


def eccentricity(axis_ratio: Floats) -> Floats:
    """Return e, kept above 0."""
    return np.asarray(np.maximum(np.sqrt(1 - axis_ratio**2), _ROUND))


def turned(x: Floats, y: Floats, angle: Floats) -> tuple[Floats, Floats]:
    """Return the vectors turned counter-clockwise."""
    cos, sin = np.cos(angle), np.sin(angle)
    return cos * x - sin * y, sin * x + cos * y


def isothermal(x: Floats, y: Floats, axis_ratio: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the deflection over theta_E sqrt(q) / e, and psi, in the frame of the axes."""
    e = eccentricity(axis_ratio)
    psi = np.maximum(np.sqrt((1 - e**2) * x**2 + y**2), _CENTRE)
    slant = e / psi
    return np.arctan(slant * x), np.arctanh(slant * y), psi


def deflection(x: Floats, y: Floats, lens: Lens) -> tuple[Floats, Floats]:
    """Return the deflection at positions relative to the lens, in their units.

    The lens equation is beta = theta - deflection.
    """
    alpha_x, alpha_y, _ = isothermal(*turned(x, y, -lens.angle), lens.axis_ratio)
    scale = lens.einstein_radius * np.sqrt(lens.axis_ratio) / eccentricity(lens.axis_ratio)
    alpha_x, alpha_y = turned(scale * alpha_x, scale * alpha_y, lens.angle)
    plus, cross = (lens.shear * f(2 * lens.shear_angle) for f in (np.cos, np.sin))
    return alpha_x + plus * x + cross * y, alpha_y + cross * x - plus * y
