"""What is learnt from is the same, however a dataset orders it."""

import numpy as np
import pytest

import skybench
from skybench.learning.labelled import load_training_data


@pytest.fixture
def maps():
    """Return a function that draws the same maps of the sphere, their pixels in some order."""

    def drawn(ordering):
        changes = {"sphere.nside": 4, "sphere.lmax": 8, "sphere.ordering": ordering}
        return skybench.generate("sphere", 0, 30, changes=changes)

    return drawn


def test_networks_of_the_sphere_see_neighbours_whatever_the_order(maps):
    ring, nested = (load_training_data(maps(order)).labelled for order in ("ring", "nested"))
    assert not np.array_equal(maps("ring").sky_map, maps("nested").sky_map)
    np.testing.assert_array_equal(ring.images, nested.images)


def test_a_field_is_learnt_from_and_not_its_mask(maps):
    sorted_by_name = maps("nested")[["masked", "sky_map"]]
    del sorted_by_name.attrs["main_variable"]
    images = load_training_data(sorted_by_name).labelled.images
    np.testing.assert_array_equal(images, maps("nested").sky_map)
