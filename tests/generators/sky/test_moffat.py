"""The Moffat profile: its transform and its wings, for every exponent that is allowed."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.integrate import quad
from scipy.special import j0
from scipy.stats import norm
from sky import reference_moffat

from skybench.generators import Star
from skybench.generators.generate import generate
from skybench.generators.native import compiling, library
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


SHARP_TO_WIDE = [0.05, 0.3, 0.99, 1.0, 2.49, 2.5, 7.99, 8.0, 30.0]


@pytest.mark.parametrize("fwhm", SHARP_TO_WIDE)
@pytest.mark.parametrize("beta", [1.05, 1.5, 3.0, 10.0])
def test_pixels_are_integrals_of_the_profile(fwhm, beta):
    scale = moffat.scale_radius(np.array([fwhm]), np.array([beta]))
    x, y = -0.3, 0.45
    pixels = np.arange(-4.0, 5)[None]
    drawn = moffat.integrate(pixels - x, pixels - y, scale, np.array([beta]))[0]
    for i, j in [(4, 4), (4, 5), (3, 4), (6, 5), (8, 4)]:
        exact = pixel(pixels[0, i] - x, pixels[0, j] - y, scale[0], beta)
        assert abs(drawn[j, i] - exact) < 3e-6 * drawn.max()


def pixel(x, y, scale, beta):
    """Return the flux of a unit-flux Moffat at the origin in the unit pixel about (x, y).

    Adaptive quadrature along both axes, cut at the source.
    """
    norm_ = (beta - 1) / (np.pi * scale**2)
    cuts = [0.0, -scale, scale]

    def line(v):
        return quad(
            lambda u: norm_ * np.exp(-beta * np.log1p((u * u + v * v) / scale**2)),
            x - 0.5,
            x + 0.5,
            points=[c for c in cuts if abs(x - c) < 0.5] or None,
            limit=200,
            epsabs=1e-12,
        )[0]

    inside = [c for c in cuts if abs(y - c) < 0.5] or None
    return quad(line, y - 0.5, y + 0.5, points=inside, limit=200, epsabs=1e-10)[0]


sizes = st.floats(0.05, 100)
exponents = st.one_of(st.floats(1.05, 8), st.floats(8, 1e6))


@pytest.mark.usefixtures("each_level")
@settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    sizes,
    exponents,
    st.floats(-40, 40),
    st.floats(-40, 40),
    st.integers(1, 70),
    st.integers(1, 40),
    st.floats(1e-3, 1e12),
)
def test_the_kernel_draws_what_numpy_does(fwhm, beta, x, y, nx, ny, flux):
    dx, dy = np.arange(nx) - x, np.arange(ny) - y
    wanted = reference_moffat.integrate(dx, dy, fwhm, beta, flux)
    scale = moffat.scale_radius(np.array([fwhm]), np.array([beta]))
    found = moffat.integrate(dx[None], dy[None], scale, np.array([beta]), np.array([flux]))[0]
    at_star = reference_moffat.integrate(np.zeros(1), np.zeros(1), fwhm, beta, flux).max()
    assert found.min() >= 0
    np.testing.assert_allclose(found, wanted, rtol=3e-5, atol=1e-6 * at_star)


def test_every_level_draws_the_same_bits(monkeypatch, request):
    random = np.random.default_rng(3)
    fwhm, beta = random.uniform(0.05, 12, 60), 1 + random.exponential(3, 60)
    at = np.arange(61) - random.uniform(-4, 64, (60, 1))
    found = set()
    for level in compiling.levels()[: compiling.levels().index(library.level()) + 1]:
        monkeypatch.setenv("SKYBENCH_CPU", level)
        library.forget()
        drawn = moffat.integrate(at, at[::-1], moffat.scale_radius(fwhm, beta), beta)
        found.add(drawn.tobytes())
    request.addfinalizer(library.forget)
    assert len(found) == 1


@pytest.mark.parametrize("beta", [1.05, 1.5, 2.4, 2.6, 5.0, 100.0])
@pytest.mark.parametrize("fwhm", [0.05, 3.0, 20.0])
@pytest.mark.parametrize("shape", [(8, 8), (41, 50), (64, 64), (250, 256), (16, 8192)])
def test_the_flux_on_the_image_is_the_profiles_over_it(shape, fwhm, beta):
    ny, nx = shape
    for x, y in ((0.47 * nx, 0.52 * ny), (-3.3, 0.4 * ny), (nx + 20.2, ny + 4.1)):
        image = Star(flux=1, fwhm=fwhm, beta=beta, x=x, y=y).render(shape).values
        assert image.min() >= 0
        exact = flux_within(-0.5 - x, nx - 0.5 - x, -0.5 - y, ny - 0.5 - y, fwhm, beta)
        assert image.sum() == pytest.approx(exact, abs=2e-5)


def flux_within(left, right, low, high, fwhm, beta):
    """Return the flux of a unit-flux Moffat at the origin in a rectangle, by adaptive quadrature.

    It is the mean, over the angle at which one looks from the star, of the flux on the way: of
    each triangle of the star and a side, with a sign. At an angle t to the normal of a side at
    distance d, r = d / cos t is where the way ends, and 1 - (1 + r^2 / a^2)^(1 - beta) on it.
    """
    scale = fwhm / (2 * np.sqrt(np.expm1(np.log(2) / beta)))

    def on_the_way(t, distance):
        return -np.expm1((1 - beta) * np.log1p((distance / scale / np.cos(t)) ** 2))

    def triangle(distance, start, stop):
        ends = np.arctan2([start, stop], abs(distance))
        cuts = np.clip(np.array([-1, 1]) * np.arctan2(scale, abs(distance)), *ends)
        parts = pairwise([ends[0], *cuts, ends[1]])
        how = {"epsabs": 1e-10, "limit": 200}
        total = sum(quad(on_the_way, *part, (abs(distance),), **how)[0] for part in parts)
        return np.sign(distance) * total / (2 * np.pi)

    upright = triangle(right, low, high) - triangle(left, low, high)
    return upright + triangle(high, left, right) - triangle(low, left, right)


@pytest.mark.parametrize("beta", [1.05, 1.5, 2.0, 2.4])
@pytest.mark.parametrize("fwhm", [1.0, 3.0])
def test_wide_wings_reach_to_the_end_of_any_image(beta, fwhm):
    """They lost up to 43 % of far pixels, and some pixels were negative."""
    scale = float(moffat.scale_radius(np.array(fwhm), np.array(beta)))
    for shape, x, y in (((64, 64), 20.3, 30.2), ((300, 600), 70.3, 80.2), ((16, 8192), 90.3, 9.1)):
        image = Star(flux=1, fwhm=fwhm, beta=beta, x=x, y=y).render(shape).values
        assert image.min() >= 0
        for share in (0.3, 0.5, 0.8, 0.9999):
            i, j = int(share * shape[1]), int(share * shape[0])
            exact = pixel(i - x, j - y, scale, beta)
            assert image[j, i] == pytest.approx(exact, rel=2e-3, abs=1e-8 * image.max())


@pytest.mark.parametrize("beta", [1.0001, 1.05, 3.0, 1e6])
@pytest.mark.parametrize("fwhm", [0.05, 3.0, 100.0])
@pytest.mark.parametrize("at", [-1e5, -0.5, 0.0, 31.5, 1e4])
def test_any_star_anywhere_is_drawn(beta, fwhm, at):
    image = Star(flux=1e9, fwhm=fwhm, beta=beta, x=at, y=at / 2).render((16, 40)).values
    assert np.isfinite(image).all()
    assert image.min() >= 0
    assert image.sum() <= 1.00001e9


def test_where_the_mesh_takes_over_no_seam_is_seen():
    for beta, fwhm in ((1.05, 3.0), (1.5, 1.0), (2.3, 4.0)):
        star = Star(flux=1, fwhm=fwhm, beta=beta, x=310.3, y=290.2).render((640, 640)).values
        at, up = np.arange(640) - 310.3, np.arange(640) - 290.2
        direct = reference_moffat.integrate(at, up, fwhm, beta, 1.0)
        assert np.abs(star - direct).max() < 3e-6 * direct.max()
        outside = np.hypot(at, up[:, None]) > 20
        assert np.abs(star / direct - 1)[outside].max() < 2e-3
        assert np.abs(star - direct)[outside].max() < 2e-7 * direct.max()


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
