"""Forged boards: what the stored predictions do not come to is not ranked, and stops nothing."""

import json

import numpy as np
import pandas as pd
import pytest

from skybench.registry.audit import audit
from skybench.registry.evaluate import evaluate
from skybench.registry.leaderboard import leaderboard
from skybench.registry.scoring.submissions import LOG, submissions_to
from skybench.registry.versions.chain import digest_of_last
from skybench.registry.versions.index import find, read_index, read_manifest
from skybench.registry.versions.manifest import StoredObject, canonical_text, digest_of

FOLDER = "sky/0.1"
OTHER = "sha256:" + "00" * 32


pytestmark = pytest.mark.usefixtures("no_recorded_versions")


@pytest.fixture
def truth(raw):
    test = raw.isel(sample=np.flatnonzero(raw.split == 2))
    return pd.DataFrame({"sample_id": test.sample_id.values, "label": test.label.values})


@pytest.fixture
def board(published, truth):
    """A store with an honest submission, right about all but a tenth of the samples."""
    truth.loc[::10, "label"] = 1 - truth.loc[::10, "label"]
    evaluate("sky@0.1", truth, name="honest", store=published, submit=True)
    return published


def names_on(store):
    table = leaderboard("sky@0.1", store=store)
    return table.name.tolist(), table.attrs["notes"]


def honest(store):
    """Return the honest record as plain values."""
    (line,) = submissions_to(FOLDER, store)
    return json.loads(store.read_text(f"{FOLDER}/{line.record.key}"))


def log(store, content, name="forged", predictions=None):
    """Add a file and its line, as somebody would who can write the store and knows the format."""
    data = content if isinstance(content, bytes) else content.encode()
    store.write(f"{FOLDER}/submissions/forged.json", data)
    log_line(store, len(data), digest_of(data), name, predictions)


def log_line(store, size, digest, name="forged", predictions=None):
    lines = submissions_to(FOLDER, store)
    stored = StoredObject(key="submissions/forged.json", size=size, sha256=digest)
    values = {"name": name, "record": stored, "previous": digest_of_last(lines)}
    values["predictions"] = predictions or lines[0].predictions
    line = lines[0].model_copy(update=values)
    text = store.read_text(f"{FOLDER}/{LOG}")
    store.write(f"{FOLDER}/{LOG}", f"{text}{line.to_line()}\n")


def with_seed_score(values):
    values["scores"][0]["score"] = 0.99


def with_measure(values):
    values["measures"]["star"]["recall"] = 0.99


def with_overall(values):
    values["overall"]["expected_calibration_error"] = 0.0


def of_others(values):
    values["predictions"]["key"] = "baselines/nobody.parquet"


def with_more_seeds(values):
    values["seeds"] = list(range(260))
    values["scores"] = [values["scores"][0] | {"seed": seed} for seed in range(260)]


FORGED = {
    "a better score": (
        {"score": 0.99, "interval": {"low": 0.98, "high": 1.0}},
        "states a score of 0.99, but its predictions come to 0.8995",
    ),
    "the attack": (
        {"kind": "baseline", "metric": "r2", "score": 5.0, "interval": {"low": 5.0, "high": 5.0}},
        "says that it is the baseline forged, but it was published as the submission forged",
    ),
    "a floor": ({"kind": "floor"}, "says that it is the floor forged"),
    "another metric": ({"metric": "r2"}, "has the metric 'r2', which must be 'accuracy' here"),
    "another task": ({"task": "multilabel"}, "has the task 'multilabel'"),
    "a narrow interval": (
        {"interval": {"low": 0.89, "high": 0.91}},
        "states the lower end 0.89",
    ),
    "a seed": (with_seed_score, "of seed 0 0.99"),
    "a measure": (with_measure, "states of star the recall 0.99"),
    "calibration": (with_overall, "states expected_calibration_error 0.0"),
    "other classes": ({"classes": ["a", "b"]}, r"has the classes ('a', 'b')"),
    "fewer samples": ({"samples": 10}, "states 10 samples and 1 seeds"),
    "260 seeds": (with_more_seeds, "and 260 seeds"),
    "the training split": ({"split": "train"}, "has the split 'train'"),
    "other content": ({"split_content": OTHER}, "was scored on the test split of sky 0.1 with"),
    "another dataset": ({"dataset": "stars"}, "was scored on the test split of stars"),
    "no predictions": ({"predictions": None}, "names other predictions than those"),
    "missing predictions": (of_others, "nobody.parquet are not there"),
    "another's name": ({"name": "better"}, "is the submission better, but it was published as"),
    "NaN": ({"score": float("nan")}, "is not valid JSON: "),
    "an unknown key": ({"verified": True}, "is not as skybench writes it: verified"),
    "a negative count": ({"parameters": -1}, "parameters"),
    "a screen that is wiped": ({"model": "\x1b[2J"}, "must be plain text, but holds"),
}


@pytest.mark.parametrize("change", FORGED)
def test_a_forged_record_is_left_out_with_its_reason(board, fault, change):
    changes, reason = FORGED[change]
    values = honest(board) | {"name": "forged", "model": "forged"}
    changes(values) if callable(changes) else values.update(changes)
    log(board, json.dumps(values) if change == "NaN" else canonical_text(values))
    with fault("a forged record on the board") as row:
        ranked, notes = names_on(board)
        row.add("" if ranked == ["honest"] else f"{change} is ranked")
    (note,) = notes
    assert reason in note
    assert note.isprintable()
    assert audit(board).problems == (note.removeprefix("left out: "),)


