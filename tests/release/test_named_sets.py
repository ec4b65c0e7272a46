"""Sets and splits of any name, from the recipe through the release to a score."""

import json

import intake
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import skybench
from skybench.cli import app
from skybench.errors import NotFoundError, PredictionsError
from skybench.generators.recipe_file import recipe_from
from skybench.registry.arrays.zarr_format import open_raw
from skybench.registry.audit import contradictions
from skybench.registry.hashing.content_hash import hash_dataset
from skybench.registry.proof.row_check import full_problems
from skybench.registry.storage.store import CATALOG, Store
from skybench.registry.versions.index import read_manifest, resolve
from skybench.release.release import BuildOptions, TrainingOptions, release

CUT = recipe_from(
    {
        "name": "cut",
        "task": "classification",
        "samples": 600,
        "image": {"shape": [20, 20]},
        "splits": {"train": 0.3, "validation": 0.1, "test": 0.3, "unlabelled": 0.3},
        "sets": {
            "bright": {"where": "flux > 2e4", "split": "test"},
            "sharp": {"where": "psf_fwhm < 3.5"},
        },
        "votes": {},
        "psf": {"fwhm": {"distribution": "uniform", "low": 2.5, "high": 4.5}},
        "sources": {"star": {"profile": "star"}, "galaxy": {"profile": "sersic"}},
    }
)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cut")
    options = {"training": TrainingOptions(protocols=()), "building": BuildOptions(progress=False)}
    release("0.1", store=folder, datasets=[CUT], **options)
    return Store(folder)


def opened(store, split=None, **options):
    return skybench.open("cut@0.1", split=split, store=store, **options)


def test_a_set_is_opened_like_a_split_and_proven(store):
    whole = opened(store, decode=False, verify="full").load()
    for column, name in enumerate(["bright", "sharp"]):
        part = opened(store, name, decode=False, verify="full")
        chosen = whole.isel(sample=np.flatnonzero(whole.in_set.values[:, column]))
        assert part.attrs["split"] == name
        assert part.load().drop_attrs().equals(chosen.drop_attrs())
        assert 0 < part.sizes["sample"] < 600
    with pytest.raises(NotFoundError, match=r"it has train, .*unlabelled, bright, sharp"):
        opened(store, "brigth")


def test_a_set_has_its_root_in_the_manifest_hashed_like_a_split(store):
    manifest = read_manifest(store, resolve("cut@0.1", store))
    assert manifest.content.sets == ("bright", "sharp")
    assert list(contradictions(manifest)) == []
    alone = hash_dataset(opened(store, "bright", decode=False).load())
    published = manifest.content.splits["bright"]
    assert {n: v.root for n, v in alone.variables.items()} == published.variables
    assert manifest.splits["unlabelled"] == 180
    assert skybench.verify("cut@0.1", store=store).ok
    assert skybench.reproduce("cut@0.1", store=store).ok


def test_a_manifest_whose_set_has_another_root_is_found_out(store):
    manifest = read_manifest(store, resolve("cut@0.1", store))
    content = manifest.content.model_dump()
    content["splits"]["bright"] = content["splits"]["sharp"]
    forged = manifest.model_copy(update={"content": type(manifest.content)(**content)})
    ds = open_raw(store.url_of(f"{manifest.key}/{manifest.zarr}"))
    assert any("split bright" in line for line in full_problems(forged, store, ds))


def test_the_catalog_lists_sets(store):
    catalog = intake.open_catalog(store.url_of(CATALOG))
    assert {"cut_v0_bright", "cut_v0_1_sharp", "cut_v0_unlabelled"} <= {*catalog}
    ds = catalog.cut_v0_bright.to_dask()
    assert ds.sizes["sample"] == opened(store, "bright").sizes["sample"]


def test_info_and_card_tell_of_them(store):
    out = CliRunner().invoke(app, ["info", "cut@0.1", "--store", str(store)]).output
    bright = opened(store, "bright").sizes["sample"]
    assert "(train 180, validation 60, test 180, unlabelled 180)" in out
    assert f"sets          bright {bright}, sharp " in out
    assert "| Split or set |" in store.read_text("cut/0.1/card.md")


def test_predictions_are_scored_on_a_set(store):
    test, bright = (opened(store, name) for name in ("test", "bright"))
    answers = pd.DataFrame({"sample_id": test.sample_id.values, "label": test.label.values})
    inside = np.isin(answers.sample_id, bright.sample_id.values)
    answers.loc[np.flatnonzero(~inside), "label"] = "star"
    answers.loc[np.flatnonzero(inside)[:3], "label"] = ["galaxy", "star", "star"]
    right = (answers.label.values == test.label.values)[inside]
    for given in (answers, answers[inside]):
        found = skybench.evaluate("cut@0.1", given, split="bright", store=store)
        assert found.accuracy == pytest.approx(right.mean(), abs=1e-6)
        assert len(found.tested.merit) == inside.sum()
        assert found.record is None
        assert "cut 0.1, bright" in str(found)
    with pytest.raises(PredictionsError, match="records are of the test split"):
        skybench.evaluate("cut@0.1", answers, split="bright", store=store, name="net", submit=True)
    with pytest.raises(PredictionsError, match=r"no samples of 'dim'; .* bright, sharp"):
        skybench.evaluate("cut@0.1", answers, split="dim", store=store)


def test_calibration_is_scored_against_the_votes(store):
    test = opened(store, "test")
    truth = test.vote_probability.values.astype(float)
    frame = pd.DataFrame(truth / truth.sum(axis=1, keepdims=True), columns=test["class"].values)
    known = skybench.evaluate("cut@0.1", frame.assign(sample_id=test.sample_id.values), store=store)
    sure = frame.round().assign(sample_id=test.sample_id.values)
    certain = skybench.evaluate("cut@0.1", sure, store=store)
    entropy = -(truth * np.log(truth)).sum(axis=1).mean()
    assert known.tested.overall["vote_cross_entropy"] == pytest.approx(entropy, rel=1e-3)
    assert known.tested.overall["vote_brier"] < 1e-6
    assert certain.tested.overall["vote_brier"] == pytest.approx(
        ((frame.round().values - truth) ** 2).sum(axis=1).mean(), rel=1e-3
    )
    assert certain.tested.overall["vote_cross_entropy"] > entropy
    board = skybench.leaderboard("cut@0.1", store=store)
    assert set(board.evidence) == {"recomputed"}


def test_the_recipe_alone_is_judged_by_sets_too(store):
    test = opened(store, "bright")
    labels = pd.DataFrame({"sample_id": test.sample_id.values, "label": test.label.values})
    assert skybench.evaluate(CUT, labels, split="bright").accuracy == 1


def test_croissant_counts_the_samples_of_sets(store):
    croissant = json.loads(store.read_text("cut/0.1/croissant.json"))
    sets = next(
        r for r in croissant["recordSet"] if "what the codes of set" in r["description"].lower()
    )
    counts = {row["name"]: row["samples"] for row in (_plain(r) for r in sets["data"])}
    assert counts["bright"] == opened(store, "bright").sizes["sample"]


def _plain(row):
    return {key.rsplit("/", 1)[-1]: value for key, value in row.items()}
