"""What is stored beside the image: the noise-free one, the weights, the map of sources."""

import numpy as np
import pytest

from skybench.generators.generate import generate_as_stored
from skybench.generators.recipe_file import recipe_from


def dataset(content, samples=40, image=None, **changes):
    image = {**content["image"], **(image or {})}
    return generate_as_stored(recipe_from({**content, "image": image, **changes}), 0, samples)


def test_recipes_without_options_store_the_image_alone(small):
    assert list(dataset(small).data_vars) == ["image"]


def test_options_leave_the_image_as_it_is(small):
    options = {"ivar": True, "expected": True, "segmentation": True}
    ds = dataset(small, image=options)
    assert set(ds.data_vars) == {"image", "ivar", "expected", "segmentation"}
    np.testing.assert_array_equal(ds.image, dataset(small).image)


@pytest.mark.parametrize(
    "noise",
    [
        {"sky_level": 50, "read_noise": 3},
        {"sky_level": 50, "read_noise": 3, "scale": 2},
        {"sky_level": 50, "read_noise": 3, "shot": False},
        {"sky_level": 0, "read_noise": 6},
    ],
)
def test_residuals_have_the_variance_that_ivar_says(small, noise):
    ds = dataset(small, 120, {"ivar": True, "expected": True}, noise=noise)
    chi_squared = ((ds.image - ds.expected) ** 2 * ds.ivar).values
    # 86,400 values of mean 1 and variance about 2: the mean is within 0.005.
    assert chi_squared.mean() == pytest.approx(1, abs=0.02)
    bright = ds.expected.values > 300
    assert chi_squared[bright].mean() == pytest.approx(1, abs=0.12)


def test_ivar_without_noise_is_that_of_rounding(small):
    noise = {"sky_level": 50, "read_noise": 3, "scale": 0}
    ds = dataset(small, 5, {"ivar": True}, noise=noise)
    np.testing.assert_allclose(ds.ivar, 12, rtol=2e-4)


def test_a_segmentation_task_needs_the_map(small):
    with pytest.raises(ValueError, match="add 'segmentation: true' to image"):
        dataset(small, task="segmentation")
    ds = dataset(small, 3, {"segmentation": True}, task="segmentation")
    assert {"segmentation", "source_class"} <= set(ds.variables)


def test_map_shows_the_brightest_source_above_the_noise(small):
    sources = {
        "left": {"profile": "star", "flux": 20000},
        "right": {"profile": "star", "flux": 20000},
    }
    classes = {name: {"sources": [name]} for name in sources}
    scene = {"count": 2, "placement": {"cells": 2, "fill": 0.2}}
    image = {"segmentation": True, "expected": True, "segmentation_threshold": 2.0}
    ds = dataset(small, 30, image, sources=sources, classes=classes, scene=scene)
    least = 2 * np.sqrt(50 + 9 + 1 / 12)
    y, x = np.mgrid[:20, :36]
    for one in range(30):
        row = ds.isel(sample=one)
        away = np.hypot(
            x[None] - row.source_x.values[:, None, None],
            y[None] - row.source_y.values[:, None, None],
        )
        found = row.segmentation.values
        seen = found > 0
        # Two stars of one flux: the nearer one is the brighter.
        clear = np.abs(away[0] - away[1]) > 0.1
        np.testing.assert_array_equal(found[seen & clear], away.argmin(axis=0)[seen & clear] + 1)
        # Where one alone is above the threshold both together are.
        assert row.expected.values[seen].min() > least * 0.999
        assert row.expected.values[~seen].max() < 2 * least


def test_map_does_not_depend_on_how_many_layers_fit(small, monkeypatch):
    whole = dataset(small, 30, {"segmentation": True})
    monkeypatch.setattr("skybench.generators.sky.segmentation._LAYER_PIXELS", 5000)
    np.testing.assert_array_equal(
        dataset(small, 30, {"segmentation": True}).segmentation, whole.segmentation
    )


def test_empty_slots_own_no_pixel(small):
    ds = dataset(small, 60, {"segmentation": True})
    filled = (ds.kind.values > 0).sum(axis=1)
    assert (ds.segmentation.values.max(axis=(1, 2)) <= filled).all()
    assert set(filled.tolist()) == {1, 3}
