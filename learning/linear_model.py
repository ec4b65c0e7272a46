"""Linear models of stretched pixels, fitted by L-BFGS with a ridge penalty."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import JsonValue
from scipy.optimize import minimize
from scipy.special import expit, log_softmax, softmax

from skybench.learning.labelled import TEST, TRAIN, VALIDATION, Labelled
from skybench.learning.stretch import Stretch

Floats = npt.NDArray[np.float32]
Link = Callable[[Floats, Floats], tuple[Any, Any]]
"""(linear outputs, targets) to their losses and the losses' derivatives."""

ITERATIONS = 200


def softmax_link(logits: Floats, targets: Floats) -> tuple[Any, Any]:
    """Return the cross-entropy of exclusive classes."""
    return -targets * log_softmax(logits, axis=1), softmax(logits, axis=1) - targets


def sigmoid_link(logits: Floats, targets: Floats) -> tuple[Any, Any]:
    """Return the cross-entropy of each class apart."""
    return np.logaddexp(0, logits) - targets * logits, expit(logits) - targets


def square_link(outputs: Floats, targets: Floats) -> tuple[Any, Any]:
    """Return half the squared error."""
    return (outputs - targets) ** 2 / 2, outputs - targets


def features(data: Labelled) -> tuple[dict[int, Floats], Stretch]:
    """Return the stretched pixels of each split with a column of ones, and their stretch."""
    stretch = Stretch.of(data.images[data.rows(TRAIN)])
    pixels = {
        split: _with_ones(stretch.applied(data.images[data.rows(split)]))
        for split in (TRAIN, VALIDATION, TEST)
    }
    return pixels, stretch


def fit_linear(pixels: Floats, targets: Floats, penalty: float, link: Link) -> Floats:
    """Return the weights (feature, output); the last feature, the ones, is not penalised."""
    shape = (pixels.shape[1], targets.shape[1])

    def loss_and_gradient(flat: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        weights = flat.reshape(shape)
        losses, slopes = link(pixels @ weights.astype(np.float32), targets)
        ridge = np.r_[weights[:-1], np.zeros((1, shape[1]))]
        gradient = pixels.T @ slopes / len(pixels) + penalty * ridge
        loss = losses.sum() / len(pixels) + 0.5 * penalty * (ridge**2).sum()
        return float(loss), gradient.astype(np.float64).ravel()

    start = np.zeros(shape[0] * shape[1])
    found = minimize(
        loss_and_gradient, start, jac=True, method="L-BFGS-B", options={"maxiter": ITERATIONS}
    )
    return np.asarray(found.x.reshape(shape), np.float32)


def choices(penalty: float, tried: Sequence[float], stretch: Stretch) -> dict[str, JsonValue]:
    """Return what was chosen for a fit, for its record."""
    return {
        "optimizer": "L-BFGS",
        "iterations": ITERATIONS,
        "penalty": penalty,
        "penalties_tried": list(tried),
        "stretch_scale": stretch.scale,
        "stretch_mean": stretch.mean,
        "stretch_deviation": stretch.deviation,
    }


def _with_ones(stretched: Floats) -> Floats:
    flat = stretched.reshape(len(stretched), -1)
    return np.concatenate([flat, np.ones((len(flat), 1))], axis=1, dtype=np.float32)
