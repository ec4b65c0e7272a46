"""Tar files, streamed by webdataset."""

import json
import tarfile

import numpy as np
import pytest
import webdataset

from skybench.generators.codes import decode_flags
from skybench.generators.generate import generate_as_stored
from skybench.registry.exports.export import export, write_dataset
from skybench.registry.exports.webdataset import WEBDATASET

# webdataset leaves the files open that it has read.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")


def stream(folder, split="*"):
    files = sorted(map(str, folder.glob(f"*-{split}-*.tar")))
    return webdataset.WebDataset(files, shardshuffle=False).decode()


def samples(folder):
    """Return the samples of all splits by their identity."""
    return {sample["json"]["sample_id"]: sample for sample in stream(folder)}


@pytest.mark.parametrize("recipe", ["sky", "objects", "grz", "halos", "lightcurves", "sphere"])
def test_every_value_is_streamed(tmp_path, recipe):
    ds = generate_as_stored(recipe, 0, 6)
    write_dataset(ds, tmp_path / "mine", WEBDATASET)
    named, found = decode_flags(ds), samples(tmp_path / "mine")
    assert sorted(found) == ds.sample_id.values.tolist()
    for row, identity in enumerate(ds.sample_id.values.tolist()):
        sample = found[identity]
        assert sample["__key__"] == f"{identity:06d}"
        for name, variable in ds.data_vars.items():
            assert sample[f"{name}.npy"].dtype == variable.dtype
            np.testing.assert_array_equal(sample[f"{name}.npy"], variable.values[row])
        of_samples = [n for n, v in named.coords.items() if "sample" in v.dims]
        assert list(sample["json"]) == of_samples
        for name in of_samples:
            stored = named[name].values[row]
            got = np.array(sample["json"][name], object)
            if stored.dtype.kind == "f":
                got = got.astype(stored.dtype)  # None is NaN
            np.testing.assert_array_equal(got.astype(stored.dtype), stored)


def test_pairs_to_train_with_come_in_one_line(tmp_path):
    ds = generate_as_stored("objects", 0, 9)
    write_dataset(ds, tmp_path / "mine", WEBDATASET)
    train = ds.isel(sample=np.flatnonzero(decode_flags(ds).split == "train"))
    pairs = list(stream(tmp_path / "mine", "train").to_tuple("image.npy", "cls"))
    assert [label for _, label in pairs] == train.label.values.tolist()
    np.testing.assert_array_equal([image for image, _ in pairs], train.image.values)


@pytest.mark.parametrize(
    ("recipe", "answer"),
    [
        ("sky", lambda ds: ds.present.values),
        ("halos", lambda ds: ds.halo_count.values[:, None]),
        ("photometry", lambda ds: np.stack([ds[t].values[:, 0] for t in ds.targets.split()], 1)),
        ("fields", lambda ds: ds.segmentation.values > 0),
    ],
)
def test_other_answers_are_arrays(tmp_path, recipe, answer):
    ds = generate_as_stored(recipe, 0, 6)
    write_dataset(ds, tmp_path / "mine", WEBDATASET)
    found, expected = samples(tmp_path / "mine"), answer(ds)
    for row, identity in enumerate(ds.sample_id.values.tolist()):
        got = found[identity]["answer.npy"]
        np.testing.assert_array_equal(got > 0 if recipe == "fields" else got, expected[row])
        assert "cls" not in found[identity]


def test_shards_of_a_version_say_what_they_are(published, tmp_path):
    out = export("webdataset", "sky@0.1", split="test", out=tmp_path, store=published)
    assert sorted(path.name for path in out.iterdir()) == ["dataset.json", "sky-test-000000.tar"]
    said = json.loads((out / "dataset.json").read_text(encoding="utf-8"))
    assert said["attrs"]["exported_from"].startswith("sky@0.1#manifest:sha256:")
    assert said["variables"]["flux"]["attrs"]["units"] == "electron"
    assert said["variables"]["class"]["values"] == [0, 1]


def test_nothing_in_an_archive_is_of_this_time_or_user(tmp_path):
    write_dataset(generate_as_stored("objects", 0, 2), tmp_path / "mine", WEBDATASET)
    for file in (tmp_path / "mine").glob("*.tar"):
        with tarfile.open(file) as archive:
            for member in archive:
                assert (member.mtime, member.uid, member.gid) == (0, 0, 0)
                assert (member.uname, member.gname, member.mode) == ("", "", 0o644)
