"""Few labels are a fair sample, each size within the next, and are learned from as long."""

import numpy as np
import pytest

from skybench.errors import ParameterError
from skybench.learning.labelled import TEST, TRAIN, VALIDATION, Labelled
from skybench.learning.protocols import PROTOCOLS, Freeze
from skybench.learning.transfer.labels import chosen_sizes, nested_rows, with_labels

PROTOCOL = PROTOCOLS["default"].model_copy(update={"batch_size": 10})
COUNTS = (120, 60, 20)


@pytest.fixture(scope="module")
def data():
    truth = np.repeat(np.arange(3, dtype=np.int8), COUNTS)
    truth = np.random.default_rng(1).permutation(truth)
    split = np.repeat(np.array([TRAIN, VALIDATION, TEST], np.int8), [200, 30, 40])
    truth = np.concatenate([truth, np.arange(70, dtype=np.int8) % 3])
    images = np.arange(270, dtype=np.int32)[:, None, None] * np.ones((8, 8), np.int32)
    return Labelled(images, truth, split, 3)


def test_the_first_n_have_the_share_of_each_class_that_all_have(data):
    rows = nested_rows(data, seed=4)
    assert sorted(rows) == data.rows(TRAIN).tolist()
    for count in range(1, 201):
        found = np.bincount(data.truth[rows[:count]], minlength=3)
        # Of a class with share p, n samples have p n to within one, rounding of three classes.
        assert np.abs(found - np.array(COUNTS) * count / 200).max() <= 1.0


def test_another_seed_gives_other_samples_and_the_same_seed_the_same(data):
    first = nested_rows(data, seed=4)
    assert np.array_equal(first, nested_rows(data, seed=4))
    assert {*first[:50].tolist()} != {*nested_rows(data, seed=5)[:50].tolist()}


def test_a_smaller_size_is_within_a_larger_one(data):
    parts = [with_labels(data, PROTOCOL, labels=n, iterations=40, seed=4)[0] for n in (10, 50, 200)]
    kept = [{*part.images[part.rows(TRAIN), 0, 0].tolist()} for part in parts]
    assert [len(one) for one in kept] == [10, 50, 200]
    assert kept[0] < kept[1] < kept[2]


def test_validation_and_test_stay_whole(data):
    part, _ = with_labels(data, PROTOCOL, labels=10, iterations=40, seed=4)
    for split in (VALIDATION, TEST):
        assert np.array_equal(part.images[part.rows(split)], data.images[data.rows(split)])
        assert np.array_equal(part.truth[part.rows(split)], data.truth[data.rows(split)])


@pytest.mark.parametrize("labels", [10, 33, 200])
def test_few_labels_are_gone_through_for_as_many_iterations(data, labels):
    part, asked = with_labels(data, PROTOCOL, labels=labels, iterations=400, seed=4)
    batches = len(part.rows(TRAIN)) // 10
    assert batches * asked.epochs == 400
    assert asked.epochs == 10
    times = np.unique(part.images[part.rows(TRAIN), 0, 0], return_counts=True)[1]
    assert times.max() - times.min() <= 1


def test_many_labels_are_gone_through_in_whole_epochs(data):
    part, asked = with_labels(data, PROTOCOL, labels=200, iterations=50, seed=4)
    assert len(part.rows(TRAIN)) == 200
    assert asked.epochs == 3  # of 20 batches, the first number of them that has 50


def test_the_first_phase_is_as_large_a_share(data):
    freeze = Freeze(layers="all but head", epochs=2)
    phased = PROTOCOL.model_copy(update={"freeze": freeze})  # of eight epochs
    _, asked = with_labels(data, phased, labels=10, iterations=100, seed=4)
    assert (asked.epochs, asked.freeze.epochs) == (10, 2)
    _, shortest = with_labels(data, phased, labels=200, iterations=1, seed=4)
    assert (shortest.epochs, shortest.freeze.epochs) == (2, 1)


def test_sizes_end_with_the_whole_split(data):
    assert chosen_sizes(None, data) == (50, 100, 200)
    assert chosen_sizes((60, 20, 500), data) == (20, 60, 200)
    with pytest.raises(ParameterError, match="at least 3, one for each class, got 2"):
        chosen_sizes((2, 60), data)
