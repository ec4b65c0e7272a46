"""The light of a galaxy far from its centre, and the stamps that it is taken off or added to."""

import numpy as np
import pytest
import xarray as xr
from sky import reference_wings

from skybench.generators import Sersic, Star
from skybench.generators.sky import fourier, moffat, sersic, sersic_profile, wings
from skybench.generators.sky.source_light import expected
from skybench.generators.sky.stamps import STEP, Stamps, add, interpolate, nodes

BUDGET = 1e-3


def sources(**changes):
    """Return the parameters of galaxies, one a row of the changes."""
    defaults = {
        "flux": 1.0,
        "half_light_radius": 3.0,
        "sersic_index": 4.0,
        "axis_ratio": 0.6,
        "position_angle": 30.0,
        "psf_fwhm": 2.5,
        "psf_beta": 3.0,
        "source_x": 0.0,
        "source_y": 0.0,
    }
    values = np.broadcast_arrays(*(np.atleast_1d(v) for v in (defaults | changes).values()))
    found = {k: v.astype(np.float64) for k, v in zip(defaults | changes, values, strict=True)}
    return wings.known(found)


def test_wings_are_those_of_profile_and_psf():
    galaxies = sources(axis_ratio=1, position_angle=0)
    r = np.array([[20.0, 50.0]])
    scale = moffat.scale_radius(galaxies["psf_fwhm"], galaxies["psf_beta"])
    profile = sersic_profile.surface_brightness(r / 3, np.asarray(4.0)) / 9
    psf = 2 / (np.pi * scale**2) * (1 + (r / scale) ** 2) ** -3.0
    np.testing.assert_allclose(reference_wings.light(galaxies, r, 0 * r), profile + psf, rtol=1e-12)


@pytest.mark.parametrize(("axis_ratio", "angle"), [(1.0, 0.0), (0.4, 20.0), (0.1, 70.0)])
def test_outside_a_box_is_what_the_inside_lacks(axis_ratio, angle):
    # An exponential, by a sum of points over the inside: fine, and smooth but at one of them.
    galaxies = sources(
        sersic_index=1,
        half_light_radius=10,
        axis_ratio=axis_ratio,
        position_angle=angle,
        psf_fwhm=0,
    )
    half, count = 24.0, 1600
    at = (np.arange(count) + 0.5) / count * 2 * half - half
    x, y = (part.ravel()[None] for part in np.meshgrid(at, at))
    inside = reference_wings.light(galaxies, x, y).sum() * (2 * half / count) ** 2
    assert reference_wings.outside(galaxies, np.array([half]))[0] == pytest.approx(
        1 - inside, abs=2e-4
    )


def test_outside_a_box_is_the_share_of_the_psf_too():
    # The flux of a Moffat outside of a square lies between that outside of two circles.
    galaxies = sources(sersic_index=1, half_light_radius=0.5, psf_beta=1.5)
    scale = moffat.scale_radius(galaxies["psf_fwhm"], galaxies["psf_beta"])
    share = reference_wings.outside(galaxies, np.array([50.0]))[0]
    circles = [moffat.share_outside(r, scale, galaxies["psf_beta"])[0] for r in (50, 50 * 2**0.5)]
    assert circles[1] < share < circles[0]


def test_a_cubic_is_interpolated_exactly():
    def cubic(x, y):
        return 1 + x**3 - 2 * x * y**2 + y

    at = [nodes(length).astype(float) for length in (40, 27)]
    values = cubic(at[1] / 10, at[0][:, None] / 10)[None]
    y, x = np.indices((40, 27))
    np.testing.assert_allclose(interpolate(values, (40, 27))[0], cubic(x / 10, y / 10), atol=1e-9)


def test_smooth_light_is_laid_over_the_whole_image():
    images = np.zeros((2, 20, 30))
    values = np.full((2, nodes(20).size, nodes(30).size), 0.5)
    one = np.zeros(2, dtype=np.int64)
    add(images, np.array([1, 1]), [Stamps(np.arange(2), one, one, values, STEP)])
    assert not images[0].any()
    np.testing.assert_allclose(images[1], 1)


CORNERS = [
    {"sersic_index": 6.0, "half_light_radius": 8.0},
    {"sersic_index": 6.0, "half_light_radius": 1.0},
    {"sersic_index": 0.5, "half_light_radius": 8.0},
    {"sersic_index": 0.5, "half_light_radius": 0.3, "axis_ratio": 0.05},
    {"sersic_index": 4.0, "half_light_radius": 8.0, "axis_ratio": 0.05},
    {"sersic_index": 1.0, "half_light_radius": 6.0, "axis_ratio": 0.1},
    {"sersic_index": 2.0, "fwhm": 3.0, "beta": 1.5},
    {"sersic_index": 4.0, "fwhm": 3.0, "beta": 1.2},
    {"sersic_index": 3.0, "fwhm": 8.0, "beta": 2.0},
    {"sersic_index": 2.0, "fwhm": 2.5, "beta": 1e6},
    {"sersic_index": 3.0, "fwhm": 0.0},
]


