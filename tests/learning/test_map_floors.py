import numpy as np
import pytest

from skybench.learning.labelled import TEST, TRAIN, VALIDATION, Labelled
from skybench.learning.map_floors import all_background, threshold

SPLIT = np.repeat(np.array([TRAIN, VALIDATION, TEST], np.int8), [30, 10, 10])


def squares(bands=None):
    """One bright square of class 2 an image, and a dim pixel of class 1."""
    rng = np.random.default_rng(4)
    images = rng.normal(0, 10, (50, 12, 12))
    maps = np.zeros((50, 12, 12), np.int8)
    for one, (y, x) in enumerate(rng.integers(0, 8, (50, 2))):
        maps[one, y : y + 4, x : x + 4] = 2
        images[one, y : y + 4, x : x + 4] += 300
    maps[:, 11, 11] = 1
    images = np.rint(images).astype(np.int32)
    stacked = images if bands is None else np.repeat(images[:, None], bands, axis=1)
    return Labelled(stacked, maps, SPLIT, 3, "segmentation")


def test_background_everywhere_scores_half_the_background():
    data = squares()
    floor = all_background(data)
    assert not floor.answers.any()
    # Background 127 of 144 pixels, two classes missed: (127 / 144 + 0 + 0) / 3.
    assert floor.validation_score == pytest.approx(127 / 144 / 3)


@pytest.mark.parametrize("bands", [None, 2])
def test_threshold_finds_the_bright_squares(bands):
    data = squares(bands)
    floor = threshold(data)
    truth = data.targets[data.rows(TEST)]
    assert np.array_equal(floor.answers == 2, truth == 2)
    assert floor.hyperparameters["class"] == 2
