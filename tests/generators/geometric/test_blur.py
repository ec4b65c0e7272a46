"""The Gaussian blur: what it keeps, how it widens, and that nothing is cut at the border."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.special import ndtr

from skybench.generators import Circle, Rectangle
from skybench.generators.geometric import scene
from skybench.generators.geometric.scene import reach


def blur(image, sigma, margin):
    """Return one image blurred, with darkness around it as far as the Gaussian is seen."""
    beyond = reach(sigma) - min(margin, reach(sigma))
    wide = np.pad(image, beyond)[None]
    return scene.blur(wide, np.array([float(sigma)]), max(margin, reach(sigma)))[0]


def test_no_width_is_no_blur():
    image = np.random.default_rng(0).random((9, 8))
    np.testing.assert_array_equal(blur(image, 0.0, 0), image)
    np.testing.assert_array_equal(blur(image, 0.0, 2), image[2:-2, 2:-2])


@pytest.mark.parametrize("sigma", [1e-3, 0.3, 1.0, 3.7])
def test_light_is_kept_and_the_variance_grows_by_that_of_the_kernel(sigma):
    image = np.zeros((61, 61))
    image[30, 28] = 2.0
    blurred = blur(image, sigma, 0)
    assert blurred.sum() == pytest.approx(2.0)
    assert blurred.min() >= 0
    x = np.arange(61)
    along = blurred.sum(axis=0) / 2
    assert (along * x).sum() == pytest.approx(28)
    if sigma >= 1:
        assert (along * (x - 28) ** 2).sum() == pytest.approx(sigma**2, rel=1e-4)


def test_agrees_with_scipy():
    image = np.random.default_rng(1).random((40, 50))
    expected = gaussian_filter(image, 2.3, mode="constant", truncate=5)
    np.testing.assert_allclose(blur(image, 2.3, 0), expected, rtol=0, atol=1e-6)


def test_a_straight_edge_becomes_the_normal_distribution():
    # A half-plane that ends between columns 15 and 16, with much of it beyond the image.
    half = Rectangle(width=200, height=400, position_angle=0, thickness=0, x=-84.5, y=16)
    row = half.render((32, 32), blur_sigma=2.0).values[16]
    # A sum over pixels is an integral of a Gaussian whose variance is less by 1/12, that of a
    # pixel, to the second order of Euler and Maclaurin.
    expected = ndtr((15.5 - np.arange(32)) / np.sqrt(4 - 1 / 12))
    np.testing.assert_allclose(row, expected, rtol=0, atol=1e-4)


def test_light_comes_in_from_beyond_the_border():
    outside = Circle(radius=4, thickness=0, x=-6, y=16)
    assert not outside.render((32, 32)).values.any()
    seen = outside.render((32, 32), blur_sigma=2.0).values
    whole = Circle(radius=4, thickness=0, x=14, y=16).render((32, 52), blur_sigma=2.0).values
    assert seen[16, 0] > 0.08
    np.testing.assert_allclose(seen, whole[:, 20:], rtol=0, atol=1e-12)


@pytest.mark.parametrize("sigma", [0.3, 2.0, 17.0])
def test_no_more_than_a_millionth_is_cut_off(sigma):
    beyond = 2 * (1 - ndtr(reach(sigma) / sigma))
    assert beyond < 1e-6
