"""Named sets of samples, and splits of other names."""

import numpy as np
import pytest

import skybench
from skybench.errors import RecipeError
from skybench.generators.generate import generate_as_stored
from skybench.generators.recipe_file import recipe_from


def recipe(**changes):
    content = {
        "name": "cut",
        "task": "classification",
        "samples": 400,
        "image": {"shape": [24, 24]},
        "sources": {
            "star": {"profile": "star"},
            "galaxy": {"profile": "sersic", "half_light_radius": 3},
        },
    }
    return recipe_from(content | changes)


BRIGHT = {
    "bright": {"where": "flux > 2e4 and psf_fwhm <= 3", "split": "test"},
    "round": {"where": "axis_ratio > 0.8"},
    "stars": {"where": "label_star > 0", "split": "test"},
}


def test_sets_hold_the_samples_of_their_cut_and_may_overlap():
    ds = generate_as_stored(recipe(sets=BRIGHT), 0, 400)
    flux, test = ds.flux.values[:, 0], ds.split.values == 2
    expected = {
        "bright": test & (flux > 2e4),
        "round": ds.axis_ratio.values[:, 0] > 0.8,  # a star has none
        "stars": test & (ds.label.values == 0),
    }
    for column, name in enumerate(BRIGHT):
        assert (ds.in_set.values[:, column] == expected[name]).all(), name
        assert 0 < expected[name].sum() < 400
    assert (ds.in_set.sum("set") > 1).any()


def test_users_choose_a_set_by_its_name():
    ds = skybench.generate(recipe(sets=BRIGHT), 100)
    stars = ds.isel(sample=np.flatnonzero(ds.in_set.sel(set="stars")))
    assert set(stars.label.values) == {"star"}
    assert set(stars.split.values) == {"test"}


def test_sets_move_nothing_else_and_recipes_without_are_recorded_as_before():
    plain, cut = (generate_as_stored(recipe(**own), 0, 50) for own in ({}, {"sets": BRIGHT}))
    assert cut.drop_vars(["set", "in_set"]).identical(plain)
    assert "sets" not in recipe().model_dump()


def test_the_order_of_sets_is_recorded():
    once = recipe(sets={"zeta": {"where": "flux > 1"}, "alpha": {"where": "flux > 2"}})
    again = recipe_from(
        {
            **once.model_dump(mode="json"),
            "sets": dict(sorted(once.model_dump(mode="json")["sets"].items())),
        }
    )
    assert list(again.sets) == ["zeta", "alpha"]


def test_splits_of_other_names_come_after_the_three():
    shares = {"unlabelled": 0.3, "train": 0.4, "test": 0.2, "extra": 0.1}
    ds = generate_as_stored(recipe(splits=shares), 0, 400)
    assert ds.split.attrs["flag_meanings"].split() == [
        "train", "validation", "test", "extra", "unlabelled",
    ]  # fmt: skip
    assert np.bincount(ds.split.values).tolist() == [160, 0, 80, 40, 120]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sets": {"test": {"where": "flux > 1"}}}, "sets.test: that is the name of a split"),
        ({"sets": {"a": {"where": "flux > 1", "split": "tests"}}}, "unknown split 'tests'"),
        ({"sets": {"a": {"where": "flux >"}}}, "is no expression"),
        ({"splits": {"train": 0.8, "tset": 0.2}}, "did you mean 'test'"),
    ],
)
def test_mistakes_are_told(changes, message):
    with pytest.raises(ValueError, match=message):
        recipe(**changes)


def test_a_cut_by_what_is_not_there_is_told_with_its_place():
    with pytest.raises(RecipeError, match=r"sets\.a\.where: unknown column 'fluxx'.*'flux'"):
        generate_as_stored(recipe(sets={"a": {"where": "fluxx > 1"}}), 0, 0)


def test_a_sealed_split_has_no_sets():
    seal = {"split": "test", "commitment": "sha256:" + "0" * 64}
    with pytest.raises(ValueError, match="the test split is sealed, and who is in a set"):
        recipe(sets=BRIGHT, sealed=seal)
