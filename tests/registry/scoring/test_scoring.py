import numpy as np
import pytest

from skybench.registry.scoring.scoring import score

CLASSES = ("star", "spiral")
TRUTH = np.array([0, 0, 1, 1])
RIGHT = np.eye(2)[TRUTH]
ONE_WRONG = np.eye(2)[[0, 1, 1, 1]]


def test_score_of_two_runs_is_their_mean():
    tested = score("classification", TRUTH, CLASSES, {0: RIGHT, 4: ONE_WRONG})
    assert tested.merit.tolist() == [1, 0.5, 1, 1]
    assert tested.score.value == 0.875
    assert [(s.seed, s.accuracy) for s in tested.by_seed.values()] == [(0, 1.0), (4, 0.75)]
    assert tested.measures == {"star": {"accuracy": 0.75}, "spiral": {"accuracy": 1.0}}
    assert tested.confusion.tolist() == [[3, 1], [0, 4]]


def test_record_fields_hold_accuracy_inside_its_interval():
    fields = score("classification", TRUTH, CLASSES, {0: ONE_WRONG}).record_fields()
    assert fields["accuracy"] == fields["score"] == 0.75
    assert fields["interval"].low <= 0.75 <= fields["interval"].high
    assert fields["seeds"] == (0,)
    assert fields["samples"] == 4


def test_class_without_test_samples_is_none():
    tested = score("classification", np.zeros(3, int), CLASSES, {0: np.eye(2)[[0, 0, 1]]})
    assert tested.record_fields()["accuracy_by_class"] == {
        "star": pytest.approx(2 / 3, abs=1e-6),
        "spiral": None,
    }


def test_multilabel_has_one_matrix_a_class():
    truth = np.array([[1, 0], [1, 1]])
    tested = score("multilabel", truth, CLASSES, {0: np.array([[0.9, 0.2], [0.8, 0.3]])})
    assert tested.score.value == 0.5
    assert tested.measures == {"star": {"accuracy": 1.0}, "spiral": {"accuracy": 0.5}}
    assert tested.confusion.tolist() == [[[0, 0], [0, 2]], [[1, 0], [1, 0]]]
