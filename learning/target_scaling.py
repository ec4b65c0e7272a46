"""Targets of a regression on one scale, so that a network or a linear model can learn them.

A target is standardised by the mean and deviation of the train split, after its logarithm where it
is positive there, its largest value is more than `WIDE` times its smallest, and the logarithm is
less skewed than the target itself. What is predicted is turned back and cut to the range of the
train split: nothing outside it was ever seen. Predictions are float32, so what float32 has no
number for is no target: it is left out of the scaling and learnt as the mean.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import JsonValue

from skybench.generators.arrays import Floats

WIDE = 5.0
"""Ratio of the largest to the smallest value above which a target may be learnt by its log."""

_LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True, kw_only=True)
class TargetScaling:
    """The map of targets to numbers of mean 0 and deviation 1; one value a target in each."""

    is_log: npt.NDArray[np.bool_]
    mean: Floats
    deviation: Floats
    low: Floats
    high: Floats

    @classmethod
    def of(cls, targets: npt.NDArray[np.floating[Any]]) -> "TargetScaling":
        """Learn the scaling from the (sample, target) truth of the train split."""
        usable = usable_targets(targets)
        low, high = usable.min(axis=0), usable.max(axis=0)
        wide = (low > 0) & (high > WIDE * low)
        is_log = wide & (_skewness(_logs(usable, wide)) < _skewness(usable))
        linear = _logs(usable, is_log)
        deviation = linear.std(axis=0)
        return cls(
            is_log=is_log,
            # Rounding gives a constant another mean, and a deviation.
            mean=np.where(high > low, linear.mean(axis=0), linear[0]),
            deviation=np.where((deviation > 0) & (high > low), deviation, 1.0),
            low=low,
            high=high,
        )

    def standardised(self, targets: npt.NDArray[np.floating[Any]]) -> Floats:
        """Return targets, each with mean 0 and deviation 1 over the train split."""
        values = np.asarray(targets, np.float64)
        usable = np.abs(values) <= _LARGEST
        linear = _logs(np.where(usable, values, 0.0), self.is_log)
        return np.where(usable, (linear - self.mean) / self.deviation, 0.0)

    def restored(self, standardised: npt.NDArray[np.floating[Any]]) -> Floats:
        """Return standardised numbers in the targets' units, cut to the train split's range."""
        known = np.nan_to_num(np.asarray(standardised, np.float64))
        linear = np.clip(known, -_LARGEST, _LARGEST) * self.deviation + self.mean
        ends = _logs(np.stack([self.low, self.high]), self.is_log)
        inside = np.clip(linear, *ends)
        powers = np.exp(np.where(self.is_log, inside, 0.0))
        return np.asarray(np.clip(np.where(self.is_log, powers, inside), self.low, self.high))

    def as_json(self) -> list[JsonValue]:
        """Return the scaling as a record keeps it, target by target."""
        columns = zip(self.is_log, self.mean, self.deviation, self.low, self.high, strict=True)
        return [
            {"log": bool(log), **dict(zip(_NUMBERS, map(float, numbers), strict=True))}
            for log, *numbers in columns
        ]

    @classmethod
    def from_json(cls, columns: Sequence[Mapping[str, Any]]) -> "TargetScaling":
        """Return the scaling that `as_json` gave."""
        numbers = {name: np.array([float(c[name]) for c in columns]) for name in _NUMBERS}
        return cls(is_log=np.array([bool(c["log"]) for c in columns]), **numbers)


def usable_targets(targets: npt.NDArray[np.floating[Any]]) -> Floats:
    """Return targets, the median of its target in place of what float32 has no number for."""
    values = np.asarray(targets, np.float64)
    usable = np.abs(values) <= _LARGEST
    if usable.all():
        return values
    columns = zip(values.T, usable.T, strict=True)
    medians = [np.median(column[known]) if known.any() else 0.0 for column, known in columns]
    return np.where(usable, values, medians)


def _skewness(values: Floats) -> Floats:
    departure = values - values.mean(axis=0)
    largest = np.abs(departure).max(axis=0)
    # In units of the largest, for else powers of what is tiny vanish.
    departure = departure / np.where(largest > 0, largest, 1.0)
    deviation = departure.std(axis=0)
    third = (departure**3).mean(axis=0)
    return np.asarray(np.abs(third) / np.where(deviation > 0, deviation, 1.0) ** 3)


_NUMBERS = ("mean", "deviation", "low", "high")


def _logs(values: npt.NDArray[np.floating[Any]], is_log: npt.NDArray[np.bool_]) -> Floats:
    return np.where(is_log, np.log(np.where(is_log & (values > 0), values, 1.0)), values)
