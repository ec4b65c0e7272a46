"""A dark-matter halo: the profile of Navarro, Frenk & White on ellipsoids, cut off outside.

    rho(m) ~ 1 / (c m (1 + c m)^2)  for m <= 1,    m^2 = (x1 / a1)^2 + (x2 / a2)^2 + (x3 / a3)^2

with x1, x2, x3 along the axes of the halo, c the concentration and a1 a2 a3 = r^3, so that
the mass within is that of a sphere of the radius r in which the mean density is 200 times
that of the universe.
"""

import math
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from skybench.generators.arrays import Floats
from skybench.generators.declaration import parameter
from skybench.generators.distributions import log_uniform, uniform
from skybench.generators.variable import Interval
from skybench.generators.volume import parallelepiped
from skybench.generators.volume.volume_object import VolumeObject

OVERDENSITY = 200.0

AXIS_RATIO = Interval(0.2, 1)

CORE = 2
"""Voxels around that of the centre, to each side, for which the cusp asks for more points."""

_POINTS, _FLAT_POINTS, _CORE_POINTS = 6, 12, 16
"""Points of the quadrature along an edge: outside the core, there for a halo that is hardly
concentrated, whose edge has nearly the density of its centre, and within the core."""

_FLAT = 4.0
"""Concentration below which a halo counts as such."""


def radius(mass: float, mean_density: float) -> float:
    """Return the radius of the sphere of 200 times the mean density, in units of its length."""
    return math.cbrt(3 * mass / (4 * np.pi * OVERDENSITY * mean_density))


def longest_axis(size: float, second: float, third: float) -> float:
    """Return the first semi-axis of an ellipsoid as large as a sphere."""
    return size / math.cbrt(second * third)


def to_unit_sphere(halo: Mapping[str, float], size: float) -> Floats:
    """Return the matrix that takes an offset (x, y, z) to the halo's unit sphere.

    Parameters
    ----------
    halo : dict
        Axis ratios and orientation.
    size : float
        Radius of the sphere of equal volume.
    """
    second, third = halo["second_axis_ratio"], halo["third_axis_ratio"]
    azimuth, roll = np.deg2rad(halo["axis_azimuth"]), np.deg2rad(halo["axis_roll"])
    cos, sin = halo["axis_cosine"], math.sqrt(1 - halo["axis_cosine"] ** 2)
    # The axes before the roll: along the first one, level, and perpendicular to both.
    along = np.array([sin * np.cos(azimuth), sin * np.sin(azimuth), cos])
    level = np.array([-np.sin(azimuth), np.cos(azimuth), 0.0])
    upright = np.array([-cos * np.cos(azimuth), -cos * np.sin(azimuth), sin])
    axes = np.stack(
        [
            along,
            np.cos(roll) * level + np.sin(roll) * upright,
            np.cos(roll) * upright - np.sin(roll) * level,
        ]
    )
    lengths = longest_axis(size, second, third) * np.array([1.0, second, third])
    return np.asarray(axes / lengths[:, None])


