import json
import re

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import skybench
from skybench.errors import (
    NotFoundError,
    ParameterError,
    PredictionsError,
    VersionConflictError,
)
from skybench.registry.evaluate import evaluate
from skybench.registry.leaderboard import leaderboard
from skybench.registry.scoring.records import Record
from skybench.registry.versions.index import resolve

FOLDER = "sky/0.1/submissions"


@pytest.fixture
def truth(raw):
    test = raw.isel(sample=np.flatnonzero(raw.split == 2))
    return pd.DataFrame({"sample_id": test.sample_id.values, "label": test.label.values})


def with_errors(truth, rows):
    """Turn the labels of some rows round."""
    changed = truth.copy()
    changed.loc[rows, "label"] = 1 - changed.loc[rows, "label"]
    return changed


def test_right_answers_score_one(published, truth, tmp_path):
    path = tmp_path / "mine.csv"
    truth.to_csv(path, index=False)
    result = skybench.evaluate("sky@0", path, name="MyNet", store=published)
    assert result.accuracy == 1
    assert result.record.version == "0.2"
    assert result.record.samples == len(truth)
    assert not result.submitted
    assert published.names("sky/0.2/submissions") == ()


def test_score_interval_and_confusion_of_known_errors(published, truth):
    wrong = list(range(0, len(truth), 10))
    result = evaluate("sky@0.1", with_errors(truth, wrong), store=published)
    share = 1 - len(wrong) / len(truth)
    assert result.accuracy == pytest.approx(share, abs=1e-6)
    assert result.interval[0] < share < result.interval[1]
    assert np.array(result.record.confusion).trace() == len(truth) - len(wrong)


def test_difference_to_stored_records_says_whether_it_is_beyond_chance(published, truth):
    evaluate("sky@0.1", with_errors(truth, range(60)), name="weak", store=published, submit=True)
    close = with_errors(truth, range(2))
    evaluate("sky@0.1", close, name="close", store=published, submit=True)
    mine = evaluate("sky@0.1", with_errors(truth, [5, 6]), name="mine", store=published)
    near, far = mine.comparisons
    assert (near.name, near.difference.value, near.beyond_chance) == ("close", 0, False)
    assert far.difference.value == pytest.approx(58 / len(truth))
    assert far.beyond_chance
    assert "above weak, beyond chance" in str(mine)
    assert "level with close, within chance" in str(mine)


def test_submission_is_on_the_leaderboard_and_never_replaced(published, truth):
    sent = evaluate("sky@0.1", truth, name="MyNet", store=published, submit=True)
    assert sent.submitted
    (key,) = (name for name in published.names(FOLDER) if name.endswith(".json"))
    stored = published.read_text(f"{FOLDER}/{key}")
    assert Record.from_text(stored, key) == sent.record
    assert leaderboard("sky@0.1", store=published).name.tolist() == ["MyNet"]
    with pytest.raises(VersionConflictError, match=r"named mynet, .* --name mynet-2"):
        evaluate("sky@0.1", truth, name="mynet", store=published, submit=True)
    assert published.read_text(f"{FOLDER}/{key}") == stored


def test_a_store_with_submissions_still_verifies(published, truth):
    evaluate("sky@0.1", truth, name="MyNet", store=published, submit=True)
    assert skybench.verify("sky@0.1", store=published, full=True).ok


def test_several_seeds_are_scored_as_their_mean(published, truth):
    runs = [truth.assign(seed=0), with_errors(truth, range(len(truth))).assign(seed=1)]
    result = evaluate("sky@0.1", pd.concat(runs, ignore_index=True), store=published)
    assert result.accuracy == 0.5
    assert [score.score for score in result.record.scores] == [1, 0]


def test_what_was_put_right_or_assumed_is_told(published, truth):
    rounded = np.where(truth.label.to_numpy()[:, None] == [0, 1], 0.333, 0.666)[:, ::-1]
    result = evaluate("sky@0.1", rounded, store=published)
    assert result.accuracy == 1
    assert "the array was taken to be in the order of the test split" in str(result)
    assert f"sum to 0.999 were divided by their sum in {len(truth)} of" in str(result)


def test_a_submission_is_kept_alike_however_it_came(published, truth):
    ways = {"column": truth, "index": truth.set_index("sample_id"), "array": truth.label.to_numpy()}
    for name, way in ways.items():
        evaluate("sky@0.1", way, name=name, store=published, submit=True)
    paths = published.local_path(FOLDER).glob("*.parquet")
    kept = [pd.read_parquet(path) for path in paths]
    assert len(kept) == len(ways)
    for other in kept[1:]:
        pd.testing.assert_frame_equal(kept[0], other)


