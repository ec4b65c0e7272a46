"""How images look, against images whose noise and size are known."""

import numpy as np
import pytest
import xarray as xr

from skybench.learning.transfer.appearance import appearance

SIDE, COUNT = 48, 60


def pictures(deviation, noise, *, bands=None):
    """Return Gaussians of a deviation in pixels and a peak of one, with noise, as pictures."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    light = np.exp(-(x**2 + y**2) / (2 * deviation**2))
    shape = (COUNT, SIDE, SIDE) if bands is None else (COUNT, bands, SIDE, SIDE)
    images = 200 * (light + rng.normal(0, noise, shape))
    split = np.arange(COUNT) % 3
    flags = {"flag_values": [0, 1, 2], "flag_meanings": "train validation test"}
    classes = {"flag_values": [0, 1], "flag_meanings": "one other"}
    dims = ("sample", "y", "x") if bands is None else ("sample", "band", "y", "x")
    return xr.Dataset(
        {"image": (dims, images.astype(np.float32), {"units": "1"})},
        coords={
            "sample_id": ("sample", np.arange(COUNT)),
            "label": ("sample", (np.arange(COUNT) % 2).astype(np.int8), classes),
            "split": ("sample", split.astype(np.int8), flags),
        },
        attrs={"task": "classification"},
    )


@pytest.mark.parametrize("deviation", [3.0, 6.0])
def test_the_radius_of_a_gaussian_holds_half_its_light(deviation):
    found = appearance(pictures(deviation, 0.0)).half_light_radius
    # exp(-r^2 / 2 s^2) = 1/2 at r = 1.1774 s; pixels are a fiftieth of the side.
    assert found == pytest.approx([1.1774 * deviation / SIDE] * 3, abs=0.6 / SIDE)


@pytest.mark.parametrize("bands", [None, 1])
def test_noise_is_that_of_the_border_over_the_peak(bands):
    low, middle, high = appearance(pictures(3.0, 0.02, bands=bands)).noise
    # The 99.5th percentile is that of the brightest 11.5 pixels of 2,304, at a radius of 1.9.
    peak = np.exp(-(1.9**2) / (2 * 3.0**2))
    assert middle == pytest.approx(0.02 / peak, rel=0.1)
    assert low < middle < high


def test_planes_count_as_their_mean():
    alone, together = (appearance(pictures(3.0, 0.02, bands=n)).noise[1] for n in (1, 4))
    assert together == pytest.approx(alone / 2, rel=0.15)


def test_it_is_said_in_a_line():
    told = str(appearance(pictures(6.0, 0.02)))
    assert told.startswith("noise over peak 0.0")
    assert "half-light radius over side 0.1" in told
