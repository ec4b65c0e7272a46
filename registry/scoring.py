"""The scores that every record holds, from probabilities and truth."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skybench.registry.metrics import Codes, Floats, Interval, bootstrap, task_named
from skybench.registry.records import SeedScore, ShareInterval

_DECIMALS = 6


@dataclass(frozen=True, kw_only=True)
class TestScore:
    """What some runs scored on the test split.

    Attributes
    ----------
    rightness : (sample,) float64 array
        Share of the runs that had the sample right; what pairs with another model's.
    accuracy : Interval
        Its mean, with the bootstrap interval over samples.
    by_seed : dict of int to SeedScore
    accuracy_by_class : dict
        Mean over the runs; None where the class has no test sample.
    confusion : array
        Counts summed over the runs.
    """

    __test__ = False

    rightness: NDArray[np.float64]
    accuracy: Interval
    by_seed: dict[int, SeedScore]
    accuracy_by_class: dict[str, float | None]
    confusion: NDArray[np.int64]

    def record_fields(self) -> dict[str, Any]:
        """Return the fields of a record that follow from the score."""
        low, high = round(self.accuracy.low, _DECIMALS), round(self.accuracy.high, _DECIMALS)
        accuracy = round(self.accuracy.value, _DECIMALS)
        return {
            "samples": len(self.rightness),
            "accuracy": accuracy,
            "interval": ShareInterval(low=min(low, accuracy), high=max(high, accuracy)),
            "accuracy_by_class": self.accuracy_by_class,
            "confusion": self.confusion.tolist(),
            "seeds": tuple(self.by_seed),
            "scores": tuple(self.by_seed.values()),
        }


def score(
    task_name: str, truth: Codes, classes: tuple[str, ...], by_seed: Mapping[int, Floats]
) -> TestScore:
    """Score the probabilities of each run.

    Parameters
    ----------
    task_name : str
        A key of `metrics.TASKS`.
    truth : (sample,) class indices, or (sample, class) zeros and ones
    classes : tuple of str
    by_seed : mapping of int to (sample, class) array
    """
    task = task_named(task_name)
    decisions = {seed: task.decide(probabilities) for seed, probabilities in by_seed.items()}
    right = np.stack([task.matches(d, truth) for d in decisions.values()]).mean(axis=0)
    shares = {
        seed: task.accuracy_by_class(decision, truth, len(classes))
        for seed, decision in decisions.items()
    }
    return TestScore(
        rightness=right,
        accuracy=bootstrap(np.round(right, 9)),
        by_seed={
            seed: SeedScore(
                seed=seed,
                accuracy=_rounded(task.matches(decision, truth).mean()),
                accuracy_by_class=_named(classes, shares[seed]),
            )
            for seed, decision in decisions.items()
        },
        accuracy_by_class=_named(classes, np.mean(list(shares.values()), axis=0)),
        confusion=np.asarray(
            sum(task.confusion(d, truth, len(classes)) for d in decisions.values()), np.int64
        ),
    )


def _named(classes: tuple[str, ...], shares: NDArray[np.float64]) -> dict[str, float | None]:
    return {
        name: None if np.isnan(share) else _rounded(share)
        for name, share in zip(classes, shares, strict=True)
    }


def _rounded(share: float) -> float:
    return round(float(share), _DECIMALS)
