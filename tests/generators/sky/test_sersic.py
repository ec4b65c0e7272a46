"""Sersic galaxies at the ends of their domains: truths that need no other package."""

import numpy as np
import pytest
from scipy.special import gammainc

from skybench.generators import Sersic
from skybench.generators.sky import sersic_profile


def rendered(shape=(64, 64), **changes):
    source = {"flux": 1, "half_light_radius": 4, "sersic_index": 2, "axis_ratio": 0.6}
    source |= {"position_angle": 27, "fwhm": 2.5, "beta": 1e6} | changes
    return Sersic(**source).render(shape).values


@pytest.mark.parametrize("index", [0.5, 1.0, 4.0])
@pytest.mark.parametrize("radius", [10.0, 40.0])
def test_needles_under_a_sharp_psf(index, radius):
    # Blur by a small PSF goes with the square of its width, so that of a width h and of 2 h tell
    # the image without PSF, which real space gives exactly: (4 f(h) - f(2 h)) / 3.
    needle = {"sersic_index": index, "half_light_radius": radius, "axis_ratio": 0.05}
    needle |= {"x": 31.2, "y": 30.7}
    sharp, blurred, exact = (rendered(fwhm=fwhm, **needle) for fwhm in (0.05, 0.1, 0.0))
    error = np.abs((4 * sharp - blurred) / 3 - exact)
    assert error.max() < 1e-4 * exact.max()
    # Of the largest the copies are lines, and no grid that is affordable holds them off.
    assert abs(sharp.sum() - exact.sum()) < 5e-4


@pytest.mark.parametrize("index", [0.3, 0.35, 0.5, 6.5, 8.0])
def test_the_flux_within_a_circle_is_that_of_the_profile(index):
    # Far outside of the PSF, the flux within r is P(2n, b (r / R)^(1/n)); pixels on the circle
    # count by the share of 8 x 8 points within. A Gaussian PSF moves of it only second order.
    side, size, radius = 129, 8.0, 24.0
    image = rendered((side, side), sersic_index=index, half_light_radius=size, axis_ratio=1)
    points = (np.arange(side * 8) + 0.5) / 8 - side / 2
    within = points**2 + points[:, None] ** 2 < radius**2
    share = within.reshape(side, 8, side, 8).mean(axis=(1, 3))
    b = sersic_profile.b_n(np.asarray(index))
    exact = gammainc(2 * index, b * (radius / size) ** (1 / index))
    assert (image * share).sum() == pytest.approx(exact, abs=1e-3)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (3, 2), (7, 31)])
def test_a_small_image_is_the_cut_of_a_larger_one(shape):
    large = rendered((64, 64), x=32.3, y=30.8)
    small = rendered(shape, x=2.3, y=0.8)
    cut = large[30 : 30 + shape[0], 30 : 30 + shape[1]]
    np.testing.assert_allclose(small, cut, rtol=0, atol=2e-5 * large.max())


@pytest.mark.parametrize("fwhm", [0.0, 2.5])
def test_a_galaxy_larger_than_any_grid_once_was(fwhm):
    # Flux within the square of the image lies between that of two circles.
    side, size = 2600, 300.0
    image = rendered((side, side), half_light_radius=size, axis_ratio=1, fwhm=fwhm)
    circles = [
        1 - sersic_profile.share_outside(np.asarray(r / size), np.asarray(2.0))
        for r in (side / 2, side / 2**0.5)
    ]
    assert circles[0] - 1e-4 < image.sum() < circles[1] + 1e-4
    assert image.min() > 0


def test_a_galaxy_holds_its_flux_at_any_brightness():
    image = rendered((400, 400), flux=1e12, sersic_index=1)
    assert image.sum() == pytest.approx(1e12, rel=1e-4)


@pytest.mark.parametrize("fwhm", [0.0, 0.05, 0.4, 2.5])
@pytest.mark.parametrize("index", [0.3, 1.0, 8.0])
def test_no_light_is_negative(fwhm, index):
    for axis_ratio in (0.05, 0.5, 1.0):
        image = rendered(
            (40, 50), fwhm=fwhm, sersic_index=index, axis_ratio=axis_ratio, half_light_radius=2
        )
        assert image.min() >= 0
        assert image.sum() < 1 + 2e-4
