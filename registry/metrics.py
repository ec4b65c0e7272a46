"""Scores of predictions: accuracy by task, confusion, and bootstrap intervals.

Probabilities are (sample, class). The truth is (sample,) class indices for a classification, and
(sample, class) zeros and ones for a multi-label task. A new task is one `Task` and one line
in `TASKS`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skybench.errors import ParameterError

Floats = NDArray[np.floating[Any]]
Codes = NDArray[np.integer[Any]]
Flags = NDArray[np.bool_]

CONFIDENCE = 0.95
RESAMPLES = 10_000
PRESENT_ABOVE = 0.5


@dataclass(frozen=True, kw_only=True)
class Task:
    """What is right and wrong in one kind of task.

    Parameters
    ----------
    decide : callable
        Probabilities to decisions, in the form of the truth.
    matches : callable
        (decisions, truth) to (sample,) bool: the whole sample is right.
    accuracy_by_class : callable
        (decisions, truth, classes) to (class,) float, NaN where the class has no samples.
    confusion : callable
        (decisions, truth, classes) to counts.
    """

    decide: Callable[[Floats], Codes]
    matches: Callable[[Codes, Codes], Flags]
    accuracy_by_class: Callable[[Codes, Codes, int], NDArray[np.float64]]
    confusion: Callable[[Codes, Codes, int], NDArray[np.int64]]


def single_confusion(decisions: Codes, truth: Codes, classes: int) -> NDArray[np.int64]:
    """Count samples by (true class, decided class).

    Examples
    --------
    >>> single_confusion(np.array([0, 1, 1]), np.array([0, 0, 1]), 2).tolist()
    [[1, 1], [0, 1]]
    """
    cells = truth.astype(np.int64) * classes + decisions
    return np.bincount(cells, minlength=classes**2).reshape(classes, classes)


def present_confusion(decisions: Codes, truth: Codes, classes: int) -> NDArray[np.int64]:
    """Count samples by (class, truly present, decided present): one 2x2 matrix a class."""
    return np.stack(
        [single_confusion(decisions[:, k], truth[:, k], 2) for k in range(classes)]
    ).reshape(classes, 2, 2)


def _single_by_class(decisions: Codes, truth: Codes, classes: int) -> NDArray[np.float64]:
    counts = single_confusion(decisions, truth, classes)
    samples = counts.sum(axis=1)
    return np.where(samples > 0, counts.diagonal() / np.maximum(samples, 1), np.nan)


def _present_by_class(decisions: Codes, truth: Codes, classes: int) -> NDArray[np.float64]:
    return np.asarray((decisions == truth).mean(axis=0), np.float64)


TASKS = {
    # By class: the share of that class's samples that are recognised.
    "classification": Task(
        decide=lambda probabilities: probabilities.argmax(axis=1),
        matches=lambda decisions, truth: decisions == truth,
        accuracy_by_class=_single_by_class,
        confusion=single_confusion,
    ),
    # By class: the share of all samples where presence or absence is right.
    "multilabel": Task(
        decide=lambda probabilities: (probabilities > PRESENT_ABOVE).astype(np.int8),
        matches=lambda decisions, truth: np.asarray((decisions == truth).all(axis=1)),
        accuracy_by_class=_present_by_class,
        confusion=present_confusion,
    ),
}


def task_named(name: str) -> Task:
    """Return a task of `TASKS`.

    Raises
    ------
    ParameterError
        There is none of that name.
    """
    if name not in TASKS:
        msg = f"task must be one of {', '.join(TASKS)}, got {name!r}"
        raise ParameterError(msg)
    return TASKS[name]


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A value with the ends of its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def beyond_chance(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0

    def __str__(self) -> str:
        """Return the interval as percentages."""
        return f"{self.value:.2%} ({self.low:.2%} to {self.high:.2%})"


def bootstrap(values: Floats | Flags, *, seed: int = 0, resamples: int = RESAMPLES) -> Interval:
    """Return the mean over samples with its 95 % percentile bootstrap interval.

    Values are few and distinct (right or wrong, or a mean over some seeds), so a resample is one
    multinomial draw of their counts rather than a draw of every sample.

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
    distinct, counts = np.unique(np.asarray(values, np.float64), return_counts=True)
    size = counts.sum()
    drawn = np.random.default_rng(seed).multinomial(size, counts / size, size=resamples)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(drawn @ distinct / size, [tail, 1 - tail])
    return Interval(value=float(np.mean(values)), low=float(low), high=float(high))


def paired_bootstrap(first: Floats | Flags, second: Floats | Flags, *, seed: int = 0) -> Interval:
    """Return the mean of first - second over the same samples, with its 95 % interval.

    Pairing by sample removes what both find hard, so much smaller differences show
    than by comparing two intervals.

    Parameters
    ----------
    first, second : (sample,) array
        How right each is on each sample, in the same order.
    """
    difference = np.asarray(first, np.float64) - np.asarray(second, np.float64)
    return bootstrap(np.round(difference, 9), seed=seed)
