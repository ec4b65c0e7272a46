"""Single shapes: values that can be copied and compared, and images with their parameters."""

import copy
import pickle

import numpy as np
import pytest

from skybench.generators import Arc, Circle, Ellipse, Line, Polygon, Rectangle
from skybench.generators.families import variables
from skybench.generators.geometric.objects import GEOMETRIC_OBJECTS

CLASSES = [Arc, Circle, Ellipse, Line, Polygon, Rectangle]
EACH = pytest.mark.parametrize("kind", CLASSES)


def test_every_shape_of_the_table_is_a_class():
    assert {kind.name for kind in CLASSES} == set(GEOMETRIC_OBJECTS)
    assert all(kind.__name__.lower() == kind.name for kind in CLASSES)


@EACH
def test_is_a_value(kind):
    one = kind(seed=3, x=10.25)
    for twin in (copy.deepcopy(one), pickle.loads(pickle.dumps(one)), eval(repr(one))):
        assert twin == one
        assert hash(twin) == hash(one)
    assert kind(seed=4, x=10.25) != one
    with pytest.raises(AttributeError):
        one.brightness = 2.0


@EACH
def test_image_carries_every_parameter_with_its_unit(kind):
    image = kind(seed=1).render((20, 30), blur_sigma=0.5)
    assert image.dims == ("y", "x")
    assert image.shape == (20, 30)
    assert image.dtype == np.float64
    assert image.attrs["units"] == "1"
    for name in (*kind.defaults, "source_x", "source_y", "blur_sigma"):
        assert image.coords[name].attrs.get("units") == variables()[name].units
    assert float(image.source_x) == 14.5
    assert float(image.source_y) == 9.5


@EACH
def test_defaults_come_from_the_seed_and_do_not_depend_on_what_is_given(kind):
    assert kind(seed=5) == kind(seed=5)
    given = kind(seed=5, brightness=0.25)
    for name in set(kind.defaults) - {"brightness"}:
        assert getattr(given, name) == getattr(kind(seed=5), name)
    assert given.render((64, 64)).max() == 0.25


@EACH
def test_the_default_canvas_shows_default_shapes_whole(kind):
    for seed in range(5):
        image = kind(seed=seed).render().values
        assert image.shape == (256, 256)
        assert image.any()
        assert not image[[0, -1]].any()
        assert not image[:, [0, -1]].any()
