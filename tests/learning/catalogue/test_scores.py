"""Intervals where both samples and seeds vary."""

import numpy as np

from skybench.learning.catalogue.scores import scored, table_of


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
