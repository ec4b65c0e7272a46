import numpy as np
import pytest

from skybench.generators.generate import generate
from skybench.generators.recipe_file import recipe_from
from skybench.generators.sky.detector import MASK_BITS, Detector, read_out

SKY = np.full(400, 50.0)


def shot(detector, images=None, stream="detector", first=0):
    images = np.zeros((400, 24, 30), np.int32) if images is None else images.copy()
    rows = np.arange(first, first + len(images))
    mask = read_out(images, rows, SKY[: len(images)], Detector(**detector), 3, stream)
    return images, mask


def flagged(mask, name):
    return mask & MASK_BITS[name] > 0


def test_full_wells_are_cut_and_flagged():
    light = np.full((1, 4, 5), 940, np.int32)
    light[0, 1, 2], light[0, 2, 2] = 950, 5000
    images, mask = shot({"full_well": 1000}, light)
    # 950 electrons above a sky of 50 fill the well.
    assert np.argwhere(flagged(mask, "saturated"))[:, 1:].tolist() == [[1, 2], [2, 2]]
    assert images[0, 2, 2] == images[0, 1, 2] == 950
    assert images[0, 0, 0] == 940


def test_dead_columns_have_their_share_and_count_nothing():
    images, mask = shot({"bad_columns": 0.1})
    dead = flagged(mask, "bad_column")
    assert (dead.all(axis=1) == dead.any(axis=1)).all()
    # 12,000 columns of share 0.1: standard deviation 0.0027.
    assert dead[:, 0].mean() == pytest.approx(0.1, abs=0.011)
    assert (images[dead] == -50).all()
    assert (images[~dead] == 0).all()


def test_cosmic_rays_come_at_their_rate_and_only_where_flagged():
    images, mask = shot({"cosmic_rays": 0.5})
    hit = flagged(mask, "cosmic_ray")
    assert ((images > 0) == hit).all()
    # exp(-0.5) = 0.607 of images have no track; a few tracks begin and end outside the image.
    assert (~hit.any(axis=(1, 2))).mean() == pytest.approx(0.607, abs=0.08)
    charge = images.sum(axis=(1, 2))[hit.any(axis=(1, 2))]
    assert 1000 < np.median(charge) < 50_000


def test_defects_depend_on_row_and_stream_alone():
    options = {"cosmic_rays": 2, "bad_columns": 0.1}
    images, mask = shot(options)
    part, part_mask = shot(options, np.zeros((5, 24, 30), np.int32), first=7)
    np.testing.assert_array_equal(part, images[7:12])
    np.testing.assert_array_equal(part_mask, mask[7:12])
    assert (shot(options, stream="detector.z")[1] != mask).any()


def test_largest_images_stay_within_their_type():
    top = np.iinfo(np.int32).max
    images, _ = shot({"cosmic_rays": 5}, np.full((20, 24, 30), top, np.int32))
    assert images.min() == top


@pytest.mark.parametrize("bands", [[], ["g", "z"]])
def test_masked_pixels_have_no_weight(small, bands):
    image = {**small["image"], "ivar": True, "bands": bands}
    detector = {"full_well": 800, "cosmic_rays": 1, "bad_columns": 0.05}
    ds = generate(recipe_from({**small, "image": image, "detector": detector}), 0, 40)
    assert ds["mask"].dims == ds.image.dims
    assert ds["mask"].dtype == np.uint8
    assert ds["mask"].attrs["flag_masks"].tolist() == [1, 2, 4]
    assert ds["mask"].attrs["flag_meanings"] == "saturated cosmic_ray bad_column"
    masked = ds["mask"].values > 0
    assert ((ds.ivar.values == 0) == masked).all()
    for bit in MASK_BITS.values():
        assert (ds["mask"].values & bit).any()
    assert ds.attrs["full_well"] == 800
    if bands:
        assert (ds["mask"][:, 0] != ds["mask"][:, 1]).any()


def test_impossible_detectors_are_refused(small):
    for detector in ({"full_well": 0}, {"cosmic_rays": -1}, {"bad_columns": 1.5}):
        with pytest.raises(ValueError, match="detector"):
            recipe_from({**small, "detector": detector})
