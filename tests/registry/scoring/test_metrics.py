from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from skybench.errors import ExtensionError, ParameterError
from skybench.registry.scoring import metrics
from skybench.registry.scoring.metric import Metric, Outcome
from skybench.registry.scoring.metrics import METRICS, metric_named
from skybench.registry.scoring.scoring import score
from skybench.registry.scoring.tasks import TASKS

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


def outcome(task, predicted, truth, parts=None):
    """What predictions come to; parts are numbered where it is not the last axis that has them."""
    count = parts or np.asarray(predicted).shape[-1]
    return TASKS[task].outcome(
        np.asarray(predicted), np.asarray(truth), tuple(map(str, range(count)))
    )


def test_classification_of_known_answers():
    known = outcome("classification", PROBABILITIES, TRUTH)
    assert known.decided.tolist() == [0, 1, 1, 1, 0, 2]
    assert metrics.right(known).tolist() == [True, False, True, True, False, True]
    assert TASKS["classification"].merit(known.decided, TRUTH).tolist() == [1, 0, 1, 1, 0, 1]
    # Of the two samples of each class: one, two and one are recognised.
    assert metrics.accuracy_by_class(known).tolist() == [0.5, 1.0, 0.5]
    assert metrics.recall(known).tolist() == [0.5, 1.0, 0.5]
    # Decided: 0 twice, once rightly; 1 three times, twice rightly; 2 once, rightly.
    assert metrics.precision(known) == pytest.approx([1 / 2, 2 / 3, 1])
    assert metrics.f1(known) == pytest.approx([1 / 2, 4 / 5, 2 / 3])
    # Pairs of a sample of class 0 and another, (0.8, 0.3) against (0.2, 0, 0.5, 0.1): 7 of 8.
    assert metrics.roc_auc(known)[0] == pytest.approx(7 / 8)
    # Recall rises at the first (precision 1) and at the third (2 of 3) of them by probability.
    assert metrics.average_precision(known)[0] == pytest.approx((1 + 2 / 3) / 2)
    assert metrics.confusion_of_classes(known).tolist() == [[1, 1, 0], [0, 2, 0], [1, 0, 1]]


def test_calibration_error_of_known_bins():
    # Bins of 1/15: 0.8 twice, both right: 0.2 off; 0.4 wrong; 0.6 right; 1.0 right; 0.5 wrong.
    known = outcome("classification", PROBABILITIES, TRUTH)
    expected = (2 * 0.2 + 0.4 + 0.4 + 0 + 0.5) / 6
    assert metrics.expected_calibration_error(known) == pytest.approx(expected)


def test_calibrated_probabilities_have_no_calibration_error():
    # Ten answers at 0.7, seven of them right.
    known = outcome("classification", np.tile([0.7, 0.3], (10, 1)), np.arange(10) >= 7)
    assert metrics.expected_calibration_error(known) == pytest.approx(0)


def test_multilabel_of_known_answers():
    truth = np.array([[1, 0], [1, 1], [0, 0], [0, 1]])
    known = outcome("multilabel", [[0.9, 0.1], [0.6, 0.4], [0.5, 0.5], [0.7, 0.7]], truth)
    # 0.5 is not present; the second misses class 1, the last adds class 0.
    assert known.decided.tolist() == [[1, 0], [1, 0], [0, 0], [1, 1]]
    assert metrics.right(known).tolist() == [True, False, True, False]
    assert metrics.accuracy_by_class(known).tolist() == [0.75, 0.75]
    assert metrics.precision(known) == pytest.approx([2 / 3, 1])
    assert metrics.recall(known).tolist() == [1, 0.5]
    assert metrics.confusion_of_presence(known).tolist() == [[[1, 1], [0, 2]], [[2, 0], [1, 1]]]


@pytest.mark.parametrize("task", ["classification", "multilabel"])
def test_measures_of_classes_are_those_of_scikit_learn(task):
    sklearn = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(4)
    predicted = rng.dirichlet(np.ones(4), 300)
    truth = rng.integers(0, 4, 300) if task == "classification" else rng.integers(0, 2, (300, 4))
    known = outcome(task, predicted, truth)
    flags = np.eye(4)[truth] if task == "classification" else truth
    theirs = sklearn.precision_recall_fscore_support(flags, known.found, zero_division=np.nan)
    ours = [metrics.precision(known), metrics.recall(known), metrics.f1(known)]
    np.testing.assert_allclose(ours, theirs[:3])
    auc = sklearn.roc_auc_score(flags, predicted, average=None)
    np.testing.assert_allclose(metrics.roc_auc(known), auc)


