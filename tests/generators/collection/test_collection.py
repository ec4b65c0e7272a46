"""Collections: several recipes in one dataset."""

import numpy as np
import pytest
import xarray as xr

from skybench.errors import ParameterError, RecipeError
from skybench.generators.collection.recipe import CollectionRecipe
from skybench.generators.generate import empty, generate_as_stored
from skybench.generators.recipe_file import load_recipe, recipe_from

TWO = {
    "family": "collection",
    "name": "two",
    "title": "Objects near and far",
    "description": "Two sky recipes of one shape.",
    "licence": "CC-BY-4.0",
    "citation": "none",
    "seed": 3,
    "samples": 400,
    "task": "classification",
    "members": {
        "near": {"recipe": "objects", "share": 3},
        "far": {"recipe": "objects", "share": 1, "changes": {"psf": {"fwhm": 6}}},
    },
    "splits": {"train": 0.6, "validation": 0.2, "test": 0.2},
}


@pytest.fixture(scope="module")
def two():
    return recipe_from(TWO)


@pytest.fixture(scope="module")
def ds(two):
    return generate_as_stored(two)


def names(variable):
    table = dict(zip(variable.flag_values.tolist(), variable.flag_meanings.split(), strict=True))
    return np.vectorize(table.get)(variable.values)


def test_each_member_has_its_share_in_every_split(ds):
    types, splits = names(ds.image_type), names(ds.split)
    assert (types == "near").sum() == 300
    for split, share in TWO["splits"].items():
        here = types[splits == split]
        assert here.size == 400 * share
        assert (here == "near").sum() == pytest.approx(300 * share, abs=2)


def test_the_label_is_the_image_type(ds):
    np.testing.assert_array_equal(ds.label.values, ds.image_type.values)
    assert ds.label.flag_meanings == "near far"


def test_a_sample_is_what_its_member_would_have_drawn(two, ds):
    for member, recipe in two.recipes.items():
        alone = generate_as_stored(recipe)
        rows = np.flatnonzero(names(ds.image_type) == member)
        # The member deals its classes otherwise when it is alone; where the class happens to
        # agree, sample for sample, all the rest must.
        agree = [r for r in rows if names(ds.kind)[r, 0] == f"{member}.{names(alone.kind)[r, 0]}"]
        assert len(agree) > 20
        same = ds.isel(sample=agree), alone.isel(sample=agree)
        np.testing.assert_array_equal(same[0].image, same[1].image)
        np.testing.assert_array_equal(same[0].flux, same[1].flux)
        np.testing.assert_array_equal(same[0].psf_fwhm, same[1].psf_fwhm)


def test_rows_do_not_depend_on_the_range(two, ds):
    part = generate_as_stored(two, 37, 81)
    xr.testing.assert_identical(part, ds.isel(sample=slice(37, 81)))
    assert empty(two).image.dtype == ds.image.dtype


def test_classes_of_members_may_be_the_label():
    recipe = recipe_from(TWO | {"label": "class"})
    ds = generate_as_stored(recipe, 0, 200)
    assert recipe.class_names[:2] == ("near.star", "near.elliptical")
    np.testing.assert_array_equal(names(ds.label), names(ds.source_class)[:, 0])
    # Shares 3 to 1 over three classes each: 50 and 16.7 in 200.
    counts = [(names(ds.label) == name).sum() for name in recipe.class_names]
    np.testing.assert_allclose(counts, [50] * 3 + [50 / 3] * 3, atol=3)


def test_the_recorded_recipe_stands_alone(two):
    again = recipe_from(two.model_dump(mode="json"))
    assert again == two
    assert isinstance(again, CollectionRecipe)
    assert again.members["far"].recipe.psf.fwhm.value == 6
    xr.testing.assert_identical(generate_as_stored(again, 0, 20), generate_as_stored(two, 0, 20))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"members": {"a": {"recipe": "objects"}}}, "members"),
        (
            {"members": {"a": {"recipe": "objcts"}, "b": {"recipe": "sky"}}},
            "did you mean 'objects'",
        ),
        ({"members": {"a": {"recipe": TWO}, "b": {"recipe": "sky"}}}, "a is a collection itself"),
        (
            {"label": "class", "members": {"a": {"recipe": "objects"}, "b": {"recipe": "sky"}}},
            "members.b is a multilabel",
        ),
        ({"task": "regression"}, "task"),
    ],
)
def test_a_mistake_is_named(change, message):
    with pytest.raises(ValueError, match=message):
        recipe_from(TWO | change)


def test_members_of_other_shapes_are_refused():
    recipe = recipe_from(TWO | {"members": {"a": {"recipe": "objects"}, "b": {"recipe": "sky"}}})
    with pytest.raises(RecipeError, match=r"a: image \(28, 28\); b: image \(64, 64\)"):
        generate_as_stored(recipe, 0, 4)


def test_a_packaged_collection_mixes_families():
    recipe = load_recipe("collection")
    assert {member.family for member in recipe.recipes.values()} >= {"sky", "geometric"}
    ds = generate_as_stored(recipe, 0, 60)
    assert ds.image.dtype == np.float32
    assert np.isfinite(ds.image.values).all()
    electrons = ds.image.values[names(ds.image_type) != "shapes"]
    np.testing.assert_array_equal(electrons, np.rint(electrons))


def test_counts_that_float32_cannot_hold_are_refused():
    members = {
        "bright": {"recipe": "sky", "changes": {"sources": {"star": {"flux": 9e8}}}},
        "shapes": {"recipe": "geometric"},
    }
    recipe = recipe_from(TWO | {"members": members})
    with pytest.raises(ParameterError, match="member bright holds counts above 16777216"):
        generate_as_stored(recipe, 0, 60)


def test_members_may_have_bands():
    bands = {"recipe": "grz", "changes": {"image": {"shape": [60, 60]}}}
    noisy = {"recipe": "grz", "changes": bands["changes"] | {"noise": {"scale": 3}}}
    ds = generate_as_stored(recipe_from(TWO | {"members": {"quiet": bands, "noisy": noisy}}), 0, 40)
    assert ds.image.dims == ("sample", "band", "y", "x")
    assert ds.image.dtype == np.int32
    assert ds.flux_band.notnull().any()


def test_members_with_other_bands_are_refused():
    members = {"sky": {"recipe": "sky"}, "bands": {"recipe": "grz"}}
    with pytest.raises(RecipeError, match="members sky and bands of a collection have psf_fwhm on"):
        generate_as_stored(recipe_from(TWO | {"members": members}), 0, 4)
