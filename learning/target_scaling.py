"""Targets of a regression on one scale, so that a network or a linear model can learn them.

A target is standardised by the mean and deviation of the train split, after its logarithm where it
is positive there, its largest value is more than `WIDE` times its smallest, and the logarithm is
less skewed than the target itself. What is predicted is turned back and cut to the range of the
train split: nothing outside it was ever seen.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import JsonValue

Floats = npt.NDArray[np.float64]

WIDE = 5.0
"""Ratio of the largest to the smallest value above which a target may be learnt by its log."""


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
        low, high = targets.min(axis=0), targets.max(axis=0)
        wide = (low > 0) & (high > WIDE * low)
        is_log = wide & (_skewness(_logs(targets, wide)) < _skewness(targets))
        linear = _logs(np.asarray(targets, np.float64), is_log)
        deviation = linear.std(axis=0)
        return cls(
            is_log=is_log,
            mean=linear.mean(axis=0),
            deviation=np.where(deviation > 0, deviation, 1.0),
            low=np.asarray(low, np.float64),
            high=np.asarray(high, np.float64),
        )

    def standardised(self, targets: npt.NDArray[np.floating[Any]]) -> Floats:
        """Return targets, each with mean 0 and deviation 1 over the train split."""
        linear = _logs(np.asarray(targets, np.float64), self.is_log)
        return np.asarray((linear - self.mean) / self.deviation)

    def restored(self, standardised: npt.NDArray[np.floating[Any]]) -> Floats:
        """Return standardised numbers in the targets' units, cut to the train split's range."""
        linear = np.nan_to_num(np.asarray(standardised, np.float64)) * self.deviation + self.mean
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


def _skewness(values: npt.NDArray[np.floating[Any]]) -> Floats:
    departure = values - values.mean(axis=0)
    deviation = departure.std(axis=0)
    third = (departure**3).mean(axis=0)
    return np.asarray(np.abs(third) / np.where(deviation > 0, deviation, 1.0) ** 3)


_NUMBERS = ("mean", "deviation", "low", "high")


def _logs(values: npt.NDArray[np.floating[Any]], is_log: npt.NDArray[np.bool_]) -> Floats:
    return np.where(is_log, np.log(np.where(is_log & (values > 0), values, 1.0)), values)
