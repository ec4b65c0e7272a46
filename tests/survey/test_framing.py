import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skybench.errors import ParameterError
from skybench.survey.framing import area_mean, middle


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32))
def test_each_pixel_is_the_mean_over_its_area(length, side, seed):
    if side > length:
        return
    values = np.random.default_rng(seed).integers(0, 256, (2, length, length))
    # Each pixel cut into `side` squared parts, of which new pixels are whole blocks.
    fine = values.repeat(side, axis=1).repeat(side, axis=2)
    mean = fine.reshape(2, side, length, side, length).mean(axis=(2, 4))
    got = area_mean(values.astype(np.float32), side)
    np.testing.assert_allclose(got, mean, rtol=1e-6)
    whole = area_mean(values.astype(np.uint8), side)
    assert np.abs(whole - mean).max() <= 0.5 + 1e-9


def test_halves_are_rounded_to_even_without_error():
    # 36 pixels, of which 18 are 1 and 18 are 0 or 2: a mean of 0.5 and of 1.5.
    for high, expected in ((1, 0), (3, 2)):
        block = np.zeros((1, 6, 6), np.uint8)
        block[0, ::2] = high
        assert area_mean(block, 1).item() == expected


def test_the_middle_is_the_middle():
    image = np.arange(35).reshape(1, 5, 7)
    np.testing.assert_array_equal(middle(image, 3)[0], image[0, 1:4, 2:5])
    np.testing.assert_array_equal(middle(image, 4)[0], image[0, 0:4, 1:5])
    with pytest.raises(ParameterError, match="is 5x7 pixels, smaller than 6"):
        middle(image, 6)
    with pytest.raises(ParameterError, match="is 4x4 pixels, smaller than 5"):
        area_mean(np.zeros((1, 4, 4)), 5)
