"""Floors: what methods that look at little or no structure reach, to compare networks with.

Each takes the labelled arrays and returns its predictions on test. A new floor is one function
and one line in `FLOORS`. None needs torch.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import JsonValue
from scipy.special import expit, logsumexp

from skybench.learning.global_statistics import NAMES, global_statistics
from skybench.learning.labelled import TEST, TRAIN, VALIDATION, Labelled
from skybench.learning.linear_model import (
    choices,
    features,
    fit_linear,
    sigmoid_link,
    softmax_link,
    square_link,
)
from skybench.learning.peaks import shares
from skybench.learning.power_spectrum import power_spectra
from skybench.learning.stretch import Stretch
from skybench.learning.target_scaling import TargetScaling, usable_targets
from skybench.registry.scoring.tasks import task_named

Answers = npt.NDArray[Any]

CLASS_PENALTIES = (1e-3, 1e-2, 1e-1)
TARGET_PENALTIES = (1e-1, 1.0, 10.0, 100.0)
"""Of standardised targets: larger than for classes, whose gradients vanish where they are right."""

ROUNDS = 100
"""Most rounds of boosting: in each a tree is added for every class."""

_LEAVES = 31

LEVELS = (1.0, 1.5, 2.0, 3.0, 5.0, 8.0)
"""Thresholds that are tried, in units of the noise."""

WIDTHS = (1.0, 1.5, 2.0, 3.0, 5.0, 8.0)
"""Widths of a peak's profile that are tried, in pixels."""


@dataclass(frozen=True, kw_only=True)
class Floor:
    """A floor's predictions on test, with what its record says of it.

    Parameters
    ----------
    model : str
    answers : array
        What a file of predictions holds for each test sample.
    parameters : int
        Numbers that were fitted.
    hyperparameters : dict
    validation_score : float
    """

    model: str
    answers: Answers
    parameters: int
    hyperparameters: dict[str, JsonValue]
    validation_score: float


def majority_class(data: Labelled) -> Floor:
    """Predict the commonest answer of the train split for every sample.

    For a multi-label task that is the commonest combination of classes, the best constant
    answer for the exact match.
    """
    targets = data.truth[data.rows(TRAIN)]
    answers, counts = np.unique(targets, axis=0, return_counts=True)
    answer = answers[counts.argmax()]
    row = (answer if _several(data) else np.eye(data.outputs)[answer]).astype(np.float32)
    return _constant(data, row, "the commonest answer of the train split", row.size)


def training_mean(data: Labelled) -> Floor:
    """Predict the mean of the train split for every sample: R squared is about 0."""
    mean = usable_targets(data.truth[data.rows(TRAIN)]).mean(axis=0).astype(np.float32)
    return _constant(data, mean, "the mean of the train split", mean.size)


def all_background(data: Labelled) -> Floor:
    """Call every pixel background."""
    nothing = np.zeros(data.truth.shape[1:], data.truth.dtype)
    return _constant(data, nothing, "background everywhere", 0)


def logistic_regression(data: Labelled) -> Floor:
    """Fit a linear model on stretched pixels by L-BFGS, its ridge penalty chosen on validation."""
    pixels, stretch = features(data)
    return _linear(
        data,
        pixels,
        "logistic regression on pixels",
        lambda best: choices(best, CLASS_PENALTIES, stretch),
    )


def power_spectrum(data: Labelled) -> Floor:
    """Fit a linear model on the logarithms of the power spectra of maps of the sphere.

    It sees how strong a map is on each angular scale, and nothing of where: all that there is to
    know of a Gaussian field.
    """
    seen = _spectra(data)
    return _linear(
        data,
        seen,
        "logistic regression on power spectra",
        lambda best: {
            "penalty": best,
            "penalties_tried": list(CLASS_PENALTIES),
            "multipoles": seen[TRAIN].shape[1] - 1,
        },
    )


def histogram(data: Labelled) -> Floor:
    """Boost trees on global statistics of the images, as many rounds as validation asks for.

    They see quantiles, sums, the centroid and the light of middle and corners, and no form: see
    `global_statistics`.
    """
    stretch = Stretch.of(data.images[data.rows(TRAIN)])
    seen = {
        split: global_statistics(data.images[data.rows(split)], stretch)
        for split in (TRAIN, VALIDATION, TEST)
    }
    staged = _boosted(data, seen)
    best, answers, score = _chosen(
        data, range(1, ROUNDS + 1), lambda split, rounds: staged[split][int(rounds) - 1]
    )
    return Floor(
        model="boosted trees on global statistics",
        answers=answers,
        parameters=int(best)
        * _LEAVES
        * (data.outputs if data.outputs > 2 or _several(data) else 1),
        hyperparameters={
            "rounds": int(best),
            "rounds_tried": ROUNDS,
            "leaves": _LEAVES,
            "statistics": list(NAMES),
            "stretch_scale": stretch.scale,
        },
        validation_score=score,
    )