def test_other_content_is_refused(published, truth, tmp_path):
    other = "sha256:" + "00" * 32
    with pytest.raises(PredictionsError, match=f"made for content {other}, but sky@0.1 has"):
        evaluate("sky@0.1", truth, store=published, content_hash=other)
    path = tmp_path / "bound.csv"
    path.write_text(f"# content={other}\n" + truth.to_csv(index=False))
    with pytest.raises(PredictionsError, match="Predict again"):
        evaluate("sky@0.1", path, store=published, name="x", submit=True)
    assert published.names("sky/0.1/submissions") == ()


def test_a_submission_and_its_predictions_name_the_manifest(published, truth):
    record = evaluate("sky@0.1", truth, name="mine", store=published, submit=True).record
    entry = resolve("sky@0.1", published)
    assert record.manifest == entry.manifest
    stored = published.local_path(f"sky/0.1/{record.predictions.key}")
    bound = json.loads(pq.read_schema(stored).metadata[b"skybench"])
    assert bound["manifest"] == entry.manifest
    assert set(bound) == {"dataset", "version", "content", "split_content", "manifest"}


def test_predictions_stay_those_of_a_version_that_keeps_the_test_split(
    published, truth, raw, release_of
):
    record = evaluate("sky@0.1", truth, name="mine", store=published, submit=True).record
    predictions = published.local_path(f"sky/0.1/{record.predictions.key}")
    image = raw.image.where(raw.split != 0, 0).astype(raw.image.dtype)  # other training images
    assert evaluate("sky@0.3", predictions, store=release_of(raw.assign(image=image), "0.3"))
    image = raw.image.where(raw.split != 2, 0).astype(raw.image.dtype)
    with pytest.raises(PredictionsError, match="were made for content"):
        evaluate("sky@0.4", predictions, store=release_of(raw.assign(image=image), "0.4"))


def test_own_content_is_accepted_as_version_or_as_test_split(published, truth):
    record = evaluate("sky@0.1", truth, store=published).record
    for own in (record.content, record.split_content):
        assert evaluate("sky@0.1", truth, store=published, content_hash=own).accuracy == 1


def test_training_ids_are_recognised(published, raw):
    train = raw.isel(sample=np.flatnonzero(raw.split == 0))
    frame = pd.DataFrame({"sample_id": train.sample_id.values, "label": train.label.values})
    with pytest.raises(PredictionsError, match="is of the train split"):
        evaluate("sky@0.1", frame, store=published)


def test_submission_needs_a_name(published, truth):
    with pytest.raises(PredictionsError, match="needs a name of its own; give one with --name"):
        evaluate("sky@0.1", truth, store=published, submit=True)
    with pytest.raises(ParameterError, match="did you mean 'My-Net'"):
        evaluate("sky@0.1", truth, store=published, name="My Net")


@pytest.mark.parametrize("change", ["changed", "deleted"])
def test_other_submissions_stop_no_evaluation(published, truth, change):
    sent = evaluate("sky@0.1", truth, name="MyNet", store=published, submit=True)
    key = f"sky/0.1/{sent.record.predictions.key}"
    published.write(key, b"changed") if change == "changed" else published.remove(key)
    result = evaluate("sky@0.1", truth, store=published)
    assert result.comparisons == ()
    (note,) = result.notes
    assert note.startswith("left out: ")
    assert key in note


def test_what_is_scored_is_what_is_kept(numbers):
    """Numbers that float32 can't hold were kept as infinities, which nobody could score again."""
    store, truth = numbers
    with pytest.raises(PredictionsError, match="flux must be a finite number in every row"):
        evaluate("sky@0.1", truth.assign(flux=1e39), name="huge", store=store, submit=True)
    assert store.names(FOLDER) == ()
    sent = evaluate(
        "sky@0.1", truth.assign(flux=truth.flux + 1 / 3), name="a", store=store, submit=True
    )
    assert leaderboard("sky@0.1", store=store).r2.tolist() == [sent.score]


ABOUT = {
    "code": "https://example.org/mynet",
    "paper": "https://doi.org/10.1000/182",
    "authors": ["A. Name", "B. Name"],
    "parameters": 60_000,
    "training_data": "none but the training split",
    "pretraining": "ImageNet-1k",
}


def test_what_a_submitter_says_of_a_model_is_on_the_leaderboard(published, truth):
    evaluate("sky@0.1", truth, name="MyNet", store=published, submit=True, about=ABOUT)
    evaluate("sky@0.1", truth, name="quiet", store=published, submit=True)
    table = leaderboard("sky@0.1", store=published)
    assert table.attrs["about"] == {"MyNet": {k: v for k, v in ABOUT.items() if k != "parameters"}}
    assert table.set_index("name").parameters["MyNet"] == 60_000


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"code": "ftp://example.org/x"}, "code: .*web address that begins with https://"),
        ({"code": "https://me:secret@example.org"}, "holds no password"),
        ({"paper": "https://example.org/a b"}, "without spaces"),
        ({"authors": ["a\x1b[2J"]}, "control character"),
        ({"authors": "A. Name"}, "authors: .*tuple"),
        ({"parameters": -1}, "parameters: .*greater than or equal to 0"),
        ({"pretraining": "x" * 301}, "pretraining: .*at most 300"),
        ({"pretrained": "yes"}, "did you mean 'pretraining'"),
    ],
)
def test_what_is_said_of_a_model_is_plain_and_short(published, truth, said, message):
    with pytest.raises(ParameterError, match=message):
        evaluate("sky@0.1", truth, name="MyNet", store=published, submit=True, about=said)
    assert published.names(FOLDER) == ()


