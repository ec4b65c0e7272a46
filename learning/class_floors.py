"""Floors of tasks of classes: the commonest answer, and a linear model of the pixels."""

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logsumexp

from skybench.learning.floor import Floor, repeated, score_on
from skybench.learning.labelled import TEST, TRAIN, VALIDATION, Labelled
from skybench.learning.linear_model import (
    features,
    fit_linear,
    record,
    sigmoid_link,
    softmax_link,
)

Floats = npt.NDArray[np.float32]

PENALTIES = (1e-3, 1e-2, 1e-1)


def majority_class(data: Labelled) -> Floor:
    """Predict the commonest answer of the train split for every sample.

    For a multi-label task that is the commonest combination of classes, the best constant
    answer for the exact match.
    """
    targets = data.targets[data.rows(TRAIN)]
    answers, counts = np.unique(targets, axis=0, return_counts=True)
    answer = answers[counts.argmax()]
    row = (answer if _several(data) else np.eye(data.classes)[answer]).astype(np.float32)
    return Floor(
        model="the commonest answer of the train split",
        answers=repeated(row, data, TEST),
        parameters=data.classes,
        hyperparameters={},
        validation_score=score_on(data, VALIDATION, repeated(row, data, VALIDATION)),
    )


def logistic_regression(data: Labelled) -> Floor:
    """Fit a linear model on stretched pixels by L-BFGS, its ridge penalty chosen on validation."""
    pixels, stretch = features(data)
    link = sigmoid_link if _several(data) else softmax_link
    fits = {p: fit_linear(pixels[TRAIN], _one_hot(data), p, link) for p in PENALTIES}

    def validation_score(penalty: float) -> float:
        return score_on(data, VALIDATION, _odds(data, pixels[VALIDATION] @ fits[penalty]))

    best = max(PENALTIES, key=validation_score)
    return Floor(
        model="logistic regression on pixels",
        answers=_odds(data, pixels[TEST] @ fits[best]),
        parameters=fits[best].size,
        hyperparameters=record(best, PENALTIES, stretch),
        validation_score=validation_score(best),
    )


def _several(data: Labelled) -> bool:
    return data.task == "multilabel"


def _one_hot(data: Labelled) -> Floats:
    targets = data.targets[data.rows(TRAIN)]
    rows = targets if _several(data) else np.eye(data.classes)[targets]
    return rows.astype(np.float32)


def _odds(data: Labelled, logits: Floats) -> Floats:
    if _several(data):
        return np.asarray(expit(logits), np.float32)
    return np.asarray(np.exp(logits - logsumexp(logits, 1, keepdims=True)), np.float32)
