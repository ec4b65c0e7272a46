"""Random fields in a box: variance, spectrum, lognormal transform."""

import numpy as np
import pytest

from skybench.generators.volume import gaussian_field


def fields(slope, side=16, rows=60, seed=0):
    rng = np.random.default_rng(seed)
    return np.array(
        [gaussian_field.coloured(rng.normal(size=(side,) * 3), slope) for _ in range(rows)]
    )


def spectrum(cubes):
    """Return the mean power in shells of |k| = 1, 2, ... and the number of modes in each."""
    side = cubes.shape[1]
    power = (np.abs(np.fft.fftn(cubes, axes=(1, 2, 3))) ** 2).mean(axis=0)
    k = np.fft.fftfreq(side, 1 / side)
    size = np.sqrt(k[:, None, None] ** 2 + k[:, None] ** 2 + k**2)
    return power, size


@pytest.mark.parametrize("side", [8, 9, 16])
@pytest.mark.parametrize("slope", [-3.0, 0.0, 1.0])
def test_amplitudes_make_unit_variance(side, slope):
    # By Parseval the variance of filtered white noise is the mean of P over all modes.
    amplitude = gaussian_field.amplitudes(side, slope)
    impulse = np.zeros((side,) * 3)
    impulse[0, 0, 0] = 1
    response = gaussian_field.coloured(impulse, slope)
    assert (response**2).sum() == pytest.approx(1)
    assert amplitude[0, 0, 0] == 0


def test_fields_have_no_mean_and_unit_variance():
    cubes = fields(-2.0)
    assert np.abs(cubes.mean(axis=(1, 2, 3))).max() < 1e-12
    assert cubes.var() == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("slope", [-2.5, -1.0, 0.0])
def test_the_power_is_the_power_law(slope):
    power, k = spectrum(fields(slope))
    used = (k >= 1) & (k <= 8)
    fitted = np.polyfit(np.log(k[used]), np.log(power[used]), 1)[0]
    # A mode's mean of 60 squares scatters by 0.18; 2000 of them fix the slope to 0.02.
    assert fitted == pytest.approx(slope, abs=0.06)


@pytest.mark.parametrize("side", [8, 9])
@pytest.mark.parametrize("slope", [-6.0, -3.0, 0.0, 4.0])
def test_every_mode_has_its_power(side, slope):
    # The reference: k^slope over all modes but k = 0, scaled to a variance of 1. The power of a
    # mode, the mean of 200 squares, scatters by a tenth; that of all by 0.1 / sqrt(side^3 / 2).
    power, k = spectrum(fields(slope, side, rows=200))
    used = k > 0
    expected = np.where(used, np.where(used, k, 1.0) ** slope, 0.0)
    ratio = power[used] / (expected[used] * side**6 / expected.sum())
    assert ratio.mean() == pytest.approx(1, abs=0.03)
    assert ratio.std() == pytest.approx(0.08, abs=0.04)


def test_white_noise_of_slope_0_keeps_its_values_but_for_the_mean():
    white = np.random.default_rng(1).normal(size=(8, 8, 8))
    same = gaussian_field.coloured(white, 0.0)
    np.testing.assert_allclose(same, (white - white.mean()) * np.sqrt(512 / 511), atol=1e-12)


def test_a_lognormal_density_is_positive_with_mean_1_and_the_rms_asked_for():
    normal = np.random.default_rng(2).normal(size=400_000)
    density = gaussian_field.density(normal, 0.8, lognormal=True)
    assert density.min() > 0
    assert density.mean() == pytest.approx(1, abs=0.01)
    assert density.std() == pytest.approx(0.8, rel=0.02)


def test_a_gaussian_density_is_the_field_itself():
    field = np.array([-2.0, 0.0, 1.0])
    assert (gaussian_field.density(field, 0.3, lognormal=False) == 1 + 0.3 * field).all()


@pytest.mark.parametrize("lognormal", [True, False])
def test_no_rms_is_no_field(lognormal):
    assert (gaussian_field.density(np.array([-1.0, 3.0]), 0.0, lognormal=lognormal) == 1).all()