def ridge_regression(data: Labelled) -> Floor:
    """Fit standardised targets by a linear model of stretched pixels, as the logistic one is."""
    pixels, stretch = features(data)
    targets = data.truth[data.rows(TRAIN)]
    scaling = TargetScaling.of(targets)
    aims = scaling.standardised(targets).astype(np.float32)
    fits = {p: fit_linear(pixels[TRAIN], aims, p, square_link) for p in TARGET_PENALTIES}

    def predicted(split: int, penalty: float) -> Answers:
        return scaling.restored(pixels[split] @ fits[penalty]).astype(np.float32)

    best, answers, score = _chosen(data, TARGET_PENALTIES, predicted)
    chosen = choices(best, TARGET_PENALTIES, stretch)
    return Floor(
        model="ridge regression on pixels",
        answers=answers,
        parameters=fits[best].size,
        hyperparameters={**chosen, "target_scaling": scaling.as_json()},
        validation_score=score,
    )


def threshold(data: Labelled) -> Floor:
    """Give the commonest class of the train split to pixels that are brighter than a threshold.

    The threshold is a multiple of the noise, which is learned from the train split; the multiple
    is chosen on validation. Bands are added up.
    """
    noise = Stretch.of(_brightness(data, TRAIN)).scale
    classes = np.bincount(data.truth[data.rows(TRAIN)].ravel(), minlength=data.outputs)
    commonest = int(classes[1:].argmax()) + 1

    def found(split: int, level: float) -> Answers:
        bright = _brightness(data, split) > level * noise
        return (bright * commonest).astype(np.int8)

    best, answers, score = _chosen(data, LEVELS, found)
    return Floor(
        model="one threshold for all pixels",
        answers=answers,
        parameters=2,
        hyperparameters={
            "level": best,
            "levels_tried": list(LEVELS),
            "noise": noise,
            "class": commonest,
        },
        validation_score=score,
    )


def peak_weighted_split(data: Labelled) -> Floor:
    """Share the light of each pixel among the peaks of the image, by one profile about each.

    Peaks are looked for in the image, bands added up: nothing is known of its sources. The noise
    is learned from the train split, and the width of the profile chosen on validation.
    """
    noise = Stretch.of(_brightness(data, TRAIN)).scale
    sources = data.truth.shape[1]

    def found(split: int, width: float) -> Answers:
        lights = np.zeros((len(data.rows(split)), *data.truth.shape[1:]), np.float32)
        parts = shares(_brightness(data, split), noise, sources, width)
        for light, image, share in zip(lights, data.images[data.rows(split)], parts, strict=True):
            light[:] = (share if image.ndim == 2 else share[:, None]) * _light(image)
        return lights

    best, answers, score = _chosen(data, WIDTHS, found)
    return Floor(
        model="pixels shared by weight among the brightest peaks",
        answers=answers,
        parameters=2,
        hyperparameters={"width": best, "widths_tried": list(WIDTHS), "noise": noise},
        validation_score=score,
    )


_OF_CLASSES: dict[str, Callable[[Labelled], Floor]] = {
    "majority-class": majority_class,
    "logistic-regression": logistic_regression,
    "histogram": histogram,
}

FLOORS: dict[str, dict[str, Callable[[Labelled], Floor]]] = {
    "classification": _OF_CLASSES,
    "multilabel": _OF_CLASSES,
    "regression": {"training-mean": training_mean, "ridge-regression": ridge_regression},
    "segmentation": {"background": all_background, "threshold": threshold},
    "deblending": {"background": all_background, "peak-weighted-split": peak_weighted_split},
}


def floors_of(data: Labelled) -> dict[str, Callable[[Labelled], Floor]]:
    """Return the floors of a task, and those that its samples allow, by name."""
    of_maps = data.form.kind == "sphere maps" and FLOORS[data.task] is _OF_CLASSES
    return FLOORS[data.task] | ({"power-spectrum": power_spectrum} if of_maps else {})


def _linear(
    data: Labelled,
    seen: dict[int, npt.NDArray[np.float32]],
    model: str,
    hyperparameters: Callable[[float], dict[str, JsonValue]],
) -> Floor:
    """Fit classes by numbers of each split, the ridge penalty chosen on validation."""
    link = sigmoid_link if _several(data) else softmax_link
    fits = {p: fit_linear(seen[TRAIN], _one_hot(data), p, link) for p in CLASS_PENALTIES}
    best, answers, score = _chosen(
        data, CLASS_PENALTIES, lambda split, p: _odds(data, seen[split] @ fits[p])
    )
    return Floor(
        model=model,
        answers=answers,
        parameters=fits[best].size,
        hyperparameters=hyperparameters(best),
        validation_score=score,
    )