def test_a_class_without_samples_is_not_measured():
    known = outcome("classification", [[0.9, 0.1], [0.2, 0.8]], [0, 0])
    for name in ("accuracy", "precision", "recall", "f1", "roc_auc", "average_precision"):
        assert np.isnan(METRICS[name].by_part(known)[1])
    assert metrics.accuracy_by_class(known)[0] == 0.5
    assert np.isnan(metrics.roc_auc(known)[0])


NUMBERS = np.array([[1.0, 10.0], [2.0, 30.0], [3.0, 20.0], [4.0, 40.0]])


def test_measures_of_known_departures():
    # Departures of the first target: 1, -1, 1, -1; of the second: 0, 0, 0, 20.
    known = outcome("regression", np.add(NUMBERS, [[1, 0], [-1, 0], [1, 0], [-1, 20]]), NUMBERS)
    assert metrics.root_mean_square(known).tolist() == [1, 10]
    assert metrics.mean_absolute(known).tolist() == [1, 5]
    assert metrics.bias(known).tolist() == [0, 5]
    # Variances are 1.25 and 125: R squared is 1 - 1 / 1.25 and 1 - 100 / 125.
    assert metrics.explained_by_target(known) == pytest.approx([0.2, 0.2])
    # All lie 1 from the median 0; of the second, three of four lie on it.
    assert metrics.scatter(known) == pytest.approx([1.4826, 0])


def test_scatter_is_the_deviation_of_normal_departures_whatever_the_outliers():
    rng = np.random.default_rng(8)
    gaps = rng.normal(5, 3, (20_000, 1))
    gaps[:200] = 1e9
    # The 1 % of outliers move the quartiles by about 0.02 of a deviation.
    assert metrics.scatter(outcome("regression", gaps, 0 * gaps)) == pytest.approx([3], rel=0.03)


def test_merit_averages_to_the_mean_r_squared():
    rng = np.random.default_rng(3)
    truth = rng.normal(5, [1, 100, 0.01], (300, 3))
    known = outcome("regression", truth + rng.normal(0, [0.3, 80, 0.001], (300, 3)), truth)
    assert metrics.explained(known).mean() == pytest.approx(
        metrics.explained_by_target(known).mean()
    )


def test_perfect_answers_score_one_and_the_mean_scores_nothing():
    assert metrics.explained(outcome("regression", NUMBERS, NUMBERS)).tolist() == [1] * 4
    mean = np.tile(NUMBERS.mean(axis=0), (4, 1))
    assert metrics.explained(outcome("regression", mean, NUMBERS)).mean() == pytest.approx(0)


def test_units_of_a_target_do_not_matter():
    answers, other = NUMBERS * [1.1, 0.9], [1000, 0.001]
    scaled = outcome("regression", answers * other, NUMBERS * other)
    same = metrics.explained(outcome("regression", answers, NUMBERS))
    assert metrics.explained(scaled) == pytest.approx(same)


def test_a_target_that_does_not_vary_gives_numbers():
    known = outcome("regression", [[2.0]], [[1.0]])
    assert metrics.root_mean_square(known).tolist() == [1]
    assert np.isfinite(metrics.explained_by_target(known)).all()


def test_record_fields_hold_the_measures_of_each_target():
    tested = score(
        "regression", NUMBERS, ("size", "flux"), {0: NUMBERS, 1: np.add(NUMBERS, [1, 0])}
    )
    fields = tested.record_fields()
    assert fields["metric"] == "r2"
    # The second run: R squared of size is 1 - 1 / 1.25, of flux 1, their mean 0.6.
    assert fields["score"] == pytest.approx(0.8)
    perfect = {"rmse": 0, "mae": 0, "r2": 1, "bias": 0, "scatter": 0}
    assert fields["measures"]["flux"] == perfect
    assert fields["measures"]["size"] == perfect | {"rmse": 0.5, "mae": 0.5, "r2": 0.6, "bias": 0.5}
    assert fields["confusion"] == ()
    assert [s.score for s in tested.by_seed.values()] == [1, pytest.approx(0.6)]


MAPS = np.array([[[0, 0, 1, 1]], [[0, 0, 0, 2]]], np.int8)
FOUND = np.array([[[0, 1, 1, 1]], [[0, 0, 0, 0]]], np.int8)


def maps(found, truth, classes):
    return outcome("segmentation", found, truth, classes)


