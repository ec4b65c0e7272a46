"""Measures of maps of classes: the overlap of what is there with what was found."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skybench.registry.scoring.metrics import Measures, single_confusion

Codes = NDArray[np.integer[Any]]

_PIXELS_AT_ONCE = 1 << 24


def image_overlap(answers: Codes, truth: Codes) -> NDArray[np.float64]:
    """Return the mean intersection over union of each image, over the classes that are in it.

    A class is in an image where the truth or the answer has a pixel of it, background included.
    The headline is the mean over images, so that small images of few sources count as much as
    crowded ones, and an interval over samples is exact.

    Parameters
    ----------
    answers, truth : (sample, y, x) int arrays
        Class codes, 0 for the background.

    Examples
    --------
    >>> image_overlap(np.array([[[0, 1, 1, 1]]]), np.array([[[0, 0, 1, 1]]])).round(3).tolist()
    [0.583]
    """
    classes = 1 + int(max(answers.max(initial=0), truth.max(initial=0)))
    merits = [_overlaps(_by_image(a, t, classes)) for a, t in _blocks(answers, truth)]
    shares = np.concatenate(merits) if merits else np.empty((0, classes))
    return np.asarray(np.nanmean(shares, axis=1))


def overlap_by_class(answers: Codes, truth: Codes, classes: int) -> Measures:
    """Return the intersection over union of each class over the pixels of all images."""
    return {"iou": _overlaps(pixel_confusion(answers, truth, classes)[None])[0]}


def pixel_confusion(answers: Codes, truth: Codes, classes: int) -> NDArray[np.int64]:
    """Count pixels by (true class, decided class)."""
    counts = np.zeros((classes, classes), np.int64)
    for some, true in _blocks(answers, truth):
        counts += single_confusion(some.ravel(), true.ravel(), classes)
    return counts


def _by_image(answers: Codes, truth: Codes, classes: int) -> NDArray[np.int64]:
    images = len(answers)
    cells = truth.reshape(images, -1).astype(np.int64) * classes + answers.reshape(images, -1)
    cells += np.arange(images)[:, None] * classes**2
    counts = np.bincount(cells.ravel(), minlength=images * classes**2)
    return counts.reshape(images, classes, classes)


def _overlaps(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    both = np.diagonal(counts, axis1=1, axis2=2)
    either = counts.sum(axis=1) + counts.sum(axis=2) - both
    return np.where(either > 0, both / np.maximum(either, 1), np.nan)


def _blocks(answers: Codes, truth: Codes) -> Iterator[tuple[Codes, Codes]]:
    step = max(1, _PIXELS_AT_ONCE // max(1, int(np.prod(truth.shape[1:]))))
    for first in range(0, len(truth), step):
        yield answers[first : first + step], truth[first : first + step]
