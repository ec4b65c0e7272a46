"""The table of metrics: what is measured of classes, of numbers and of maps.

A new metric is one function and one line in `METRICS`, which also says for which tasks it is.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skybench.errors import ParameterError
from skybench.extensions import Table
from skybench.generators.arrays import Floats
from skybench.registry.scoring.metric import Array, Metric, Outcome

Codes = NDArray[np.integer[Any]]
Counts = NDArray[np.int64]

CALIBRATION_BINS = 15
_DEVIATIONS_PER_MAD = 1.4826
_PIXELS_AT_ONCE = 1 << 24


# Classes, right or wrong.


def right(outcome: Outcome) -> Array:
    """Return whether each sample is right, in a multi-label task all its classes."""
    same = outcome.decided == outcome.truth
    return np.asarray(same if same.ndim == 1 else same.all(axis=1))


def accuracy_by_class(outcome: Outcome) -> Floats:
    """Return the share of each class's samples that are recognised.

    In a multi-label task, the share of all samples where its presence or absence is right.
    """
    if outcome.truth.ndim == 1:
        counts = confusion_of_classes(outcome)
        return _ratio(counts.diagonal(), counts.sum(axis=1))
    return np.asarray((outcome.decided == outcome.truth).mean(axis=0), np.float64)


def precision(outcome: Outcome) -> Floats:
    """Return the share of what was decided to be of a class that is, NaN where nothing was."""
    counts = confusion_of_presence(outcome)
    return _of_tested(outcome, _ratio(counts[:, 1, 1], counts[:, :, 1].sum(axis=1)))


def recall(outcome: Outcome) -> Floats:
    """Return the share of each class's samples that were decided to be of it."""
    counts = confusion_of_presence(outcome)
    return _ratio(counts[:, 1, 1], counts[:, 1, :].sum(axis=1))


def f1(outcome: Outcome) -> Floats:
    """Return the harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN)."""
    counts = confusion_of_presence(outcome)
    hits, wrong = counts[:, 1, 1], counts[:, 0, 1] + counts[:, 1, 0]
    return _of_tested(outcome, _ratio(2 * hits, 2 * hits + wrong))


def roc_auc(outcome: Outcome) -> Floats:
    """Return the area under each class's receiver operating characteristic, one against the rest.

    It is the probability that a sample of the class is given more of it than one that is not.
    """
    return _by_scikit_learn("roc_auc_score", outcome)


def average_precision(outcome: Outcome) -> Floats:
    """Return the mean precision of each class over the steps of its recall, one against the rest.

    This is the area under the precision-recall curve, without interpolation.
    """
    return _by_scikit_learn("average_precision_score", outcome)


def expected_calibration_error(outcome: Outcome) -> float:
    """Return the expected calibration error of the most probable class.

    Samples are put into 15 bins of equal width by their top probability; the error is the mean
    over samples of |accuracy - mean top probability| of their bin.

    References
    ----------
    Guo et al. (2017), On Calibration of Modern Neural Networks, equations 3 and 5.
    """
    top = np.asarray(outcome.predicted, np.float64).max(axis=1)
    if not np.isfinite(top).all():
        return np.nan
    excess = np.bincount(calibration_bins(top), weights=right(outcome) - top)
    return float(np.abs(excess).sum() / len(top))


def calibration_bins(top: Array) -> NDArray[np.intp]:
    """Return the bin of each top probability: of equal width, each with its upper edge."""
    bins = np.ceil(top * CALIBRATION_BINS).astype(np.intp) - 1
    return np.asarray(bins.clip(0, CALIBRATION_BINS - 1))


def confusion_of_classes(outcome: Outcome) -> Counts:
    """Count samples by (true class, decided class)."""
    return _counts(outcome.decided, outcome.truth, len(outcome.names))


def confusion_of_presence(outcome: Outcome) -> Counts:
    """Count samples by (class, truly present, decided present): one 2x2 matrix a class."""
    pairs = zip(outcome.found.T, outcome.present.T, strict=True)
    return np.stack([_counts(found, present, 2) for found, present in pairs]).reshape(-1, 2, 2)


def _counts(decided: Array, truth: Array, classes: int) -> Counts:
    cells = truth.astype(np.int64) * classes + decided
    return np.bincount(cells, minlength=classes**2).reshape(classes, classes)


