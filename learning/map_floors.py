"""Floors of a segmentation: background everywhere, and one threshold for all pixels.

No network is trained for this task: ResNet-50 answers once an image, not once a pixel.
"""

import numpy as np
import numpy.typing as npt

from skybench.learning.floor import Floor, score_on
from skybench.learning.labelled import TEST, TRAIN, VALIDATION, Labelled
from skybench.learning.resnet import Stretch

LEVELS = (1.0, 1.5, 2.0, 3.0, 5.0, 8.0)
"""Thresholds that are tried, in units of the noise."""

Codes = npt.NDArray[np.int8]


def all_background(data: Labelled) -> Floor:
    """Call every pixel background."""

    def empty(split: int) -> Codes:
        return np.zeros(data.targets[data.rows(split)].shape, np.int8)

    return Floor(
        model="background everywhere",
        answers=empty(TEST),
        parameters=0,
        hyperparameters={},
        validation_score=score_on(data, VALIDATION, empty(VALIDATION)),
    )


def threshold(data: Labelled) -> Floor:
    """Give the commonest class of the train split to pixels that are brighter than a threshold.

    The threshold is a multiple of the noise, which is learned from the train split; the multiple
    is chosen on validation. Bands are added up.
    """
    noise = Stretch.of(_brightness(data, TRAIN)).scale
    classes = np.bincount(data.targets[data.rows(TRAIN)].ravel(), minlength=data.classes)
    commonest = int(classes[1:].argmax()) + 1

    def found(split: int, level: float) -> Codes:
        bright = _brightness(data, split) > level * noise
        return (bright * commonest).astype(np.int8)

    def validation_score(level: float) -> float:
        return score_on(data, VALIDATION, found(VALIDATION, level))

    best = max(LEVELS, key=validation_score)
    return Floor(
        model="one threshold for all pixels",
        answers=found(TEST, best),
        parameters=2,
        hyperparameters={
            "level": best,
            "levels_tried": list(LEVELS),
            "noise": noise,
            "class": commonest,
        },
        validation_score=validation_score(best),
    )


def _brightness(data: Labelled, split: int) -> npt.NDArray[np.float32]:
    images = data.images[data.rows(split)].astype(np.float32)
    return images.sum(axis=1) if images.ndim == 4 else images
