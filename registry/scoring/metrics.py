"""Measures of classes, right or wrong, and the bootstrap intervals of every score.

Answers are decisions in the form of the truth: (sample,) class indices for a classification,
(sample, class) zeros and ones for a multi-label task.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Codes = NDArray[np.integer[Any]]
Flags = NDArray[np.bool_]

CONFIDENCE = 0.95
RESAMPLES = 10_000
PRESENT_ABOVE = 0.5

_FEW = 64
_DRAWN_AT_ONCE = 1 << 22


Measures = dict[str, NDArray[np.float64]]
"""Name of a measure: its value for each class or target, NaN where there is none."""


@dataclass(frozen=True, kw_only=True)
class Metric:
    """The one number of a task that models are ranked by: the mean of a merit over samples.

    Parameters
    ----------
    name : str
        In records and as the column of a leaderboard.
    title : str
        For people.
    is_share : bool
        Whether it is a share from 0 to 1, to be shown in percent.
    """

    name: str
    title: str
    is_share: bool

    def text(self, value: float) -> str:
        """Return the value for people.

        Examples
        --------
        >>> Metric(name="r2", title="mean R2", is_share=False).text(0.95)
        '0.9500'
        """
        return f"{value:.2%}" if self.is_share else f"{value:.4f}"

    def gap_text(self, low: float, value: float, high: float) -> str:
        """Return a difference with its interval for people, shares in points."""
        ends = (value, low, high)
        if self.is_share:
            middle, *outer = (f"{100 * end:+.2f}" for end in ends)
            return f"{middle} points ({outer[0]} to {outer[1]})"
        middle, *outer = (f"{end:+.4f}" for end in ends)
        return f"{middle} ({outer[0]} to {outer[1]})"


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


def accuracy_by_class(decisions: Codes, truth: Codes, classes: int) -> Measures:
    """Return the share of each class's samples that are recognised."""
    counts = single_confusion(decisions, truth, classes)
    samples = counts.sum(axis=1)
    shares = np.where(samples > 0, counts.diagonal() / np.maximum(samples, 1), np.nan)
    return {"accuracy": shares}


def accuracy_of_presence(decisions: Codes, truth: Codes, classes: int) -> Measures:
    """Return the share of all samples where the presence or absence of each class is right."""
    return {"accuracy": np.asarray((decisions == truth).mean(axis=0), np.float64)}


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


def bootstrap(values: Floats | Flags, *, seed: int = 0, resamples: int = RESAMPLES) -> Interval:
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
    return Interval(value=float(np.mean(values)), low=float(low), high=float(high))


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


def paired_bootstrap(first: Floats | Flags, second: Floats | Flags, *, seed: int = 0) -> Interval:
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
