"""The mass of an NFW sphere in parallelepipeds, cusp, centre and edge included.

A voxel of an ellipsoidal halo is a parallelepiped of the sphere that the halo becomes when
its axes are scaled. There the field g = M(<r) / (4 pi r^3) u has the density as divergence
(Newton's theorem), so a mass is the flux of g through the faces. On a face at the distance h
from the centre the flux is again a divergence, since M / r^2 is the derivative of the
potential P, and becomes a sum over the edges,

    flux = h / (4 pi) * closed integral of (P(r) - P(h)) dphi,

phi the angle around the foot of the perpendicular. Along an edge that passes the centre at
the distance w, with r = w cosh v, this is an integral of a smooth function of v.
"""

from functools import lru_cache

import numpy as np

from skybench.generators.arrays import Floats

_LEAST = 1e-9
"""Nearest that an edge is taken to pass the centre: what lies within is nothing."""


def potential(r: Floats, concentration: float) -> Floats:
    """Return the potential of a truncated NFW sphere of unit mass and radius, per G.

    Its derivative is M(<r) / r^2, with M(<r) = mu(c r) / mu(c), mu(x) = ln(1 + x) - x / (1 + x),
    and 1 outside.
    """
    whole = np.log1p(concentration) - concentration / (1 + concentration)
    edge = np.log1p(concentration) / whole - 1
    inside = edge - np.log1p(concentration * r) / (whole * r)
    # 0 at infinity, so that differences far outside a tiny halo are not lost in rounding.
    return np.asarray(np.where(r < 1, inside, -1 / r))


def masses(to_sphere: Floats, edges: list[Floats], concentration: float, nodes: int = 16) -> Floats:
    """Return the masses in the cells of a grid, as shares of that of the halo.

    Parameters
    ----------
    to_sphere : (3, 3) array
        Takes offsets from the centre to the unit sphere; its determinant is above 0.
    edges : list of three (n + 1,) arrays
        Borders of the cells along x, y, z, measured from the centre.
    concentration : float
    nodes : int
        Points of the quadrature along an edge; few are enough away from the centre.

    Returns
    -------
    (z, y, x) float64 array
    """
    grid = [e.reshape([-1 if k == axis else 1 for k in range(3)]) for axis, e in enumerate(edges)]
    mass: Floats = np.zeros(())
    for normal in range(3):
        first, second = (normal + 1) % 3, (normal + 2) % 3
        # Counter-clockwise about the normal, a face is passed in the first direction at the
        # low end of the second and back at its high end; for the other pair it is opposite.
        passed = -np.diff(_along(to_sphere, grid, first, normal, concentration, nodes), axis=second)
        passed += np.diff(_along(to_sphere, grid, second, normal, concentration, nodes), axis=first)
        mass = mass + np.diff(passed, axis=normal)
    return np.asarray(mass).transpose(2, 1, 0)


def _along(
    to_sphere: Floats,
    grid: list[Floats],
    along: int,
    normal: int,
    concentration: float,
    nodes: int,
) -> Floats:
    """Return h / (4 pi) times the integral of (P(r) - P(h)) dphi over pieces of grid lines.

    The lines run in the direction ``along``; phi turns about that of ``normal``.
    """
    columns = to_sphere.T
    upright = _unit(np.cross(columns[(normal + 1) % 3], columns[(normal + 2) % 3]))
    forward = _unit(columns[along])
    height, beside = (
        _component(to_sphere, grid, axis, along) for axis in (upright, np.cross(upright, forward))
    )
    w = np.maximum(np.hypot(height, beside), _LEAST)
    v = np.arcsinh(_component(to_sphere, grid, forward) / w)
    low, high = v.take(range(v.shape[along] - 1), along), v.take(range(1, v.shape[along]), along)
    half = ((high - low) / 2)[..., None]
    points, weights = _rule(nodes)
    v = half * points + ((high + low) / 2)[..., None]
    height, beside, w = height[..., None], beside[..., None], w[..., None]
    r, t = w * np.cosh(v), w * np.sinh(v)
    level = np.maximum(np.abs(height), _LEAST)
    rise = potential(r, concentration) - potential(level, concentration)
    steps = height * beside * r * rise / (beside**2 + t**2 + _LEAST**2)
    return np.asarray(-(half * weights * steps).sum(axis=-1) / (4 * np.pi))


@lru_cache(maxsize=8)
def _rule(nodes: int) -> tuple[Floats, Floats]:
    return np.polynomial.legendre.leggauss(nodes)


def _component(
    to_sphere: Floats, grid: list[Floats], axis: Floats, without: int | None = None
) -> Floats:
    """Return the component along an axis of the grid points, or of lines in one direction."""
    weights = axis @ to_sphere
    return np.asarray(sum(weights[k] * grid[k] for k in range(3) if k != without))


def _unit(vector: Floats) -> Floats:
    return np.asarray(vector / np.sqrt((vector**2).sum()))
