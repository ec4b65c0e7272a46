import dataclasses

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


NAN, INF, TINY = np.nan, np.inf, 5e-324

HARD = {
    "constant": np.full((4, 3, 3), 0.1),
    "nothing finite": np.full((4, 3, 3), NAN),
    "NaN in noise": np.where(np.eye(3), NAN, np.arange(36.0).reshape(4, 3, 3)),
    "infinite both ways": np.where(np.eye(3), [INF, -INF, INF], np.arange(36.0).reshape(4, 3, 3)),
    "beyond float32": np.linspace(-1e300, 1e300, 36).reshape(4, 3, 3),
    "as large as float32 goes": np.linspace(-3.4e38, 3.4e38, 36).reshape(4, 3, 3),
    "denormal": TINY * (np.arange(36) % 3).reshape(4, 3, 3),
    "denormal beside one": np.where(np.arange(36) == 7, 1, 1e-320 * np.arange(36)).reshape(4, 3, 3),
    "one bright pixel": np.where(np.arange(36) == 7, 1e38, 0).reshape(4, 3, 3),
}


@pytest.mark.parametrize("images", HARD.values(), ids=HARD.keys())
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_stretched_pixels_are_finite_whatever_the_images_are(images, dtype):
    with np.errstate(over="ignore"):
        images = images.astype(dtype)
    stretch = Stretch.of(images)
    single = np.array(dataclasses.astuple(stretch), np.float32)
    assert np.isfinite(single).all()
    assert single[[0, 2]].min() > 0
    assert np.isfinite(stretch.applied(images)).all()


def test_pixels_that_are_not_finite_count_for_nothing():
    images = np.random.default_rng(0).normal(5, 12, (50, 20, 20))
    holed = images.copy()
    holed[:, ::7, ::5] = np.nan
    holed[:, 3, 3] = np.inf
    assert Stretch.of(holed).scale == pytest.approx(Stretch.of(images).scale, rel=0.02)
    stretched = Stretch.of(images).applied(holed)
    assert set(stretched[:, ::7, ::5].ravel()) == set(stretched[:, 3, 3]) == {0}
