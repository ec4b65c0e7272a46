"""The light of sources beside answers: pairing, known answers, and bounds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skybench.registry.scoring import deblending
from skybench.registry.scoring.metrics import METRICS
from skybench.registry.scoring.scoring import score
from skybench.registry.scoring.tasks import TASKS

TASK = TASKS["deblending"]

# One image of two sources on two pixels.
TRUTH = np.array([[[[8.0, 2.0]], [[0.0, 4.0]]]], np.float32)


def outcome(found, truth=TRUTH):
    return TASK.outcome(np.asarray(found, np.float32), truth, ("light",))


def test_measures_of_known_light():
    # The second source's answer has half its light, the first's one pixel 2 too bright.
    known = outcome([[[[10.0, 2.0]], [[0.0, 2.0]]]])
    assert deblending.light_overlap(known) == pytest.approx([(10 / 12 + 0.5) / 2])
    assert deblending.flux_error(known) == pytest.approx([(0.2 + 0.5) / 2])
    assert deblending.footprint_overlap(known).tolist() == [1]
    # Squared errors of 4 in one of two pixels: 8^2 / 2 and 4^2 / 2.
    decibels = 10 * np.log10([32, 8])
    assert deblending.peak_signal_to_noise(known) == pytest.approx([decibels.mean()])


def test_footprints_are_those_above_a_tenth_of_the_peak():
    truth = np.array([[[[10.0, 1.1, 0.9, 0.0]]]])
    known = outcome([[[[10.0, 0.5, 2.0, 0.5]]]], truth)
    # Truth has the first two pixels, the answer the first and the third.
    assert deblending.footprint_overlap(known) == pytest.approx([1 / 3])


def test_perfect_answers_have_the_best_of_all_measures():
    known = outcome(TRUTH)
    assert deblending.light_overlap(known).tolist() == [1]
    found = [METRICS[n].by_part(known)[0] for n in ("flux_error", "footprint_iou", "psnr")]
    assert found == [0, 1, deblending.MOST_DECIBELS]


def test_empty_slots_do_not_count_and_light_below_nothing_is_none():
    padded = np.concatenate([TRUTH, np.zeros_like(TRUTH)], axis=1)
    found = np.concatenate([TRUTH, np.full_like(TRUTH, -3)], axis=1)
    assert deblending.light_overlap(outcome(found, padded)).tolist() == [1]


def test_an_image_without_sources_asks_for_no_light():
    nothing = np.zeros_like(TRUTH)
    assert deblending.light_overlap(outcome(nothing, nothing)).tolist() == [1]
    assert deblending.light_overlap(outcome(TRUTH, nothing)).tolist() == [0]
    assert np.isnan(deblending.flux_error(outcome(TRUTH, nothing))).all()


@given(seed=st.integers(0, 1000), slots=st.integers(1, 4))
def test_the_order_of_answers_is_free_and_measures_are_bounded(seed, slots):
    rng = np.random.default_rng(seed)
    truth, found = rng.gamma(0.5, 100, (2, 3, slots, 2, 4, 5)).astype(np.float32)
    truth[:, 0] *= rng.random(3)[:, None, None, None] > 0.5
    orders = np.argsort(rng.random((3, slots)))
    other = np.take_along_axis(found, orders[:, :, None, None, None], axis=1)
    for name in ("light_overlap", "flux_error", "footprint_iou", "psnr"):
        metric = METRICS[name]
        compute = metric.merit or metric.by_part
        np.testing.assert_allclose(
            compute(outcome(found, truth)), compute(outcome(other, truth)), rtol=1e-6
        )
    merit = deblending.light_overlap(outcome(found, truth))
    assert ((merit >= 0) & (merit <= 1)).all()


def test_a_score_has_the_overlap_as_its_headline_and_the_others_of_light():
    truth = np.repeat(TRUTH, 4, axis=0)
    found = score("deblending", truth, ("light",), {0: truth / 2})
    assert (found.metric.name, found.score.value) == ("light_overlap", 0.5)
    assert found.measures["light"]["flux_error"] == 0.5
