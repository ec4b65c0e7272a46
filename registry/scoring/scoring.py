"""The scores that every record holds, from answers and truth."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skybench.registry.scoring.metrics import Interval, Measures, Metric, bootstrap
from skybench.registry.scoring.records import ScoreInterval, SeedScore
from skybench.registry.scoring.tasks import ACCURACY, Task, task_named

Array = NDArray[Any]
Named = dict[str, dict[str, float | None]]
"""Class or target: name of a measure: its value."""

_DECIMALS = 6
_DIGITS = 6


@dataclass(frozen=True, kw_only=True)
class TestScore:
    """What some runs scored on the test split.

    Attributes
    ----------
    metric : Metric
        What the score is.
    merit : (sample,) float64 array
        Mean over the runs of each sample's merit; what pairs with another model's. For classes
        that is the share of the runs that had the sample right.
    score : Interval
        Its mean, with the bootstrap interval over samples.
    by_seed : dict of int to SeedScore
    measures : dict
        Of each class or target: mean over the runs; None where it has no test sample.
    confusion : array or None
        Counts summed over the runs.
    """

    __test__ = False

    metric: Metric
    merit: NDArray[np.float64]
    score: Interval
    by_seed: dict[int, SeedScore]
    measures: Named
    confusion: NDArray[np.int64] | None

    def record_fields(self) -> dict[str, Any]:
        """Return the fields of a record that follow from the score."""
        low, high = round(self.score.low, _DECIMALS), round(self.score.high, _DECIMALS)
        score = round(self.score.value, _DECIMALS)
        return {
            "metric": self.metric.name,
            "samples": len(self.merit),
            "interval": ScoreInterval(low=min(low, score), high=max(high, score)),
            "confusion": () if self.confusion is None else self.confusion.tolist(),
            "seeds": tuple(self.by_seed),
            "scores": tuple(self.by_seed.values()),
            **_score_fields(self.metric, score, self.measures),
        }


def score(
    task_name: str, truth: Array, names: tuple[str, ...], by_seed: Mapping[int, Array]
) -> TestScore:
    """Score the answers of each run.

    Parameters
    ----------
    task_name : str
        A key of `TASKS`.
    truth : array
        What is right for each sample, in the form of the task.
    names : tuple of str
        Of the classes or targets.
    by_seed : mapping of int to array
        What each run predicts: (sample, class) probabilities, (sample, target) numbers, or
        (sample, y, x) codes.
    """
    task = task_named(task_name)
    answers = {seed: task.decide(predicted) for seed, predicted in by_seed.items()}
    merits = {seed: np.asarray(task.merit(a, truth), np.float64) for seed, a in answers.items()}
    measures = {seed: task.measures(a, truth, len(names)) for seed, a in answers.items()}
    merit = np.stack(list(merits.values())).mean(axis=0)
    return TestScore(
        metric=task.metric,
        merit=merit,
        score=bootstrap(np.round(merit, 9)),
        by_seed={
            seed: _seed_score(task, seed, merits[seed], _named(names, measures[seed]))
            for seed in by_seed
        },
        measures=_named(names, _mean(list(measures.values()))),
        confusion=_confusion(task, answers, truth, len(names)),
    )


def _seed_score(task: Task, seed: int, merit: NDArray[np.float64], measures: Named) -> SeedScore:
    fields = _score_fields(task.metric, round(float(merit.mean()), _DECIMALS), measures)
    return SeedScore(seed=seed, **fields)


def _score_fields(metric: Metric, score: float, measures: Named) -> dict[str, Any]:
    """Return score and measures; records of classes have had fields of their own for long."""
    if metric is not ACCURACY:
        return {"score": score, "measures": measures}
    shares = {name: found[metric.name] for name, found in measures.items()}
    return {"score": score, "accuracy": score, "accuracy_by_class": shares}


def _mean(runs: list[Measures]) -> Measures:
    return {name: np.mean([run[name] for run in runs], axis=0) for name in runs[0]}


def _named(names: tuple[str, ...], measures: Measures) -> Named:
    return {
        part: {name: _rounded(values[k]) for name, values in measures.items()}
        for k, part in enumerate(names)
    }


def _confusion(
    task: Task, answers: Mapping[int, Array], truth: Array, classes: int
) -> NDArray[np.int64] | None:
    if task.confusion is None:
        return None
    counts = [task.confusion(a, truth, classes) for a in answers.values()]
    return np.asarray(np.sum(counts, axis=0), np.int64)


def _rounded(value: float) -> float | None:
    """Return a share to some decimals, and anything in a unit of its own to some digits."""
    if np.isnan(value):
        return None
    return round(float(value), _DECIMALS) if abs(value) <= 1 else float(f"{value:.{_DIGITS}g}")
