"""Each kind of light curve: its known points, its shape, its corners."""

import numpy as np
import pytest

from skybench.generators.families import variables
from skybench.generators.series.light_curve.objects import LIGHT_CURVE_OBJECTS


def curve(kind, times, **given):
    """Return the flux of one star of a kind, all else as in the middle of its defaults."""
    middle = {
        name: d.quantile(np.array([[0.5]]), {})
        for name, d in LIGHT_CURVE_OBJECTS[kind].defaults.items()
    }
    given = {name: np.array([[float(value)]]) for name, value in given.items()}
    return LIGHT_CURVE_OBJECTS[kind].relative_flux(
        middle | given, np.atleast_2d(np.asarray(times, float))
    )[0]


def test_a_constant_star_is_constant():
    assert (curve("constant", np.linspace(0, 9, 50)) == 1).all()


def test_a_transit_is_as_deep_as_the_radius_ratio_squared_without_limb_darkening():
    dark = {"limb_darkening_u1": 0, "limb_darkening_u2": 0}
    flux = curve("transit", [5.0, 8.0], epoch=5, radius_ratio=0.1, impact_parameter=0.3, **dark)
    np.testing.assert_allclose(1 - flux, [0.01, 0], atol=1e-14)


def test_a_transit_lasts_as_long_as_its_chord():
    # Winn (2010), equation 14: T = P / pi asin(sqrt((1 + k)^2 - b^2) / (a sin i)).
    period, a, b, k = 4.0, 9.0, 0.4, 0.12
    times = np.linspace(-0.3, 0.3, 200_001)
    flux = curve(
        "transit", times, period=period, epoch=0, semi_major_axis_ratio=a, impact_parameter=b,
        radius_ratio=k,
    )  # fmt: skip
    inside = times[flux < 1]
    sine = np.sqrt(1 - (b / a) ** 2)
    known = period / np.pi * np.arcsin(np.sqrt((1 + k) ** 2 - b**2) / (a * sine))
    assert inside[-1] - inside[0] == pytest.approx(known, abs=1e-5)


def test_transits_repeat_and_there_is_none_behind_the_star():
    flux = curve("transit", 1 + 3.0 * np.arange(-2, 4), epoch=1, period=3)
    np.testing.assert_allclose(flux, flux[0], rtol=1e-12)
    assert (curve("transit", 2.5 + 3.0 * np.arange(-2, 4), epoch=1, period=3) == 1).all()


def test_a_period_longer_than_the_baseline_shows_one_transit():
    flux = curve("transit", np.linspace(0, 40, 4000), epoch=20, period=1000)
    below = np.flatnonzero(flux < 1)
    assert below.size
    assert (np.diff(below) == 1).all()


def test_a_planet_that_misses_the_star_changes_nothing():
    flux = curve("transit", np.linspace(0, 9, 999), impact_parameter=1.2, radius_ratio=0.19)
    assert (flux == 1).all()


def test_the_eclipses_of_equal_stars_take_half_of_the_light():
    equal = {
        "radius_ratio": 1,
        "surface_brightness_ratio": 1,
        "impact_parameter": 0,
        "ellipsoidal_amplitude": 0,
    }
    flux = curve("eclipsing_binary", [5.0, 6.0, 5.5], epoch=5, period=2, **equal)
    np.testing.assert_allclose(flux, [0.5, 0.5, 1], atol=1e-12)


def test_the_depths_of_both_eclipses_follow_from_the_light_of_each_star():
    # k = 0.5, J = 0.4, no limb darkening: the small star gives J k^2 / (1 + J k^2) = 0.1 / 1.1 of
    # the light and hides k^2 / (1 + J k^2) = 0.25 / 1.1.
    flux = curve(
        "eclipsing_binary", [5.0, 6.0], epoch=5, period=2, radius_ratio=0.5,
        surface_brightness_ratio=0.4, impact_parameter=0, ellipsoidal_amplitude=0,
        limb_darkening_u1=0, limb_darkening_u2=0,
    )  # fmt: skip
    np.testing.assert_allclose(1 - flux, [0.25 / 1.1, 0.1 / 1.1], atol=1e-12)


def test_a_companion_without_a_size_changes_nothing():
    flux = curve("eclipsing_binary", np.linspace(0, 9, 99), radius_ratio=0, ellipsoidal_amplitude=0)
    np.testing.assert_array_equal(flux, 1)


def test_tides_make_a_binary_brightest_at_the_quadratures():
    flux = curve(
        "eclipsing_binary", [0.5, 1.5, 0.25], epoch=0, period=2, radius_ratio=0,
        ellipsoidal_amplitude=0.1,
    )  # fmt: skip
    np.testing.assert_allclose(flux, [1.1, 1.1, 1.0], atol=1e-12)


