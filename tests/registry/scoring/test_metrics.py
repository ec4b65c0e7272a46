import numpy as np
import pytest

from skybench.errors import ParameterError
from skybench.registry.scoring.metrics import bootstrap, paired_bootstrap
from skybench.registry.scoring.tasks import TASKS, task_named

# Six samples of three classes; 0 -> 0, 0 -> 1, 1 -> 1, 1 -> 1, 2 -> 0, 2 -> 2.
TRUTH = np.array([0, 0, 1, 1, 2, 2])
PROBABILITIES = np.array(
    [
        [0.8, 0.1, 0.1],
        [0.3, 0.4, 0.3],
        [0.2, 0.6, 0.2],
        [0.0, 1.0, 0.0],
        [0.5, 0.1, 0.4],
        [0.1, 0.1, 0.8],
    ]
)


def test_classification_of_known_answers():
    task = TASKS["classification"]
    decisions = task.decide(PROBABILITIES)
    assert decisions.tolist() == [0, 1, 1, 1, 0, 2]
    assert task.merit(decisions, TRUTH).tolist() == [True, False, True, True, False, True]
    # Of the two samples of each class: one, two and one are recognised.
    assert task.measures(decisions, TRUTH, 3)["accuracy"].tolist() == [0.5, 1.0, 0.5]
    assert task.confusion(decisions, TRUTH, 3).tolist() == [[1, 1, 0], [0, 2, 0], [1, 0, 1]]


def test_a_class_without_samples_has_no_accuracy():
    task = TASKS["classification"]
    shares = task.measures(np.array([0, 0]), np.array([0, 0]), 2)["accuracy"]
    assert shares[0] == 1
    assert np.isnan(shares[1])


def test_multilabel_of_known_answers():
    task = TASKS["multilabel"]
    truth = np.array([[1, 0], [1, 1], [0, 0], [0, 1]])
    decisions = task.decide(np.array([[0.9, 0.1], [0.6, 0.4], [0.5, 0.5], [0.7, 0.7]]))
    # 0.5 is not present; the second misses class 1, the last adds class 0.
    assert decisions.tolist() == [[1, 0], [1, 0], [0, 0], [1, 1]]
    assert task.merit(decisions, truth).tolist() == [True, False, True, False]
    assert task.measures(decisions, truth, 2)["accuracy"].tolist() == [0.75, 0.75]
    assert task.confusion(decisions, truth, 2).tolist() == [[[1, 1], [0, 2]], [[2, 0], [1, 1]]]


def test_unknown_task_lists_those_there_are():
    with pytest.raises(
        ParameterError, match=r"one of classification, multilabel, .*, got 'detection'"
    ):
        task_named("detection")


def test_bootstrap_interval_of_a_share_is_about_two_standard_errors():
    # Standard error of a share: sqrt(0.9 * 0.1 / 2000) = 0.00671; times 1.96 is 0.01315.
    right = np.arange(2000) < 1800
    interval = bootstrap(right)
    assert interval.value == 0.9
    assert interval.high - 0.9 == pytest.approx(0.01315, rel=0.06)
    assert 0.9 - interval.low == pytest.approx(0.01315, rel=0.06)
    assert bootstrap(right) == interval


def test_bootstrap_equals_resampling_every_sample():
    values = np.repeat([0.0, 1 / 3, 2 / 3, 1.0], [5, 10, 20, 65])
    rng = np.random.default_rng(1)
    means = values[rng.integers(0, 100, (20_000, 100))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    interval = bootstrap(values)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=0.005)


def test_bootstrap_of_many_distinct_values_is_about_two_standard_errors():
    # A mean of 4000 values of deviation 3 has the standard error 0.0474; times 1.96 is 0.0930.
    values = np.random.default_rng(7).normal(5, 3, 4000)
    values = 5 + 3 * (values - values.mean()) / values.std()
    interval = bootstrap(values)
    assert interval.value == pytest.approx(5)
    assert interval.high - 5 == pytest.approx(0.0930, rel=0.05)
    assert 5 - interval.low == pytest.approx(0.0930, rel=0.05)


def test_bootstrap_of_certainty_has_no_width():
    interval = bootstrap(np.ones(50, bool))
    assert (interval.value, interval.low, interval.high) == (1, 1, 1)


def test_pairing_sees_a_difference_that_two_intervals_hide():
    # Both miss the same 300 of 2000; the second misses 14 more. The intervals of 85 % and
    # 84.3 % overlap by far, but 14 against 0 discordant samples is beyond chance.
    first = np.arange(2000) >= 300
    second = np.arange(2000) >= 314
    apart = bootstrap(first), bootstrap(second)
    assert apart[0].low < apart[1].high
    gap = paired_bootstrap(first, second)
    assert gap.value == pytest.approx(0.007)
    assert gap.beyond_chance
    assert paired_bootstrap(second, first).high < 0


def test_discordant_samples_in_balance_are_within_chance():
    first = np.array([1, 0] * 20 + [1] * 100)
    second = np.array([0, 1] * 20 + [1] * 100)
    gap = paired_bootstrap(first, second)
    assert gap.value == 0
    assert gap.low < 0 < gap.high
    assert not gap.beyond_chance


def test_equal_predictions_differ_by_nothing():
    right = np.arange(100) % 3 == 0
    gap = paired_bootstrap(right, right)
    assert (gap.low, gap.value, gap.high) == (0, 0, 0)
    assert not gap.beyond_chance
