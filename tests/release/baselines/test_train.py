"""A network is trained on any dataset, with a record, predictions, weights and both curves."""

import json

import numpy as np
import pandas as pd
import pytest

import skybench
from skybench.errors import IntegrityError, ParameterError
from skybench.generators.codes import encode_flags
from skybench.learning import labelled
from skybench.learning.labelled import load_training_data
from skybench.learning.weights_file import read_weights
from skybench.registry.exports.export import data_format_of, write_dataset
from skybench.registry.scoring.records import Record

PROTOCOL = """\
optimizer: adamw
learning_rate: 3e-3
weight_decay: 1e-4
epochs: 2
network: lenet5
seeds_needed: 2
"""


@pytest.fixture(scope="module")
def ds():
    return skybench.generate("objects", 0, 90)


@pytest.fixture(scope="module")
def protocol(tmp_path_factory):
    path = tmp_path_factory.mktemp("protocols") / "quick.yaml"
    path.write_text(PROTOCOL, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def done(ds, protocol, tmp_path_factory):
    return skybench.train(ds, protocol=protocol, out=tmp_path_factory.mktemp("run"))


def test_the_record_is_like_a_baselines_and_says_that_it_is_ones_own(done):
    text = (done.folder / "lenet5-quick.json").read_text(encoding="utf-8")
    record = Record.from_text(text, "record")
    assert record == done.record
    assert (record.kind, record.dataset, record.version) == ("own", "objects", "0.0")
    assert (record.seeds, record.epochs, record.complete) == ((0, 1), 2, True)
    assert [len(scored.curve) for scored in record.scores] == [2, 2]


def test_the_time_to_accuracy_is_that_of_the_first_epoch_that_reaches_it(done):
    for scored in done.record.scores:
        run = done.runs[scored.seed]
        for at in scored.reached:
            least = at.share * run.best.validation_score
            early = [e for e in run.history if e.epoch < at.epoch]
            assert all(e.validation_score < least for e in early)
            assert run.history[at.epoch - 1].validation_score >= least
            assert at.iterations == run.history[at.epoch - 1].iterations
            assert at.seconds == pytest.approx(
                sum(e.seconds for e in run.history[: at.epoch]), abs=0.01
            )
        assert [at.share for at in scored.reached] == [0.9, 0.95, 0.99]


def test_predictions_and_curves_lie_beside_it(ds, done):
    found = skybench.evaluate(ds, done.predictions)
    assert found.score == pytest.approx(done.record.score, abs=1e-6)
    curve = pd.read_parquet(done.folder / "lenet5-quick-seed1-iterations.parquet")
    pd.testing.assert_frame_equal(curve, done.runs[1].curve)
    assert read_weights(done.weights).about.protocol["name"] == "quick"


def test_a_path_gives_what_the_dataset_in_memory_does(ds, done, protocol, tmp_path):
    path = tmp_path / "mine.zarr"
    write_dataset(encode_flags(ds), path, data_format_of(path))
    again = skybench.train(path, protocol=protocol, out=tmp_path / "run")
    assert again.record.dataset == "mine"
    assert again.record.content == done.record.content
    assert again.record.score == done.record.score


def test_images_that_stay_on_the_disk_teach_the_same(ds, tmp_path, monkeypatch):
    held = load_training_data(ds, unpacked=tmp_path)
    monkeypatch.setattr(labelled, "MOST_IN_MEMORY", 0)
    monkeypatch.setattr(labelled, "_UNPACKED_AT_ONCE", 7)
    unpacked = load_training_data(ds, unpacked=tmp_path)
    assert isinstance(unpacked.labelled.images, np.memmap)
    assert unpacked.labelled.digest() == held.labelled.digest()
    assert list(tmp_path.iterdir()) == []


def test_a_run_may_begin_with_the_weights_of_another(ds, done, protocol, tmp_path):
    path = tmp_path / "tune.yaml"
    more = f"init: {done.weights}\nfreeze: {{layers: all but head, epochs: 1}}\nlayer_decay: 0.5\n"
    path.write_text(PROTOCOL + more, encoding="utf-8")
    tuned = skybench.train(ds, protocol=path, out=tmp_path / "run", seeds=1)
    before, after = (read_weights(one.weights).tensors for one in (done, tuned))
    apart = max(float((before[n] - after[n]).abs().max()) for n in before if n.startswith("0."))
    assert 0 < apart < 0.1


def test_what_cannot_be_trained_on_is_refused(ds, done, protocol, tmp_path):
    with pytest.raises(ParameterError, match="name a network: the protocol default has none"):
        skybench.train(ds, out=tmp_path)
    small = ds.isel(x=slice(8), y=slice(8))
    with pytest.raises(ParameterError, match="it takes images"):
        skybench.train(small, protocol=protocol, out=tmp_path)
    with pytest.raises(IntegrityError, match="has no 'split'"):
        skybench.train(ds.drop_vars("split"), protocol=protocol, out=tmp_path)
    assert json.loads((done.folder / "lenet5-quick.json").read_text())["kind"] == "own"


def test_a_protocol_adapts_to_the_images_of_another_survey(ds, tmp_path):
    other = tmp_path / "other.zarr"
    write_dataset(encode_flags(ds.isel(sample=slice(0, 30))), other, data_format_of(other))
    adapting = tmp_path / "adapting.yaml"
    adapt = f"adapt: {{kind: coral, target: {other}, part: all, weight: 10}}\n"
    adapting.write_text(PROTOCOL + "batch_size: 8\n" + adapt, encoding="utf-8")
    plainly = tmp_path / "plainly.yaml"
    plainly.write_text(PROTOCOL + "batch_size: 8\n", encoding="utf-8")
    plain = skybench.train(ds, protocol=plainly, seeds=1, out=tmp_path / "plain")
    adapted = skybench.train(ds, protocol=adapting, seeds=1, out=tmp_path / "adapted")
    assert len(adapted.runs[0].test_answers) == len(plain.runs[0].test_answers)
    # What is learnt differs from the second batch on, and the samples that are scored do not.
    assert (adapted.runs[0].test_answers != plain.runs[0].test_answers).any()
    assert adapted.record.content == plain.record.content
    known = adapted.record.hyperparameters["adapt"]
    assert (known["kind"], known["target"], known["weight"]) == ("coral", str(other), 10.0)
