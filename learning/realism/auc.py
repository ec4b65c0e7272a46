"""The area under the curve of scores that several trainings gave, with its interval by frames."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from skybench.generators.arrays import Flags, Floats, Integers

CONFIDENCE = 0.95


@dataclass(frozen=True, kw_only=True)
class Auc:
    """How surely a fake gets a higher score than a real cutout: 0.5 is chance.

    Attributes
    ----------
    value : float
    low, high : float
        Ends of the interval of 95 %.
    """

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        """Say the value and its interval."""
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True, kw_only=True, eq=False)
class Scores:
    """What one round of cross-validation said of each cutout that it judged.

    Attributes
    ----------
    values : (sample,) float64 array
        Higher is more like a fake.
    folds : (sample,) int64 array
        Which training gave it; -1 where none did.
    """

    values: Floats
    folds: Integers


def pooled_auc(rounds: Sequence[Scores], is_fake: Flags, frames: NDArray[np.str_]) -> Auc:
    """Return the AUC over all pairs of a real and a fake cutout that one training judged.

    Scores of two trainings are not on one scale, so pairs across folds do not count: pooled all
    the same, they would bring an AUC below 0.5 wherever a fold has more of a class than the
    others. The variance is that of the sums over frames of each cutout's part in the AUC, which
    is DeLong's (1988) where every cutout is of its own frame, and Obuchowski's (1997, Biometrics
    53, 567) where frames are shared; the interval is on the scale of logits, by Student's t with
    as many frames, less one, as the class has that has fewer. It holds for the trainings as they
    are; that others might do better is not in it.

    Parameters
    ----------
    rounds : sequence of Scores
        Their AUC is averaged.
    is_fake : (sample,) bool array
    frames : (sample,) array of str
    """
    each = [_parts(one, is_fake) for one in rounds]
    value = float(np.mean([auc for auc, _ in each]))
    parts = np.mean([part for _, part in each], axis=0)
    names, member = np.unique(frames, return_inverse=True)
    sums = np.bincount(member, parts, names.size)
    error = float(np.sqrt((sums**2).sum() * names.size / max(1, names.size - 1)))
    fewest = min(np.unique(frames[is_fake == fake]).size for fake in (False, True))
    return _interval(value, error, max(1, fewest - 1), is_fake)


def _parts(scores: Scores, is_fake: Flags) -> tuple[float, Floats]:
    """Return the AUC of a round, and how much each cutout moves it."""
    parts, right, pairs = np.zeros(is_fake.size), 0.0, 0
    for fold in np.unique(scores.folds[scores.folds >= 0]):
        real, fake = (
            np.flatnonzero((scores.folds == fold) & (is_fake == c)) for c in (False, True)
        )
        parts[fake] = _wins(scores.values[fake], scores.values[real])
        parts[real] = _wins(-scores.values[real], -scores.values[fake])
        right, pairs = right + parts[fake].sum(), pairs + real.size * fake.size
    if not pairs:
        return 0.5, parts
    auc = right / pairs
    return auc, (parts - auc * _opponents(scores, is_fake)) / pairs


def _wins(own: Floats, others: Floats) -> Floats:
    """Return how many of the others each is above; a tie is half."""
    ordered = np.sort(others)
    below = np.searchsorted(ordered, own, "left") + np.searchsorted(ordered, own, "right")
    return np.asarray(below / 2)


def _opponents(scores: Scores, is_fake: Flags) -> Floats:
    """Return how many cutouts of the other class each was compared with."""
    against = np.zeros(is_fake.size)
    for fold in np.unique(scores.folds[scores.folds >= 0]):
        inside = scores.folds == fold
        for fake in (False, True):
            against[inside & (is_fake == fake)] = np.sum(inside & (is_fake != fake))
    return against


def _interval(value: float, error: float, freedom: int, is_fake: Flags) -> Auc:
    """Return it with its ends; where all pairs are right or wrong, one half pair is the other."""
    least = 0.5 / max(1, int(is_fake.sum()) * int((~is_fake).sum()))
    inside = float(np.clip(value, least, 1 - least))
    slope = inside * (1 - inside)
    reach = float(stats.t.ppf(0.5 + CONFIDENCE / 2, freedom)) * error / slope
    middle = np.log(inside / (1 - inside))
    low, high = (float(1 / (1 + np.exp(-np.clip(middle + s * reach, -60, 60)))) for s in (-1, 1))
    return Auc(value=value, low=min(low, value), high=max(high, value))
