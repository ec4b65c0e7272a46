"""Transfer is measured beside a twin from scratch that differs in its first weights alone."""

import dataclasses

import numpy as np
import pytest

import skybench
from skybench.errors import ParameterError
from skybench.learning.labelled import TEST, load_training_data
from skybench.learning.model import build_model
from skybench.learning.networks.lenet5 import LENET5
from skybench.learning.protocols import Freeze, Protocol
from skybench.learning.stretch import Stretch
from skybench.learning.training import fit
from skybench.learning.transfer.labels import with_labels
from skybench.learning.transfer.per_image import UNIT
from skybench.learning.transfer.result import TransferResult
from skybench.learning.transfer.transfer import RESULT
from skybench.learning.weights_file import Weights, about_run, read_weights

QUICK = Protocol(
    name="quick", optimizer="sgd", learning_rate=0.05, weight_decay=0, epochs=4, batch_size=8
)
RATES = (0.05, 0.01)
ASKED = {"protocol": QUICK, "iterations": 4, "rates": RATES, "seeds": 2, "labels": (12,)}


@pytest.fixture(scope="module")
def ds():
    return skybench.generate("objects", 0, 120)


@pytest.fixture(scope="module")
def data(ds):
    return load_training_data(ds).labelled


@pytest.fixture(scope="module")
def weights(data):
    stretch = Stretch(scale=3.0, mean=0.5, deviation=2.0)
    model = build_model(LENET5, data.form, data.outputs, stretch=stretch, seed=77)
    about = about_run(LENET5, data, QUICK, seed=77, normalisation=stretch)
    return Weights(tensors=dict(model.network.state_dict()), about=about)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("trial")


@pytest.fixture(scope="module")
def found(ds, weights, folder):
    return skybench.transfer(weights, ds, network="lenet5", out=folder, **ASKED)


def answers(data, labels, rate, seed, folder, **options):
    part, asked = with_labels(data, QUICK, labels=labels, iterations=4, seed=0)
    asked = asked.model_copy(update={"learning_rate": rate})
    return fit(LENET5, part, asked, seed=seed, folder=folder, **options).test_answers


def test_all_but_the_head_moves(found, weights):
    assert found.left == tuple(n for n in weights.tensors if n.startswith(f"{LENET5.head}."))
    assert {*found.moved, *found.left} == {*weights.tensors}


def test_the_ends_stay_behind_where_it_is_asked(ds, weights, tmp_path):
    asked = {**ASKED, "labels": (), "iterations": 1, "seeds": 1, "rates": (0.01,)}
    found = skybench.transfer(weights, ds, network="lenet5", out=tmp_path, but="ends", **asked)
    ends = (f"{LENET5.stem}.", f"{LENET5.head}.")
    assert found.left == tuple(name for name in weights.tensors if name.startswith(ends))


def test_the_twin_is_what_fit_gives_without_a_source(found, data, tmp_path):
    for one in found.comparisons:
        for seed in range(2):
            predicted = answers(data, one.labels, one.scratch.rate, seed, tmp_path)
            right = predicted.argmax(axis=1) == data.truth[data.rows(TEST)]
            assert one.scratch.by_seed[seed] == right.mean()
            assert one.scratch.merits[seed] == tuple(right)


def test_the_difference_is_that_of_the_same_samples_and_seeds(found, data, weights, tmp_path):
    one, truth = found.comparisons[0], data.truth[data.rows(TEST)]
    gains = []
    for seed in range(2):
        own = answers(data, 12, one.transferred.rate, seed, tmp_path, start=weights)
        twin = answers(data, 12, one.scratch.rate, seed, tmp_path)
        gains.append((own.argmax(1) == truth).mean() - (twin.argmax(1) == truth).mean())
    assert one.difference.value == pytest.approx(np.mean(gains))
    assert one.difference.low <= one.difference.value <= one.difference.high


def test_each_side_takes_the_rate_that_was_best_on_validation(found, data, weights, tmp_path):
    one = found.comparisons[0]
    for side, start in ((one.transferred, weights), (one.scratch, None)):
        part, asked = with_labels(data, QUICK, labels=12, iterations=4, seed=0)
        merits = {
            rate: fit(
                LENET5,
                part,
                asked.model_copy(update={"learning_rate": rate}),
                seed=0,
                folder=tmp_path,
                start=start,
            ).best.merit
            for rate in RATES
        }
        assert merits[side.rate] == max(merits.values())


