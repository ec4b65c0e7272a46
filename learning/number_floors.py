"""Floors of a regression: the mean of the train split, and a linear model of the pixels."""

import numpy as np
import numpy.typing as npt

from skybench.learning.floor import Floor, repeated, score_on
from skybench.learning.labelled import TEST, TRAIN, VALIDATION, Labelled
from skybench.learning.linear_model import features, fit_linear, record, square_link
from skybench.learning.target_scaling import TargetScaling

PENALTIES = (1e-1, 1.0, 10.0, 100.0)
"""Of standardised targets: larger than for classes, whose gradients vanish where they are right."""


def training_mean(data: Labelled) -> Floor:
    """Predict the mean of the train split for every sample: R squared is about 0."""
    mean = data.targets[data.rows(TRAIN)].mean(axis=0).astype(np.float32)
    return Floor(
        model="the mean of the train split",
        answers=repeated(mean, data, TEST),
        parameters=mean.size,
        hyperparameters={},
        validation_score=score_on(data, VALIDATION, repeated(mean, data, VALIDATION)),
    )


def ridge_regression(data: Labelled) -> Floor:
    """Fit standardised targets by a linear model of stretched pixels, as the logistic one is."""
    pixels, stretch = features(data)
    targets = data.targets[data.rows(TRAIN)]
    scaling = TargetScaling.of(targets)
    aims = scaling.standardised(targets).astype(np.float32)
    fits = {p: fit_linear(pixels[TRAIN], aims, p, square_link) for p in PENALTIES}

    def predicted(split: int, penalty: float) -> npt.NDArray[np.float32]:
        return scaling.restored(pixels[split] @ fits[penalty]).astype(np.float32)

    def validation_score(penalty: float) -> float:
        return score_on(data, VALIDATION, predicted(VALIDATION, penalty))

    best = max(PENALTIES, key=validation_score)
    return Floor(
        model="ridge regression on pixels",
        answers=predicted(TEST, best),
        parameters=fits[best].size,
        hyperparameters={**record(best, PENALTIES, stretch), "target_scaling": scaling.as_json()},
        validation_score=validation_score(best),
    )
