"""A single halo: a value, its mass and its place."""

import copy
import pickle

import numpy as np
import pytest

from skybench.errors import ParameterError
from skybench.generators import Halo


def test_is_a_value():
    one = Halo(halo_mass=2e14, seed=3)
    for twin in (copy.deepcopy(one), pickle.loads(pickle.dumps(one)), eval(repr(one))):
        assert twin == one
        assert hash(twin) == hash(one)
    assert Halo(halo_mass=2e14, seed=4) != one


def test_the_cube_holds_its_mass_and_its_parameters():
    cube = Halo(halo_mass=2e14, x=3, y=30, z=9.5).render(32, size_mpc=16)
    assert cube.dims == ("z", "y", "x")
    assert float(cube.sum()) * 4e10 * 0.5**3 == pytest.approx(2e14)
    assert np.unravel_index(int(cube.values.argmax()), cube.shape)[1:] == (30, 3)
    assert float(cube.source_z) == 9.5
    assert cube.halo_mass.attrs["units"] == "solMass"


def test_the_middle_is_the_default():
    cube = Halo(second_axis_ratio=1, third_axis_ratio=1).render(16).values
    for axis in range(3):
        np.testing.assert_allclose(cube, np.flip(cube, axis), atol=1e-6 * cube.max())


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ParameterError, match="voxels wide, more than the 16 of the box"):
        Halo(halo_mass=1e15).render(16, size_mpc=4)
    with pytest.raises(ParameterError, match=r"third_axis_ratio must be .* got 0"):
        Halo(third_axis_ratio=0)
