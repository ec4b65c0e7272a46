"""Numbers come to the unit of training, and strange ones are known."""

import numpy as np
import pytest

from skybench.errors import ParameterError
from skybench.learning.normalising import (
    InputRange,
    from_counts,
    from_eight_bits,
    from_nanomaggies,
    noise_scaled,
)
from skybench.learning.stretch import Stretch


def frames(noise=5.0, sky=0.0, light=400.0):
    images = np.random.default_rng(0).normal(sky, noise, (40, 2, 24, 24))
    images[..., 8:16, 8:16] += light
    return images


def test_a_nanomaggy_is_a_magnitude_of_22_5():
    # At a zero point of 25 a source of 22.5 has 10^(0.4 * 2.5) = 10 electrons.
    assert from_nanomaggies([1.0, 2.0], zeropoint=25.0) == pytest.approx([10, 20])


def test_counts_lose_their_sky_and_become_electrons():
    electrons = from_counts(frames(noise=0.0, sky=100.0, light=50.0), gain=4.0)
    assert np.unique(electrons).tolist() == [0, 200]


def test_noise_becomes_that_of_training_in_every_unit():
    electrons = noise_scaled(1e-3 * frames(sky=7.0), noise=20.0)
    assert electrons[..., :3, :].std() == pytest.approx(20, rel=0.1)
    assert electrons[..., 8:16, 8:16].mean() == pytest.approx(400 / 5 * 20, rel=0.1)
    with pytest.raises(ParameterError, match="no noise to scale by"):
        noise_scaled(np.zeros((1, 9, 9)), noise=1.0)


def test_pictures_are_made_light_again_blue_first():
    light = np.linspace(0, 1, 24).reshape(2, 2, 2, 3)
    picture = np.round(255 * np.arcsinh(8 * light) / np.arcsinh(8)).astype(np.uint8)
    again = from_eight_bits(picture)
    assert again.shape == (2, 3, 2, 2)
    # Half a step of 255 at the brightest: asinh(8) sqrt(65) / 8 / 510.
    np.testing.assert_allclose(np.moveaxis(again, 1, -1)[..., ::-1], light, atol=0.006)


@pytest.mark.parametrize("strange", [1e-3, 0.05, 30.0, 1e4])
def test_another_unit_is_strange_and_another_draw_is_not(strange):
    images = frames()
    stretch = Stretch.of(images)
    seen = InputRange.of(images, stretch)
    assert seen.strangeness(frames(light=450.0), stretch) is None
    assert "where those of its training had" in seen.strangeness(images * strange, stretch)
