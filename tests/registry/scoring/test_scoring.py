from dataclasses import replace

import numpy as np
import pytest

from skybench.errors import MissingDependencyError, PredictionsError
from skybench.registry.scoring import tasks
from skybench.registry.scoring.metrics import METRICS
from skybench.registry.scoring.scoring import bootstrap, crossed_bootstrap, paired_bootstrap, score

CLASSES = ("star", "spiral")
TRUTH = np.array([0, 0, 1, 1])
RIGHT = np.eye(2)[TRUTH]
ONE_WRONG = np.eye(2)[[0, 1, 1, 1]]


def of(metric, measures):
    """Return one metric of each part."""
    return {part: values[metric] for part, values in measures.items()}


def test_score_of_two_runs_is_their_mean():
    tested = score("classification", TRUTH, CLASSES, {0: RIGHT, 4: ONE_WRONG})
    assert tested.merit.tolist() == [1, 0.5, 1, 1]
    assert tested.score.value == 0.875
    assert [(s.seed, s.score) for s in tested.by_seed.values()] == [(0, 1.0), (4, 0.75)]
    assert of("accuracy", tested.measures) == {"star": 0.75, "spiral": 1.0}
    # Of spirals, the first run found 2 of 2 rightly, the second 2 of 3: precision 1 and 2/3.
    assert tested.measures["spiral"]["precision"] == pytest.approx(5 / 6, abs=1e-6)
    assert tested.by_seed[4].measures["star"] == {
        "accuracy": 0.5,
        "precision": 1,
        "recall": 0.5,
        "f1": pytest.approx(2 / 3, abs=1e-6),
        "roc_auc": 0.75,
        "average_precision": 0.75,
    }
    # Each answer was given all of the probability, and the second run has one of four wrong.
    assert tested.overall == {"expected_calibration_error": 0.125}
    assert tested.notes == ()
    assert tested.confusion.tolist() == [[3, 1], [0, 4]]


def test_record_fields_hold_accuracy_inside_its_interval():
    fields = score("classification", TRUTH, CLASSES, {0: ONE_WRONG}).record_fields()
    assert fields["score"] == 0.75
    assert not {"accuracy", "accuracy_by_class"} & fields.keys()
    assert fields["interval"].low <= 0.75 <= fields["interval"].high
    assert fields["seeds"] == (0,)
    assert fields["samples"] == 4


def test_class_without_test_samples_is_none():
    tested = score("classification", np.zeros(3, int), CLASSES, {0: np.eye(2)[[0, 0, 1]]})
    assert of("accuracy", tested.measures) == {
        "star": pytest.approx(2 / 3, abs=1e-6),
        "spiral": None,
    }
    assert set(tested.measures["spiral"].values()) == {None}


def test_multilabel_has_one_matrix_a_class():
    truth = np.array([[1, 0], [1, 1]])
    tested = score("multilabel", truth, CLASSES, {0: np.array([[0.9, 0.2], [0.8, 0.3]])})
    assert tested.score.value == 0.5
    assert of("accuracy", tested.measures) == {"star": 1.0, "spiral": 0.5}
    assert tested.overall == {}
    assert tested.confusion.tolist() == [[[0, 0], [0, 2]], [[1, 0], [1, 0]]]


def test_a_metric_whose_package_is_absent_is_left_out_with_a_note(monkeypatch):
    def absent(outcome):
        raise MissingDependencyError("needs astrometry: pip install astrometry")

    whole = score("classification", TRUTH, CLASSES, {0: ONE_WRONG})
    table = {**METRICS, "f1": replace(METRICS["f1"], by_part=absent)}
    monkeypatch.setattr(tasks, "METRICS", table)
    tested = score("classification", TRUTH, CLASSES, {0: ONE_WRONG})
    (note,) = tested.notes
    assert note.startswith("not measured: f1 (needs astrometry: pip install astrometry)")
    assert tested.measures == {
        part: {name: value for name, value in values.items() if name != "f1"}
        for part, values in whole.measures.items()
    }
    assert (tested.score, tested.overall) == (whole.score, whole.overall)


@pytest.mark.parametrize("strange", [np.nan, np.inf, -np.inf, 1e200])
def test_numbers_without_a_score_are_refused(strange):
    truth = np.arange(8.0).reshape(4, 2)
    answers = np.where(np.arange(4)[:, None] == 2, strange, truth)
    with pytest.raises(
        PredictionsError, match=r"mean R² of 1 of 4 samples is out of range, first of number 2"
    ):
        score("regression", truth, ("size", "flux"), {0: answers})


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


def test_runs_and_samples_both_vary_in_a_crossed_bootstrap():
    """Of x_rs = a_r + b_s the mean has the variance var(a) / runs + var(b) / samples, exactly."""
    a, b = np.linspace(-1, 1, 40), np.random.default_rng(3).normal(0, 2, 90)
    found = crossed_bootstrap(a[:, None] + b)
    deviation = np.sqrt(a.var() / 40 + b.var() / 90)
    assert found.value == pytest.approx(b.mean())
    assert found.high - found.low == pytest.approx(2 * 1.96 * deviation, rel=0.03)


def test_a_crossed_bootstrap_of_one_run_is_that_of_its_samples():
    right = np.arange(400) % 3 == 0
    one, plain = crossed_bootstrap(right[None]), bootstrap(right)
    assert one.value == plain.value
    assert (one.low, one.high) == pytest.approx((plain.low, plain.high), abs=0.005)


def test_runs_that_differ_widen_the_interval():
    same = np.tile(np.arange(400) % 2, (3, 1))
    differing = np.stack([np.zeros(400), np.arange(400) % 2, np.ones(400)])
    narrow, wide = crossed_bootstrap(same), crossed_bootstrap(differing)
    assert narrow.value == wide.value == 0.5
    assert wide.high - wide.low > 5 * (narrow.high - narrow.low)