def test_unknown_version_is_refused(published, truth):
    with pytest.raises(NotFoundError, match=r"it has 0\.1 and 0\.2"):
        evaluate("sky@3", truth, store=published)


@pytest.fixture
def numbers(raw, release_of):
    """A store with a regression of flux and size, as sky 0.1, and its test truth."""
    rng = np.random.default_rng(5)
    values = {
        "flux": rng.uniform(1e3, 1e5, raw.sizes["sample"]).astype(np.float32),
        "size": rng.uniform(1, 6, raw.sizes["sample"]).astype(np.float32),
    }
    ds = raw.drop_vars(["flux", "kind"]).assign_coords(
        {name: ("sample", column) for name, column in values.items()}
    )
    store = release_of(ds.assign_attrs(task="regression", targets="flux size"))
    test = np.flatnonzero(raw.split == 2)
    ids = {"sample_id": raw.sample_id.values[test]}
    return store, pd.DataFrame(ids | {name: column[test] for name, column in values.items()})


def test_regression_is_scored_by_target_and_compared(numbers):
    store, truth = numbers
    assert evaluate("sky@0.1", truth, store=store).score == 1
    far = truth.assign(flux=truth.flux.mean(), size=truth["size"] + 0.5)
    sent = evaluate("sky@0.1", far, name="far", store=store, submit=True)
    flux, size = (sent.record.measures[name] for name in ("flux", "size"))
    assert flux["r2"] == pytest.approx(0, abs=1e-6)
    assert (size["rmse"], size["mae"], size["bias"]) == pytest.approx((0.5, 0.5, 0.5), rel=1e-5)
    assert sent.score == pytest.approx((flux["r2"] + size["r2"]) / 2, abs=1e-5)
    assert sent.accuracy is None
    assert sent.record.targets == ("flux", "size")

    near = evaluate("sky@0.1", truth.assign(size=truth["size"] + 0.1), store=store)
    (gap,) = near.comparisons
    assert gap.difference.value == pytest.approx(near.score - sent.score, abs=1e-5)
    assert gap.beyond_chance
    assert "mean R² 0.99" in str(near)
    assert "above far, beyond chance" in str(near)
    assert near.measures.loc["size", "bias"] == pytest.approx(0.1, rel=1e-5)

    table = leaderboard("sky@0.1", store=store)
    assert table.r2.tolist() == [sent.score]
    assert table.size_mae.tolist() == [size["mae"]]
    assert table.attrs["metric"] == "r2"


def test_regression_predictions_that_are_no_numbers_are_refused(numbers):
    store, truth = numbers
    with pytest.raises(PredictionsError, match=r"lacks size\. It needs .* one column a target"):
        evaluate("sky@0.1", truth.drop(columns="size"), store=store)
    with pytest.raises(PredictionsError, match="size must be a finite number in every row"):
        evaluate("sky@0.1", truth.assign(size=np.inf), store=store)


def test_segmentation_is_scored_from_maps_and_kept_as_maps(tmp_path, raw, release_of):
    rng = np.random.default_rng(6)
    source_class = raw.kind.values.astype(np.int8)
    ds = raw.drop_vars(["flux", "kind", "label"]).assign_coords(
        source_class=(("sample", "source"), source_class, raw.kind.attrs)
    )
    maps = rng.integers(0, 2, raw.image.shape).astype(np.int8)
    ds = ds.assign(segmentation=(("sample", "y", "x"), maps))
    store = release_of(ds.assign_attrs(task="segmentation"))
    test = np.flatnonzero(raw.split == 2)
    right = maps[test] * (source_class[test, 0] + 1)[:, None, None]
    path = tmp_path / "mine.npz"
    np.savez(path, sample_id=raw.sample_id.values[test], segmentation=right)
    sent = evaluate("sky@0.1", path, name="right", store=store, submit=True)
    assert sent.score == 1
    assert sent.record.classes == ("background", "star", "spiral")
    assert re.fullmatch(
        r"submissions/right-[0-9a-f]{8}-predictions.npz", sent.record.predictions.key
    )
    assert leaderboard("sky@0.1", store=store).iou.tolist() == [1]

    np.savez(path, sample_id=raw.sample_id.values[test], segmentation=0 * right)
    nothing = evaluate("sky@0.1", path, store=store)
    assert nothing.record.measures["star"]["iou"] == 0
    (gap,) = nothing.comparisons
    assert gap.difference.high < 0