class Halo(VolumeObject):
    """Dark-matter halo: a triaxial NFW profile, cut at 200 times the mean density."""

    code = 1
    former_names = ("nfw",)
    formula = "rho(m) ~ 1 / (c m (1 + c m)²) for m ≤ 1, m² = Σ (x_i / a_i)², a₁ a₂ a₃ = r³"
    reference = (
        "Navarro, Frenk & White 1997, ApJ 490, 493; Jing & Suto 2002, ApJ 574, 538 (triaxial)"
    )
    accuracy = "eighths of voxels by a quadrature of 96 points, whose parts are tested alone"
    example = (
        "Halo(halo_mass=1e15, second_axis_ratio=0.5, third_axis_ratio=0.4, axis_azimuth=30, "
        "axis_cosine=0, seed=1).render(32, size_mpc=16)"
    )

    widest: ClassVar[Mapping[str, int]] = {
        "halo_mass": 1,
        "second_axis_ratio": 0,
        "third_axis_ratio": 0,
    }

    halo_mass: float = parameter(
        "mass within the mean density of 200 times the mean of the universe",
        units="solMass",
        domain=Interval(0, 1e20, open_low=True),
        default=log_uniform(1e14, 1e15),
    )
    halo_concentration: float = parameter(
        "truncation radius over scale radius",
        units=None,
        domain=Interval(0.1, 1e4),
        default=log_uniform(4, 12),
    )
    second_axis_ratio: float = parameter(
        "second axis of the halo over the first",
        units=None,
        domain=AXIS_RATIO,
        default=uniform(0.7, 1),
    )
    third_axis_ratio: float = parameter(
        "third axis of the halo over the first",
        units=None,
        domain=AXIS_RATIO,
        default=uniform(0.5, 0.7),
    )
    axis_azimuth: float = parameter(
        "angle of the first axis about z, counter-clockwise from +x",
        units="degree",
        default=uniform(0, 360),
    )
    axis_cosine: float = parameter(
        "cosine of the angle between the first axis and +z",
        units=None,
        domain=Interval(-1, 1),
        default=uniform(-1, 1),
    )
    axis_roll: float = parameter(
        "turn of the halo about its first axis", units="degree", default=uniform(0, 360)
    )

    @staticmethod
    def add(cube: Floats, own: Mapping[str, float], voxel: float, mean_density: float) -> None:
        """Add a halo to a cube in place; what leaves the box enters on its other side."""
        size = radius(own["halo_mass"], mean_density) / voxel
        to_sphere = to_unit_sphere(own, size)
        position = np.array([own[f"source_{axis}"] for axis in "xyz"])
        centre = np.floor(position + 0.5).astype(np.int64)
        share = shares(to_sphere, position - centre, own["halo_concentration"])
        reach = share.shape[0] // 2
        side = cube.shape[0]
        x, y, z = ((at + np.arange(-reach, reach + 1)) % side for at in centre)
        cube[np.ix_(z, y, x)] += own["halo_mass"] / (mean_density * voxel**3) * share

    @staticmethod
    def width(own: Mapping[str, float], voxel: float, mean_density: float) -> int:
        """Return how many voxels wide a halo may be, whatever its place and orientation."""
        size = radius(own["halo_mass"], mean_density) / voxel
        return 2 * reach(longest_axis(size, own["second_axis_ratio"], own["third_axis_ratio"])) + 1


def reach(longest: float) -> int:
    """Return how many voxels a halo may reach to each side of that of its centre."""
    return max(CORE, math.ceil(longest + 0.5))


def shares(to_sphere: Floats, offset: Floats, concentration: float) -> Floats:
    """Return the share of the mass in each voxel around the centre, (z, y, x).

    Parameters
    ----------
    to_sphere : (3, 3) array
        Takes an offset in voxels to the halo's unit sphere.
    offset : (3,) array
        Position (x, y, z) of the centre within its voxel, -0.5 to 0.5.
    concentration : float
    """
    extent = np.sqrt((np.linalg.inv(to_sphere) ** 2).sum(axis=1)).max()
    far = reach(float(extent))
    share = _masses(to_sphere, offset, CORE, concentration, _CORE_POINTS)
    if far > CORE:
        core, exact = slice(far - CORE, far + CORE + 1), share
        points = _FLAT_POINTS if concentration < _FLAT else _POINTS
        share = _masses(to_sphere, offset, far, concentration, points)
        share[core, core, core] = exact
    # What is 0 outside the halo comes out as 0 within a rounding error. All is 1 within 1e-6;
    # a halo of 1e-4 voxels beside a corner of its voxel is off by some 1e-3 before this.
    share = np.maximum(share, 0.0)
    return np.asarray(share / share.sum())


def _masses(
    to_sphere: Floats, offset: Floats, far: int, concentration: float, points: int
) -> Floats:
    edges = [np.arange(-far, far + 2) - 0.5 - at for at in offset]
    return parallelepiped.masses(to_sphere, edges, concentration, points)