@pytest.mark.parametrize("changes", CORNERS, ids=str)
def test_an_image_is_the_cut_of_a_much_larger_one(changes):
    shape = {"half_light_radius": 3.0, "axis_ratio": 0.6, "fwhm": 2.5, "position_angle": 25.0}
    source = Sersic(flux=1, x=13.3, y=14.8, **(shape | changes))
    large = Sersic(flux=1, x=113.3, y=114.8, **(shape | changes)).render((228, 228)).values
    small = source.render((28, 28)).values
    cut = large[100:128, 100:128]
    assert np.abs(small - cut).max() < BUDGET * large.max()
    assert abs(small.sum() - cut.sum()) < BUDGET


@pytest.mark.parametrize("beta", [1.2, 1.5, 2.0, 3.0])
def test_a_star_is_the_cut_of_its_wings_on_a_large_image(beta):
    x, y = 120.3, 131.8
    image = Star(flux=1, fwhm=3, beta=beta, x=x, y=y).render((256, 250)).values
    scale = moffat.scale_radius(np.array([3.0]), np.array([beta]))
    dx, dy = np.arange(250.0)[None] - x, np.arange(256.0)[None] - y
    exact = moffat.integrate(dx, dy, scale, np.array([beta]))[0]
    assert np.abs(image - exact).max() < BUDGET / 5 * exact.max()
    assert abs(image.sum() - exact.sum()) < BUDGET


def test_large_galaxies_are_cut_where_nobody_sees():
    galaxies = sources(half_light_radius=[3.0, 300.0], source_x=14, source_y=14)
    step, sizes, _ = sersic._plan(galaxies, np.full(2, np.pi), (28, 28))
    assert step[0] == sersic_profile.UNTAPERED
    assert step[1] != sersic_profile.UNTAPERED
    assert sizes[0] < sizes[1] <= fourier.SIZES[-1]


@pytest.mark.parametrize("fwhm", [0.2, 0.8, 2.5])
@pytest.mark.parametrize("beta", [1.01, 1.1, 1.5, 3.0, 1e6])
def test_a_galaxy_without_size_is_a_star(fwhm, beta):
    at = {"flux": 1, "fwhm": fwhm, "beta": beta, "x": 13.2, "y": 14.1}
    star = Star(**at).render((28, 28)).values
    shape = {"half_light_radius": 2e-3, "sersic_index": 1, "axis_ratio": 1, "position_angle": 0}
    galaxy_ = Sersic(**at, **shape).render((28, 28)).values
    assert np.abs(galaxy_ - star).max() < BUDGET / 3 * star.max()
    assert abs(galaxy_.sum() - star.sum()) < BUDGET


@pytest.mark.parametrize("half_light_radius", [1e-28, 1e-3, 500.0])
@pytest.mark.parametrize("index", [0.3, 8.0])
@pytest.mark.parametrize("fwhm", [0.0, 2.5, 100.0])
@pytest.mark.parametrize("beta", [1.0001, 1e6])
def test_the_ends_of_all_domains_are_drawn(half_light_radius, index, fwhm, beta):
    source = Sersic(
        flux=1,
        half_light_radius=half_light_radius,
        sersic_index=index,
        axis_ratio=0.05,
        position_angle=33,
        fwhm=fwhm,
        beta=beta,
        x=13.2,
        y=14.1,
    )
    image = source.render((28, 28)).values
    assert np.isfinite(image).all()
    assert image.min() >= 0
    assert image.sum() < 1 + BUDGET


@pytest.mark.parametrize("side", [20, 34, 40, 50, 70, 100])
def test_a_small_source_fits_images_of_any_size(side):
    source = {"flux": 1, "half_light_radius": 1, "sersic_index": 1, "axis_ratio": 0.9, "fwhm": 2}
    image = Sersic(beta=6, position_angle=0, **source).render((side, side)).values
    assert image.shape == (side, side)
    assert image.sum() == pytest.approx(1, abs=BUDGET)
    np.testing.assert_allclose(image, image[::-1, ::-1], atol=1e-4 * image.max())


def test_companions_change_no_bit_of_a_large_image():
    random = np.random.default_rng(3)
    count = 24

    def column(low, high):
        return ("sample", "source"), random.uniform(low, high, (count, 2))

    whole = xr.Dataset(
        coords={
            "kind": (("sample", "source"), np.tile([1, 2], (count, 1))),
            "flux": column(1, 2),
            "source_x": column(-5, 150),
            "source_y": column(-5, 140),
            "half_light_radius": column(1, 6),
            "sersic_index": column(0.5, 6),
            "axis_ratio": column(0.2, 1),
            "position_angle": column(0, 180),
            "psf_fwhm": ("sample", random.choice([0, 1.5, 2.5, 3.5], count)),
            "psf_beta": ("sample", random.choice([1.5, 2.5, 4.0, 1e6], count)),
        }
    )
    images = expected(whole, (135, 145))
    assert np.isfinite(images).all()
    for i in (0, 5, 23):
        alone = expected(whole.isel(sample=[i]), (135, 145))
        np.testing.assert_array_equal(alone[0], images[i])
    some = expected(whole.isel(sample=slice(3, 11)), (135, 145))
    np.testing.assert_array_equal(some, images[3:11])
