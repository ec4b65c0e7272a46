"""The table of what there is."""

import pandas as pd
import pytest

import skybench
from skybench.generators.recipe_file import packaged_recipes, packaged_rungs
from skybench.registry.recorded import recorded_manifest, recorded_references


@pytest.fixture(scope="module")
def table(demo_store):
    return skybench.list_datasets(str(demo_store))


def test_recipes_have_a_row_each(table):
    recipes = table[table.version.isna()].set_index("dataset")
    assert list(recipes.index) == list(packaged_recipes())
    assert recipes.loc["grz", "shape"] == (3, 64, 64)
    # Image, inverse variance: four bytes each; ten thousand samples of three bands.
    assert recipes.loc["grz", "bytes"] == 10_000 * 3 * 64 * 64 * 2 * 4
    assert recipes.loc["halos", "shape"] == (32, 32, 32)
    assert recipes.loc["sky", "rungs"] == packaged_rungs("sky")
    assert recipes.loc["pendulum", "task"] == "regression"
    assert recipes.content_hash.isna().all()


def test_versions_have_a_row_each_wherever_they_are(table):
    versions = table[table.version.notna()]
    names = versions.dataset + "@" + versions.version
    assert set(names) == {*recorded_references(), "objects@0.0", "sky@0.0"}
    recorded = versions[versions.recorded].set_index(names[versions.recorded])
    manifest = recorded_manifest("sky@0.3")
    row = recorded.loc["sky@0.3"]
    assert row.content_hash == manifest.content.root
    assert (row["samples"], row["shape"], row["in_store"]) == (10_000, (64, 64), False)
    assert pd.isna(row["published"])
    here = versions[versions.in_store]
    assert set(here.version) == {"0.0"}
    assert here.published.notna().all()
    assert (here.bytes > 0).all()
    assert here.withdrawn.isna().all()


def test_a_store_that_is_not_there_has_no_versions(tmp_path):
    assert not skybench.list_datasets(str(tmp_path / "none")).in_store.any()
