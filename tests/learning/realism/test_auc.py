import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from skybench.learning.realism.auc import Scores, pooled_auc

RANDOM = np.random.default_rng(0)
IS_FAKE = np.arange(400) % 2 == 1
OWN = np.arange(400).astype(str)


def one_fold(values):
    return [Scores(values=values, folds=np.zeros(values.size, np.int64))]


def test_it_is_the_area_under_the_curve_with_ties_as_halves():
    values = np.round(RANDOM.normal(size=400) + IS_FAKE, 1)
    found = pooled_auc(one_fold(values), IS_FAKE, OWN)
    assert found.value == pytest.approx(roc_auc_score(IS_FAKE, values))


def test_scales_of_folds_do_not_matter():
    values, folds = RANDOM.normal(size=400) + IS_FAKE, np.arange(400) % 5
    apart = [Scores(values=values * 10.0**folds - 100.0 * folds, folds=folds)]
    together = [Scores(values=values, folds=folds)]
    assert pooled_auc(apart, IS_FAKE, OWN) == pooled_auc(together, IS_FAKE, OWN)


def covered(frames_of, draws=300):
    """Return the share of intervals that hold 0.5, where frames shift scores and classes do not."""
    hits = 0
    for seed in range(draws):
        random = np.random.default_rng(seed)
        is_fake, frames = frames_of(random)
        values = random.normal(size=is_fake.size) + 2 * random.normal(size=40)[frames]
        found = pooled_auc(one_fold(values), is_fake, frames.astype(str))
        hits += found.low <= 0.5 <= found.high
    return hits / draws


def test_intervals_hold_the_truth_as_often_as_they_say():
    # Frames of one class each: 95 % of 300 are 285 +- 3.8.
    share = covered(lambda random: (np.repeat([False, True], 100), np.repeat(np.arange(40), 5)))
    assert 0.91 <= share <= 0.98
    shared = covered(lambda random: (random.permutation(200) % 2 == 1, np.repeat(np.arange(40), 5)))
    assert 0.91 <= shared <= 0.98


def test_frames_that_differ_make_it_wide():
    is_fake, frames = np.repeat([False, True], 200), np.repeat(np.arange(20), 20)
    values = RANDOM.normal(size=400) + RANDOM.normal(size=20)[frames]
    many = pooled_auc(one_fold(values), is_fake, OWN)
    few = pooled_auc(one_fold(values), is_fake, frames.astype(str))
    assert few.high - few.low > 1.3 * (many.high - many.low)


def test_all_right_is_one_and_the_interval_stays_within():
    found = pooled_auc(one_fold(1.0 * IS_FAKE), IS_FAKE, OWN)
    assert found.value == found.high == 1
    assert 0.99 < found.low <= 1