@pytest.mark.parametrize("kind", ["rr_lyrae", "cepheid"])
def test_pulsators_rise_faster_than_they_decline(kind):
    phase = np.linspace(0, 1, 1000, endpoint=False)
    flux = curve(kind, phase, period=1, epoch=0)
    rising = np.flatnonzero(np.diff(np.append(flux, flux[0])) > 0).size / 1000
    assert rising < {"rr_lyrae": 0.4, "cepheid": 0.45}[kind]
    magnitude = -2.5 * np.log10(flux)
    assert magnitude.mean() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("kind", ["rr_lyrae", "cepheid"])
def test_pulsators_have_the_fourier_parameters_they_are_given(kind):
    count = 256
    phase = np.arange(count) / count
    given = {
        "fourier_r21": 0.4, "fourier_r31": 0.2, "fourier_phi21": 4.1, "fourier_phi31": 8.2,
    }  # fmt: skip
    flux = curve(kind, phase, period=1, epoch=0, pulsation_amplitude=0.3, **given)
    series = 2 * np.fft.rfft(-2.5 * np.log10(flux)) / count
    size, turn = np.abs(series), np.angle(series)
    assert size[1] == pytest.approx(0.3)
    assert size[2:5] / size[1] == pytest.approx([0.4, 0.2, 0.1])
    for order, known in ((2, 4.1), (3, 8.2), (4, 12.3)):
        gap = turn[order] - order * turn[1] - known
        assert np.remainder(gap + np.pi, 2 * np.pi) - np.pi == pytest.approx(0, abs=1e-9)


def test_a_pulsator_of_one_harmonic_is_a_cosine_in_magnitude_brightest_at_the_epoch():
    none = {"fourier_r21": 0, "fourier_r31": 0}
    times = np.linspace(0, 3, 100)
    flux = curve("cepheid", times, period=1.5, epoch=0.2, pulsation_amplitude=0.4, **none)
    known = -0.4 * np.cos(2 * np.pi * (times - 0.2) / 1.5)
    np.testing.assert_allclose(-2.5 * np.log10(flux), known, atol=1e-12)


def test_a_flare_peaks_at_its_epoch_and_is_as_wide_as_it_says():
    flux = curve("flare", [10.0, 9.0, 40], epoch=10, peak_amplitude=0.7, flare_fwhm=0.2)
    np.testing.assert_allclose(flux, [1.7, 1, 1], atol=1e-9)
    times = np.linspace(9, 12, 300_001)
    above = times[curve("flare", times, epoch=10, peak_amplitude=2, flare_fwhm=0.2) >= 2]
    assert above[-1] - above[0] == pytest.approx(0.2, abs=5e-5)


@pytest.mark.parametrize(
    ("x", "height"),
    # The polynomial and the exponentials of Davenport et al. (2014), by hand.
    [(-1.01, 0), (-1, 0.005), (-0.5, 0.1961875), (0, 1), (1, 0.3684988), (10, 0.0187414)],
)
def test_a_flare_follows_its_template(x, height):
    # The template is 0.913056 wide in its own unit.
    flux = curve("flare", [5 + x], epoch=5, flare_fwhm=0.913056, peak_amplitude=1)
    assert flux[0] - 1 == pytest.approx(height, abs=1e-6)


def test_a_supernova_peaks_at_its_epoch_and_fades_at_its_rate():
    times = np.linspace(0, 60, 60_001)
    flux = curve("supernova", times, epoch=20, rise_time=2, fall_rise_ratio=5, peak_amplitude=0.3)
    assert times[flux.argmax()] == pytest.approx(20, abs=0.01)
    assert flux.max() == pytest.approx(1.3, rel=1e-6)
    late = np.log(flux[-2:] - 1)
    assert np.diff(late)[0] / 0.001 == pytest.approx(-1 / 10, rel=1e-3)


@pytest.mark.parametrize("ratio", [1.1, 2, 1000])
def test_a_supernova_is_finite_however_early_or_late(ratio):
    given = {"epoch": 0, "rise_time": 0.001, "fall_rise_ratio": ratio, "peak_amplitude": 1}
    np.testing.assert_allclose(curve("supernova", [-1e5, 0, 1e5], **given), [1, 2, 1], atol=1e-12)


@pytest.mark.parametrize("kind", LIGHT_CURVE_OBJECTS)
def test_every_corner_of_the_domains_is_finite(kind):
    times = np.linspace(0, 40, 200)
    corners = {
        name: [
            v
            for v in (variables()[name].domain.low, variables()[name].domain.high)
            if np.isfinite(v)
        ]
        or [0.0]
        for name in LIGHT_CURVE_OBJECTS[kind].defaults
    }
    random = np.random.default_rng(0)
    for _ in range(100):
        given = {name: random.choice(ends) for name, ends in corners.items()}
        if given.get("limb_darkening_u1", 0) + given.get("limb_darkening_u2", 0) > 1:
            given["limb_darkening_u2"] = 0.0
        flux = curve(kind, times, **given)
        assert np.isfinite(flux).all(), given
        assert (flux > -1e-9).all(), given
