import numpy as np
import pytest
from galaxies import galaxies

from skybench.learning.realism.cutouts import Cutouts
from skybench.learning.realism.statistics import meaning_of, statistic_names, statistics


def table(cutouts):
    return dict(zip(statistic_names(cutouts.bands), statistics(cutouts).T, strict=True))


def drawn(light, noise=1e-3, count=20):
    random = np.random.default_rng(0)
    return table(Cutouts.of(light + random.normal(0, noise, (count, *light.shape))))


def round_gaussian(side=65, width=4.0):
    y, x = np.indices((side, side)) - side // 2
    return np.exp(-0.5 * (x**2 + y**2) / width**2)


def test_a_round_gaussian_has_the_numbers_of_its_formula():
    found = drawn(round_gaussian())
    # Shares of the light: 1 - exp(-r^2 / 2 s^2), of which r_50 = s sqrt(2 ln 2), and
    # r_80 / r_20 = sqrt(ln 5 / ln 1.25).
    assert np.median(found["half_light_radius"]) == pytest.approx(4 * 1.17741, rel=0.02)
    told = 5 * np.log10(np.sqrt(np.log(5) / np.log(1.25)))
    assert np.median(found["concentration"]) == pytest.approx(told, rel=0.02)
    assert np.median(found["peak"]) == pytest.approx(1 / (2 * np.pi * 16), rel=0.02)
    assert abs(np.median(found["asymmetry"])) < 0.01
    assert np.median(found["ellipticity"]) < 0.01
    assert np.median(found["offset"]) < 0.01


def test_the_sky_is_measured_beside_a_source_and_a_neighbour():
    light = 500 * round_gaussian(width=2.0)
    light[:6, :6] += 300
    random = np.random.default_rng(1)
    found = table(Cutouts.of(7 + light + random.normal(0, 3, (40, 65, 65))))
    assert np.median(found["sky"]) == pytest.approx(7, abs=0.1)
    assert np.median(found["noise"]) == pytest.approx(3, rel=0.02)
    assert abs(np.median(found["noise_correlation"])) < 0.02
    # The neighbour's 36 pixels, and the 0.135 % of noise that are above three of it.
    told = 36 / (65**2 * (1 - np.pi / 16)) + 0.00135
    assert np.median(found["neighbours"]) == pytest.approx(told, rel=0.1)


def test_noise_that_is_smoothed_shows_its_correlation():
    white = np.random.default_rng(2).normal(size=(20, 64, 65))
    # The mean of two neighbours along x: correlation 1/2 along x, none along y.
    found = table(Cutouts.of((white[:, :, :-1] + white[:, :, 1:]) / 2))
    assert np.median(found["noise_correlation"]) == pytest.approx(0.25, abs=0.02)


@pytest.mark.parametrize("side", [32, 33])
def test_a_source_of_one_side_is_asymmetric_and_half_of_it_is_not(side):
    y, x = np.indices((side, side)) - side // 2
    both = np.exp(-0.5 * ((abs(x) - 4) ** 2 + y**2))
    one = np.where(x > 0, both, 0)
    assert np.median(drawn(one)["asymmetry"]) == pytest.approx(1, abs=0.02)
    assert abs(np.median(drawn(both)["asymmetry"])) < 0.02


def test_equal_pixels_have_no_gini_and_one_pixel_all():
    spot = np.zeros((64, 64))
    spot[30:34, 30:34] = 1
    assert np.median(drawn(spot)["gini"]) < 0.9
    flat = 1.0 * (np.hypot(*(np.indices((64, 64)) - 32)) <= 16)
    assert np.median(drawn(flat)["gini"]) < 0.01


def test_missing_pixels_are_counted_and_do_not_count():
    whole = galaxies(30, 0)
    images = whole.images[:, 0].copy()
    images[:, :4] = np.nan
    found, before = table(Cutouts.of(images)), table(whole)
    assert np.allclose(found["missing"], 1 / 8)
    assert np.allclose(found["peak"], before["peak"], rtol=0.2)


def test_colours_are_of_the_light_and_every_name_has_a_meaning():
    one = galaxies(20, 0, noise=0.01).images[:, 0]
    both = Cutouts.of(np.stack([one, 2.5 * one], axis=1), bands=["g", "r"])
    assert table(both)["g - r"] == pytest.approx(2.5 * np.log10(2.5), abs=1e-3)
    assert {meaning_of(name) for name in ("noise_g", "noise_r")} == {
        "noise of a pixel of the sky, counts"
    }
    assert all(meaning_of(name) for name in statistic_names(both.bands))


@pytest.mark.parametrize("value", [0.0, 1e30, -5.0])
def test_blank_and_absurd_cutouts_have_finite_statistics(value):
    assert np.isfinite(statistics(Cutouts.of(np.full((20, 32, 32), value)))).all()
