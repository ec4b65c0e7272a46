"""Floors: what methods that look at no structure reach, for a baseline to be compared with.

Each takes the labelled arrays and returns its probabilities on test. A new floor is one
function and one line in `FLOORS`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydantic import JsonValue
from scipy.optimize import minimize
from scipy.special import expit, log_softmax, logsumexp, softmax

from skybench.registry.metrics import task_named
from skybench.release.labelled import TEST, TRAIN, VALIDATION, Labelled
from skybench.release.resnet import Stretch

Probabilities = npt.NDArray[np.float32]

PENALTIES = (1e-3, 1e-2, 1e-1)
ITERATIONS = 200


@dataclass(frozen=True, kw_only=True)
class Floor:
    """A floor's probabilities on test, with what its record says of it.

    Parameters
    ----------
    model : str
    probabilities : (test sample, class) float32 array
    parameters : int
        Numbers that were fitted.
    hyperparameters : dict
    validation_accuracy : float
    """

    model: str
    probabilities: Probabilities
    parameters: int
    hyperparameters: dict[str, JsonValue]
    validation_accuracy: float


def majority_class(data: Labelled) -> Floor:
    """Predict the commonest answer of the train split for every sample.

    For a multi-label task that is the commonest combination of classes, the best constant
    answer for the exact match.
    """
    targets = data.targets[data.rows(TRAIN)]
    answers, counts = np.unique(targets, axis=0, return_counts=True)
    answer = answers[counts.argmax()]
    row = answer if data.multilabel else np.eye(data.classes)[answer]
    return Floor(
        model="the commonest answer of the train split",
        probabilities=_repeated(row, len(data.rows(TEST))),
        parameters=data.classes,
        hyperparameters={},
        validation_accuracy=_accuracy(data, VALIDATION, _repeated(row, len(data.rows(VALIDATION)))),
    )


def logistic_regression(data: Labelled) -> Floor:
    """Fit a linear model on stretched pixels by L-BFGS, its ridge penalty chosen on validation."""
    stretch = Stretch.of(data.images[data.rows(TRAIN)])
    pixels = {split: _features(data, split, stretch) for split in (TRAIN, VALIDATION, TEST)}
    fits = {
        penalty: _fit_linear(pixels[TRAIN], _one_hot(data), penalty, data.multilabel)
        for penalty in PENALTIES
    }

    def validation_accuracy(penalty: float) -> float:
        odds = _probabilities(pixels[VALIDATION], fits[penalty], data.multilabel)
        return _accuracy(data, VALIDATION, odds)

    best = max(PENALTIES, key=validation_accuracy)
    return Floor(
        model="logistic regression on pixels",
        probabilities=_probabilities(pixels[TEST], fits[best], data.multilabel),
        parameters=fits[best].size,
        hyperparameters={
            "optimizer": "L-BFGS",
            "iterations": ITERATIONS,
            "penalty": best,
            "penalties_tried": list(PENALTIES),
            "stretch_scale": stretch.scale,
            "stretch_mean": stretch.mean,
            "stretch_deviation": stretch.deviation,
        },
        validation_accuracy=validation_accuracy(best),
    )


FLOORS: dict[str, Callable[[Labelled], Floor]] = {
    "majority-class": majority_class,
    "logistic-regression": logistic_regression,
}


def _features(data: Labelled, split: int, stretch: Stretch) -> npt.NDArray[np.float32]:
    images = data.images[data.rows(split)].astype(np.float32)
    stretched = (np.arcsinh(images / stretch.scale) - stretch.mean) / stretch.deviation
    flat = stretched.reshape(len(stretched), -1)
    return np.concatenate([flat, np.ones((len(flat), 1))], axis=1, dtype=np.float32)


def _one_hot(data: Labelled) -> npt.NDArray[np.float32]:
    targets = data.targets[data.rows(TRAIN)]
    rows = targets if data.multilabel else np.eye(data.classes)[targets]
    return rows.astype(np.float32)


def _fit_linear(
    features: npt.NDArray[np.float32],
    targets: npt.NDArray[np.float32],
    penalty: float,
    multilabel: bool,
) -> npt.NDArray[np.float32]:
    shape = (features.shape[1], targets.shape[1])

    def loss_and_gradient(flat: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        weights = flat.reshape(shape)
        logits = features @ weights.astype(np.float32)
        ridge = np.r_[weights[:-1], np.zeros((1, shape[1]))]
        if multilabel:
            losses, odds = np.logaddexp(0, logits) - targets * logits, expit(logits)
        else:
            losses, odds = -targets * log_softmax(logits, axis=1), softmax(logits, axis=1)
        gradient = features.T @ (odds - targets) / len(features) + penalty * ridge
        loss = losses.sum() / len(features) + 0.5 * penalty * (ridge**2).sum()
        return float(loss), gradient.astype(np.float64).ravel()

    start = np.zeros(shape[0] * shape[1])
    found = minimize(
        loss_and_gradient, start, jac=True, method="L-BFGS-B", options={"maxiter": ITERATIONS}
    )
    return np.asarray(found.x.reshape(shape), np.float32)


def _probabilities(
    features: npt.NDArray[np.float32], weights: npt.NDArray[np.float32], multilabel: bool
) -> Probabilities:
    logits = features @ weights
    odds = expit(logits) if multilabel else np.exp(logits - logsumexp(logits, 1, keepdims=True))
    return np.asarray(odds, np.float32)


def _repeated(row: npt.NDArray[np.floating[npt.NBitBase]], count: int) -> Probabilities:
    return np.tile(row.astype(np.float32), (count, 1))


def _accuracy(data: Labelled, split: int, probabilities: Probabilities) -> float:
    task = task_named("multilabel" if data.multilabel else "classification")
    truth = data.targets[data.rows(split)]
    return float(task.matches(task.decide(probabilities), truth).mean())
