"""Light at points: its transform is the sum over the points, its pixels hold all of it."""

import numpy as np
import pytest

from skybench.generators.sky import fourier, points
from skybench.generators.sky.quadtree import Points


def scattered(count, size, number=40):
    """Return random points on some periodic stamps, and beyond their edges."""
    random = np.random.default_rng(3)
    owner = np.repeat(np.arange(count), number)
    x, y = random.uniform(-9, size + 9, (2, owner.size))
    return Points(owner, x, y, random.uniform(0, 1, owner.size))


@pytest.mark.parametrize("oversampling", [1, 2, 4])
def test_the_transform_is_the_sum_over_the_points(oversampling):
    on, light = fourier.grid(32, oversampling), scattered(3, 32)
    ours = points.transform(light, 3, on)
    for one in range(3):
        own = light.owner == one
        phase = on.kx * light.x[own][:, None, None] + on.ky[:, None] * light.y[own][:, None, None]
        exact = (light.flux[own][:, None, None] * np.exp(-1j * phase)).sum(axis=0)
        # Splines keep what turns slowly from node to node: the first half of the frequencies.
        slow = np.hypot(on.kx, on.ky[:, None]) < on.kx[-1] / 2
        error = np.abs(ours[one] - exact)[slow].max()
        assert error < 0.02 * light.flux[own].sum()
        slow = np.hypot(on.kx, on.ky[:, None]) < on.kx[-1] / 4
        assert np.abs(ours[one] - exact)[slow].max() < 1e-3 * light.flux[own].sum()
        assert ours[one, 0, 0] == pytest.approx(light.flux[own].sum())


def test_other_stamps_change_no_bit_of_a_transform():
    on, light = fourier.grid(32, 2), scattered(3, 32)
    own = light.owner == 1
    alone = Points(np.zeros(own.sum(), dtype=np.intp), *(column[own] for column in light[1:]))
    np.testing.assert_array_equal(
        points.transform(alone, 1, on)[0], points.transform(light, 3, on)[1]
    )


def test_pixels_hold_the_light_of_their_points():
    light = Points(
        np.array([0, 0, 1]),
        np.array([2.4, 2.6, 3.0]),
        np.array([1.0, 1.0, 0.51]),
        np.arange(1.0, 4),
    )
    image = points.pixels(light, 2, 8)
    assert image[0, 1, 2] == 1
    assert image[0, 1, 3] == 2
    assert image[1, 1, 3] == 3
    assert image.sum() == 6


def test_no_light_is_dark():
    none = Points(np.zeros(0, dtype=np.intp), *np.zeros((3, 0)))
    assert not points.transform(none, 2, fourier.grid(32, 1)).any()
    assert not points.pixels(none, 2, 32).any()
