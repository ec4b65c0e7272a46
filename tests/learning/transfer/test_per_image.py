"""Images by their own light are the same whatever they were exposed with and counted in."""

import numpy as np
import pytest

from skybench.errors import ParameterError
from skybench.learning.labelled import Labelled, Origin
from skybench.learning.transfer.per_image import STRETCH, UNIT, by_own_light

SPLIT = np.repeat(np.arange(3, dtype=np.int8), 2)


def light(bands=0):
    """Galaxies in the middle of six images, of a size and brightness each."""
    y, x = np.mgrid[:40, :40] - 19.5
    size = np.linspace(3, 6, 6)[:, None, None]
    images = 1e3 * np.arange(1, 7)[:, None, None] * np.exp(-np.hypot(x, y) / size)
    return images[:, None] * np.arange(1, bands + 1)[:, None, None] if bands else images


def own(images):
    return by_own_light(Labelled(images, SPLIT % 2, SPLIT, 2))


@pytest.mark.parametrize("bands", [0, 3])
def test_exposure_sky_and_unit_make_no_difference(bands):
    images = light(bands)
    plain, other = own(images), own(0.37 * images + 250)
    assert plain.images.dtype == np.float32
    assert plain.images == pytest.approx(other.images, abs=2e-4)
    assert plain.origin.unit == UNIT


def test_the_peak_is_one_and_the_border_nothing():
    images = own(light()).images
    assert np.percentile(images, 99.5, axis=(1, 2)) == pytest.approx(1, abs=1e-5)
    border = np.ones((40, 40), bool)
    border[4:-4, 4:-4] = False  # a tenth of the side
    assert np.abs(np.median(images[:, border], axis=1)).max() < 1e-4


def test_a_linear_image_is_compressed_and_a_picture_only_divided():
    picture = (light()[:1].repeat(6, 0) / 5).clip(0, 255).astype(np.uint8)
    resized = Labelled(picture.astype(np.float32), SPLIT % 2, SPLIT, 2, origin=Origin(unit="1"))
    assert np.array_equal(by_own_light(resized).images, own(picture).images)
    divided, compressed = own(picture).images[0], own(picture.astype(np.float32)).images[0]
    peak = np.percentile(picture[0] - np.median(picture[0, 0]), 99.5)
    assert divided[19, 24] == pytest.approx(picture[0, 19, 24] / peak, abs=0.02)
    # asinh(20 s) / asinh(20) of a share s of the peak
    expected = np.arcsinh(20 * divided[19, 24]) / np.arcsinh(20)
    assert compressed[19, 24] == pytest.approx(expected, abs=1e-3)


def test_colours_stay():
    images = own(light(bands=2).astype(np.float32)).images
    assert (images[:, 1] > images[:, 0] + 0.05)[:, 17:23, 17:23].all()


def test_what_is_empty_or_not_finite_is_dark():
    images = np.zeros((6, 20, 20), np.float32)
    images[0, 3, 3] = np.nan
    assert (own(images).images == 0).all()


def test_the_stretch_of_such_images_is_linear():
    share = np.linspace(-0.3, 1.5, 50, dtype=np.float32)
    assert STRETCH.applied(share) == pytest.approx((share - 0.2) / 0.3, abs=1e-3)


def test_samples_that_are_no_images_are_refused():
    data = Labelled(np.zeros((6, 20)), SPLIT % 2, SPLIT, 2, dims=("time",))
    with pytest.raises(ParameterError, match="is for images"):
        by_own_light(data)
