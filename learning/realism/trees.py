"""The judge of statistics: boosted trees, and which statistics they tell fakes by."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from skybench.generators.arrays import Floats, Integers
from skybench.learning.realism.auc import Scores, pooled_auc
from skybench.learning.realism.folds import Labelling

if TYPE_CHECKING:
    import pandas as pd

ROUNDS = 4
"""Of cross-validation, each with folds of its own: trees are quick, and one round is noisy."""

_SETTINGS: dict[str, Any] = {
    "max_iter": 60,
    "learning_rate": 0.12,
    "max_leaf_nodes": 8,
    "l2_regularization": 1.0,
    "early_stopping": False,
    "random_state": 0,
}
_PERMUTATIONS = 3


def judge(
    values: Floats, labelling: Labelling, seed: int, rounds: int = ROUNDS
) -> tuple[Scores, ...]:
    """Return what trees say of cutouts that they did not learn from, a round each.

    Parameters
    ----------
    values : (sample, statistic) array
    labelling : Labelling
    seed : int
        Of the folds.
    rounds : int
    """
    return tuple(_round(values, labelling, labelling.folds(seed + k)) for k in range(rounds))


def _round(values: Floats, labelling: Labelling, folds: Integers) -> Scores:
    scores = np.zeros(folds.size)
    for fold in np.unique(folds):
        inside = folds == fold
        scores[inside] = _grown(values[~inside], labelling.is_fake[~inside], values[inside])
    return Scores(values=scores, folds=folds)


def _grown(known: Floats, is_fake: Any, asked: Floats) -> Floats:
    trees = _trees(known, is_fake)
    return np.zeros(len(asked)) if trees is None else np.asarray(trees.decision_function(asked))


def _trees(known: Floats, is_fake: Any) -> Any:
    """Return grown trees, None where there is one class alone."""
    from sklearn.ensemble import HistGradientBoostingClassifier  # put off: it takes a second

    if is_fake.all() or not is_fake.any():
        return None
    leaf = max(3, min(20, len(known) // 16))
    settings = _SETTINGS | {"min_samples_leaf": leaf}
    return HistGradientBoostingClassifier(**settings).fit(known, is_fake)


def importance(
    values: Floats, names: Sequence[str], labelling: Labelling, seed: int
) -> "pd.DataFrame":
    """Return what gives fakes away, a row a statistic, the most telling first.

    Returns
    -------
    DataFrame
        By statistic: ``importance``, the AUC that is lost where its values are permuted among
        the cutouts that are judged (Breiman 2001, Machine Learning 45, 5); ``alone``, the AUC of
        the statistic by itself, above 0.5 where fakes have more of it; ``real`` and ``fake``, the
        medians. Of two statistics that say the same, either may have the importance.
    """
    import pandas as pd  # late: it takes a while

    lost = _losses(values, labelling, seed)
    one = np.zeros(len(values), np.int64)
    alone = [
        pooled_auc(
            [Scores(values=column, folds=one)], labelling.is_fake, np.arange(one.size).astype(str)
        ).value
        for column in values.T
    ]
    medians = {
        word: np.median(values[labelling.is_fake == c], axis=0)
        for word, c in (("real", False), ("fake", True))
    }
    table = pd.DataFrame({"importance": lost, "alone": alone, **medians}, index=list(names))
    return table.sort_values("importance", ascending=False, kind="stable")


def _losses(values: Floats, labelling: Labelling, seed: int) -> Floats:
    random, folds = np.random.default_rng(seed), labelling.folds(seed)
    each = [_trees(values[folds != f], labelling.is_fake[folds != f]) for f in np.unique(folds)]

    def auc(given: Floats) -> float:
        scores = np.zeros(folds.size)
        for fold, trees in zip(np.unique(folds), each, strict=True):
            if trees is not None:
                scores[folds == fold] = trees.decision_function(given[folds == fold])
        rounds = [Scores(values=scores, folds=folds)]
        return pooled_auc(rounds, labelling.is_fake, labelling.frames).value

    whole, lost = auc(values), np.zeros(values.shape[1])
    for column in range(values.shape[1]):
        for _ in range(_PERMUTATIONS):
            changed = values.copy()
            for fold in np.unique(folds):
                rows = np.flatnonzero(folds == fold)
                changed[rows, column] = values[random.permutation(rows), column]
            lost[column] += (whole - auc(changed)) / _PERMUTATIONS
    return lost
