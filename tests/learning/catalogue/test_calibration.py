"""Temperatures make probabilities tell how often they are right, and change no answer."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skybench.errors import ParameterError
from skybench.learning.catalogue.calibration import calibrated, log_loss, tempered


def softmax(logits):
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def drawn(temperature, samples=20_000):
    """Return truths drawn from softmax(logits), and what a network of other logits says."""
    rng = np.random.default_rng(3)
    logits = rng.normal(0, 1.5, (samples, 3))
    truth = (rng.random(samples)[:, None] > softmax(logits).cumsum(axis=1)).sum(axis=1)
    return softmax(logits * temperature), truth


@pytest.mark.parametrize("temperature", [0.4, 1.0, 3.0])
def test_the_temperature_of_made_up_logits_is_found(temperature):
    found = calibrated(*drawn(temperature))
    assert found.temperature == pytest.approx(temperature, rel=0.04)
    assert found.measures.loc["after", "expected_calibration_error"] < 0.012


def test_a_network_that_is_too_sure_is_put_right():
    found = calibrated(*drawn(3.0))
    measures = found.measures
    assert (measures.loc["after"] < measures.loc["before"]).all()
    before, after = found.reliability(after=False), found.reliability()
    assert (before.accuracy - before.confidence).min() < -0.1
    usual = after[after.samples > 500]
    assert (usual.accuracy - usual.confidence).abs().max() < 0.03


def test_measures_by_hand():
    found = calibrated(np.array([[0.9, 0.1], [0.6, 0.4]]), np.array([0, 1]))
    before = found.measures.loc["before"]
    # (0.1^2 + 0.1^2 + 0.6^2 + 0.6^2) / 2, and -(ln 0.9 + ln 0.4) / 2.
    assert before["brier"] == pytest.approx(0.37)
    assert before["log_loss"] == pytest.approx(0.5108256)
    # Alone in their bins: |1 - 0.9| and |0 - 0.6|.
    assert before["expected_calibration_error"] == pytest.approx(0.35)


@given(st.floats(0.1, 10), st.integers(0, 1000))
def test_tempering_is_division_of_logits_and_keeps_the_answer(temperature, seed):
    logits = np.random.default_rng(seed).normal(0, 3, (20, 4))
    given_probabilities = softmax(logits)
    found = tempered(given_probabilities, temperature)
    np.testing.assert_allclose(found, softmax(logits / temperature), atol=1e-12)
    np.testing.assert_array_equal(found.argmax(axis=1), logits.argmax(axis=1))


def test_probabilities_of_zero_and_one_are_calibrated_too():
    certain = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    found = calibrated(certain, np.array([0, 1, 1, 1]))
    assert np.isfinite(found.temperature)
    assert found.temperature > 1
    assert log_loss(certain, np.array([0, 1, 1, 1])) > 20


def test_nothing_cannot_be_calibrated():
    with pytest.raises(ParameterError, match="0 probabilities cannot be calibrated on 0 truths"):
        calibrated(np.empty((0, 2)), np.empty(0, np.int64))
