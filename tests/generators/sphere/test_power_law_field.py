"""The power-law spectrum."""

import numpy as np
import pytest

from skybench.generators.sphere.power_law_field import PowerLawField
from skybench.generators.sphere.sphere_field import PIVOT


def spectrum(amplitude, slope, lmax=64):
    given = {"spectrum_amplitude": amplitude, "spectral_slope": slope}
    return PowerLawField.spectra({k: np.array([float(v)]) for k, v in given.items()}, lmax)[0]


def test_the_amplitude_is_the_band_power_at_the_pivot():
    # l (l + 1) C_l / 2 pi = A^2 at l = 10, whatever the slope.
    for slope in (-3, 0, 2):
        at = spectrum(1.5, slope)[int(PIVOT)]
        assert PIVOT * (PIVOT + 1) * at / (2 * np.pi) == pytest.approx(1.5**2)


def test_the_slope_is_that_of_the_spectrum():
    powers = spectrum(2, -2.4)
    assert powers[40] / powers[20] == pytest.approx(2**-2.4)
    assert (powers[:2] == 0).all()


def test_white_noise_has_slope_0():
    assert np.ptp(spectrum(1, 0)[2:]) < 1e-15


def test_without_amplitude_there_is_no_power():
    assert (spectrum(0, -2) == 0).all()


@pytest.mark.parametrize("lmax", [0, 1])
def test_no_degree_with_power_is_no_power(lmax):
    assert (spectrum(1, -2, lmax) == np.zeros(lmax + 1)).all()
