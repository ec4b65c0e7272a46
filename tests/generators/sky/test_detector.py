import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
    for bit in (1, 2, 4):
        assert (ds["mask"].values & bit).any()
    assert ds.attrs["full_well"] == 800
    if bands:
        assert (ds["mask"][:, 0] != ds["mask"][:, 1]).any()


def test_impossible_detectors_are_refused(small):
    for detector in ({"full_well": 0}, {"cosmic_rays": -1}, {"bad_columns": 1.5}):
        with pytest.raises(ValueError, match="detector"):
            recipe_from({**small, "detector": detector})


def test_what_is_above_the_well_flows_along_its_column():
    light = np.full((1, 21, 5), 0, np.int32)
    # A sky of 50 under a well of 1000: 950 above the sky fill it. 4000 too many need 4.2 pixels.
    light[0, 10, 2] = 950 + 4000
    images, mask = shot({"full_well": 1000, "bleeding": True}, light)
    column = images[0, :, 2]
    # Half of it flows up: two pixels and 100 electrons; and the same down.
    assert column[7:14].tolist() == [100, 950, 950, 950, 950, 950, 100]
    assert column.sum() == images.sum() == light.sum()
    assert np.flatnonzero(flagged(mask, "bleed")[0, :, 2]).tolist() == [7, 8, 9, 11, 12, 13]
    assert np.flatnonzero(flagged(mask, "saturated")[0, :, 2]).tolist() == [8, 9, 10, 11, 12]
    assert not np.delete(mask[0], 2, axis=1).any()


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32), st.integers(1, 12))
def test_bleeding_conserves_charge_and_fills_no_well_twice(seed, height):
    rng = np.random.default_rng(seed)
    light = rng.integers(-20, 500, (3, height, 4)).astype(np.int32)
    light[rng.random(light.shape) < 0.1] = 4000
    images, mask = shot({"full_well": 1000, "bleeding": True}, light)
    assert images.max() <= 950
    before, after = light.sum(axis=1), images.sum(axis=1)
    assert (after <= before).all()
    # Only what reaches an end of its column, which is then full, leaves it.
    lost = after < before
    assert ((images[:, 0] == 950) | (images[:, -1] == 950))[lost].all()
    assert (images >= light)[~flagged(mask, "saturated")].all()


def test_chips_end_in_their_share_of_images_and_in_all_bands_alike():
    light = np.full((400, 24, 30), 7, np.int32)
    images, mask = shot({"edge": 0.3}, light)
    gone = flagged(mask, "no_data")
    assert (images[gone] == 0).all()
    assert (images[~gone] == 7).all()
    # 400 images of share 0.3: standard deviation 0.023.
    assert gone.any(axis=(1, 2)).mean() == pytest.approx(0.3, abs=0.07)
    assert gone.mean(axis=(1, 2)).max() <= 0.5
    sides = [gone[:, 0].all(1), gone[:, -1].all(1), gone[:, :, 0].all(1), gone[:, :, -1].all(1)]
    assert all(side.sum() > 10 for side in sides)
    np.testing.assert_array_equal(shot({"edge": 0.3}, light, stream="detector.z")[1], mask)


def test_bleeding_and_edges_are_told_where_they_are(small):
    image = {**small["image"], "ivar": True}
    detector = {"full_well": 300, "bleeding": True, "edge": 0.5}
    recipe = recipe_from({**small, "image": image, "detector": detector})
    ds = generate(recipe, 0, 40)
    assert ds["mask"].attrs["flag_masks"].tolist() == [1, 2, 4, 8, 16]
    assert ds["mask"].attrs["flag_meanings"].split()[3:] == ["bleed", "no_data"]
    assert (ds.attrs["bleeding"], ds.attrs["edge"]) == ("true", 0.5)
    for bit in (8, 16):
        assert (ds["mask"].values & bit).any()
    assert (ds.ivar.values[ds["mask"].values > 0] == 0).all()
    plain = recipe_from({**small, "detector": {"full_well": 300}})
    assert "bleeding" not in plain.model_dump_json()
    assert "bleeding" not in generate(plain, 0, 1).attrs
