"""Scores of several runs on the same samples, with intervals over samples and seeds."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from skybench.learning.catalogue.domain import Joined
from skybench.learning.labelled import TEST
from skybench.registry.scoring.metric import Outcome
from skybench.registry.scoring.metrics import expected_calibration_error, roc_auc
from skybench.registry.scoring.scoring import CONFIDENCE, ConfidenceInterval, crossed_bootstrap

_FEWER = 300
"""Resamples of what is no mean over samples, and so is computed anew each time."""

BySeed = Mapping[int, npt.NDArray[Any]]
"""Probabilities (test sample, class) of each run."""


def paired_gain(
    joined: Joined, first: BySeed, second: BySeed, part: str, domain: str
) -> ConfidenceInterval:
    """Return how much more accurate the first runs are than the second, seed by seed.

    Parameters
    ----------
    joined : Joined
    first, second : mapping of int to (test sample, class) array
        Of the same seeds.
    part, domain : str
        Whose samples are judged.
    """
    right = [_right(joined, runs, part, domain) for runs in (first, second)]
    return crossed_bootstrap(right[0].astype(np.float64) - right[1])


def scored(joined: Joined, runs: BySeed, part: str, domain: str) -> dict[str, ConfidenceInterval]:
    """Return accuracy, AUC and expected calibration error of runs, each with its interval.

    The AUC is the mean over classes, one against the rest. Calibration error is never below 0, so
    that its interval lies above what a perfect model of few samples would have.
    """
    truth, answers = _answers(joined, runs, part, domain)
    names = joined.domains[0].classes

    def outcome(seed: int, rows: npt.NDArray[np.intp]) -> Outcome:
        found = answers[seed][rows]
        return Outcome(
            predicted=found, decided=found.argmax(axis=1), truth=truth[rows], names=names
        )

    return {
        "accuracy": crossed_bootstrap(_right(joined, runs, part, domain)),
        "auc": _resampled(lambda s, r: float(np.nanmean(roc_auc(outcome(s, r)))), answers),
        "ece": _resampled(lambda s, r: expected_calibration_error(outcome(s, r)), answers),
    }


def table_of(
    joined: Joined, methods: Mapping[str, BySeed], sets: Mapping[str, tuple[str, str]]
) -> pd.DataFrame:
    """Return a row a method and set: samples, seeds, and each score with the ends of its interval.

    Parameters
    ----------
    joined : Joined
    methods : mapping of str to runs
    sets : mapping of str to (part, domain)
        Such as ``{"hp_des": ("hp", "des")}``.
    """
    rows = []
    for method, runs in methods.items():
        for name, (part, domain) in sets.items():
            row: dict[str, Any] = {"method": method, "set": name, "seeds": len(runs)}
            row["samples"] = len(joined.rows(part, domain))
            for score, found in scored(joined, runs, part, domain).items():
                row |= {score: found.value, f"{score}_low": found.low, f"{score}_high": found.high}
            rows.append(row)
    return pd.DataFrame(rows)


def _answers(
    joined: Joined, runs: BySeed, part: str, domain: str
) -> tuple[npt.NDArray[np.int64], npt.NDArray[Any]]:
    """Return the truth of a set, and what each run answers: (seed, sample, class)."""
    rows = joined.rows(part, domain)
    places = np.searchsorted(joined.labelled.rows(TEST), rows)
    return joined.true_labels[rows], np.stack([answers[places] for answers in runs.values()])


def _right(joined: Joined, runs: BySeed, part: str, domain: str) -> npt.NDArray[np.bool_]:
    truth, answers = _answers(joined, runs, part, domain)
    return np.asarray(answers.argmax(axis=2) == truth)


def _resampled(
    statistic: Callable[[int, npt.NDArray[np.intp]], float], answers: npt.NDArray[Any]
) -> ConfidenceInterval:
    """Return the mean of a statistic over seeds; resamples draw a seed and samples each time."""
    seeds, samples = answers.shape[:2]
    rng, whole = np.random.default_rng(0), np.arange(samples)
    drawn = [
        np.mean([statistic(s, rows) for s in rng.choice(np.arange(seeds), size=seeds).tolist()])
        for rows in rng.integers(samples, size=(_FEWER, samples))
    ]
    return _interval(float(np.mean([statistic(s, whole) for s in range(seeds)])), np.array(drawn))


def _interval(value: float, drawn: npt.NDArray[Any]) -> ConfidenceInterval:
    tail = (1 - CONFIDENCE) / 2
    low, high = np.nanquantile(drawn, [tail, 1 - tail])
    return ConfidenceInterval(value=value, low=float(low), high=float(high))