def _spectra(data: Labelled) -> dict[int, npt.NDArray[np.float32]]:
    """Return standardised logarithms of the power by multipole, and a column of ones, by split."""
    found = {}
    for split in (TRAIN, VALIDATION, TEST):
        maps = data.images[data.rows(split)].reshape(-1, data.form.extent[0])
        powers = np.log(power_spectra(maps) + np.finfo(np.float32).tiny)
        found[split] = powers.reshape(len(data.rows(split)), -1)
    mean, spread = found[TRAIN].mean(axis=0), found[TRAIN].std(axis=0)
    return {
        split: np.pad(
            (seen - mean) / np.maximum(spread, 1e-9), ((0, 0), (0, 1)), constant_values=1
        ).astype(np.float32)
        for split, seen in found.items()
    }


def _boosted(data: Labelled, seen: dict[int, npt.NDArray[np.float32]]) -> dict[int, list[Answers]]:
    """Return the probabilities, (sample, class), after each round for validation and test."""
    targets = data.truth[data.rows(TRAIN)]
    if not _several(data):
        return _rounds(seen, targets, data.outputs)
    of_each = [_rounds(seen, column, 2) for column in targets.T]
    return {
        split: [
            np.stack([p[:, 1] for p in classes], axis=1) for classes in zip(*every, strict=True)
        ]
        for split in (VALIDATION, TEST)
        if (every := [found[split] for found in of_each])
    }


def _rounds(
    seen: dict[int, npt.NDArray[np.float32]], codes: Answers, classes: int
) -> dict[int, list[Answers]]:
    """Return the probabilities of exclusive classes after each round of boosting."""
    from sklearn.ensemble import HistGradientBoostingClassifier  # put off: it takes a second

    if len(np.unique(codes)) < 2:
        certain = np.eye(classes, dtype=np.float32)[int(codes[0])]
        return {s: [np.tile(certain, (len(seen[s]), 1))] * ROUNDS for s in (VALIDATION, TEST)}
    trees = HistGradientBoostingClassifier(
        max_iter=ROUNDS, max_leaf_nodes=_LEAVES, early_stopping=False, random_state=0
    ).fit(seen[TRAIN], codes)
    known = np.zeros((len(trees.classes_), classes), np.float32)
    known[np.arange(len(known)), trees.classes_.astype(int)] = 1
    return {
        split: [odds.astype(np.float32) @ known for odds in trees.staged_predict_proba(seen[split])]
        for split in (VALIDATION, TEST)
    }


def _constant(data: Labelled, answer: Answers, model: str, parameters: int) -> Floor:
    """Return the floor that answers the same for every sample."""

    def repeated(split: int) -> Answers:
        return np.tile(answer, (len(data.rows(split)), *([1] * answer.ndim)))

    return Floor(
        model=model,
        answers=repeated(TEST),
        parameters=parameters,
        hyperparameters={},
        validation_score=_score(data, repeated(VALIDATION)),
    )


def _chosen(
    data: Labelled, candidates: Sequence[float], answers: Callable[[int, float], Answers]
) -> tuple[float, Answers, float]:
    """Return the candidate that is best on validation, its answers on test and that score."""
    scores = {one: _score(data, answers(VALIDATION, one)) for one in candidates}
    best = max(candidates, key=scores.__getitem__)
    return best, answers(TEST, best), scores[best]


def _score(data: Labelled, answers: Answers) -> float:
    """Return the headline score of predictions for the validation split."""
    task = task_named(data.task)
    return float(np.mean(task.merit(task.decide(answers), data.truth[data.rows(VALIDATION)])))


def _several(data: Labelled) -> bool:
    return data.task == "multilabel"


def _one_hot(data: Labelled) -> npt.NDArray[np.float32]:
    targets = data.truth[data.rows(TRAIN)]
    rows = targets if _several(data) else np.eye(data.outputs)[targets]
    return rows.astype(np.float32)


def _odds(data: Labelled, logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    if _several(data):
        return np.asarray(expit(logits), np.float32)
    return np.asarray(np.exp(logits - logsumexp(logits, 1, keepdims=True)), np.float32)


def _light(image: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Return what is above the sky; what float32 does not hold is no light."""
    with np.errstate(over="ignore"):
        light = np.nan_to_num(image.astype(np.float32), posinf=0, neginf=0)
    return np.maximum(light, 0)


def _brightness(data: Labelled, split: int) -> npt.NDArray[np.float32]:
    with np.errstate(over="ignore", invalid="ignore"):  # NaN is not bright, infinity is
        images = data.images[data.rows(split)].astype(np.float32)
        return images.sum(axis=1) if images.ndim == 4 else images
