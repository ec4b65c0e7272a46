"""The masked band."""

import numpy as np
import pytest

from skybench.generators.sphere import healpix


def band(latitude, nside):
    """Return which pixels are masked, (sample, pixel) in RING order."""
    number, first = np.arange(12 * nside**2), healpix.first_masked(latitude, nside)[:, None]
    return (number >= first) & (number < number.size - first)


def test_the_masked_share_is_the_sine_of_the_latitude():
    # A band of |b| < 30 degrees covers sin 30 = half of the sphere.
    masked = band(np.array([0.0, 30.0]), 64)
    assert not masked[0].any()
    assert masked[1].mean() == pytest.approx(0.5, abs=1 / 64)


def test_what_is_masked_lies_below_the_latitude():
    _, latitude = healpix.coordinates(16)
    masked = band(np.array([17.0]), 16)[0]
    assert (masked == (np.abs(latitude) < 17)).all()


@pytest.mark.parametrize("nside", [1, 8])
def test_a_mask_up_to_the_widest_leaves_a_pixel(nside):
    widest = healpix.widest(nside)
    assert not band(np.array([widest]), nside).all()
    assert band(np.array([widest + 1e-6]), nside).all()
