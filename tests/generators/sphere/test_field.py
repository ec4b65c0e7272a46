"""Random fields: their power, their variance, and the sky of a row."""

import numpy as np
import pytest

from skybench.generators.sphere import harmonics, sphere_field
from skybench.generators.sphere.sphere_field import FIRST

ROWS = np.arange(40)


def measured(coefficients, lmax):
    """Return the power of each row at each degree: the mean of |a_lm|^2 over m from -l to l."""
    degrees = np.concatenate([np.arange(m, lmax + 1) for m in range(lmax + 1)])
    weight = np.where(np.arange(degrees.size) <= lmax, 1.0, 2.0)
    powers = np.abs(coefficients) ** 2 * weight
    return np.array([np.bincount(degrees, p) for p in powers]) / (2 * np.arange(lmax + 1) + 1)


def unit_coefficients(seed, rows, lmax):
    """Return the coefficients of white fields, C_l = 1."""
    spectra = np.ones((len(rows), lmax + 1))
    return sphere_field.coefficients(seed, rows, spectra, np.zeros(len(rows)), lmax)


def test_unit_coefficients_have_unit_power():
    # The power at l is chi^2 of 2 l + 1 values over 2 l + 1: its variance 2 / (2 l + 1).
    lmax = 48
    powers = measured(unit_coefficients(3, ROWS, lmax), lmax)
    spread = np.sqrt(2 / ((2 * np.arange(lmax + 1) + 1) * ROWS.size))
    assert (np.abs(powers.mean(axis=0) - 1) < 4 * spread).all()
    chi2 = ((powers.mean(axis=0) - 1) / spread) ** 2
    assert 0.5 < chi2.mean() < 1.6


def test_the_field_has_the_spectrum_asked_for():
    lmax = 32
    spectrum = np.where(np.arange(lmax + 1) < FIRST, 0.0, 1.0 / (1 + np.arange(lmax + 1.0)) ** 2)
    spectra, none = np.tile(spectrum, (ROWS.size, 1)), np.zeros(ROWS.size)
    coefficients = sphere_field.coefficients(3, ROWS, spectra, none, lmax)
    powers = measured(coefficients, lmax).mean(axis=0)
    assert (powers[:FIRST] == 0).all()
    spread = np.sqrt(2 / ((2 * np.arange(lmax + 1) + 1) * ROWS.size))
    ratio = powers[FIRST:] / spectrum[FIRST:]
    assert (np.abs(ratio - 1) < 4 * spread[FIRST:]).all()
    # The variance of a map is the sum of (2 l + 1) C_l / 4 pi: over the sphere exactly for the
    # realised power, which nside 2 lmax resolves to a percent of a percent.
    maps = harmonics.synthesis(coefficients[:4], 64, lmax)
    weights = (2 * np.arange(lmax + 1) + 1) / (4 * np.pi)
    realised = (measured(coefficients[:4], lmax) * weights).sum(axis=1)
    np.testing.assert_allclose((maps**2).mean(axis=1), realised, rtol=1e-3)


def test_healpy_measures_the_spectrum_back():
    healpy = pytest.importorskip("healpy")
    lmax = 64
    coefficients = unit_coefficients(5, np.arange(3), lmax)
    maps = harmonics.synthesis(coefficients, 64, lmax)
    ours = measured(coefficients, lmax)
    theirs = np.array([healpy.anafast(m, lmax=lmax, iter=3) for m in maps])
    np.testing.assert_allclose(theirs, ours, rtol=1e-4)


def test_a_row_has_its_own_sky_whatever_the_others():
    whole = unit_coefficients(3, ROWS, 16)
    assert (unit_coefficients(3, ROWS[7:9], 16) == whole[7:9]).all()
    # Other rows and neighbouring seeds are unrelated: correlations of 153 numbers.
    for other in (whole[8], unit_coefficients(4, ROWS[7:8], 16)[0]):
        assert abs(np.corrcoef(whole[7].real, other.real)[0, 1]) < 0.3


def test_a_finer_map_shows_the_same_sky():
    few, many = (unit_coefficients(3, ROWS[:2], lmax) for lmax in (8, 20))
    for m in range(9):
        coarse = few[:, harmonics.start(8, m) : harmonics.start(8, m + 1)]
        fine = many[:, harmonics.start(20, m) : harmonics.start(20, m) + 9 - m]
        assert (coarse == fine).all()


def test_the_beam_is_gaussian():
    # A Gaussian of 10 degrees falls to exp(-l (l + 1) s^2 / 2), s = 10 deg / 2.3548.
    healpy = pytest.importorskip("healpy")
    ours = sphere_field.beam(np.array([0.0, 10.0]), 64)
    assert (ours[0] == 1).all()
    np.testing.assert_allclose(ours[1], healpy.gauss_beam(np.deg2rad(10), 64), rtol=1e-12)
