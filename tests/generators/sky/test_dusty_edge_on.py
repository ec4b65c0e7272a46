"""Dust lanes: dark in the plane as the optical depth says, and nowhere below nothing."""

import numpy as np
import pytest
from scipy.special import k1

from skybench.generators import DustyEdgeOn, EdgeOn

DISC = {
    "flux": 3e4,
    "half_light_radius": 8.0,
    "inclination": 90.0,
    "scale_height_ratio": 0.3,
    "position_angle": 0.0,
    "bulge_fraction": 0.0,
    "bulge_radius_ratio": 0.2,
    "bulge_sersic_index": 2.0,
    "bulge_axis_ratio": 0.9,
    "fwhm": 2.5,
    "beta": 4,
}


def make(**changes):
    return DustyEdgeOn(**DISC | {"dust_optical_depth": 1.5, "dust_height_ratio": 0.4} | changes)


def test_pixels_seen_edge_on_are_integrals_of_the_formula():
    image = make(fwhm=0, x=31.3, y=30.8).render((64, 64)).values
    fine = 32
    points = (np.arange(64 * fine) + 0.5) / fine - 0.5
    h, z0 = 8 / 1.6783469900166605, 8 * 0.3
    x, z = np.abs(points - 31.3) / h, (points - 30.8) / z0
    light = 1 / np.cosh(z) ** 2 - (1 - np.exp(-1.5)) / np.cosh(z / 0.4) ** 2
    # The integral of x K1(x) is pi, that of sech^2 2 z0, and so is that of the lane, times 0.4.
    flux = np.pi * h * 2 * z0 * (1 - 0.4 * (1 - np.exp(-1.5)))
    across = (x * k1(x)).reshape(64, fine).mean(axis=1)
    reference = 3e4 / flux * np.outer(light.reshape(64, fine).mean(axis=1), across)
    assert np.abs(image - reference).max() < 3e-4 * reference.max()


def test_the_lane_is_as_deep_as_its_optical_depth():
    # A disc so thick that neither pixel nor PSF fill the lane.
    shape = {"half_light_radius": 40.0, "scale_height_ratio": 0.5, "fwhm": 1.5, "beta": 1e6}
    image = make(**shape, dust_height_ratio=0.6).render((129, 129)).values
    clear = EdgeOn(**DISC | shape).render((129, 129)).values / (1 - 0.6 * (1 - np.exp(-1.5)))
    assert image[64, 64] / clear[64, 64] == pytest.approx(np.exp(-1.5), rel=0.02)
    assert image[64 + 50, 64] / clear[64 + 50, 64] == pytest.approx(1, abs=0.04)


def test_without_dust_it_is_a_disc_seen_from_the_side():
    image = make(dust_optical_depth=0, bulge_fraction=0.2).render((64, 64)).values
    clear = EdgeOn(**DISC | {"bulge_fraction": 0.2}).render((64, 64)).values
    np.testing.assert_allclose(image, clear, rtol=0, atol=1e-6 * clear.max())


@pytest.mark.parametrize("inclination", [0, 60, 88])
def test_its_flux_is_what_is_seen(inclination):
    image = make(inclination=inclination, bulge_fraction=0.2).render((192, 192)).values
    assert image.sum() == pytest.approx(3e4, rel=2e-3)


@pytest.mark.parametrize(
    ("ratio", "inclination", "fwhm"),
    [(0.05, 90, 0), (0.05, 80, 2.5), (0.5, 0, 2.5), (0.95, 90, 2.5), (0.95, 80, 2.5)],
)
def test_no_light_is_missing_even_where_all_of_it_is_absorbed(ratio, inclination, fwhm):
    lane = {"dust_optical_depth": 100, "dust_height_ratio": ratio}
    image = make(**lane, inclination=inclination, fwhm=fwhm).render((128, 128))
    # What is negative would be cut off, and the sum be larger than the flux.
    assert float(image.sum()) == pytest.approx(3e4, rel=2e-3)
    assert float(image.min()) >= 0


def test_seen_from_above_there_is_no_lane():
    dusty = make(inclination=0).render((64, 64)).values
    clear = EdgeOn(**DISC | {"inclination": 0}).render((64, 64)).values
    np.testing.assert_allclose(dusty, clear, rtol=0, atol=2e-4 * clear.max())


def test_bulge_and_disc_keep_their_shares():
    whole, disc = (make(bulge_fraction=b).render((256, 256)).values for b in (0.4, 0))
    assert (whole - 0.6 * disc).sum() == pytest.approx(0.4 * 3e4, rel=5e-3)
