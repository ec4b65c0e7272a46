"""Single objects together on one image, in Python."""

import pickle

import numpy as np
import pytest

import skybench
from skybench.errors import ParameterError
from skybench.generators import Circle, Halo, Scene, Sersic, Spiral, Star

STAR = Star(flux=1e4, x=8, y=12)
GALAXY = Sersic(flux=2e4, half_light_radius=3, x=20.5, y=15, seed=3)
DISC = Circle(radius=4, brightness=50, x=12, y=20)
SHAPE = (30, 34)


def test_a_scene_is_the_exact_sum_of_its_parts():
    image = (STAR + GALAXY).render(SHAPE)
    np.testing.assert_array_equal(image, STAR.render(SHAPE).values + GALAXY.render(SHAPE).values)
    three = Scene([STAR, GALAXY, DISC]).render(SHAPE).values
    alone = DISC.render(SHAPE, antialias=True).values
    np.testing.assert_array_equal(three, image.values + alone)


def test_sums_of_any_depth_are_one_scene():
    spiral = Spiral(seed=2, x=5, y=5)
    assert STAR + GALAXY + spiral == Scene([STAR, GALAXY, spiral])
    assert STAR + (GALAXY + spiral) == Scene([Scene([STAR]), GALAXY, spiral])
    assert Scene([DISC, STAR]) == DISC + STAR
    assert Scene([STAR, GALAXY, DISC]) == (STAR + GALAXY) + DISC


def test_a_scene_survives_pickle_hash_and_repr():
    scene = STAR + DISC
    assert pickle.loads(pickle.dumps(scene)) == scene
    assert hash(scene) == hash(STAR + DISC)
    assert eval(repr(scene)) == scene


def test_it_says_what_lies_where():
    scene = Scene([STAR, DISC, Star(flux=1)])
    image = scene.render(SHAPE)
    assert image.dims == ("y", "x")
    assert image.attrs == {"units": "electron", "long_name": "star + circle + star"}
    told = scene.parameters(SHAPE)
    assert told.kind.values.tolist() == ["star", "circle", "star"]
    assert told.source_x.values.tolist() == [8, 12, 16.5]
    assert np.isnan(told.flux.values[1])
    assert told.flux.attrs["units"] == "electron"


def test_it_is_observed_as_one_object_is():
    alone = Scene([STAR]).observe(SHAPE, sky_level=50, read_noise=3, noise_seed=4)
    image = STAR.observe(SHAPE, sky_level=50, read_noise=3, noise_seed=4)
    np.testing.assert_array_equal(alone, image)
    assert alone.dtype == np.int32
    assert float(alone.sky_level) == 50
    both = (STAR + GALAXY).observe(SHAPE)
    residual = both.values - (STAR + GALAXY).render(SHAPE).values
    # Sky 100 and read noise 5: 125 electrons^2 where no source is.
    assert residual[:, -4:].std() == pytest.approx(125**0.5, rel=0.2)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([], "needs one object at least"),
        ([STAR, Sersic(fwhm=2.5)], r"one fwhm, but its star has 3 and its sersic 2\.5"),
        ([STAR, Star(beta=4)], "one beta, but its star has 3 and its star 4"),
        ([STAR, Halo()], "object 1 of a scene: unknown family 'volume'"),
        ([STAR, "galaxy"], "object 1 of a scene: unknown family 'str'"),
        ([Star(pixel_scale=0.2), Star(pixel_scale=0.3)], "one pixel_scale"),
    ],
)
def test_parts_that_do_not_go_together_are_told(parts, message):
    with pytest.raises(ParameterError, match=message):
        Scene(parts)


def test_shapes_need_not_have_the_psf():
    Scene([Star(fwhm=2, beta=4), DISC, Star(fwhm=2, beta=4)]).render(SHAPE)


def test_what_cannot_be_added_raises_as_python_does():
    with pytest.raises(TypeError, match="unsupported operand"):
        STAR + 3
    with pytest.raises(TypeError, match="unsupported operand"):
        1 + GALAXY


def test_it_is_public():
    assert skybench.generators.Scene is Scene
    assert "Scene" in dir(skybench.generators)
