"""Sealed splits: the secret seed decides all of them, and nothing that is shown tells it."""

import numpy as np
import pytest

from skybench.errors import SealedError
from skybench.generators.families import FAMILIES
from skybench.generators.generate import empty, generate, generate_as_stored
from skybench.generators.recipe import Sealing
from skybench.generators.recipe_file import load_recipe, recipe_from
from skybench.generators.sealed import parameters_of, secret_recipe

ROWS = 200
SEALING = Sealing(commitment="sha256:" + "0" * 64)
SECRET, OTHER = 2**255 + 1, 2**255 + 2
RECIPES = {
    "a classification": load_recipe("objects"),
    "a multilabel": load_recipe("geometric"),
    "a regression": load_recipe("photometry"),
    "a segmentation": load_recipe("fields"),
    "light curves": load_recipe("lightcurves"),
    "bands": load_recipe("grz"),
    "a collection": load_recipe("collection"),
    "maps of the sphere": load_recipe("sphere"),
    "pendulums": load_recipe("pendulum"),
}
OBSERVED = {
    "a regression": {"image"},
    "a segmentation": {"image"},
    "light curves": {"relative_flux", "relative_flux_error", "observation_time"},
    "bands": {"image"},
    "pendulums": {"observed_angle"},
}
"""Data variables that are shown of sealed samples; the others tell the truth."""


def sealed(recipe, secret=SECRET):
    return recipe.model_copy(update={"sealed": SEALING}).with_secret_seed(secret)


def is_missing(values):
    if values.dtype.kind == "f":
        return np.isnan(values)
    limits = np.iinfo(values.dtype)
    return values == (limits.max if values.dtype.kind == "u" else limits.min)


def along(ds):
    return [str(name) for name, variable in ds.variables.items() if "sample" in variable.dims]


@pytest.mark.parametrize("kind", RECIPES)
def test_open_samples_are_those_of_the_public_seed_and_sealed_ones_show_no_truth(kind):
    recipe, rows = RECIPES[kind], 40
    public = generate_as_stored(recipe, 0, rows)
    shown = generate_as_stored(sealed(recipe), 0, rows)
    test = public["split"].values == 2
    assert test.any()
    for name in along(public):
        np.testing.assert_array_equal(shown[name].values[~test], public[name].values[~test])
        if name not in {"sample_id", "split", *FAMILIES[recipe.family].observed}:
            assert is_missing(shown[name].values[test]).all(), name
    observed = FAMILIES[recipe.family].observed & set(public.data_vars)
    assert observed == OBSERVED.get(kind, observed)
    assert observed
    for name in observed - {"masked"}:  # which may be the same for all
        assert not np.array_equal(shown[name].values[test], public[name].values[test])


@pytest.mark.parametrize("kind", ["a classification", "a collection", "light curves"])
def test_another_secret_changes_nothing_but_what_is_observed_of_sealed_samples(kind):
    recipe = RECIPES[kind]
    one, other = (generate_as_stored(sealed(recipe, s), 0, 40) for s in (SECRET, OTHER))
    differing = {n for n in along(one) if not one[n].equals(other[n])}
    assert differing == FAMILIES[recipe.family].observed & set(one.data_vars)
    assert one.attrs == other.attrs


def test_the_labels_of_sealed_samples_are_dealt_by_the_secret_seed():
    recipe = RECIPES["a classification"]
    family = FAMILIES[recipe.family]
    public = family.sample(recipe, 0, 3000)
    test = public["split"].values == 2
    labels = [
        parameters_of(family, sealed(recipe, s), 0, 3000)["label"].values[test]
        for s in (SECRET, OTHER)
    ]
    classes = len(recipe.classes)
    for one, another in ((labels[0], public["label"].values[test]), labels):
        agreeing = np.mean(one == another)
        # Four standard deviations of a binomial of 600 and 1 in `classes`.
        assert abs(agreeing - 1 / classes) < 4 * np.sqrt(1 / classes / test.sum())


def test_the_truth_renders_the_images_that_are_shown():
    recipe = sealed(RECIPES["a classification"])
    family = FAMILIES[recipe.family]
    shown = generate_as_stored(recipe, 0, ROWS)
    test = np.flatnonzero(shown["split"].values == 2)
    truth = parameters_of(family, recipe, 0, ROWS).isel(sample=test)
    again = family.render(secret_recipe(recipe), truth)
    np.testing.assert_array_equal(again["image"].values, shown["image"].values[test])


def test_a_row_does_not_depend_on_the_range_it_is_drawn_in():
    recipe = sealed(RECIPES["bands"])
    whole = generate_as_stored(recipe, 0, 30)
    assert generate_as_stored(recipe, 7, 23).identical(whole.isel(sample=slice(7, 23)))


def test_without_the_secret_seed_no_sealed_sample_is_made():
    closed = RECIPES["a classification"].model_copy(update={"sealed": SEALING})
    assert empty(closed).sizes["sample"] == 0
    with pytest.raises(SealedError, match=r"split of objects is sealed.*holder of the seal"):
        generate(closed, 0, 100)


def test_labels_that_are_withheld_decode_to_nothing():
    ds = generate(sealed(RECIPES["a classification"]), 0, 60)
    assert set(ds["label"].values[ds["split"].values == "test"]) == {""}
    assert ds.attrs["sealed_split"] == "test"


def test_the_secret_seed_is_in_nothing_that_is_written_or_shown_of_a_recipe():
    recipe = sealed(RECIPES["a collection"])
    for text in (recipe.model_dump_json(), repr(recipe), str(recipe), repr(recipe.model_dump())):
        assert str(SECRET) not in text
    assert recipe_from(recipe.model_dump(mode="json")).secret_seed is None


def test_a_recipe_without_a_seal_is_written_as_before():
    for recipe in RECIPES.values():
        assert "sealed" not in recipe.model_dump(mode="json")
        assert "sealed" not in recipe.model_dump_json()


def test_a_seal_must_fit_the_recipe():
    content = RECIPES["a classification"].model_dump(mode="json")
    splits = {"splits": {"train": 0.5, "validation": 0.5}}
    with pytest.raises(ValueError, match="there is no split test to be sealed"):
        recipe_from({**content, **splits, "sealed": SEALING.model_dump()})
    with pytest.raises(ValueError, match="commitment"):
        recipe_from({**content, "sealed": {"commitment": "sha256:1234"}})
    members = {"a": {"recipe": {**content, "sealed": SEALING.model_dump()}}, "b": {"recipe": "sky"}}
    collection = {"name": "both", "members": members, "task": "classification"}
    with pytest.raises(ValueError, match=r"members\.a is sealed itself"):
        recipe_from(collection)