def _ratio(part: Array, whole: Array) -> Floats:
    return np.where(whole > 0, part / np.maximum(whole, 1), np.nan)


def _of_tested(outcome: Outcome, values: Floats) -> Floats:
    """Return NaN for classes without a test sample: what is never there cannot be told well."""
    return np.where(outcome.present.any(axis=0), values, np.nan)


def _by_scikit_learn(name: str, outcome: Outcome) -> Floats:
    import sklearn.metrics  # put off: it takes a second

    measure = getattr(sklearn.metrics, name)
    columns = zip(outcome.present.T, np.asarray(outcome.predicted).T, strict=True)
    return np.array([_of_two_sides(measure, present, scores) for present, scores in columns])


def _of_two_sides(measure: Callable[[Array, Array], float], present: Array, scores: Array) -> float:
    """Return NaN where all samples are of the class or none is, or a score is no number."""
    if present.all() or not present.any() or not np.isfinite(scores).all():
        return np.nan
    return float(measure(present, scores))


# Numbers: how far they lie from the truth. All but R squared have the target's unit.


def explained(outcome: Outcome) -> Floats:
    """Return the merit of each sample, whose mean over samples is R squared averaged over targets.

    For targets t with the variance V_t of their truth over the samples given,

        merit_i = 1 - mean over t of (answer_it - truth_it)^2 / V_t,

    so its mean is the mean over targets of R_t^2 = 1 - sum_i (answer - truth)^2 / sum_i (truth -
    mean)^2: 1 is perfect, 0 is what the mean of these samples would score, and below 0 is worse.
    As a mean over samples it has a bootstrap interval, and two models can be paired by sample;
    V_t is held fixed in both.
    """
    return np.asarray(1 - (departure(outcome) ** 2 / _variance(outcome)).mean(axis=1))


def root_mean_square(outcome: Outcome) -> Floats:
    """Return the root of the mean squared departure of each target."""
    return np.asarray(np.sqrt((departure(outcome) ** 2).mean(axis=0)))


def mean_absolute(outcome: Outcome) -> Floats:
    """Return the mean absolute departure of each target."""
    return np.asarray(np.abs(departure(outcome)).mean(axis=0))


def explained_by_target(outcome: Outcome) -> Floats:
    """Return R squared of each target."""
    return np.asarray(1 - (departure(outcome) ** 2).mean(axis=0) / _variance(outcome))


def bias(outcome: Outcome) -> Floats:
    """Return the mean departure of each target."""
    return np.asarray(departure(outcome).mean(axis=0))


def scatter(outcome: Outcome) -> Floats:
    """Return 1.4826 times the median absolute deviation of each target's departures.

    That is the standard deviation where they are normal, and outliers hardly move it.
    """
    gaps = departure(outcome)
    finite = np.isfinite(gaps).all(axis=0)
    gaps = np.where(finite, gaps, 0.0)
    spread = np.median(np.abs(gaps - np.median(gaps, axis=0)), axis=0)
    return np.where(finite, _DEVIATIONS_PER_MAD * spread, np.nan)


def departure(outcome: Outcome) -> Floats:
    """Return answer - truth: (sample, target)."""
    return np.asarray(np.asarray(outcome.decided, np.float64) - outcome.truth)


def _variance(outcome: Outcome) -> Floats:
    """Return the variance of each target over the samples, 1 where it does not vary."""
    found = np.asarray(outcome.truth, np.float64).var(axis=0)
    return np.where(found > 0, found, 1.0)


# Maps of classes: the overlap of what is there with what was found.


def image_overlap(outcome: Outcome) -> Floats:
    """Return the mean intersection over union of each image, over the classes that are in it.

    A class is in an image where the truth or the answer has a pixel of it, background included.
    The headline is the mean over images, so that small images of few sources count as much as
    crowded ones, and an interval over samples is exact.

    Examples
    --------
    >>> found, truth = np.array([[[0, 1, 1, 1]]]), np.array([[[0, 0, 1, 1]]])
    >>> maps = Outcome(predicted=found, decided=found, truth=truth, names=("sky", "star"))
    >>> image_overlap(maps).round(3).tolist()
    [0.583]
    """
    classes = 1 + int(max(outcome.decided.max(initial=0), outcome.truth.max(initial=0)))
    merits = [_overlaps(_by_image(found, truth, classes)) for found, truth in _blocks(outcome)]
    shares = np.concatenate(merits) if merits else np.empty((0, classes))
    return np.asarray(np.nanmean(shares, axis=1))


