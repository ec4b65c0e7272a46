"""A profile of a density cube: an object that adds mass to the voxels around it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skybench.generators.profiles import Profile

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class VolumeProfile(Profile):
    """A kind of object in a periodic box.

    Attributes
    ----------
    add : callable
        (cube, its parameters by name, voxel size in Mpc, mean density in solar masses per
        cubic Mpc): adds the object to the cube (z, y, x) in place, in units of the mean
        density.
    """

    add: Callable[[Floats, dict[str, float], float, float], None]
