"""The promise of the format: what was once published opens, verifies and scores for ever.

``tests/data/format-1`` was made once by ``tests/data/make_release.py``. When one of these tests
fails, the code is to be mended, not the data.
"""

import json
import shutil
from pathlib import Path

import intake
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from skybench.errors import StoreError
from skybench.generators.recipe_file import load_recipe
from skybench.registry.evaluate import evaluate
from skybench.registry.exports.croissant import croissant_text
from skybench.registry.leaderboard import leaderboard
from skybench.registry.open import open
from skybench.registry.storage.store import INDEX, MANIFEST, Store
from skybench.registry.verify import verify
from skybench.registry.versions.index import read_index, read_manifest
from skybench.registry.versions.manifest import canonical_text, digest_of

DATA = Path(__file__).parents[1] / "data"
CONTENT = "sha256:a86f9320b486"


@pytest.fixture(params=sorted(DATA.glob("format-*")), ids=lambda folder: folder.name)
def folder(request):
    return request.param


@pytest.fixture
def copy(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "store")
    return Store(tmp_path / "store")


def test_it_is_in_full_what_was_published(folder):
    report = verify("tiny@1.0", store=folder, full=True)
    assert report.ok, str(report)
    assert report.content_hash.startswith(CONTENT)


def test_it_opens_with_all_its_parts(folder):
    ds = open("tiny@1", store=folder, verify="full")
    assert ds.image.shape == (60, 12, 12)
    assert ds.image.dtype == np.int32
    assert ds.attrs["content_hash"].startswith(CONTENT)
    assert ds.attrs["license"] == "CC-BY-4.0"
    splits, counts = np.unique(ds.split, return_counts=True)
    assert dict(zip(splits.tolist(), counts.tolist(), strict=True)) == {
        "train": 26,
        "validation": 16,
        "test": 18,
    }
    assert set(np.unique(ds.label)) == {"star", "galaxy"}
    # The light of a star of such a flux stands out of a sky of 100 electrons a pixel.
    assert float(ds.image.max("y").max("x").min()) > 50


def test_it_opens_by_its_catalog(folder):
    catalog = intake.open_catalog(str(folder / "catalog.yaml"))
    expected = open("tiny@1.0", store=folder, split="test")
    xr.testing.assert_equal(catalog.tiny_v1_0_test.to_dask().load(), expected.load())


def test_predictions_are_scored_and_compared_with_its_records(folder):
    test = open("tiny@1.0", store=folder, split="test")
    truth = pd.DataFrame({"sample_id": test.sample_id.values, "label": test.label.values})
    result = evaluate("tiny@1.0", truth, store=folder)
    assert result.accuracy == 1
    assert {one.name for one in result.comparisons} == {"majority-class", "logistic-regression"}
    assert result.notes == ()
    table = leaderboard("tiny@1.0", store=folder)
    assert list(table["name"]) == ["logistic-regression", "majority-class"]


def test_its_recipe_is_still_one(folder):
    (entry,) = read_index(Store(folder))
    manifest = read_manifest(Store(folder), entry)
    recipe = load_recipe(DATA / "tiny.yaml")
    assert recipe.model_dump(mode="json")["sources"].keys() == manifest.recipe["sources"].keys()
    assert manifest.classes == recipe.class_names


def test_its_croissant_is_of_this_manifest(folder):
    store = Store(folder)
    (entry,) = read_index(store)
    published = json.loads(store.read_text(f"{entry.key}/croissant.json"))
    assert published["distribution"][0]["sha256"] == entry.manifest.removeprefix("sha256:")
    again = json.loads(croissant_text(read_manifest(store, entry)))
    assert again["recordSet"] == published["recordSet"]


def test_a_newer_format_says_which_skybench_it_needs(copy):
    key = f"tiny/1.0/{MANIFEST}"
    values = json.loads(copy.read_text(key))
    values |= {"format": "skybench-manifest-4", "novelty": 1}
    values["generator"]["skybench"] = "7.1.0"
    text = canonical_text(values)
    copy.write(key, text)
    line = json.loads(copy.read_text(INDEX))
    copy.write(INDEX, copy.read_text(INDEX).replace(line["manifest"], digest_of(text)))
    for use in (open, verify, leaderboard):
        with pytest.raises(StoreError, match=r"needs skybench >= 7\.1\.0; .*pip install --upgrade"):
            use("tiny@1.0", store=copy)
