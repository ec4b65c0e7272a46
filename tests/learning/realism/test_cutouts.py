import numpy as np
import pytest
from galaxies import galaxies

from skybench.errors import ParameterError
from skybench.learning.realism.cutouts import Cutouts, check_alike

GOOD = np.zeros((20, 32, 32))


def holed(share):
    images = GOOD.copy()
    images[3, : int(32 * share)] = np.nan
    return images


@pytest.mark.parametrize(
    ("images", "more", "says"),
    [
        (GOOD[:19], {}, "mine has 19 cutouts; at least 20"),
        (GOOD[0], {}, r"mine has shape \(32, 32\).*expected numbers as \(sample, y, x\)"),
        (GOOD[:, :8], {}, "sides of 16 to 256"),
        (holed(0.5), {}, "cutout 3 of mine has no value in 50 % of its pixels"),
        (GOOD, {"frames": ["a"]}, "frames of mine must name one for each of 20"),
        (GOOD, {"bands": ["g", "r"]}, "mine has 1 bands, and names are g, r"),
        (GOOD, {"bands": ["g"], "reference": "r"}, "one of the bands g, got 'r'"),
        (GOOD, {"mask": GOOD[:5]}, "mask of mine must be of the images' shape"),
    ],
)
def test_what_cannot_be_compared_is_refused(images, more, says):
    with pytest.raises(ParameterError, match=says):
        Cutouts.of(images, name="mine", **more)


def test_samples_of_other_sizes_or_weights_are_refused():
    small, large = galaxies(20, 0), galaxies(20, 0, side=48)
    with pytest.raises(ParameterError, match="of 32 x 32 pixels in 1 band and fakes of 48 x 48"):
        check_alike(small, large)
    weighted = Cutouts.of(GOOD, weights=GOOD)
    with pytest.raises(ParameterError, match="give both or none"):
        check_alike(small, weighted)
    assert weighted.planes().shape == (20, 2, 32, 32)


def test_masked_pixels_have_no_value():
    mask = np.zeros(GOOD.shape, np.int32)
    mask[:, 0, 0] = 4
    assert np.isnan(Cutouts.of(GOOD, mask=mask).images[:, 0, 0, 0]).all()
