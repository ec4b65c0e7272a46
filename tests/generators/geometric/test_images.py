"""Datasets of shapes: values, purity of rows, blur and noise, and recipes that are refused."""

import copy
from typing import Any

import numpy as np
import pytest
import xarray as xr
from pydantic import ValidationError

from skybench.errors import ParameterError
from skybench.generators.generate import empty, generate_as_stored
from skybench.generators.geometric.images import render
from skybench.generators.geometric.objects import GEOMETRIC_OBJECTS
from skybench.generators.recipe_file import load_recipe, packaged_rungs, recipe_from

ALL: dict[str, Any] = {
    "family": "geometric",
    "name": "shapes",
    "title": "Every shape",
    "description": "All defaults, up to four shapes on a canvas that is not square.",
    "licence": "CC-BY-4.0",
    "citation": "none",
    "seed": 11,
    "samples": 200,
    "task": "multilabel",
    "image": {"shape": [96, 120]},
    "scene": {"count": {"distribution": "choice", "values": [0, 1, 4]}},
    "sources": {name: {"profile": name} for name in GEOMETRIC_OBJECTS},
    "classes": {name: {"sources": [name]} for name in GEOMETRIC_OBJECTS},
    "splits": {"train": 0.6, "validation": 0.2, "test": 0.2},
}

BLURRED = {"distribution": "choice", "values": [0, 0.7, 3]}
GREY = {
    name: {"profile": name, "brightness": {"distribution": "uniform", "low": 0.1, "high": 3}}
    for name in GEOMETRIC_OBJECTS
}


def recipe(**changes):
    return recipe_from(copy.deepcopy(ALL) | changes)


def test_pixels_are_exactly_0_and_1_by_default():
    images = generate_as_stored(recipe(), 0, 40)
    assert images.image.dtype == np.float32
    assert images.image.attrs["units"] == "1"
    assert set(np.unique(images.image)) == {0, 1}
    assert images.segmentation.dtype == np.int8
    np.testing.assert_array_equal(images.image > 0, images.segmentation > 0)
    assert images.segmentation.max() == 4
    # A sample without shapes is dark.
    none = (images.kind == 0).all("source")
    assert none.any()
    assert not images.image[none].any()


def test_the_default_canvas_is_256():
    content = copy.deepcopy(ALL)
    del content["image"]
    assert generate_as_stored(recipe_from(content), 0, 1).image.shape == (1, 256, 256)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"antialias": True, "combine": "union"},
        {"sources": GREY, "blur": BLURRED, "combine": "sum"},
        {"antialias": True, "blur": BLURRED, "noise": 0.1, "combine": "sum"},
    ],
)
def test_rows_do_not_depend_on_the_range_they_are_drawn_in(changes):
    whole = generate_as_stored(recipe(**changes), 0, 120)
    parts = [generate_as_stored(recipe(**changes), a, b) for a, b in ((0, 1), (1, 37), (37, 120))]
    xr.testing.assert_identical(whole, xr.concat(parts, "sample", data_vars="minimal"))


def test_images_are_drawn_again_from_stored_coordinates():
    noisy = recipe(antialias=True, blur=BLURRED, noise=0.1)
    images = generate_as_stored(noisy, 20, 30)
    again = render(noisy, images.drop_vars(["image", "segmentation"]))
    for name, values in again.items():
        np.testing.assert_array_equal(values.values, images[name].values)


def test_the_image_holds_the_very_brightness_that_is_recorded():
    images = generate_as_stored(recipe(sources=GREY), 0, 30)
    for slot in range(4):
        seen = images.segmentation.values == slot + 1
        expected = np.broadcast_to(images.brightness.values[:, slot, None, None], seen.shape)
        np.testing.assert_array_equal(images.image.values[seen], expected[seen])


def test_blur_and_noise_are_recorded_and_leave_the_shapes_alone():
    plain = generate_as_stored(recipe(), 0, 20)
    changed = generate_as_stored(recipe(blur=BLURRED, noise=0.1), 0, 20)
    np.testing.assert_allclose(np.unique(changed.blur_sigma), [0, 0.7, 3], rtol=1e-5)
    np.testing.assert_array_equal(plain.segmentation, changed.segmentation)
    sharp = changed.blur_sigma.values == 0
    departure = (changed.image - plain.image).values[sharp]
    assert departure.std() == pytest.approx(0.1, rel=0.01)
    # Of about 80,000 pixels, the mean is known to 0.00035.
    assert departure.mean() == pytest.approx(0, abs=0.0016)
    # Independent from pixel to pixel and from sample to sample.
    assert abs((departure[:, :, 1:] * departure[:, :, :-1]).mean()) < 1e-4
    assert abs((departure[1:] * departure[:-1]).mean()) < 1e-4


def test_a_blur_of_many_pixels_on_a_small_image():
    wide = recipe(image={"shape": [8, 8]}, blur=50, noise=0)
    images = generate_as_stored(wide, 0, 3).image
    assert np.isfinite(images).all()
    assert images.max() < 0.5


def test_no_rows_are_a_dataset_without_samples():
    nothing = empty(recipe())
    assert nothing.image.shape == (0, 96, 120)
    assert nothing.segmentation.dtype == np.int8


