"""Bars of discs: where the formula says, inclined with the disc, their light taken from it."""

import numpy as np
import pytest

from skybench.generators import BarredLenticular, BarredSpiral, Lenticular, Spiral

BAR = {"bar_length_ratio": 1.1, "bar_axis_ratio": 0.3, "bar_angle": 50.0}


def bar_alone(**changes):
    """Return a galaxy all whose light is in its bar."""
    known = {"flux": 2e4, "half_light_radius": 9.0, "position_angle": 30.0, "axis_ratio": 0.6}
    none = {"bulge_fraction": 0, "bar_fraction": 1}
    return BarredLenticular(**known | BAR | none | changes)


@pytest.mark.parametrize(("axis_ratio", "angle"), [(1.0, 0), (0.6, 50), (0.3, 120)])
def test_pixels_of_a_bar_are_integrals_of_the_formula(axis_ratio, angle):
    source = bar_alone(axis_ratio=axis_ratio, bar_angle=angle, fwhm=0, x=31.3, y=30.8)
    points = (np.arange(64 * 24) + 0.5) / 24 - 0.5
    x, y = points - 31.3, (points - 30.8)[:, None]
    turn, within, length = np.deg2rad(30), np.deg2rad(angle), 9 * 1.1
    # From the sky to the plane of the disc, and there to the axes of the bar.
    major = np.cos(turn) * x + np.sin(turn) * y
    minor = (np.cos(turn) * y - np.sin(turn) * x) / axis_ratio
    u = np.cos(within) * major + np.sin(within) * minor
    v = (np.cos(within) * minor - np.sin(within) * major) / 0.3
    inside = np.maximum(1 - (u**2 + v**2) / length**2, 0)
    # The integral of (1 - m^2)^(5/2) over the unit disc is 2 pi / 7.
    fine = 2e4 * 7 / (2 * np.pi * length**2 * 0.3 * axis_ratio) * inside**2.5
    reference = fine.reshape(64, 24, 64, 24).mean(axis=(1, 3))
    assert np.abs(source.render((64, 64)).values - reference).max() < 2e-4 * reference.max()


def test_a_bar_ends_at_its_length_and_turns_with_the_disc():
    image = (
        bar_alone(axis_ratio=1, position_angle=0, bar_angle=90, fwhm=1.5).render((65, 65)).values
    )
    # Half length 9.9 along y, half width 3 along x.
    assert image[32 + 7, 32] > 0.03 * image.max()
    assert image[32, 32 + 7] < 0.01 * image.max()
    assert image[32 + 13, 32] < 0.005 * image.max()


@pytest.mark.parametrize(
    ("barred", "plain"), [(BarredSpiral, Spiral), (BarredLenticular, Lenticular)]
)
def test_without_a_bar_it_is_the_galaxy_that_it_was(barred, plain):
    one = barred(bar_fraction=0, seed=4)
    own = {name: getattr(one, name) for name in plain.defaults}
    image = plain(**own).render((64, 64)).values
    np.testing.assert_allclose(one.render((64, 64)).values, image, atol=1e-9 * image.max())


@pytest.mark.parametrize("barred", [BarredSpiral, BarredLenticular])
def test_a_bar_takes_its_light_from_the_disc(barred):
    one = barred(
        flux=1e5, half_light_radius=8, bulge_fraction=0.2, bar_fraction=0.4, fwhm=2, seed=2
    )
    image = one.render((384, 384)).values
    assert image.sum() == pytest.approx(1e5, rel=2e-3)
    alone = barred(**{n: getattr(one, n) for n in barred.defaults} | {"bulge_fraction": 0}, fwhm=2)
    bar_and_disc = alone.render((384, 384)).values * 0.8
    # What is left is the bulge, with its whole share.
    assert (image - bar_and_disc).sum() == pytest.approx(0.2e5, rel=5e-3)


def test_all_light_may_be_in_the_bar():
    image = BarredSpiral(flux=1e4, bar_fraction=1, bulge_fraction=0, seed=1).render((96, 96))
    assert np.isfinite(image).all()
    assert float(image.sum()) == pytest.approx(1e4, rel=5e-3)
