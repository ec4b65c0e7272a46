"""Halos, against the mass of finer voxels by a quadrature of many more points."""

import numpy as np
from accuracy.measure import Measure, over_peak

from skybench.generators import Halo
from skybench.generators.distributions import uniform
from skybench.generators.volume import halo as halos
from skybench.generators.volume import parallelepiped
from skybench.generators.volume.volume_object import MEAN_DENSITY

SIDE, SIZE_MPC = 48, 24.0
REACH = 8


def error(halo):
    cube = halo.render(SIDE, SIZE_MPC).values
    voxel = SIZE_MPC / SIDE
    own = halo.all_parameters()
    to_sphere = halos.to_unit_sphere(own, halos.radius(own["halo_mass"], MEAN_DENSITY) / voxel)
    position = np.array([halo.x, halo.y, halo.z])
    near = np.floor(position + 0.5).astype(int)
    edges = [np.arange(-2 * REACH, 2 * REACH + 3) / 2 - 0.5 - at for at in position - near]
    side = 2 * REACH + 1
    fine = parallelepiped.masses(to_sphere, edges, own["halo_concentration"], 96)
    truth = fine.reshape(side, 2, side, 2, side, 2).sum(axis=(1, 3, 5))
    truth *= own["halo_mass"] / (MEAN_DENSITY * voxel**3)
    x, y, z = ((at + np.arange(-REACH, REACH + 1)) % SIDE for at in near)
    return over_peak(cube[np.ix_(z, y, x)], truth)


MEASURES = (
    Measure(
        kind=Halo,
        scale="of the densest voxel",
        error=error,
        usual={axis: uniform(20, 28) for axis in "xyz"},
        ends={"halo_mass": (1e3, 1e11, 1e15), "axis_azimuth": (0.0, 90.0), "axis_roll": (0.0,)}
        | {"x": (23.5, 24.0)},
        bulk=16,
        combined=10,
    ),
)
