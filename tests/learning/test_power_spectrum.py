"""Power spectra agree with healpy's, and do not see how a map is turned."""

import healpy
import numpy as np
import pytest

from skybench.generators.sphere.healpix import pixel_count, ring_numbers
from skybench.learning.power_spectrum import power_spectra


@pytest.mark.parametrize("nside", [1, 2, 8, 32])
def test_they_are_those_of_anafast(nside):
    ring = np.random.default_rng(nside).normal(size=pixel_count(nside))
    found = power_spectra(ring[ring_numbers(nside)][None])[0]
    expected = healpy.anafast(ring, lmax=2 * nside, iter=0, use_pixel_weights=False)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_they_are_those_that_a_field_was_drawn_by():
    nside, lmax = 32, 48
    given = 1 / (1 + np.arange(lmax + 1.0)) ** 2
    rng = np.random.default_rng(3)
    np.random.seed(int(rng.integers(2**31)))  # noqa: NPY002 - healpy draws from it
    maps = np.stack([healpy.synfast(given, nside, lmax=lmax) for _ in range(60)])
    mean = power_spectra(maps[:, ring_numbers(nside)], lmax).mean(axis=0)
    spread = np.sqrt(2 / (2 * np.arange(lmax + 1) + 1) / 60)
    assert np.all(np.abs(mean[2:] / given[2:] - 1) < 5 * spread[2:] + 0.02)


def test_blocks_are_what_one_map_is_alone():
    maps = np.random.default_rng(4).normal(size=(70, pixel_count(4)))
    np.testing.assert_allclose(power_spectra(maps)[65], power_spectra(maps[65:66])[0], rtol=1e-12)