def test_how_shapes_were_drawn_is_said():
    attributes = generate_as_stored(recipe(combine="sum", antialias=True), 0, 1).attrs
    assert attributes["combine"] == "sum"
    assert attributes["antialias"] == "true"


NAMES = [n for name in ("geometric", "shapes2") for n in (name, *packaged_rungs(name))]


@pytest.mark.parametrize("name", NAMES)
def test_packaged_recipes_draw(name):
    images = generate_as_stored(name, 0, 40)
    assert np.isfinite(images.image).all()
    # No class is hidden: each shape shows some pixels, but for few in a crowd.
    slots = np.arange(images.sizes["source"])[:, None, None] + 1
    seen = (images.segmentation.values[:, None] == slots).sum(axis=(2, 3))
    assert (seen[images.kind.values > 0] >= 5).mean() > 0.98


def test_rungs_of_noise_keep_the_shapes_underneath():
    base, clean = (
        generate_as_stored("geometric", 0, 20),
        generate_as_stored("geometric/clean", 0, 20),
    )
    xr.testing.assert_identical(base.segmentation.variable, clean.segmentation.variable)
    assert load_recipe("shapes2").samples == 6000


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"blur": -1}, ["blur can be -1", "[0, 50]"]),
        ({"noise": {"distribution": "normal", "mean": 1, "sigma": 1}}, ["noise", "[0, 1e+06]"]),
        ({"combine": "xor"}, ["combine", "painter"]),
        ({"psf": {"fwhm": 2}}, ["psf"]),
        ({"sources": {"a": {"profile": "hexagon"}}}, ["hexagon"]),
        ({"sources": {"a": {"profile": "circle", "width": 3}}}, ["parameter of circle", "width"]),
        ({"sources": {"a": {"profile": "circle", "radius": 0}}}, ["radius", "(0, 10000]"]),
        ({"sources": {"a": {"profile": "polygon", "side_count": 2}}}, ["side_count", "{3, 4"]),
        ({"sources": {"a": {"profile": "arc", "opening_angle": 400}}}, ["opening_angle", "360]"]),
        ({"sources": {"a": {"profile": "line", "line_width": 0}}}, ["line_width", "(0, 10000]"]),
    ],
)
def test_a_wrong_recipe_is_refused(changes, parts):
    with pytest.raises(ValidationError) as caught:
        recipe(**changes)
    for part in parts:
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "parts"),
    [
        ("radius", np.nan, ["radius", "(0, 10000]", "got nan for sample 7, source 1"]),
        ("radius", -2.0, ["radius", "(0, 10000]", "got -2 for sample 7, source 1"]),
        ("source_x", np.inf, ["source_x", "finite", "got inf for sample 7, source 1"]),
        ("noise_sigma", np.nan, ["noise_sigma", "got nan for sample 7"]),
        ("blur_sigma", 51.0, ["blur_sigma", "[0, 50]", "got 51 for sample 7"]),
    ],
)
def test_coordinates_that_were_changed_are_checked(name, value, parts):
    circles = recipe(
        sources={"circle": {"profile": "circle"}, "line": {"profile": "line"}},
        classes={"circle": {"sources": ["circle"], "weight": 1e6}, "line": {"sources": ["line"]}},
        scene={"count": 2},
    )
    images = generate_as_stored(circles, 5, 10).drop_vars(["image", "segmentation"])
    images[name].values[(2, 1) if images[name].ndim == 2 else 2] = value
    with pytest.raises(ParameterError) as caught:
        render(circles, images)
    for part in parts:
        assert part in str(caught.value)


SHOT = {
    "name": "counted",
    "family": "geometric",
    "task": "multilabel",
    "samples": 60,
    "image": {"shape": [30, 30]},
    "shot": True,
    "sources": {
        "disc": {"profile": "circle", "brightness": 40, "radius": 8},
        "box": {"profile": "rectangle", "brightness": 5, "width": 9, "height": 9},
    },
}


def shot(**changes):
    return generate_as_stored(recipe_from({**SHOT, **changes}), 0, 60)


@pytest.mark.parametrize(("brightness", "sigma"), [(40, 0), (5, 0), (40, 3)])
def test_shapes_with_shot_noise_are_counts_whose_mean_and_variance_are_their_light(
    brightness, sigma
):
    counts, clean = (shot(noise=s, shot=on).image.values for s, on in ((sigma, True), (0, False)))
    pixels = counts[clean == brightness]
    # Some 4,000 pixels: the mean is within four of its errors, the variance within 10 %.
    assert pixels.size > 1000
    assert pixels.mean() == pytest.approx(brightness, abs=4 * np.sqrt(50 / pixels.size))
    assert pixels.var() == pytest.approx(brightness + sigma**2, rel=0.15)
    if sigma == 0:
        assert (counts == np.round(counts)).all()
        assert (counts[clean == 0] == 0).all()


def test_shot_noise_is_recorded_where_it_is_and_rows_stand_alone():
    ds = shot()
    assert ds.attrs["shot_noise"] == "true"
    plain = recipe_from({k: v for k, v in SHOT.items() if k != "shot"})
    assert "shot" not in plain.model_dump()
    part = generate_as_stored(recipe_from(SHOT), 7, 11)
    np.testing.assert_array_equal(part.image, ds.image[7:11])
