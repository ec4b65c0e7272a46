"""The truth that images of the sky are measured against, itself against known answers."""

import galsim
import numpy as np
import pytest
from scipy.stats import norm
from sky import reference_light as light

TIGHT = galsim.GSParams(
    folding_threshold=1e-5, maxk_threshold=1e-6, kvalue_accuracy=1e-8, maximum_fft_size=20000
)
PLACE = {"x": 5.2, "y": 14.7, "position_angle": 30.0}


def test_a_star_of_a_large_exponent_is_a_gaussian():
    sigma, edges = 3 / np.sqrt(8 * np.log(2)), np.arange(29) - 0.5
    x, y = (np.diff(norm.cdf(edges, at, sigma)) for at in (14.2, 13.9))
    image = light.star(14.2, 13.9, 3.0, 1e6, (28, 28))
    np.testing.assert_allclose(image, y[:, None] * x, rtol=0, atol=2e-6 * image.max())


@pytest.mark.parametrize("beta", [1.05, 1.5, 4.0])
def test_what_a_star_has_outside_follows_from_its_wings(beta):
    # Outside a square of side 2 L >> a lies about (beta - 1) / pi a^(2 beta - 2) times the integral
    # of r^(1 - 2 beta); between the inscribed and the circumscribed circle.
    a, half = float(light.scale_radius(3.0, beta)), 64.0
    within = light.star(63.5, 63.5, 3.0, beta, (128, 128)).sum()
    shares = [1 - (1 + (r / a) ** 2) ** (1 - beta) for r in (half, half * np.sqrt(2))]
    assert shares[0] < within < shares[1]


@pytest.mark.parametrize(("fwhm", "beta"), [(1.0, 2.5), (3.0, 1.5), (2.0, 100.0)])
def test_a_point_is_a_star(fwhm, beta):
    point = light.Points(np.array([15.27]), np.array([14.71]), np.array([1.0]))
    seen = light.seen(point, fwhm, beta, (32, 20))
    star = light.star(15.27, 14.71, fwhm, beta, (32, 20))
    assert np.abs(seen - star).max() < 2e-6 * star.max()


@pytest.mark.parametrize(("fwhm", "beta"), [(3.0, 1.5), (2.0, 4.0)])
def test_points_far_outside_are_seen_by_their_wings(fwhm, beta):
    point = light.Points(np.array([-45.3]), np.array([77.7]), np.array([1.0]))
    star = light.star(-45.3, 77.7, fwhm, beta, (32, 32))
    np.testing.assert_allclose(light.seen(point, fwhm, beta, (32, 32)), star, rtol=2e-3, atol=1e-15)


@pytest.mark.parametrize(
    ("index", "size", "axis_ratio", "fwhm", "beta"),
    [(1.0, 5.0, 0.6, 3.0, 3.0), (1.0, 6.0, 0.05, 2.0, 3.0), (2.0, 6.0, 0.3, 3.0, 100.0)],
)
def test_galaxies_are_galsims(index, size, axis_ratio, fwhm, beta):
    place = PLACE | {"half_light_radius": size, "axis_ratio": axis_ratio}
    points = light.polar(
        lambda radius, _: light.sersic(radius, index), place, resolution=fwhm, far=64
    )
    assert points.flux.sum() == pytest.approx(1, abs=1e-9)
    galaxy = galsim.Sersic(index, half_light_radius=size, gsparams=TIGHT)
    galaxy = galaxy.transform(1, 0, 0, axis_ratio) / axis_ratio
    psf = galsim.Moffat(beta=beta, fwhm=fwhm, gsparams=TIGHT)
    whole = galsim.Convolve(galaxy.rotate(30 * galsim.degrees), psf, gsparams=TIGHT)
    canvas, centre = galsim.ImageD(32, 32, scale=1), galsim.PositionD(6.2, 15.7)
    truth = whole.drawImage(canvas, center=centre).array
    assert np.abs(light.seen(points, fwhm, beta, (32, 32)) - truth).max() < 1e-6 * truth.max()


def test_cells_are_halved_until_they_tell_their_light():
    def cusp(x, y):
        return np.exp(-np.hypot(x - 3.3, y - 2.1))

    points = light.adaptive(cusp, (-22, -22, 28, 28), resolution=1.0, tolerance=1e-9)
    # 2 pi, less what lies outside: below 1e-8.
    assert points.flux.sum() == pytest.approx(2 * np.pi, abs=1e-6)
    assert points.x.size < 300_000


def test_gaussians_have_their_moments():
    points = light.gaussians([2.0], [1.5], [-2.0], [0.7], resolution=1.0)
    assert points.flux.sum() == pytest.approx(2)
    assert points.flux @ points.x / 2 == pytest.approx(1.5)
    assert points.flux @ (points.y + 2) ** 2 / 2 == pytest.approx(0.49)
