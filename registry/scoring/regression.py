"""Measures of numbers: how far answers lie from the truth of each target."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skybench.registry.scoring.metrics import Measures

Floats = NDArray[np.floating[Any]]


def explained(answers: Floats, truth: Floats) -> NDArray[np.float64]:
    """Return the merit of each sample, whose mean over samples is R squared averaged over targets.

    For targets t with the variance V_t of their truth over the samples given,

        merit_i = 1 - mean over t of (answer_it - truth_it)^2 / V_t,

    so its mean is the mean over targets of R_t^2 = 1 - sum_i (answer - truth)^2 / sum_i (truth -
    mean)^2: 1 is perfect, 0 is what the mean of these samples would score, and below 0 is worse.
    As a mean over samples it has a bootstrap interval, and two models can be paired by sample;
    V_t is held fixed in both.

    Parameters
    ----------
    answers, truth : (sample, target) arrays
        In the targets' own units.
    """
    squared = (np.asarray(answers, np.float64) - truth) ** 2
    return np.asarray(1 - (squared / variance(truth)).mean(axis=1))


def errors(answers: Floats, truth: Floats, targets: int) -> Measures:
    """Return RMSE, mean absolute error, R squared and bias of each target.

    Bias is the mean of answer - truth. All but R squared have the target's unit.

    Examples
    --------
    >>> found = errors(np.array([[1.0], [2.0], [6.0]]), np.array([[0.0], [3.0], [3.0]]), 1)
    >>> {name: round(float(values[0]), 3) for name, values in found.items()}
    {'rmse': 1.915, 'mae': 1.667, 'r2': -0.833, 'bias': 1.0}
    """
    departure = np.asarray(answers, np.float64) - truth
    squared = (departure**2).mean(axis=0)
    return {
        "rmse": np.sqrt(squared),
        "mae": np.abs(departure).mean(axis=0),
        "r2": 1 - squared / variance(truth),
        "bias": departure.mean(axis=0),
    }


def variance(truth: Floats) -> NDArray[np.float64]:
    """Return the variance of each target over the samples, 1 where it does not vary."""
    found = np.asarray(truth, np.float64).var(axis=0)
    return np.where(found > 0, found, 1.0)
