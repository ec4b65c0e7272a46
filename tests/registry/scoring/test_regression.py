import numpy as np
import pytest

from skybench.registry.scoring.regression import errors, explained
from skybench.registry.scoring.scoring import score

TRUTH = np.array([[1.0, 10.0], [2.0, 30.0], [3.0, 20.0], [4.0, 40.0]])


def test_measures_of_known_departures():
    # Departures of the first target: 1, -1, 1, -1; of the second: 0, 0, 0, 20.
    answers = np.add(TRUTH, [[1, 0], [-1, 0], [1, 0], [-1, 20]])
    found = errors(answers, TRUTH, 2)
    assert found["rmse"].tolist() == [1, 10]
    assert found["mae"].tolist() == [1, 5]
    assert found["bias"].tolist() == [0, 5]
    # Variances are 1.25 and 125: R squared is 1 - 1 / 1.25 and 1 - 100 / 125.
    assert found["r2"] == pytest.approx([0.2, 0.2])


def test_merit_averages_to_the_mean_r_squared():
    rng = np.random.default_rng(3)
    truth = rng.normal(5, [1, 100, 0.01], (300, 3))
    answers = truth + rng.normal(0, [0.3, 80, 0.001], (300, 3))
    assert explained(answers, truth).mean() == pytest.approx(errors(answers, truth, 3)["r2"].mean())


def test_perfect_answers_score_one_and_the_mean_scores_nothing():
    assert explained(TRUTH, TRUTH).tolist() == [1] * 4
    mean = np.tile(TRUTH.mean(axis=0), (4, 1))
    assert explained(mean, TRUTH).mean() == pytest.approx(0)


def test_units_of_a_target_do_not_matter():
    answers = TRUTH * [1.1, 0.9]
    other = [1000, 0.001]
    assert explained(answers * other, TRUTH * other) == pytest.approx(explained(answers, TRUTH))


def test_a_target_that_does_not_vary_gives_numbers():
    found = errors(np.array([[2.0]]), np.array([[1.0]]), 1)
    assert found["rmse"].tolist() == [1]
    assert np.isfinite(found["r2"]).all()


def test_record_fields_hold_the_measures_of_each_target():
    tested = score("regression", TRUTH, ("size", "flux"), {0: TRUTH, 1: np.add(TRUTH, [1, 0])})
    fields = tested.record_fields()
    assert fields["metric"] == "r2"
    # The second run: R squared of size is 1 - 1 / 1.25, of flux 1, their mean 0.6.
    assert fields["score"] == pytest.approx(0.8)
    assert fields["measures"]["size"] == {"rmse": 0.5, "mae": 0.5, "r2": 0.6, "bias": 0.5}
    assert fields["measures"]["flux"] == {"rmse": 0, "mae": 0, "r2": 1, "bias": 0}
    assert fields["confusion"] == ()
    assert "accuracy" not in fields
    assert [s.score for s in tested.by_seed.values()] == [1, pytest.approx(0.6)]
