"""The compiled convolution against plain sums, at every level of the processor."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sky import reference_fourier

from skybench.generators.native.library import kernel
from skybench.generators.sky import fourier, moffat
from skybench.generators.sky.stamps import WHOLE

pytestmark = pytest.mark.usefixtures("each_level")

FUZZ = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])

LANES = 16


@pytest.mark.parametrize("size", [2, 3, 4, 5, 6, 30, 32, 48, 80, 96, 128, 360, 2048])
def test_columns_are_transformed_as_numpy_does(size):
    rng = np.random.default_rng(size)
    re, im = rng.standard_normal((2, size, LANES)).astype(np.float32)
    exact = np.fft.ifft(re + 1j * im, axis=0, norm="forward")
    kernel("fft_columns")(size, fourier.twiddles(size), re, im, 0 * re, 0 * im)
    # A float of 24 bits, and errors that add as the roots of the stages do.
    np.testing.assert_allclose(re + 1j * im, exact, rtol=0, atol=1e-6 * np.abs(exact).max())


@pytest.mark.parametrize("size", [0, 1, 7, 22, 64 * 7])
def test_other_lengths_are_refused(size):
    with pytest.raises(ValueError, match="kernel twiddles refused"):
        kernel("twiddles")(size, np.zeros(3 * size + 1, np.float32))


@FUZZ
@given(
    size=st.sampled_from([32, 48, 80, 96]),
    last=st.integers(0, 130),
    height=st.integers(1, 32),
    width=st.integers(1, 32),
    psf=st.sampled_from([(0.0, 3.0), (0.4, 2.5), (2.7, 1.2), (3.0, 1e6), (60.0, 4.0)]),
    x=st.floats(-20, 60),
    y=st.floats(-20, 60),
    waves=st.booleans(),
)
def test_stamps_are_sums_of_waves(size, last, height, width, psf, x, y, waves):
    rng = np.random.default_rng(last)
    transforms = rng.standard_normal((2, 2 * last + 1, last + 1))
    if waves:
        transforms = transforms + 1j * rng.standard_normal(transforms.shape)
    sources = {
        "source_x": np.array([x, y]),
        "source_y": np.array([y, x]),
        "psf_fwhm": np.full(2, psf[0]),
        "psf_beta": np.full(2, psf[1]),
    }
    group = fourier.Group(np.arange(2), size, last, WHOLE)
    drawn = fourier.draw_group(
        sources, group, (height, width), lambda chosen, *_: transforms[:], centred=True
    )
    (stamps,) = drawn
    for one, place in enumerate([(x, y), (y, x)]):
        exact = reference_fourier.convolved(transforms[one], place, psf, size, (height, width))
        # No wave of noise is larger than that of all in phase; 2e-5 is the tables' own error.
        scale = np.abs(transforms[one]).sum() / size**2
        np.testing.assert_allclose(stamps.pixels[one], exact, rtol=0, atol=2e-5 * scale)


def test_sizes_that_do_not_fit_are_refused():
    floats, singles = np.zeros(1), np.zeros(10**6, np.float32)

    def convolve(size=32, last=3, height=4, transforms=28, stamps=16, scratch=10**6):
        kernel("convolve")(
            singles[:transforms], 1, floats, floats, floats, floats,
            moffat.transforms().singles, size, last, height, 4,
            fourier.twiddles(32), singles[:scratch].copy(), singles[:stamps].copy(),
        )  # fmt: skip

    convolve()
    for wrong in (
        {"size": 33}, {"size": 0}, {"last": -1}, {"height": 33}, {"height": 5},
        {"transforms": 27}, {"stamps": 15}, {"scratch": 100},
    ):  # fmt: skip
        with pytest.raises(ValueError, match="kernel convolve refused"):
            convolve(**wrong)
