"""Scores with their bootstrap intervals, and all else that a record says of predictions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skybench.errors import ExtensionError, MissingDependencyError, PredictionsError
from skybench.generators.arrays import Flags
from skybench.registry.scoring.metric import Array, Metric, Outcome
from skybench.registry.scoring.records import TEST_SPLIT, Kind, ScoreInterval, SeedScore
from skybench.registry.scoring.tasks import Task, task_named
from skybench.registry.versions.index import utc_now
from skybench.registry.versions.manifest import Manifest

Floats = NDArray[np.floating[Any]]
ByPart = dict[str, dict[str, float | None]]
"""Class or target: name of a metric: its value."""

CONFIDENCE = 0.95
RESAMPLES = 10_000

_FEW = 64
_DRAWN_AT_ONCE = 1 << 22
_DECIMALS = 6
_DIGITS = 6
_MOST = 1e100
"""Merits beyond are no news of a model, and their sums overflow."""


@dataclass(frozen=True, kw_only=True)
class ConfidenceInterval:
    """A value with the ends of its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def beyond_chance(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0


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
    score : ConfidenceInterval
        Its mean, with the bootstrap interval over samples.
    by_seed : dict of int to SeedScore
    measures : dict
        Of each class or target: mean over the runs; None where it has no test sample.
    overall : dict
        Other measures of the split as a whole: mean over the runs.
    confusion : array or None
        Counts summed over the runs.
    notes : tuple of str
        Which metrics were left out, and why.
    """

    __test__ = False

    metric: Metric
    merit: NDArray[np.float64]
    score: ConfidenceInterval
    by_seed: dict[int, SeedScore]
    measures: ByPart
    overall: dict[str, float | None]
    confusion: NDArray[np.int64] | None
    notes: tuple[str, ...]

    @property
    def headline(self) -> ConfidenceInterval:
        """The score as records have it: rounded, and within its interval."""
        value, low, high = (
            round(number, _DECIMALS)
            for number in (self.score.value, self.score.low, self.score.high)
        )
        return ConfidenceInterval(value=value, low=min(low, value), high=max(high, value))

    def record_fields(self) -> dict[str, Any]:
        """Return the fields of a record that follow from the score."""
        headline = self.headline
        return {
            "metric": self.metric.name,
            "samples": len(self.merit),
            "score": headline.value,
            "interval": ScoreInterval(low=headline.low, high=headline.high),
            "measures": self.measures,
            "overall": self.overall,
            "confusion": () if self.confusion is None else self.confusion.tolist(),
            "seeds": tuple(self.by_seed),
            "scores": tuple(self.by_seed.values()),
        }


def bound_fields(
    name: str, kind: Kind, manifest: Manifest, task_name: str, names: tuple[str, ...]
) -> dict[str, Any]:
    """Return the fields of a record that say whose score it is, and bind it to a test split.

    Parameters
    ----------
    name, kind
        Of the record.
    manifest : Manifest
        Of the version.
    task_name, names
        As for `score`.
    """
    return {
        "name": name,
        "kind": kind,
        "dataset": manifest.dataset,
        "version": manifest.version,
        "content": manifest.content.root,
        "split": TEST_SPLIT,
        "split_content": manifest.content.splits[TEST_SPLIT].root,
        "task": task_name,
        task_named(task_name).parts: names,
        "created": utc_now(),
    }


def score(
    task_name: str,
    truth: Array,
    names: tuple[str, ...],
    by_seed: Mapping[int, Array],
    votes: Array | None = None,
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
    votes : (sample, class) array, optional
        The probability of each class with volunteers.

    Raises
    ------
    PredictionsError
        A run has no score, since its numbers are NaN, infinite or absurd.
    """
    task = task_named(task_name)
    outcomes = [task.outcome(predicted, truth, names, votes) for predicted in by_seed.values()]
    merits = [_merits(task.metric, outcome) for outcome in outcomes]
    measured = [_measured(task, outcome) for outcome in outcomes]
    merit = np.stack(merits).mean(axis=0)
    return TestScore(
        metric=task.metric,
        merit=merit,
        score=bootstrap(np.round(merit, 9)),
        by_seed={
            seed: _seed_score(seed, merits[run], measured[run], names)
            for run, seed in enumerate(by_seed)
        },
        **_told([one.by_part for one in measured], [one.overall for one in measured], names),
        confusion=_confusion(task, outcomes),
        notes=_notes(measured[0].left_out),
    )


@dataclass(frozen=True, kw_only=True)
class _Measured:
    """What one run comes to by all metrics of its task, and the metrics that could not be had."""

    by_part: dict[str, NDArray[np.float64]]
    overall: dict[str, float]
    left_out: dict[str, str]


def _measured(task: Task, outcome: Outcome) -> _Measured:
    found = _Measured(by_part={}, overall={}, left_out={})
    for metric in task.metrics:
        if metric.of_votes and outcome.votes is None:
            continue
        try:
            _measure(metric, outcome, found, is_headline=metric is task.metric)
        except MissingDependencyError as error:
            found.left_out[metric.name] = str(error)
    return found


def _measure(metric: Metric, outcome: Outcome, found: _Measured, *, is_headline: bool) -> None:
    if metric.by_part is not None:
        found.by_part[metric.name] = _computed(metric, metric.by_part, outcome, outcome.names)
    if metric.overall is not None:
        found.overall[metric.name] = float(_computed(metric, metric.overall, outcome))
    elif metric.merit is not None and not is_headline:
        merits = _computed(metric, metric.merit, outcome, outcome.truth)
        found.overall[metric.name] = float(merits.mean())


def _computed(
    metric: Metric, compute: Callable[[Outcome], Any], outcome: Outcome, one_each: Any = None
) -> NDArray[np.float64]:
    """Return what a form of a metric gives, one number for each of `one_each`, else one number.

    Numbers far out of range become infinite or NaN, and then are left out; they are no news.
    """
    with np.errstate(all="ignore"):
        values = np.asarray(compute(outcome), np.float64)
    expected = () if one_each is None else (len(one_each),)
    if values.shape != expected:
        msg = f"the metric {metric.name!r} gave numbers of shape {values.shape}, not {expected}"
        raise ExtensionError(msg)
    return values


def _merits(metric: Metric, outcome: Outcome) -> NDArray[np.float64]:
    assert metric.merit is not None
    merits = _computed(metric, metric.merit, outcome, outcome.truth)
    strange = np.flatnonzero(~(np.abs(merits) < _MOST))
    if len(strange):
        msg = (
            f"the {metric.title} of {len(strange)} of {len(merits)} samples is out of range, "
            f"first of number {strange[0]} of the split; its predictions are "
            f"{outcome.predicted[strange[0]].ravel()[:3].tolist()}"
        )
        raise PredictionsError(msg)
    return merits


def _seed_score(
    seed: int, merit: NDArray[np.float64], measured: _Measured, names: tuple[str, ...]
) -> SeedScore:
    told = _told([measured.by_part], [measured.overall], names)
    return SeedScore(seed=seed, score=round(float(merit.mean()), _DECIMALS), **told)


def _told(
    by_part: Sequence[Mapping[str, NDArray[np.float64]]],
    overall: Sequence[Mapping[str, float]],
    names: tuple[str, ...],
) -> dict[str, Any]:
    """Return the measures of some runs as records have them: means, rounded."""
    means = {name: np.mean([run[name] for run in by_part], axis=0) for name in by_part[0]}
    return {
        "measures": {
            part: {name: _rounded(values[k]) for name, values in means.items()}
            for k, part in enumerate(names)
        },
        "overall": {name: _rounded(np.mean([run[name] for run in overall])) for name in overall[0]},
    }


def _confusion(task: Task, outcomes: Sequence[Outcome]) -> NDArray[np.int64] | None:
    if task.confusion is None:
        return None
    counts = [task.confusion(outcome) for outcome in outcomes]
    return np.asarray(np.sum(counts, axis=0), np.int64)


def _notes(left_out: Mapping[str, str]) -> tuple[str, ...]:
    """Return a sentence for each reason, with the metrics that it holds for."""
    names: dict[str, list[str]] = {}
    for name, reason in left_out.items():
        names.setdefault(reason, []).append(name)
    return tuple(f"not measured: {', '.join(some)} ({reason})" for reason, some in names.items())


def _rounded(value: np.floating[Any]) -> float | None:
    """Return a share to some decimals, and anything in a unit of its own to some digits."""
    if not np.isfinite(value):
        return None
    return round(float(value), _DECIMALS) if abs(value) <= 1 else float(f"{value:.{_DIGITS}g}")


def bootstrap(
    values: Floats | Flags, *, seed: int = 0, resamples: int = RESAMPLES
) -> ConfidenceInterval:
    """Return the mean over samples with its 95 % percentile bootstrap interval.

    Where values are few and distinct (right or wrong, or a mean over some seeds), a resample is
    one multinomial draw of their counts rather than a draw of every sample.

    Parameters
    ----------
    values : (sample,) array
        One value a test sample. Bools are counted as 0 and 1.
    seed : int
        Of the resampling; the same values give the same interval.

    References
    ----------
    Efron & Tibshirani (1993), An Introduction to the Bootstrap, chapter 13.
    """
    values = np.asarray(values, np.float64)
    rng = np.random.default_rng(seed)
    distinct, counts = np.unique(values, return_counts=True)
    if distinct.size <= _FEW:
        drawn = rng.multinomial(values.size, counts / values.size, size=resamples)
        means = drawn @ distinct / values.size
    else:
        means = _resampled_means(values, rng, resamples)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return ConfidenceInterval(value=float(np.mean(values)), low=float(low), high=float(high))


def _resampled_means(
    values: NDArray[np.float64], rng: np.random.Generator, resamples: int
) -> NDArray[np.float64]:
    step = max(1, _DRAWN_AT_ONCE // values.size)
    return np.concatenate(
        [
            values[
                rng.integers(values.size, size=(min(step, resamples - first), values.size))
            ].mean(axis=1)
            for first in range(0, resamples, step)
        ]
    )


def paired_bootstrap(
    first: Floats | Flags, second: Floats | Flags, *, seed: int = 0
) -> ConfidenceInterval:
    """Return the mean of first - second over the same samples, with its 95 % interval.

    Pairing by sample removes what both find hard, so much smaller differences show
    than by comparing two intervals.

    Parameters
    ----------
    first, second : (sample,) array
        The merit of each on each sample, in the same order.
    """
    difference = np.asarray(first, np.float64) - np.asarray(second, np.float64)
    return bootstrap(np.round(difference, 9), seed=seed)


def crossed_bootstrap(
    values: Floats | Flags, *, seed: int = 0, resamples: int = RESAMPLES
) -> ConfidenceInterval:
    """Return the mean over runs and samples with its 95 % percentile bootstrap interval.

    Runs and samples are drawn anew independently of each other, so that the interval says what
    other seeds on other samples would come to. Of few runs it is narrower than it should be: the
    spread of three is that of the bootstrap by two thirds. One run is drawn as it is.

    Parameters
    ----------
    values : (run, sample) array
        One value a run and test sample, such as the difference of two models with one seed.
    seed : int
        Of the resampling; the same values give the same interval.

    References
    ----------
    Owen (2007), The pigeonhole bootstrap, Annals of Applied Statistics 1, 386, section 3.
    """
    table = np.asarray(values, np.float64).round(9)
    runs, samples = table.shape
    rng = np.random.default_rng(seed)
    distinct, counts = np.unique(table, axis=1, return_counts=True)
    step = max(1, _DRAWN_AT_ONCE // distinct.shape[1])
    means = np.concatenate(
        [
            _crossed_means(distinct, counts, rng, min(step, resamples - first))
            for first in range(0, resamples, step)
        ]
    )
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(means / (runs * samples), [tail, 1 - tail])
    return ConfidenceInterval(value=float(table.mean()), low=float(low), high=float(high))


def _crossed_means(
    distinct: NDArray[np.float64],
    counts: NDArray[np.int64],
    rng: np.random.Generator,
    resamples: int,
) -> NDArray[np.float64]:
    """Return sums over drawn runs and samples; samples that are alike are drawn by their count."""
    runs, samples = len(distinct), counts.sum()
    of_runs = rng.multinomial(runs, np.full(runs, 1 / runs), size=resamples)
    of_samples = rng.multinomial(samples, counts / samples, size=resamples)
    return np.asarray(((of_runs @ distinct) * of_samples).sum(axis=1))
