import numpy as np
import pytest

from skybench.learning.stretch import Stretch


def test_stretch_learns_the_noise_and_ignores_the_sources() -> None:
    images = np.random.default_rng(0).normal(0, 12, (50, 20, 20))
    images[:, :3, :3] += 5000
    stretch = Stretch.of(np.round(images).astype(np.int32))
    assert stretch.scale == pytest.approx(12, rel=0.1)


def test_stretch_of_empty_images_is_finite() -> None:
    assert Stretch.of(np.zeros((2, 4, 4), np.int32)) == Stretch(scale=1, mean=0, deviation=1e-6)


def test_stretch_of_data_that_are_no_counts_follows_their_size() -> None:
    small = np.random.default_rng(0).normal(0, 1e-4, (50, 20, 20)).astype(np.float32)
    assert Stretch.of(small).scale == pytest.approx(1e-4, rel=0.1)
    shapes = np.zeros((50, 20, 20), np.float32)
    shapes[:, :10, :5] = 1
    # An eighth of the pixels is 1: the deviation is sqrt(1/8 * 7/8) = 0.3307.
    assert Stretch.of(shapes).scale == pytest.approx(0.3307, rel=1e-3)
    assert Stretch.of(np.zeros((2, 4, 4), np.float32)).scale == 1