def overlap_by_class(outcome: Outcome) -> Floats:
    """Return the intersection over union of each class over the pixels of all images."""
    (shares,) = _overlaps(confusion_of_pixels(outcome)[None])
    return np.asarray(shares)


def confusion_of_pixels(outcome: Outcome) -> Counts:
    """Count pixels by (true class, decided class)."""
    classes = len(outcome.names)
    counts = np.zeros((classes, classes), np.int64)
    for found, truth in _blocks(outcome):
        counts += _counts(found.ravel(), truth.ravel(), classes)
    return counts


def _by_image(found: Codes, truth: Codes, classes: int) -> Counts:
    images = len(found)
    cells = truth.reshape(images, -1).astype(np.int64) * classes + found.reshape(images, -1)
    cells += np.arange(images)[:, None] * classes**2
    counts = np.bincount(cells.ravel(), minlength=images * classes**2)
    return counts.reshape(images, classes, classes)


def _overlaps(counts: Counts) -> Floats:
    both = np.diagonal(counts, axis1=1, axis2=2)
    return _ratio(both, counts.sum(axis=1) + counts.sum(axis=2) - both)


def _blocks(outcome: Outcome) -> Iterator[tuple[Codes, Codes]]:
    step = max(1, _PIXELS_AT_ONCE // max(1, int(np.prod(outcome.truth.shape[1:]))))
    for first in range(0, len(outcome.truth), step):
        rows = slice(first, first + step)
        yield outcome.decided[rows], outcome.truth[rows]


_OF_CLASSES, _OF_NUMBERS = ("classification", "multilabel"), ("regression",)

METRICS = Table(
    "skybench.metrics",
    Metric,
    Metric(
        name="accuracy",
        title="accuracy",
        is_share=True,
        tasks=_OF_CLASSES,
        merit=right,
        by_part=accuracy_by_class,
    ),
    Metric(
        name="precision", title="precision", is_share=True, tasks=_OF_CLASSES, by_part=precision
    ),
    Metric(name="recall", title="recall", is_share=True, tasks=_OF_CLASSES, by_part=recall),
    Metric(name="f1", title="F1", is_share=True, tasks=_OF_CLASSES, by_part=f1),
    Metric(name="roc_auc", title="ROC AUC", tasks=_OF_CLASSES, by_part=roc_auc),
    Metric(
        name="average_precision",
        title="average precision",
        is_share=True,
        tasks=_OF_CLASSES,
        by_part=average_precision,
    ),
    Metric(
        name="expected_calibration_error",
        title="expected calibration error",
        is_share=True,
        tasks=("classification",),
        overall=expected_calibration_error,
    ),
    Metric(name="rmse", title="RMSE", tasks=_OF_NUMBERS, by_part=root_mean_square),
    Metric(name="mae", title="mean absolute error", tasks=_OF_NUMBERS, by_part=mean_absolute),
    Metric(
        name="r2",
        title="mean R²",
        tasks=_OF_NUMBERS,
        merit=explained,
        by_part=explained_by_target,
    ),
    Metric(name="bias", title="bias", tasks=_OF_NUMBERS, by_part=bias),
    Metric(name="scatter", title="robust scatter", tasks=_OF_NUMBERS, by_part=scatter),
    Metric(
        name="iou",
        title="mean IoU",
        is_share=True,
        tasks=("segmentation",),
        merit=image_overlap,
        by_part=overlap_by_class,
    ),
)
"""By name, in the order in which records and leaderboards show them."""


def metric_named(name: str) -> Metric:
    """Return a metric of `METRICS`.

    Raises
    ------
    ParameterError
        There is none of that name, such as one of a package that is not installed here.
    """
    if name not in METRICS:
        msg = f"metric must be one of {', '.join(METRICS)}, got {name!r}"
        raise ParameterError(msg)
    return METRICS[name]
