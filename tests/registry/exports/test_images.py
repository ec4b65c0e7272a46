"""Pictures: Pillow and torchvision read them, and what has no picture is refused."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from skybench.errors import ParameterError
from skybench.generators.codes import decode_flags
from skybench.generators.generate import generate_as_stored
from skybench.registry.exports import images
from skybench.registry.exports.export import write_dataset
from skybench.registry.exports.images import JPEG, PNG


def opened(path):
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB")).astype(int)


@pytest.mark.parametrize(
    ("recipe", "shape"),
    [("objects", (28, 28)), ("grz", (64, 64)), ("halos", (32, 32)), ("sphere", (128, 256))],
)
def test_each_sample_is_a_picture_of_its_own_size(tmp_path, recipe, shape):
    ds = generate_as_stored(recipe, 0, 4)
    for form in (PNG, JPEG):
        write_dataset(ds, tmp_path / form.name, form)
        table = pd.read_csv(tmp_path / form.name / "metadata.csv")
        assert table.sample_id.tolist() == [0, 1, 2, 3]
        for file in table.file_name:
            assert opened(tmp_path / form.name / file).shape == (*shape, 3)
    png, jpeg = (pd.read_csv(tmp_path / name / "metadata.csv") for name in ("png", "jpeg"))
    for sharp, soft in zip(png.file_name, jpeg.file_name, strict=True):
        difference = opened(tmp_path / "png" / sharp) - opened(tmp_path / "jpeg" / soft)
        assert np.abs(difference).mean() < 12


def test_a_pixel_is_the_brighter_the_more_light_it_has(tmp_path):
    ds = generate_as_stored("objects", 0, 2)
    write_dataset(ds, tmp_path / "x", PNG)
    table = pd.read_csv(tmp_path / "x" / "metadata.csv")
    for file, image in zip(table.file_name, ds.image.values, strict=True):
        shown = opened(tmp_path / "x" / file)[::-1, :, 0]  # row 0 is at the bottom
        order = np.argsort(image, axis=None, kind="stable")
        assert (np.diff(shown.ravel()[order]) >= 0).all()
        assert shown.max() == 255


def test_bands_are_colours(tmp_path):
    ds = generate_as_stored("grz", 0, 4)
    write_dataset(ds, tmp_path / "x", PNG)
    file = pd.read_csv(tmp_path / "x" / "metadata.csv").file_name[0]
    red, _, blue = np.moveaxis(opened(tmp_path / "x" / file), -1, 0)
    assert (red != blue).any()


def test_torchvision_reads_classes_from_folders(tmp_path):
    datasets = pytest.importorskip("torchvision.datasets")
    ds = generate_as_stored("grz", 0, 24)
    write_dataset(ds, tmp_path / "x", PNG)
    train = datasets.ImageFolder(tmp_path / "x" / "train")
    named = decode_flags(ds)
    chosen = named.isel(sample=np.flatnonzero(named.split == "train"))
    assert train.classes == sorted(set(chosen.label.values.tolist()))
    found = {int(path[-10:-4]): train.classes[code] for path, code in train.samples}
    assert found == dict(
        zip(chosen.sample_id.values.tolist(), chosen.label.values.tolist(), strict=True)
    )
    assert train[0][0].size == (64, 64)


@pytest.mark.parametrize(
    ("recipe", "answers"),
    [
        ("sky", ["present_star", "present_elliptical", "present_spiral"]),
        ("photometry", ["flux", "half_light_radius", "axis_ratio"]),
        ("halos", ["halo_count"]),
    ],
)
def test_without_one_class_a_sample_the_table_has_the_answers(tmp_path, recipe, answers):
    ds = generate_as_stored(recipe, 0, 3)
    write_dataset(ds, tmp_path / "x", PNG)
    table = pd.read_csv(tmp_path / "x" / "metadata.csv")
    assert all(file.count("/") == 1 for file in table.file_name)
    truth = (
        ds.present.values
        if recipe == "sky"
        else np.stack([ds[a].values.reshape(3) for a in answers], 1)
    )
    np.testing.assert_allclose(table[answers].to_numpy(float), truth, rtol=1e-6)


def test_a_class_whose_folder_windows_does_not_take_is_told(tmp_path):
    ds = generate_as_stored("grz", 0, 24)
    others = ds.label.attrs["flag_meanings"].partition(" ")[2]
    ds.label.attrs["flag_meanings"] = f"con {others}"
    with pytest.raises(ParameterError, match="'con' is a class whose folder Windows does not take"):
        write_dataset(ds, tmp_path / "x", PNG)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("recipe", ["lightcurves", "clusters"])
def test_series_are_no_pictures(tmp_path, recipe):
    with pytest.raises(ParameterError, match="which are no picture; export npy"):
        write_dataset(generate_as_stored(recipe, 0, 2), tmp_path / "x", PNG)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_export_draws_only_the_rest(tmp_path, monkeypatch):
    drawn, draw = [], images.picture

    def until(stop):
        def picture(sample, size):
            if len(drawn) == stop:
                raise KeyboardInterrupt
            drawn.append(1)
            return draw(sample, size)

        return picture

    ds = generate_as_stored("objects", 0, 300)
    monkeypatch.setattr(images, "picture", until(270))
    with pytest.raises(KeyboardInterrupt):
        write_dataset(ds, tmp_path / "x", PNG)
    assert not (tmp_path / "x").exists()
    drawn.clear()
    monkeypatch.setattr(images, "picture", until(-1))
    write_dataset(ds, tmp_path / "x", PNG)
    assert len(drawn) == 300 - 256  # a block of pictures is drawn again, what is whole is not
    assert len(list((tmp_path / "x").rglob("*.png"))) == 300
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
