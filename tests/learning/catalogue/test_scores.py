"""Intervals where both samples and seeds vary."""

import numpy as np
import pytest

from skybench.learning.catalogue.scores import crossed_bootstrap, scored, table_of
from skybench.registry.scoring.scoring import bootstrap


def test_one_seed_is_the_bootstrap_over_samples():
    right = np.arange(400) % 5 > 0
    ours, usual = crossed_bootstrap(right[None]), bootstrap(right)
    assert ours.value == usual.value == 0.8
    assert ours.low == pytest.approx(usual.low, abs=0.004)
    assert ours.high == pytest.approx(usual.high, abs=0.004)


def test_seeds_that_disagree_widen_the_interval():
    # Seeds right everywhere or nowhere: of four drawn, all are right once in 16, none as often.
    merits = np.repeat([[1.0], [1.0], [0.0], [0.0]], 1000, axis=1)
    found = crossed_bootstrap(merits)
    assert (found.value, found.low, found.high) == (0.5, 0.0, 1.0)


def test_scores_of_perfect_answers(both):
    truth = both.labelled.truth[both.labelled.split == 2]
    runs = {0: np.eye(2)[truth], 1: np.eye(2)[truth]}
    found = scored(both, runs, "test", "far")
    assert found["accuracy"].low == found["auc"].low == 1
    assert found["ece"].high == 0
    table = table_of(both, {"perfect": runs}, {"fo_far": ("test", "far")})
    assert table.loc[0, ["method", "set", "seeds", "samples"]].tolist() == [
        "perfect",
        "fo_far",
        2,
        100,
    ]
