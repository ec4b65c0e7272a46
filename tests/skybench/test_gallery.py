"""Contact sheets: layout, captions, stretch, and what a user can get wrong."""

import numpy as np
import pytest
from PIL import Image

import skybench
from skybench.errors import ParameterError, StoreError
from skybench.gallery import contact_sheet, save_gallery
from skybench.registry.pictures import stretch


@pytest.fixture(scope="module")
def objects():
    return skybench.generate("objects", 0, 60)


def test_stretch_keeps_the_order_of_brightness_and_uses_the_whole_range():
    image = np.random.default_rng(0).normal(0, 10, (25, 40)).astype(np.int32)
    image[12, 20] = 5_000
    image[12, 21] = 500
    stretched = stretch(image)
    order = np.argsort(image, axis=None, kind="stable")
    assert (np.diff(stretched.ravel()[order].astype(int)) >= 0).all()
    assert stretched[12, 20] == 255
    assert 100 < stretched[12, 21] < 200


def test_an_empty_image_is_black_not_an_error():
    assert stretch(np.zeros((8, 8), dtype=np.int32)).max() < 128


def test_a_sheet_shows_as_many_images_as_asked(objects):
    small, large = contact_sheet(objects, count=8), contact_sheet(objects, count=16)
    assert small.width == large.width
    assert large.height > small.height


def test_classes_have_a_row_each(objects):
    sheet = np.asarray(contact_sheet(objects, count=24, columns=8))
    pictures = sheet.max(axis=2) > 240
    rows = np.flatnonzero(np.diff(pictures.any(axis=1).astype(int)) == 1)
    assert rows.size >= 3


def test_row_zero_is_at_the_bottom(objects):
    one = objects.isel(sample=[0]).copy(deep=True)
    one["image"][0] = 0
    one["image"][0, 0, 0] = 100_000
    sheet = np.asarray(contact_sheet(one, count=1).convert("L")).astype(int)
    y, x = np.argwhere(sheet[:-24] == sheet[:-24].max()).mean(axis=0)
    assert y > sheet.shape[0] / 2
    assert x < sheet.shape[1] / 2


def test_multilabel_and_coded_datasets_have_captions():
    assert contact_sheet(skybench.generate("sky", 0, 3), count=3).width > 100


def test_decoded_labels_need_no_table_of_classes(objects):
    bare = objects.drop_vars("class")
    assert contact_sheet(bare, count=6).tobytes() == contact_sheet(objects, count=6).tobytes()


def test_saving_writes_a_png(objects, tmp_path):
    path = save_gallery(objects, tmp_path / "sheet.png", count=4)
    with Image.open(path) as picture:
        assert picture.format == "PNG"


def test_other_file_types_and_places_are_refused(objects, tmp_path):
    with pytest.raises(ParameterError, match=r"name it .*sheet\.png"):
        save_gallery(objects, tmp_path / "sheet.jpg")
    with pytest.raises(StoreError, match="choose another place"):
        save_gallery(objects, tmp_path / "no" / "folder" / "sheet.png", count=1)
    with pytest.raises(ParameterError, match="at least 1"):
        contact_sheet(objects, count=0)
