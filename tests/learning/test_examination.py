"""What a benchmark gives away is found, whatever it is; one that gives nothing away passes."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import skybench
from skybench.errors import NotFoundError
from skybench.release.release import BuildOptions, TrainingOptions, release

CLASSES = ("round", "square")
TINY = Path(__file__).parents[1] / "data" / "tiny.yaml"


def dataset(*, rows=400, seed=0, **changes):
    """Return noise with random labels: a question that nothing answers."""
    rng = np.random.default_rng(seed)
    splits = np.repeat([0, 1, 2], [rows // 2, rows // 4, rows - rows // 2 - rows // 4])
    flags = {"split": ("train", "validation", "test"), "label": CLASSES}
    codes = {"split": rng.permutation(splits), "label": rng.integers(0, 2, rows)} | {
        name: changes.pop(name) for name in ("split", "label") if name in changes
    }
    coords = {
        name: ("sample", np.asarray(code, np.int8), flag_attributes(flags[name]))
        for name, code in codes.items()
    }
    coords["sample_id"] = ("sample", np.arange(rows))
    coords["flux"] = ("sample", rng.uniform(1, 2, rows))
    images = rng.normal(0, 10, (rows, 12, 12)).astype(np.float32)
    made = xr.Dataset({"image": (("sample", "y", "x"), images)}, coords, {"task": "classification"})
    return made.assign_coords(changes)


def flag_attributes(names):
    return {"flag_values": np.arange(len(names), dtype=np.int8), "flag_meanings": " ".join(names)}


def found(ds, check):
    (finding,) = [one for one in skybench.examine(ds) if one.check == check]
    return finding


def test_a_question_that_gives_nothing_away_passes():
    assert all(finding.passed is not False for finding in skybench.examine(dataset()))


def test_pixels_that_occur_twice_are_counted():
    ds = dataset()
    ds.image[7] = ds.image[300]
    assert str(found(ds, "twins")).startswith("twins        NOT MET  2 of 400 samples")


def test_an_object_that_is_in_two_splits_under_other_noise_is_found():
    ds = dataset()
    train, test = (np.flatnonzero(ds.split == code)[0] for code in (0, 2))
    ds.flux[train] = ds.flux[test]
    assert found(ds, "neighbours").number == 2
    assert found(ds, "twins").passed


def test_objects_may_repeat_within_a_split():
    ds = dataset()
    first, second = np.flatnonzero(ds.split == 0)[:2]
    ds.flux[first] = ds.flux[second]
    assert found(ds, "neighbours").passed


@pytest.mark.parametrize(
    ("label", "told"),
    [
        (np.arange(400) % 2, "the class by the row's remainder of 2"),
        (np.arange(400) // 200, "the class by that of the row before"),
    ],
)
def test_rows_in_an_order_that_tells_the_class_are_found(label, told):
    finding = found(dataset(label=label), "order")
    assert not finding.passed
    assert told in finding.figure


def test_classes_that_a_split_has_more_of_are_found():
    split = np.random.default_rng(1).permutation(np.repeat([0, 1, 2], [200, 100, 100]))
    label = np.where(split == 2, 1, np.random.default_rng(2).integers(0, 2, 400))
    assert not found(dataset(split=split, label=label), "balance").passed


def test_brightness_that_tells_the_class_is_an_easy_way_out():
    ds = dataset()
    ds["image"] = ds.image + 20 * ds.label.astype(np.float32)
    finding = found(ds, "easy way out")
    assert finding.number > 0.95
    assert finding.passed is None, "no baseline is known, so nothing is held against it"


def test_the_best_network_of_a_version_is_what_an_easy_way_out_is_held_against(tmp_path):
    training = TrainingOptions(networks=("lenet5",), protocols=("default",), seeds=1, epochs=1)
    quiet = BuildOptions(progress=False)
    release("0.1", store=tmp_path, datasets=[TINY], building=quiet, training=training)
    (finding,) = [
        one for one in skybench.examine("tiny@0.1", store=tmp_path) if one.check == "easy way out"
    ]
    scores = skybench.leaderboard("tiny@0.1", store=tmp_path).set_index("name").accuracy
    assert f"the best baseline {scores['lenet5']:.3f}" in finding.figure
    assert finding.number == pytest.approx(scores["histogram"], abs=1e-6)
    assert finding.passed == (scores["lenet5"] - scores["histogram"] >= 0.15)


def test_a_target_that_a_sum_gives_away_is_named_with_its_share():
    ds = dataset().assign_attrs(task="regression", targets="flux half_light_radius")
    ds = ds.assign_coords(half_light_radius=ds.flux[::-1].variable)
    ds["image"] = ds.image + 100 * ds.flux.astype(np.float32)
    flux, radius = (one for one in skybench.examine(ds) if one.check == "given away")
    assert flux.figure == "sum tells flux with R2 = 1.00"
    assert radius.number < 0.2


def test_features_that_nobody_sees_are_told():
    seen = np.random.default_rng(3).uniform(0, 40, 400)
    finding = found(dataset(feature_signal_to_noise=("sample", seen)), "seen")
    assert not finding.passed


def test_a_dataset_without_a_split_is_refused():
    with pytest.raises(NotFoundError, match="0 samples in its test split"):
        skybench.examine(dataset(split=np.arange(400) % 2))
