import numpy as np
import pytest

from skybench.learning.floors import FLOORS
from skybench.learning.labelled import TEST, TRAIN, VALIDATION, Labelled
from skybench.learning.number_floors import ridge_regression, training_mean

SPLIT = np.repeat(np.array([TRAIN, VALIDATION, TEST], np.int8), [200, 60, 60])


def halves(bands=None):
    """Images whose halves are as bright as two targets are large."""
    rng = np.random.default_rng(2)
    targets = rng.uniform(10, 30, (320, 2))
    images = rng.normal(0, 2, (320, 6, 8))
    images[:, :, :4] += targets[:, 0, None, None]
    images[:, :, 4:] += targets[:, 1, None, None]
    images = np.rint(images).astype(np.int32)
    stacked = images if bands is None else np.repeat(images[:, None], bands, axis=1)
    return Labelled(stacked, targets, SPLIT, 2, "regression")


def test_mean_is_that_of_the_train_split_and_scores_nothing():
    data = halves()
    floor = training_mean(data)
    assert floor.answers.shape == (60, 2)
    assert floor.answers[0] == pytest.approx(data.targets[:200].mean(axis=0))
    assert floor.validation_score == pytest.approx(0, abs=0.1)
    assert floor.validation_score <= 0


@pytest.mark.parametrize("bands", [None, 3])
def test_ridge_regression_finds_what_is_linear(bands):
    data = halves(bands)
    floor = ridge_regression(data)
    truth = data.targets[data.rows(TEST)]
    assert np.abs(floor.answers - truth).mean() < 1.0
    assert floor.validation_score > 0.9
    assert floor.parameters == (6 * 8 * (bands or 1) + 1) * 2


def test_test_split_changes_no_floor():
    data = halves()
    targets = data.targets.copy()
    targets[data.rows(TEST)] += 5
    other = Labelled(data.images, targets, data.split, 2, "regression")
    for floor in FLOORS["regression"].values():
        np.testing.assert_array_equal(floor(data).answers, floor(other).answers)
