"""Lenticular galaxies: a plateau where the formula says, and the disc and bulge of others."""

import numpy as np
import pytest

from skybench.generators import BulgeDisc, Lenticular

DISC = {
    "flux": 2e4,
    "half_light_radius": 9.0,
    "axis_ratio": 0.6,
    "position_angle": 30.0,
    "bulge_fraction": 0.3,
    "bulge_radius_ratio": 0.2,
    "bulge_sersic_index": 2.0,
    "bulge_axis_ratio": 0.9,
    "fwhm": 2.5,
    "beta": 4,
}


def make(**changes):
    """Return a galaxy in which everything is given, so that a test states what it changes."""
    return Lenticular(**DISC | {"plateau_fraction": 0.4, "plateau_radius_ratio": 1.2} | changes)


def plateau(**changes):
    return make(bulge_fraction=0, plateau_fraction=1, **changes)


@pytest.mark.parametrize("axis_ratio", [0.3, 0.6, 1.0])
def test_pixels_of_the_plateau_are_integrals_of_the_formula(axis_ratio):
    source = plateau(axis_ratio=axis_ratio, fwhm=0, x=31.3, y=30.8)
    image = source.render((64, 64)).values
    points = (np.arange(64 * 24) + 0.5) / 24 - 0.5
    x, y = points - 31.3, (points - 30.8)[:, None]
    angle, edge = np.deg2rad(30), 9 * 1.2
    major = np.cos(angle) * x + np.sin(angle) * y
    minor = (np.cos(angle) * y - np.sin(angle) * x) / axis_ratio
    inside = np.maximum(1 - (major**2 + minor**2) / edge**2, 0)
    fine = 2e4 * 1.5 / (np.pi * edge**2 * axis_ratio) * np.sqrt(inside)
    reference = fine.reshape(64, 24, 64, 24).mean(axis=(1, 3))
    # Narrow ellipses have the sharpest edges.
    assert np.abs(image - reference).max() < 4e-4 * reference.max()


def test_its_light_is_nearly_even_up_to_an_edge():
    image = plateau(axis_ratio=1, half_light_radius=16, plateau_radius_ratio=1).render((65, 65))
    row = image.values[32, 32:]
    # sqrt(1 - 1/4) at half the radius, where a disc has lost all but a fifth.
    assert row[8] / row[0] == pytest.approx(0.866, abs=0.005)
    assert row[20] < 0.01 * row[0]


def test_without_a_plateau_it_is_a_disc_with_a_bulge():
    image = make(plateau_fraction=0).render((64, 64)).values
    disc = BulgeDisc(**DISC).render((64, 64)).values
    np.testing.assert_allclose(image, disc, atol=1e-9 * disc.max())


def test_its_flux_is_that_of_all_its_parts():
    assert float(make().render((256, 256)).sum()) == pytest.approx(2e4, rel=2e-3)
    assert float(plateau().render((64, 64)).sum()) == pytest.approx(2e4, rel=1e-3)


def test_it_has_no_arms():
    image = make().render((64, 64)).values
    np.testing.assert_allclose(image, image[::-1, ::-1], rtol=0, atol=1e-6 * image.max())
