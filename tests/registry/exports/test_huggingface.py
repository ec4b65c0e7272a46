"""The folder for Hugging Face, read back by datasets as its users do."""

import json

import numpy as np
import pytest
import yaml

from skybench.generators.codes import decode_flags
from skybench.generators.generate import generate_as_stored
from skybench.registry.exports.export import export, write_dataset
from skybench.registry.exports.huggingface import HUGGINGFACE
from skybench.registry.open import open as open_version


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Return `datasets.load_dataset` without network, progress bars and a cache that lasts."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    import datasets  # it reads the variable when it is imported

    datasets.disable_progress_bars()
    return lambda folder: datasets.load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))


RECIPES = ["sky", "objects", "photometry", "grz", "lightcurves", "halos", "sphere", "fields"]
"""Several labels, one, a regression, bands, series, volumes, maps of the sphere, segmentation."""


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_value_is_read_back_with_its_type(tmp_path, load, recipe):
    ds = generate_as_stored(recipe, 0, 8)
    write_dataset(ds, tmp_path / "mine", HUGGINGFACE)
    named, found = decode_flags(ds), load(tmp_path / "mine")
    assert set(found) == set(named.split.values.tolist())
    for split, rows in found.items():
        expected = ds.isel(sample=np.flatnonzero(named.split == split))
        shown = named.isel(sample=np.flatnonzero(named.split == split))
        assert set(rows.features) == {n for n, v in ds.variables.items() if "sample" in v.dims}
        for name, feature in rows.features.items():
            leaf, stored = getattr(feature, "feature", feature), expected[name]
            if name == "present":
                sets = [np.flatnonzero(row).tolist() for row in stored.values]
                assert rows[name][:] == sets
                assert leaf.names == shown["class"].values.tolist()
            elif "flag_values" in stored.attrs:
                names = np.array(leaf.names)[np.array(rows[name][:])]
                np.testing.assert_array_equal(names, shown[name].values)
            else:
                values = np.array(rows[name][:], stored.dtype)
                assert leaf.dtype == stored.dtype.name
                np.testing.assert_array_equal(values, stored.values)


def test_images_labels_and_sources_have_the_types_that_users_look_for(tmp_path, load):
    import datasets

    for recipe in ("objects", "grz", "sky"):
        write_dataset(generate_as_stored(recipe, 0, 9), tmp_path / recipe, HUGGINGFACE)
    objects, grz, sky = (
        load(tmp_path / name)["train"].features for name in ("objects", "grz", "sky")
    )
    assert objects["image"] == datasets.Array2D((28, 28), "int32")
    assert grz["image"] == datasets.Array3D((3, 64, 64), "int32")
    assert objects["label"] == datasets.ClassLabel(names=["star", "elliptical", "spiral"])
    assert sky["present"] == datasets.List(datasets.ClassLabel(names=objects["label"].names))
    assert sky["flux"] == datasets.List(datasets.Value("float32"), length=8)


def test_the_card_says_what_it_is(tmp_path):
    ds, out = generate_as_stored("sky", 0, 12), tmp_path / "sky-0.1-huggingface"
    origin = {"exported_from": "sky@0.1#manifest:sha256:77", "citation": "The skybench developers"}
    write_dataset(ds.assign_attrs(origin), out, HUGGINGFACE)
    _, matter, text = (out / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    front = yaml.safe_load(matter)
    assert front["license"] == "cc-by-4.0"
    assert front["task_ids"] == ["multi-label-image-classification"]
    files = front["configs"][0]["data_files"]
    assert {"split": "train", "path": "data/train-*.parquet"} in files
    assert "12 samples, of the version `sky@0.1#manifest:sha256:77`" in text
    assert 'load_dataset("sky-0.1-huggingface", split="train")' in text
    assert "| `flux` | source | float32 | electron | total flux |" in text
    assert "[CC-BY-4.0](https://spdx.org/licenses/CC-BY-4.0.html)" in text
    assert "## Citation\n\nThe skybench developers" in text


@pytest.mark.parametrize("split", [None, "test"])
def test_a_version_is_read_split_by_split(published, tmp_path, load, split):
    out = export("huggingface", "sky@0.1", split=split, out=tmp_path, store=published)
    found = load(out)
    assert set(found) == ({"train", "validation", "test"} if split is None else {split})
    for name, rows in found.items():
        expected = open_version("sky@0.1", split=name, store=published)
        assert rows["sample_id"][:] == expected.sample_id.values.tolist()
        np.testing.assert_array_equal(np.array(rows["image"][:]), expected.image.values)


def test_what_is_the_same_for_all_samples_is_beside(tmp_path):
    write_dataset(generate_as_stored("grz", 0, 2), tmp_path / "mine", HUGGINGFACE)
    said = json.loads((tmp_path / "mine" / "dataset.json").read_text(encoding="utf-8"))
    band = said["variables"]["band"]
    assert dict(zip(band["values"], band["attrs"]["flag_meanings"].split(), strict=True)) == {
        0: "g",
        1: "r",
        2: "z",
    }


def test_samples_without_splits_are_those_of_train(tmp_path, load):
    ds = generate_as_stored("photometry", 0, 3).drop_vars("split")
    write_dataset(ds, tmp_path / "mine", HUGGINGFACE)
    assert load(tmp_path / "mine")["train"]["sample_id"][:] == [0, 1, 2]


def test_a_code_without_a_meaning_is_no_class_label(tmp_path, load):
    ds = generate_as_stored("objects/alone", 0, 3)
    kind = ds.kind.copy(data=np.array([[1], [7], [2]], np.int8))
    write_dataset(ds.assign_coords(kind=kind), tmp_path / "mine", HUGGINGFACE)
    found = [kind for rows in load(tmp_path / "mine").values() for kind in rows["kind"][:]]
    assert sorted(found) == [[-1], [1], [2]]
