import json
import shutil

import numpy as np
import pandas as pd
import pytest

from skybench.errors import NotFoundError
from skybench.registry.audit import audit
from skybench.registry.evaluate import evaluate
from skybench.registry.leaderboard import COLUMNS, leaderboard
from skybench.registry.scoring.records import records_text, stored_records
from skybench.registry.storage.store import INDEX, Store
from skybench.registry.versions import recorded_manifests
from skybench.registry.versions.index import find, read_index, read_manifest
from skybench.registry.versions.manifest import canonical_text, digest_of


@pytest.fixture
def scored(published, raw):
    """A store where two submissions tie behind a better one."""
    test = raw.isel(sample=np.flatnonzero(raw.split == 2))
    truth = pd.DataFrame({"sample_id": test.sample_id.values, "label": test.label.values})
    for name, errors in (("good", 1), ("tie-b", 9), ("tie-a", 9)):
        answer = truth.copy()
        answer.loc[: errors - 1, "label"] = 1 - answer.loc[: errors - 1, "label"]
        evaluate("sky@0.1", answer, name=name, store=published, submit=True)
    return published


def test_best_comes_first_and_ties_share_a_rank(scored):
    table = leaderboard("sky@0.1", store=scored)
    common = ("accuracy" if name == "score" else name for name in COLUMNS)
    assert tuple(table.columns) == (*common, "expected_calibration_error")
    assert list(zip(table["rank"], table.name, strict=True)) == [
        (1, "good"),
        (2, "tie-a"),
        (2, "tie-b"),
    ]
    assert (table.low <= table.accuracy).all()
    assert (table.accuracy <= table.high).all()
    assert table.attrs["reference"] == "sky@0.1"
    assert table.attrs["notes"] == []


def test_version_without_scores_has_an_empty_table(published):
    table = leaderboard("sky@0.2", store=published)
    assert len(table) == 0


def test_version_that_the_store_lacks_is_read_from_the_package(scored, tmp_path, monkeypatch):
    package = tmp_path / "package"
    folder = package / "releases" / "0.1"
    folder.mkdir(parents=True)
    manifest = read_manifest(scored, find(read_index(scored), "sky", "0.1"))
    (folder / "sky.manifest.json").write_text(manifest.to_text())
    records = stored_records(scored, "sky/0.1/submissions")
    (folder / "sky.baselines.json").write_text(records_text(records))
    monkeypatch.setattr(recorded_manifests, "files", lambda _: package)
    empty = tmp_path / "empty"
    table = leaderboard("sky", store=empty)
    assert table.name.tolist() == ["good", "tie-a", "tie-b"]
    assert set(table.evidence) == {"stated"}
    with pytest.raises(NotFoundError, match="nothing is released there"):
        leaderboard("sky@1", store=empty)
    with pytest.raises(NotFoundError):
        leaderboard("sky@0.1#sha256:" + "0" * 12, store=empty)


@pytest.fixture
def released(demo_store, tmp_path):
    """A copy of a store with floors for objects 0.0 and sky 0.0."""
    shutil.copytree(demo_store, tmp_path / "released")
    return Store(tmp_path / "released")


FLOOR = "sky/0.0/baselines/majority-class"


OTHERS = {"histogram": "recomputed", "logistic-regression": "recomputed"}


def evidence(store):
    table = leaderboard("sky@0.0", store=store)
    return dict(zip(table.name, table.evidence, strict=True)), table.attrs["notes"]


def test_a_baseline_without_its_predictions_is_stated(released):
    released.remove(f"{FLOOR}-predictions.parquet")
    found = {**OTHERS, "majority-class": "stated"}
    assert evidence(released) == (found, [])


def test_a_baseline_is_the_one_that_the_manifest_lists(released):
    changed = released.read_text(f"{FLOOR}.json").replace('"floor"', '"baseline"')
    released.write(f"{FLOOR}.json", changed)
    released.write("sky/0.0/baselines/better.json", changed)
    found, notes = evidence(released)
    assert found == OTHERS
    assert "file baselines/better.json of sky 0.0 was not published" in notes[0]
    assert "majority-class.json is not the file that was published: expected" in notes[1]


def test_a_baseline_states_what_its_predictions_come_to_whoever_published_it(released):
    """The record, the manifest and the index were written anew, each with the other's hash."""
    values = json.loads(released.read_text(f"{FLOOR}.json"))
    values |= {"score": 0.99, "interval": {"low": 0.98, "high": 1.0}}
    text = canonical_text(values)
    released.write(f"{FLOOR}.json", text)
    entry = find(read_index(released), "sky", "0.0")
    manifest = json.loads(released.read_text(entry.manifest_key))
    for stored in manifest["objects"]:
        if stored["key"] == "baselines/majority-class.json":
            stored.update(size=len(text.encode()), sha256=digest_of(text))
    released.write(entry.manifest_key, canonical_text(manifest))
    index = released.read_text(INDEX)
    released.write(INDEX, index.replace(entry.manifest, digest_of(canonical_text(manifest))))
    found, (note,) = evidence(released)
    assert found == OTHERS
    assert "majority-class states a score of 0.99, but its predictions come to" in note
    assert note.removeprefix("left out: ") in audit(released).problems


def test_a_damaged_version_still_has_a_board(released):
    manifest = read_manifest(released, find(read_index(released), "sky", "0.0"))
    released.remove(f"sky/0.0/{manifest.zarr}/zarr.json")
    found, notes = evidence(released)
    assert set(found.values()) == {"stated"}
    assert notes[-1].startswith("left out: the recomputed scores, since ")


def test_a_second_look_computes_nothing_again(scored, monkeypatch):
    first = leaderboard("sky@0.1", store=scored)
    monkeypatch.setattr("skybench.registry.evidence.score", None)
    assert leaderboard("sky@0.1", store=scored).equals(first)
