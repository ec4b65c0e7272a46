"""The Moffat profile: its transform and its wings, for every exponent that is allowed."""

from itertools import pairwise

import numpy as np
import pytest
from pydantic import ValidationError
from scipy.integrate import quad
from scipy.special import j0
from scipy.stats import norm

from skybench.generators import Star
from skybench.generators.generate import generate
from skybench.generators.sky import moffat
from skybench.generators.sky.recipe import SkyRecipe


def transform(k, beta):
    """Return M at wave numbers in units of the inverse FWHM."""
    return moffat.transforms().evaluate(np.array([1 / beta]), np.log([k]))[0]


@pytest.mark.parametrize("beta", [2.5, 3.0, 4.765, 49.0, 70.0, 100.0])
@pytest.mark.parametrize("ka", [1e-3, 0.03, 0.4, 2.0])
def test_the_transform_is_that_of_the_profile(beta, ka):
    # In units of the scale radius, cut where the wings hold less than 1e-9 of the flux.
    edge = float(moffat.enclosing_radius(np.float64(1), np.float64(beta), 1e-9))
    edge /= float(moffat.scale_radius(np.float64(1), np.float64(beta)))

    def ring(r):
        return 2 * (beta - 1) * (1 + r * r) ** -beta * j0(ka * r) * r

    parts = np.linspace(0, min(edge, 100 * np.pi / ka), 30)
    exact = sum(quad(ring, *part)[0] for part in pairwise(parts))
    k = ka / float(moffat.scale_radius(np.float64(1), np.float64(beta)))
    assert transform(np.array([k]), beta)[0] == pytest.approx(exact, abs=6e-5)


@pytest.mark.parametrize("beta", [1.0001, 1.5, 3.0, 41.0, 100.0, np.inf])
def test_the_transform_falls_from_the_whole_flux(beta):
    values = transform(np.geomspace(1e-4, 300, 2000), beta)
    assert np.isfinite(values).all()
    assert (np.diff(values) <= 1e-7).all()
    assert values[0] <= 1


def test_an_infinite_exponent_is_the_gaussian():
    # sigma = FWHM / sqrt(8 ln 2); the transform is exp(-k^2 sigma^2 / 2).
    fwhm, sigma = 3.0, 3.0 / np.sqrt(8 * np.log(2))
    k = np.linspace(0.01, 2, 50)
    np.testing.assert_allclose(
        transform(k * fwhm, np.inf), np.exp(-((k * sigma) ** 2) / 2), atol=1e-4
    )
    image = Star(flux=1, fwhm=fwhm, beta=1e6, x=14.2, y=13.9).render((28, 28)).values
    edges = np.arange(29) - 0.5
    along_x, along_y = (np.diff(norm.cdf(edges, at, sigma)) for at in (14.2, 13.9))
    np.testing.assert_allclose(image, along_y[:, None] * along_x, atol=1e-4 * image.max())


@pytest.mark.parametrize("fwhm", [0.06, 0.3, 0.99, 1.0, 1.49, 1.5, 2.49, 2.5, 10.0])
@pytest.mark.parametrize("beta", [1.5, 3.0, 10.0])
def test_pixels_are_integrals_of_the_profile(fwhm, beta):
    scale = moffat.scale_radius(np.array([fwhm]), np.array([beta]))
    x, y = -0.3, 0.45
    pixels = np.arange(-4.0, 5)[None]
    drawn = moffat.integrate(pixels - x, pixels - y, scale, np.array([beta]))[0]
    for i, j in [(4, 4), (4, 5), (3, 4), (6, 5), (8, 4)]:
        # The integral along y is closed where that along x is done in polar angle; here
        # adaptive quadrature in both, cut at the source, does.
        exact = pixel(pixels[0, i] - x, pixels[0, j] - y, scale[0], beta)
        assert abs(drawn[j, i] - exact) < 2e-4 * drawn.max()


def pixel(x, y, scale, beta):
    """Return the flux of a unit-flux Moffat at the origin in the unit pixel about (x, y)."""
    norm_ = (beta - 1) / (np.pi * scale**2)

    def line(v):
        return quad(
            lambda u: norm_ * (1 + (u * u + v * v) / scale**2) ** -beta,
            x - 0.5,
            x + 0.5,
            points=[0.0] if abs(x) < 0.5 else None,
            limit=200,
        )[0]

    inside = [0.0] if abs(y) < 0.5 else None
    return quad(line, y - 0.5, y + 0.5, points=inside, limit=200, epsabs=1e-7)[0]


@pytest.mark.parametrize("beta", [1.5, 3.0, 100.0])
def test_the_enclosing_radius_leaves_the_share_outside(beta):
    radius = moffat.enclosing_radius(np.array(3.0), np.array(beta), 1e-2)
    a = moffat.scale_radius(np.array(3.0), np.array(beta))
    assert (1 + (radius / a) ** 2) ** (1 - beta) == pytest.approx(1e-2)


def test_wings_without_end_are_no_error():
    fwhm, beta = np.array([0.0, 3.0]), np.array([1.0001, 1.0001])
    radius = moffat.enclosing_radius(fwhm, beta, 1e-4)
    assert radius[0] == 0
    assert radius[1] > 1e20


def test_a_recipe_may_have_a_gaussian(small):
    small["psf"] = {"fwhm": 2.5, "profile": "gaussian"}
    found = generate(SkyRecipe.model_validate(small), 0, 3)
    np.testing.assert_array_equal(found["psf_beta"], 1e6)


def test_a_gaussian_has_no_exponent(small):
    small["psf"] = {"fwhm": 2.5, "profile": "gaussian", "beta": 4}
    with pytest.raises(ValidationError, match="a gaussian has no beta"):
        SkyRecipe.model_validate(small)
