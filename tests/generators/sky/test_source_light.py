"""The light of each source alone: it adds up to the image, and no source sees the others."""

import numpy as np
import pytest

from skybench.generators.generate import generate_as_stored
from skybench.generators.recipe_file import recipe_from
from skybench.generators.sky.source_light import expected

SPIKES = {"count": 4, "fraction": 0.2, "length": 4, "angle": 20}
GRZ = ["g", "r", "z"]


def dataset(content, start=0, stop=20, image=None, **changes):
    image = {**content["image"], "light": True, "expected": True, **(image or {})}
    return generate_as_stored(recipe_from({**content, "image": image, **changes}), start, stop)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"psf": {"fwhm": 2.5, "spikes": SPIKES}},
        {"image": {"bands": GRZ}},
        {"image": {"bands": GRZ}, "psf": {"fwhm": 3, "spikes": SPIKES}},
    ],
)
def test_light_of_the_sources_adds_up_to_the_image(small, changes):
    ds = dataset(small, **changes)
    assert ds.light.dims[:2] == ("sample", "source")
    assert ds.light.dims[2:] == ds.expected.dims[1:]
    assert ds.light.dtype == np.float32
    assert ds.light.min() >= 0
    # Both are rounded to 12 bits, and what rings below 0 is cut before the sum or after it.
    together = ds.light.sum("source")
    peak = ds.expected.max(("y", "x"))
    assert float((np.abs(together - ds.expected) / peak).max()) < 3e-4


def test_a_source_is_what_it_would_be_without_the_others(small):
    ds = dataset(small, scene={"count": 3})
    kinds = ds.kind.values.copy()
    kinds[:, [0, 2]] = 0
    second = ds.drop_vars(list(ds.data_vars)).assign_coords(kind=(ds.kind.dims, kinds))
    alone = expected(second, (20, 36))
    np.testing.assert_allclose(ds.light.values[:, 1], alone, rtol=1.3e-4, atol=0)


def test_empty_slots_and_background_galaxies_have_no_light(small):
    ds = dataset(small, background={"depth": 22, "faintest": 24})
    empty = ds.kind.values == 0
    assert empty.any()
    assert (ds.light.values[empty] == 0).all()
    assert float((ds.expected - ds.light.sum("source")).sum()) > 0


def test_rows_do_not_depend_on_the_range(small):
    whole = dataset(small, 0, 12)
    np.testing.assert_array_equal(dataset(small, 5, 9).light, whole.light[5:9])


def test_light_changes_nothing_else_and_is_recorded_where_it_is_asked_for(small):
    plain = recipe_from(small)
    asked = recipe_from({**small, "image": {**small["image"], "light": True}})
    assert "light" not in plain.model_dump()["image"]
    assert asked.model_dump()["image"]["light"] is True
    np.testing.assert_array_equal(
        generate_as_stored(asked, 0, 5).image, generate_as_stored(plain, 0, 5).image
    )


def test_a_deblending_needs_the_light(small):
    content = {k: v for k, v in small.items() if k != "classes"}
    with pytest.raises(ValueError, match="add 'light: true' to image"):
        recipe_from({**content, "task": "deblending"})
    recipe_from({**content, "task": "deblending", "image": {**small["image"], "light": True}})
