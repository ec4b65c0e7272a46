"""The spectrum with acoustic peaks."""

import numpy as np
import pytest

from skybench.generators.sphere.acoustic_field import AcousticField

SMOOTH = {
    "spectrum_amplitude": 1.0,
    "spectrum_tilt": 0.0,
    "acoustic_scale": 300.0,
    "acoustic_contrast": 0.0,
    "damping_scale": 1e5,
}


def band_power(lmax=1000, **changes):
    given = {name: np.array([value]) for name, value in (SMOOTH | changes).items()}
    multipoles = np.arange(lmax + 1)
    return AcousticField.spectra(given, lmax)[0] * multipoles * (multipoles + 1) / (2 * np.pi)


def test_without_peaks_and_damping_it_is_a_plateau():
    np.testing.assert_allclose(band_power()[2:], 1, rtol=2e-4)


def test_peaks_lie_where_those_of_the_microwave_background_do():
    # cos^2 peaks at (n - 0.267) times the scale, 220, 520 and 820 for 300; the horizon moves
    # the first one up a little.
    power = band_power(acoustic_contrast=5.0)
    peaks = np.flatnonzero((power[1:-1] > power[:-2]) & (power[1:-1] > power[2:])) + 1
    assert peaks[power[peaks] > 2] == pytest.approx([220, 520, 820], abs=10)
    assert power[520] == pytest.approx(6, rel=1e-3)


def test_large_scales_are_untouched_by_sound():
    assert band_power(acoustic_contrast=5.0)[2:8] == pytest.approx(1, abs=0.02)


def test_damping_takes_1_over_e_at_its_scale():
    ratio = band_power(damping_scale=400.0)[400] / band_power()[400]
    assert ratio == pytest.approx(np.exp(-1), rel=1e-4)


def test_the_tilt_is_a_power_of_the_multipole():
    power = band_power(spectrum_tilt=0.5)
    assert power[400] / power[100] == pytest.approx(2, rel=1e-4)
    assert power[10] == pytest.approx(1, rel=1e-4)