def test_curves_count_iterations_and_both_sides_have_as_many(found):
    for one in found.comparisons:
        assert [at for at, _ in one.transferred.curve] == [at for at, _ in one.scratch.curve]
        assert one.transferred.curve[-1][0] == one.iterations
        sooner, own = one.equal_after
        curve = dict(one.scratch.curve)
        assert curve[own] == max(curve.values())
        assert sooner is None or dict(one.transferred.curve)[sooner] >= curve[own]


def test_finished_trainings_are_not_made_again(found, ds, weights, folder):
    files = {p: p.stat().st_mtime_ns for p in (folder / "work").rglob("*.safetensors")}
    again = skybench.transfer(weights, ds, network="lenet5", out=folder, **ASKED)
    assert again == found
    assert {p: p.stat().st_mtime_ns for p in (folder / "work").rglob("*.safetensors")} == files
    assert len(files) == 2 * 2 * (2 + 1)  # labels, sides, rates of seed 0 and the other seed


def test_the_result_is_written_and_read_again(found, folder):
    text = (folder / RESULT).read_text(encoding="utf-8")
    assert TransferResult.from_json(text) == found
    assert "merits" not in text


def test_the_summary_says_the_gain_in_points(found):
    gained = 100 * found.comparisons[0].difference.value
    assert f"12 labels, 4 iterations: {gained:+.1f} points [" in found.summary()


def test_the_stretch_may_be_the_sources(ds, data, weights, tmp_path):
    asked = {**ASKED, "labels": (12,), "seeds": 1, "rates": (0.05,), "iterations": 4}
    found = skybench.transfer(
        weights, ds, network="lenet5", out=tmp_path, normalisation="source", **asked
    )
    stretch = weights.about.normalisation
    predicted = answers(data, 12, 0.05, 0, tmp_path / "own", start=weights, stretch=stretch)
    right = predicted.argmax(axis=1) == data.truth[data.rows(TEST)]
    assert found.comparisons[0].transferred.by_seed == (right.mean(),)


def test_images_by_their_own_light_need_weights_that_learned_so(ds, weights, tmp_path):
    with pytest.raises(ParameterError, match="learned from pixels in electron"):
        skybench.transfer(weights, ds, network="lenet5", out=tmp_path, normalisation="image")


def test_a_source_that_is_a_dataset_is_learned_once_and_by_its_images_light(ds, tmp_path):
    asked = {**ASKED, "labels": (), "seeds": 1, "rates": (0.05,), "pretraining": QUICK}
    for _ in range(2):
        found = skybench.transfer(ds, ds, network="lenet5", out=tmp_path, **asked)
        assert (found.normalisation, found.source, found.left[0]) == (
            "image",
            "objects",
            "12.weight",
        )
    (file,) = (tmp_path / "source").rglob("best.safetensors")
    assert read_weights(file).about.origin.unit == UNIT


def test_two_phases_are_the_transferred_sides_alone(found, ds, weights, tmp_path):
    freeze = Freeze(layers="all but head", epochs=2)
    asked = ASKED | {"protocol": QUICK.model_copy(update={"freeze": freeze})}
    phased = skybench.transfer(weights, ds, network="lenet5", out=tmp_path, **asked)
    one, other = phased.comparisons[0], found.comparisons[0]
    assert dataclasses.replace(one.scratch, seconds=0) == dataclasses.replace(
        other.scratch, seconds=0
    )
    assert one.transferred.curve != other.transferred.curve


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"but": "all"}, "but must be one of head, ends, got 'all'"),
        ({"normalisation": "none"}, "normalisation must be one of image, target, source"),
        ({"seeds": 0}, "seeds must be at least 1, got 0"),
        ({"labels": (2,)}, "labels must be at least"),
        ({"network": "resnet50"}, "the weights are of lenet5, not of resnet50"),
    ],
)
def test_what_cannot_be_is_refused(ds, weights, tmp_path, options, words):
    with pytest.raises(ParameterError, match=words):
        skybench.transfer(weights, ds, out=tmp_path, **{"network": "lenet5", **ASKED, **options})
