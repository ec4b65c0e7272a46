"""How well sources were told apart: the light of each beside the answer for it.

Answers may have the sources of an image in any order, since what tells the order of the truth is
sealed with it: sources and answers are paired so that the sum of their overlaps is the largest.
All measures are of the sources that are there, whatever their brightness.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment

from skybench.generators.arrays import Floats
from skybench.registry.scoring.metric import Outcome

FAINTEST = 0.1
"""Where a footprint ends: at this share of the source's brightest pixel."""

MOST_DECIBELS = 100.0
"""Of an answer without error; its ratio has no end."""


class Pair(NamedTuple):
    """A source of an image beside the answer for it, (pixel,) float64 each, bands included."""

    truth: Floats
    answer: Floats


def light_overlap(outcome: Outcome) -> Floats:
    """Return the mean overlap of the sources of each image: (sample,) from 0 to 1.

    For the light t of a source and a of the answer for it,

        overlap = sum over pixels of min(a, t) / sum over pixels of max(a, t),

    intersection over union of the light itself: 1 needs each pixel and the flux to be right. An
    image without sources has 1 where the answer has no light, else 0.

    Examples
    --------
    >>> truth = np.array([[[[8.0, 2.0]], [[0.0, 4.0]]]])
    >>> swapped = Outcome(
    ...     predicted=truth, decided=truth[:, ::-1], truth=truth, names=("light",)
    ... )
    >>> light_overlap(swapped).tolist()
    [1.0]
    """
    merits = []
    for truth, answer in _images(outcome):
        pairs = _paired(truth, answer)
        overlaps = [_overlap(pair.truth, pair.answer) for pair in pairs]
        merits.append(np.mean(overlaps) if pairs else float(not answer.any()))
    return np.asarray(merits, np.float64)


def flux_error(outcome: Outcome) -> Floats:
    """Return the mean over sources of |flux of the answer - flux| / flux, of light on the image."""
    return _mean([abs(a.sum() - t.sum()) / t.sum() for t, a in _pairs(outcome)])


def footprint_overlap(outcome: Outcome) -> Floats:
    """Return the mean over sources of the intersection over union of footprints.

    Those are the pixels where truth and answer are above a tenth of the source's brightest pixel.
    """
    return _mean([_of_footprints(pair) for pair in _pairs(outcome)])


def peak_signal_to_noise(outcome: Outcome) -> Floats:
    """Return the mean over sources of 10 log10(peak^2 / mean squared error), in decibels.

    The peak is the source's brightest pixel, the mean that of all pixels; 100 at most.
    """
    return _mean([_decibels(pair) for pair in _pairs(outcome)])


def _images(outcome: Outcome) -> Iterator[tuple[Floats, Floats]]:
    """Yield the sources of an image that are there, and all answers: (source, pixel) each."""
    for truth, answer in zip(outcome.truth, outcome.decided, strict=True):
        own, found = (
            np.asarray(layers, np.float64).reshape(len(layers), -1) for layers in (truth, answer)
        )
        yield own[own.any(axis=1)], found


def _pairs(outcome: Outcome) -> Iterator[Pair]:
    for truth, answer in _images(outcome):
        yield from _paired(truth, answer)


def _paired(truth: Floats, answer: Floats) -> list[Pair]:
    overlaps = np.reshape([_overlap(one, answer) for one in truth], (len(truth), len(answer)))
    sources, answers = linear_sum_assignment(overlaps, maximize=True)
    return [Pair(truth[i], answer[j]) for i, j in zip(sources, answers, strict=True)]


def _overlap(one: Floats, others: Floats) -> Floats:
    """Return the overlap of the light of a source, which has some, with that of others."""
    both = np.minimum(one, others).sum(axis=-1)
    return np.asarray(both / (one.sum() + others.sum(axis=-1) - both))


def _of_footprints(pair: Pair) -> float:
    own, found = (light > FAINTEST * pair.truth.max() for light in pair)
    return float(np.count_nonzero(own & found) / np.count_nonzero(own | found))


def _decibels(pair: Pair) -> float:
    error = np.mean((pair.answer - pair.truth) ** 2) / pair.truth.max() ** 2
    return min(MOST_DECIBELS, -10 * float(np.log10(error))) if error > 0 else MOST_DECIBELS


def _mean(values: list[float]) -> Floats:
    """Return one number, that of the only part; NaN where there are no sources."""
    return np.array([np.mean(values) if values else np.nan])
