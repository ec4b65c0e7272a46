"""Ring galaxies: light where the formula says, and all of it."""

import numpy as np
import pytest
from scipy.special import j0, ndtr

from skybench.generators import Ring, Sersic
from skybench.generators.sky import ring


def make(**changes):
    """Return a ring in which everything is given, so that a test states what it changes."""
    return Ring(
        **{
            "flux": 2e4,
            "half_light_radius": 9.0,
            "axis_ratio": 0.6,
            "position_angle": 30.0,
            "ring_width": 0.15,
            "bulge_fraction": 0.0,
            "bulge_radius_ratio": 0.2,
            "bulge_sersic_index": 2.0,
            "bulge_axis_ratio": 0.9,
            "fwhm": 2.5,
            "beta": 6,
        }
        | changes
    )


def surface_brightness(source, x, y):
    angle = np.deg2rad(source.position_angle)
    q, w = source.axis_ratio, source.ring_width
    major = np.cos(angle) * x + np.sin(angle) * y
    minor = (np.cos(angle) * y - np.sin(angle) * x) / q
    r = np.maximum(np.hypot(major, minor) / source.half_light_radius, 1e-9)
    light = np.exp(-(np.log(r) ** 2) / (2 * w**2)) / ((2 * np.pi) ** 1.5 * w * q * r**2)
    return source.flux * light / source.half_light_radius**2


@pytest.mark.parametrize("width", [0.08, 0.15, 0.4])
def test_pixels_are_integrals_of_the_formula(width):
    source = make(ring_width=width, half_light_radius=12, fwhm=0, x=31.3, y=30.8)
    image = source.render((64, 64)).values
    points = (np.arange(64 * 32) + 0.5) / 32 - 0.5
    fine = surface_brightness(source, points - 31.3, (points - 30.8)[:, None])
    reference = fine.reshape(64, 32, 64, 32).mean(axis=(1, 3))
    assert np.abs(image - reference).max() < 2e-4 * reference.max()


@pytest.mark.parametrize("width", [0.05, 0.0725, 0.31, 0.5])
def test_the_transform_is_the_integral_that_it_tabulates(width):
    k = np.geomspace(0.01, 60, 200)
    # Midpoints in t, whose density is a Gaussian: far finer than the Bessel function's waves.
    t = (np.arange(4000) + 0.5) / 4000 * 14 * width - 7 * width
    weights = np.exp(-(t**2) / (2 * width**2))

    exact = (weights * j0(k[:, None] * np.exp(t))).sum(axis=1) / weights.sum()
    np.testing.assert_allclose(ring.transform(np.log(k), width), exact, atol=1e-4)


def test_half_of_the_flux_lies_within_the_half_light_ellipse():
    source = make(half_light_radius=20, axis_ratio=0.8, position_angle=0, fwhm=0, ring_width=0.2)
    image = source.render((161, 161)).values
    points = (np.arange(161 * 8) + 0.5) / 8 - 80.5
    for scale in (0.8, 1.0, 1.3):
        inside = np.hypot(points, points[:, None] / 0.8) < 20 * scale
        share = inside.reshape(161, 8, 161, 8).mean(axis=(1, 3))
        # ln r is normal with standard deviation 0.2.
        expected = 2e4 * ndtr(np.log(scale) / 0.2)
        assert (image * share).sum() == pytest.approx(expected, abs=2e-3 * 2e4)


def test_a_ring_is_dark_inside_and_brightest_at_its_crest():
    image = make(axis_ratio=1, half_light_radius=15, fwhm=1.5).render((81, 81)).values
    profile = image[40, 40:]
    assert profile[0] < 1e-3 * profile.max()
    # The crest of I is at exp(-2 w^2) = 0.956 radii.
    assert abs(int(profile.argmax()) - 15 * 0.956) < 1


def test_ring_and_core_are_added():
    whole = make(bulge_fraction=0.3).render((48, 48)).values
    alone = make(flux=1.4e4).render((48, 48)).values
    core = Sersic(
        flux=6e3,
        half_light_radius=1.8,
        sersic_index=2,
        axis_ratio=0.9,
        position_angle=30,
        fwhm=2.5,
        beta=6,
    )
    both = alone + core.render((48, 48)).values
    np.testing.assert_allclose(whole, both, rtol=0, atol=1e-6 * whole.max())


@pytest.mark.parametrize("changes", [{}, {"ring_width": 0.05}, {"ring_width": 0.5, "fwhm": 0}])
def test_flux_centre_and_quarter_turns(changes):
    source = make(x=80.3, y=79.6, **changes)
    image = source.render((161, 161)).values
    assert image.sum() == pytest.approx(2e4, rel=1e-3)
    y, x = np.indices(image.shape)
    assert (image * x).sum() / image.sum() == pytest.approx(80.3, abs=5e-3)
    assert (image * y).sum() / image.sum() == pytest.approx(79.6, abs=5e-3)
    turned = make(x=160 - 79.6, y=80.3, position_angle=120, **changes).render((161, 161)).values
    np.testing.assert_allclose(turned, np.rot90(image, -1), atol=1e-5 * image.max())
