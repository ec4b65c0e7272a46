"""A classification with several sources: the first decides, the others keep it company."""

import json

import numpy as np
import pytest

from skybench.generators.sampling import sample
from skybench.generators.sky.recipe import SkyRecipe


@pytest.fixture
def crowded(small):
    small["task"] = "classification"
    small["sources"]["field"] = {"profile": "star", "flux": 300}
    small["classes"]["star"]["companions"] = ["field"]
    small["classes"]["galaxy"]["companions"] = ["field", "faint"]
    small["scene"] = {
        "count": {"distribution": "choice", "values": [1, 3]},
        "placement": {"margin": 1},
        "first_margin": 9,
    }
    return small


def test_the_first_source_is_of_the_label_and_the_others_are_companions(crowded):
    ds = sample(SkyRecipe.model_validate(crowded), 0, 300)
    first, others = ds.source_class.values[:, 0], ds.source_class.values[:, 1:]
    np.testing.assert_array_equal(first, ds.label.values)
    # A companion is of the class that its source belongs to: faint stars are stars.
    assert set(np.unique(others)) == {-1, 0}
    fainter = ds.flux.values[:, 1:][ds.label.values == 0]
    assert set(np.unique(fainter[~np.isnan(fainter)])) == {300}


def test_the_first_source_has_a_margin_of_its_own(crowded):
    ds = sample(SkyRecipe.model_validate(crowded), 0, 300)
    ny, nx = crowded["image"]["shape"]
    for axis, length in (("x", nx), ("y", ny)):
        place = ds[f"source_{axis}"].values
        assert place[:, 0].min() >= 8.5 - 1e-4
        assert place[:, 0].max() <= length - 9.5 + 1e-4
        others = place[:, 1:][~np.isnan(place[:, 1:])]
        assert others.min() < 3
        assert others.max() > length - 4


def test_companions_are_checked(crowded):
    crowded["classes"]["star"]["companions"] = ["comet"]
    with pytest.raises(ValueError, match=r"classes\.star\.companions: unknown source 'comet'"):
        SkyRecipe.model_validate(crowded)
    crowded["task"] = "multilabel"
    crowded["classes"]["star"]["companions"] = ["field"]
    with pytest.raises(ValueError, match="companions belong to a classification"):
        SkyRecipe.model_validate(crowded)


def test_a_regression_needs_no_classes_and_records_its_targets(small):
    small |= {"task": "regression", "targets": ["flux"], "scene": {"count": 1}}
    del small["classes"]
    ds = sample(SkyRecipe.model_validate(small), 0, 30)
    assert not {"label", "class", "source_class"} & set(ds.coords)
    assert len(np.unique(ds.kind.values)) == 2
    small["targets"] = ["fluxx"]
    with pytest.raises(ValueError, match=r"targets: .*did you mean 'flux'"):
        SkyRecipe.model_validate(small)
    small["targets"] = []
    with pytest.raises(ValueError, match="targets must name what a regression predicts"):
        SkyRecipe.model_validate(small)


def test_a_recipe_keeps_its_codes_through_json_that_sorts_keys(small):
    recipe = SkyRecipe.model_validate(small)
    assert recipe.class_names == ("star", "galaxy")
    text = json.dumps(recipe.model_dump(mode="json"), sort_keys=True)
    again = SkyRecipe.model_validate(json.loads(text))
    assert again.class_names == ("star", "galaxy")
    assert sample(again, 0, 50).identical(sample(recipe, 0, 50))
    small["classes"]["star"]["code"] = small["classes"]["galaxy"]["code"] = 1
    with pytest.raises(ValueError, match="each needs a code of its own"):
        SkyRecipe.model_validate(small)


def test_sources_without_classes_do_not_depend_on_their_order(small):
    small |= {"task": "regression", "targets": ["flux"], "scene": {"count": 1}}
    del small["classes"]
    first = sample(SkyRecipe.model_validate(small), 0, 50)
    small["sources"] = dict(reversed(small["sources"].items()))
    assert sample(SkyRecipe.model_validate(small), 0, 50).identical(first)
