"""What a diagnosis found, said in sentences."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skybench.diagnosis.findings import CHANCE, Finding
from skybench.generators.arrays import Flags
from skybench.registry.evaluate import Evaluation
from skybench.registry.scoring.metric import Metric
from skybench.registry.scoring.tasks import task_named

Mistakes = dict[str, tuple[float, float]]

_TELLING = 0.02
"""Share of a class: smaller confusions, and differences of probability, are left unsaid."""


def of_score(found: Evaluation) -> str:
    """Say what the model scores."""
    metric = found.tested.metric
    low, high = found.interval
    return (
        f"{_title(metric)} is {amount(metric, found.score)} ({_span(metric, low, high)}) on "
        f"{len(found.tested.merit):,} samples of {found.truth.name}."
    )


def of_finding(found: Evaluation, finding: Finding) -> str:
    """Say where the score falls, how far, and to what is mistaken for what there."""
    metric, score, elsewhere = found.tested.metric, finding.score, finding.elsewhere
    text = (
        f"{_title(metric)} falls to {amount(metric, score.value)} "
        f"({_span(metric, score.low, score.high)}) where {finding.where} "
        f"({np.count_nonzero(finding.inside):,} samples), against "
        f"{amount(metric, elsewhere.value)} elsewhere"
    )
    confusion = _mistake(found, finding)
    return f"{text}; {confusion}." if confusion else f"{text}."


def of_nothing(found: Evaluation, coordinates: int) -> str:
    """Say that errors depend on no coordinate."""
    if found.tested.merit.std() == 0:
        return "Every sample is answered alike well: there is nothing to explain."
    return (
        f"Nothing stands out: the errors depend on none of the {coordinates} coordinates beyond "
        f"chance (p > {CHANCE:g})."
    )


def of_calibration(found: Evaluation, table: pd.DataFrame) -> str:
    """Say how well probabilities tell how often the model is right."""
    error = found.tested.overall["expected_calibration_error"] or 0.0
    confidence = float(np.average(table["confidence"], weights=table["samples"]))
    gap = confidence - found.score
    how = (
        "overconfident" if gap > _TELLING else "underconfident" if gap < -_TELLING else "calibrated"
    )
    return (
        f"It is {how}: the probability of its answers is {100 * confidence:.0f} % on average, "
        f"its accuracy {100 * found.score:.0f} %; the expected calibration error is "
        f"{100 * error:.1f} %."
    )


def of_rungs(metric: Metric, table: pd.DataFrame) -> list[str]:
    """Say what the model scores on each other rung; the first row is what it was asked about."""
    others = zip(table.index[1:], table.iloc[1:].to_numpy(np.float64), strict=True)
    return [
        f"On {rung} it is {amount(metric, score)} ({_span(metric, low, high)})."
        for rung, (score, low, high) in others
    ]


def amount(metric: Metric, value: float) -> str:
    """Return a score for people."""
    return f"{100 * value:.0f} %" if metric.is_share else f"{value:.2f}"


def _title(metric: Metric) -> str:
    return metric.title[0].upper() + metric.title[1:]


def _span(metric: Metric, low: float, high: float) -> str:
    factor, digits = (100, 0) if metric.is_share else (1, 2)
    return f"{factor * low:.{digits}f} to {factor * high:.{digits}f}"


def _mistake(found: Evaluation, finding: Finding) -> str:
    """Say what is most often mistaken within a range, and how often that is elsewhere."""
    if found.truth.key.task not in _MISTAKEN:
        return ""
    here, there = (
        _MISTAKEN[found.truth.key.task](found, s) for s in (finding.inside, ~finding.inside)
    )
    most = max(here, key=lambda mistake: here[mistake][0], default="")
    if not most or here[most][0] / here[most][1] < _TELLING:
        return ""
    shares = [100 * wrong / max(of, 1) for wrong, of in (here[most], there[most])]
    return f"there {shares[0]:.0f} % of {most}, elsewhere {shares[1]:.0f} %"


def _taken_for(found: Evaluation, rows: Flags) -> Mistakes:
    names, truth = found.truth.key.names, found.truth.answers[rows]
    counts = np.zeros((len(names), len(names)))
    for decided in _decided(found, rows):
        np.add.at(counts, (truth, decided), 1)
    return {
        f"{several(true)} are taken for {several(answer)}": (counts[i, j], counts[i].sum())
        for i, true in enumerate(names)
        for j, answer in enumerate(names)
        if i != j
    }


def _missed(found: Evaluation, rows: Flags) -> Mistakes:
    names, truth = found.truth.key.names, found.truth.answers[rows] > 0
    answers = _decided(found, rows) > 0
    missed, added = (truth & ~answers).sum((0, 1)), (~truth & answers).sum((0, 1))
    there, absent = len(answers) * truth.sum(0), len(answers) * (~truth).sum(0)
    return {
        f"samples with {name} are said to have none": (missed[k], there[k])
        for k, name in enumerate(names)
    } | {
        f"samples without {name} are said to have it": (added[k], absent[k])
        for k, name in enumerate(names)
    }


def _decided(found: Evaluation, rows: Flags) -> NDArray[np.integer[Any]]:
    """Return what each run decided: a first axis of runs, and then as the truth."""
    decide = task_named(found.truth.key.task).decide
    return np.stack([decide(one[rows]) for one in found.answers.values()])


_MISTAKEN: dict[str, Callable[[Evaluation, Flags], Mistakes]] = {
    "classification": _taken_for,
    "multilabel": _missed,
}
"""Mistakes in words, with how often they were made and how often they could have been, by task."""


def several(name: str) -> str:
    """Return the name of a class for several of it.

    Examples
    --------
    >>> several("circle"), several("galaxy"), several("edge_on")
    ('circles', 'galaxies', 'samples of edge_on')
    """
    if not name.isalpha() or name.endswith(("s", "al", "ar")):
        return f"samples of {name}"
    return f"{name[:-1]}ies" if name.endswith("y") else f"{name}s"