def test_overlap_of_known_images():
    # First: background 1 of 2, class 1: 2 of 3; class 2 is in neither. Second: background 3 of 4,
    # class 2: 0 of 1.
    expected = [(1 / 2 + 2 / 3) / 2, (3 / 4 + 0) / 2]
    assert metrics.image_overlap(maps(FOUND, MAPS, 3)) == pytest.approx(expected)
    assert metrics.image_overlap(maps(MAPS, MAPS, 3)).tolist() == [1, 1]


def test_overlap_of_known_classes():
    # Over both: background 4 of 6, class 1: 2 of 3, class 2: 0 of 1; class 3 is nowhere.
    shares = metrics.overlap_by_class(maps(FOUND, MAPS, 4))
    assert shares[:3] == pytest.approx([4 / 6, 2 / 3, 0])
    assert np.isnan(shares[3])


def test_confusion_counts_pixels():
    counts = metrics.confusion_of_pixels(maps(FOUND, MAPS, 3))
    assert counts.tolist() == [[4, 1, 0], [0, 2, 0], [1, 0, 0]]


def test_blocks_of_images_do_not_matter(monkeypatch):
    known = maps(*np.random.default_rng(1).integers(0, 3, (2, 7, 4, 5)).astype(np.int8), 3)
    whole = metrics.image_overlap(known), metrics.confusion_of_pixels(known)
    monkeypatch.setattr(metrics, "_PIXELS_AT_ONCE", 40)
    assert metrics.image_overlap(known).tolist() == whole[0].tolist()
    assert metrics.confusion_of_pixels(known).tolist() == whole[1].tolist()


def test_score_of_maps_names_background_and_classes():
    fields = score(
        "segmentation", MAPS, ("background", "star", "galaxy"), {0: FOUND}
    ).record_fields()
    assert fields["metric"] == "iou"
    assert fields["score"] == pytest.approx((7 / 12 + 3 / 8) / 2, abs=1e-6)
    assert fields["measures"]["galaxy"] == {"iou": 0}
    assert fields["measures"]["star"]["iou"] == pytest.approx(2 / 3, abs=1e-6)


EDGES = st.sampled_from([0.0, 1.0, 0.5, 5e-324, 1.98e-160, 1e-300, np.nan, np.inf])


# The first example imports scikit-learn, which takes a second.
@settings(deadline=None)
@given(
    arrays(np.float64, (5, 3), elements=EDGES),
    arrays(np.int64, 5, elements=st.integers(0, 2)),
)
def test_no_probabilities_break_the_measures_of_classes(predicted, truth):
    check_score(score("classification", truth, ("a", "b", "c"), {0: predicted}))
    check_score(score("multilabel", np.eye(3, dtype=int)[truth], ("a", "b", "c"), {0: predicted}))


@given(
    arrays(np.float64, (4, 2), elements=st.sampled_from([0.0, 1.0, 5e-324, 1.98e-160, -3.0])),
    arrays(np.float64, (4, 2), elements=st.sampled_from([0.0, 1.0, 2.0, 1e40])),
)
def test_no_numbers_break_the_measures_of_targets(predicted, truth):
    check_score(score("regression", truth, ("a", "b"), {0: predicted}))


def check_score(tested):
    """Each measure is a finite number or None, and a record can have it."""
    values = [*tested.overall.values(), *(v for m in tested.measures.values() for v in m.values())]
    assert all(value is None or np.isfinite(value) for value in values)
    assert np.isfinite(tested.record_fields()["score"])


def test_measures_of_strange_numbers_are_none():
    known = outcome("regression", [[np.nan], [np.inf], [1.0]], [[1.0], [2.0], [3.0]])
    assert np.isnan(metrics.scatter(known)).all()


def test_a_metric_that_measures_nothing_is_refused():
    with pytest.raises(ExtensionError, match="'empty' needs one of merit, by_part and overall"):
        Metric(name="empty", title="", tasks=())


def test_an_unknown_metric_is_told():
    with pytest.raises(ParameterError, match=r"one of accuracy, .*, got 'beauty'"):
        metric_named("beauty")


def test_every_metric_is_on_the_page():
    page = (Path(__file__).parents[3] / "docs" / "scoring.md").read_text(encoding="utf-8")
    assert [name for name in METRICS if f"| `{name}` |" not in page] == []


def test_an_outcome_tells_presence_whatever_the_form_of_the_truth():
    single = outcome("classification", PROBABILITIES, TRUTH)
    assert single.present.tolist() == np.eye(3)[TRUTH].tolist()
    several = Outcome(
        predicted=PROBABILITIES, decided=np.eye(3)[TRUTH], truth=np.eye(3)[TRUTH], names=("a",) * 3
    )
    assert several.found.tolist() == single.present.tolist()