def write_huge(store):
    with store.local_path(f"{FOLDER}/submissions/forged.json").open("wb") as file:
        file.truncate(1 << 33)
    log_line(store, 1 << 33, OTHER)


def link(store):
    path = store.local_path(f"{FOLDER}/submissions/forged.json")
    path.symlink_to("/etc/passwd")
    log_line(store, path.stat().st_size, digest_of(path.read_bytes()))


def make_folder(store):
    path = store.local_path(f"{FOLDER}/submissions/forged.json")
    path.mkdir()
    log_line(store, path.stat().st_size, OTHER)


STRANGE = {
    "bad JSON": (lambda store: log(store, "{"), "is not valid JSON"),
    "binary": (lambda store: log(store, b"\xff\xfe"), "is no record: it is not UTF-8"),
    "deep JSON": (lambda store: log(store, "[" * 100_000), "is not valid JSON"),
    "a huge file": (write_huge, "more than 67,108,864; skybench wrote no such"),
    "a link": (link, "forged.json"),
    "a folder": (make_folder, "forged.json"),
    "a file that is not there": (lambda store: log_line(store, 9, OTHER), "is not there"),
}


@pytest.mark.parametrize("kind", STRANGE)
@pytest.mark.parametrize("logged", [True, False], ids=["logged", "dropped"])
def test_what_is_no_record_stops_no_board(board, truth, fault, kind, logged):
    make, reason = STRANGE[kind]
    honest_log = board.read_text(f"{FOLDER}/{LOG}")
    make(board)
    if not logged:
        board.write(f"{FOLDER}/{LOG}", honest_log)
    with fault("a forged record on the board") as row:
        ranked, notes = names_on(board)
        row.add("" if ranked == ["honest"] else f"{kind} is ranked")
    there = logged or kind != "a file that is not there"
    assert len(notes) == there
    assert all((reason if logged else "is named by no line") in note for note in notes)
    assert evaluate("sky@0.1", truth, name="next", store=board, submit=True).submitted


def drop_line(text):
    return text[text.index("\n") + 1 :]


LOGS = {
    "a line is cut off": (lambda text: text[: text.index("\n") + 1], "is named by no line"),
    "a line is deleted": (drop_line, "does not follow the line before it"),
    "a line is changed": (lambda text: text.replace("honest", "best"), "does not follow the line"),
    "the last line is changed": (
        lambda text: text.replace('"second"', '"first"'),
        "is the submission second, but it was published as the submission first",
    ),
    "half a line": (lambda text: text[:-9], "is cut off"),
    "no log": (lambda text: "", "is named by no line"),
    "nonsense": (lambda text: "nonsense\n", "is not valid JSON"),
}


@pytest.mark.parametrize("change", LOGS)
def test_a_changed_log_is_seen(board, truth, change):
    make, reason = LOGS[change]
    evaluate("sky@0.1", truth, name="second", store=board, submit=True)
    assert names_on(board) == (["honest", "second"], [])
    board.write(f"{FOLDER}/{LOG}", make(board.read_text(f"{FOLDER}/{LOG}")))
    ranked, notes = names_on(board)
    assert "second" not in ranked
    assert any(reason in note for note in notes), notes
    assert audit(board).problems


def test_two_lines_of_one_name_are_one_submission(board):
    values = honest(board)
    log(board, canonical_text(values), name="honest")
    ranked, (note,) = names_on(board)
    assert ranked == ["honest"]
    assert "a second record has the name honest" in note


def test_a_submission_of_an_older_skybench_is_submitted_again(board, truth):
    """Before 0.3 there was no log."""
    values = honest(board) | {"name": "older"}
    board.write(f"{FOLDER}/submissions/older.json", canonical_text(values))
    _, (note,) = names_on(board)
    assert "submit its predictions again" in note
    evaluate("sky@0.1", truth, name="older", store=board, submit=True)
    board.remove(f"{FOLDER}/submissions/older.json")
    assert names_on(board) == (["honest", "older"], [])
    assert audit(board).ok


def test_labels_that_were_changed_in_the_store_score_nothing(board):
    """Else whoever writes the store would make any predictions right."""
    manifest = read_manifest(board, find(read_index(board), "sky", "0.1"))
    key = next(o.key for o in manifest.objects if "/label/c/" in o.key)
    data = bytearray(board.read_bytes(f"{FOLDER}/{key}"))
    data[len(data) // 2] ^= 1
    board.write(f"{FOLDER}/{key}", bytes(data))
    ranked, notes = names_on(board)
    assert ranked == []
    assert "the score of honest does not follow from its predictions: " in notes[0]
    assert "label" in notes[0]


def test_a_submission_without_predictions_scores_nothing(board):
    board.remove(f"{FOLDER}/{honest(board)['predictions']['key']}")
    ranked, (note,) = names_on(board)
    assert ranked == []
    assert "the score of honest does not follow from its predictions: " in note
    assert note.endswith("are not there")
