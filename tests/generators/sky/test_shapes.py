"""Plane shapes and objects of the sky on one image."""

import numpy as np
import pytest

from skybench.errors import RecipeError
from skybench.generators.families import FAMILIES
from skybench.generators.generate import generate, generate_as_stored
from skybench.generators.recipe_file import recipe_from
from skybench.generators.sky.objects import SKY_OBJECTS
from skybench.generators.sky.shapes import FIRST_CODE

CONTENT = {
    "name": "mixed",
    "task": "segmentation",
    "samples": 40,
    "image": {"shape": [40, 48], "expected": True, "light": True, "segmentation": True},
    "scene": {"count": 2, "placement": {"cells": 2, "margin": 4, "fill": 0.2}},
    "sources": {
        "star": {"profile": "star", "flux": 20000},
        "disc": {"profile": "circle", "brightness": 300, "radius": 4},
        "box": {"profile": "rectangle", "brightness": 200, "width": 6, "height": 4},
    },
}


def stored(**changes):
    return generate_as_stored(recipe_from({**CONTENT, **changes}), 0, 40)


def test_shapes_add_their_brightness_over_the_area_that_they_cover():
    ds = stored()
    light = ds.light.values.astype(np.float64)
    flux = light.sum(axis=(-2, -1))
    discs, boxes = ds.kind.values == FIRST_CODE + 6, ds.kind.values == FIRST_CODE + 1
    assert discs.any()
    assert boxes.any()
    # Light is kept to 12 bits, 1.2e-4; the areas are pi r^2 and width times height.
    np.testing.assert_allclose(flux[discs], 300 * np.pi * 16, rtol=2e-4)
    np.testing.assert_allclose(flux[boxes], 200 * 24, rtol=2e-4)
    assert light[discs].max(axis=(-2, -1)) == pytest.approx(300, rel=2e-4)
    together = light.sum(axis=1)
    assert np.abs(together - ds.expected.values).max() < 3e-4 * ds.expected.values.max()


def test_an_image_of_shapes_has_the_noise_of_its_light():
    ds = stored(noise={"sky_level": 50, "read_noise": 0}, scene={"count": 1})
    inside = np.abs(ds.expected.values - 300) < 0.1
    # More than 400 pixels in discs, 350 +- 19 electrons each less 50 of sky.
    assert inside.sum() > 400
    residual = ds.image.values[inside] - 300.0
    assert residual.mean() == pytest.approx(0, abs=4 * np.sqrt(350 / inside.sum()))
    assert residual.var() == pytest.approx(350, rel=0.25)


def test_shapes_are_alike_in_all_bands_and_sharp():
    ds = stored(image={**CONTENT["image"], "bands": ["g", "r"]})
    shapes = ds.kind.values > FIRST_CODE
    light = ds.light.values[shapes]
    np.testing.assert_array_equal(light[:, 0], light[:, 1])
    assert np.isnan(ds.flux_band.values[shapes]).all()
    corners = light.reshape(len(light), 2, -1)
    assert ((corners > 0).mean(axis=-1) < 0.06).all()


def test_sources_of_both_families_are_named_and_classed():
    recipe = recipe_from({k: v for k, v in CONTENT.items() if k != "family"})
    assert recipe.family == "sky"
    ds = generate(recipe, 40)
    assert set(ds.kind.values.ravel()) == {"star", "circle", "rectangle"}
    assert {"flux", "brightness", "radius", "width"} <= set(ds.coords)
    assert max(kind.code for kind in SKY_OBJECTS.values()) < FIRST_CODE


def test_rows_with_shapes_do_not_depend_on_the_range():
    recipe = recipe_from(CONTENT)
    whole = generate_as_stored(recipe, 0, 40)
    part = generate_as_stored(recipe, 11, 17)
    for name in part.data_vars:
        np.testing.assert_array_equal(part[name], whole[name][11:17])


def test_images_without_shapes_stay_as_they_are():
    alone = {"star": CONTENT["sources"]["star"]}
    ds = generate_as_stored(recipe_from({**CONTENT, "sources": alone}), 0, 5)
    assert "brightness" not in ds.variables
    assert set(ds.kind.attrs["flag_meanings"].split()) == {"empty", "star"}


@pytest.mark.parametrize(
    ("source", "bands", "message"),
    [
        ({"profile": "circle"}, [], "brightness must be given: the electrons a pixel"),
        ({"profile": "circle", "brightness": 9, "colour": 1}, ["g", "r"], "circle has no colour"),
        ({"profile": "circel", "brightness": 9}, [], "did you mean 'circle'"),
    ],
)
def test_what_shapes_cannot_have_is_told(source, bands, message):
    image = {**CONTENT["image"], "bands": bands}
    sources = {**CONTENT["sources"], "disc": source}
    with pytest.raises((ValueError, RecipeError), match=message):
        recipe_from({**CONTENT, "image": image, "sources": sources})


def test_the_public_tables_of_the_families_stay_apart():
    assert "circle" not in FAMILIES["sky"].objects
