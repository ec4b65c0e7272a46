import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from skybench.errors import IntegrityError, NotFoundError, ParameterError, StoreError
from skybench.generators.generate import generate_as_stored
from skybench.registry.arrays.open_url import open_url
from skybench.registry.exports.croissant import CROISSANT
from skybench.registry.exports.export import (
    FORMATS,
    data_format_of,
    describe,
    export_version,
    format_named,
    write_dataset,
    write_description,
)
from skybench.registry.exports.export_format import DataFormat
from skybench.registry.exports.npz import NPZ
from skybench.registry.exports.zarr import ZARR
from skybench.registry.open import open


@pytest.mark.parametrize("split", [None, "test"])
def test_npz_has_every_value_of_a_version(published, tmp_path, split):
    out = tmp_path / "sky.npz"
    assert export_version(NPZ, "sky@0.1", split=split, out=out, store=published) == out
    expected = open("sky@0.1", split=split, store=published, decode=False)
    with np.load(out) as arrays:
        assert set(arrays) == set(expected.variables)
        for name, values in arrays.items():
            np.testing.assert_array_equal(values, expected[name].values)
            assert values.dtype == expected[name].dtype


@pytest.mark.parametrize("split", [None, "test"])
def test_zarr_is_the_version_again_and_says_which(published, tmp_path, split):
    out = export_version(ZARR, "sky@0.1", split=split, out=tmp_path / "x.zarr", store=published)
    expected = open("sky@0.1", split=split, store=published)
    found = open_url(str(out))
    root = expected.attrs.pop("content_hash")
    assert found.attrs.pop("exported_from") == f"sky@0.1#{root}"
    xr.testing.assert_identical(found.load(), expected.load())


def test_zarr_of_generated_rows_is_read_again(tmp_path):
    ds = generate_as_stored("sky", 5, 9)
    write_dataset(ds, tmp_path / "rows.zarr", ZARR)
    found = open_url(str(tmp_path / "rows.zarr"), decode=False)
    xr.testing.assert_equal(found.load(), ds)
    assert found.image.attrs == ds.image.attrs


def test_the_name_tells_dataset_version_and_split(published, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for split, name in ((None, "sky-0.2.npz"), ("test", "sky-0.2-test.npz")):
        assert export_version(NPZ, "sky@0", split=split, store=published) == Path(name)
        assert Path(name).is_file()


@pytest.mark.parametrize("form", [NPZ, ZARR], ids=["npz", "zarr"])
def test_nothing_is_overwritten(published, tmp_path, form):
    out = tmp_path / f"mine{form.suffix}"
    out.write_text("precious")
    with pytest.raises(ParameterError, match="exists; choose another name"):
        export_version(form, "sky@0.1", out=out, store=published)
    with pytest.raises(ParameterError, match="exists; choose another name"):
        write_dataset(generate_as_stored("objects", 0, 2), out, form)
    assert out.read_text() == "precious"


def broken(ds, path):
    path.mkdir()
    (path / "part").write_text("half")
    msg = "disk full"
    raise OSError(28, msg)


def test_what_fails_leaves_nothing(tmp_path):
    form = DataFormat(name="broken", suffix=".bad", keeps="", loses="", write=broken)
    with pytest.raises(StoreError, match=r"x\.bad cannot be written: disk full; choose another"):
        write_dataset(generate_as_stored("objects", 0, 2), tmp_path / "x.bad", form)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_somebody_else_made_meanwhile_stays(tmp_path, kind):
    def write(ds, path):
        (tmp_path / "x.slow").write_text("theirs")
        path.write_text("ours") if kind == "file" else path.mkdir()

    form = DataFormat(name="slow", suffix=".slow", keeps="", loses="", write=write)
    with pytest.raises(ParameterError, match=r"x\.slow exists"):
        write_dataset(generate_as_stored("objects", 0, 2), tmp_path / "x.slow", form)
    assert [path.name for path in tmp_path.iterdir()] == ["x.slow"]
    assert (tmp_path / "x.slow").read_text() == "theirs"


def test_a_name_of_another_format_is_refused(tmp_path):
    with pytest.raises(ParameterError, match=r"sky\.zarr must end in \.npz"):
        write_dataset(generate_as_stored("objects", 0, 2), tmp_path / "sky.zarr", NPZ)


def test_the_suffix_means_a_data_format(tmp_path):
    assert data_format_of(tmp_path / "x.npz") is NPZ
    assert data_format_of(tmp_path / "x.zarr") is ZARR
    # A description cannot be made of generated rows.
    with pytest.raises(ParameterError, match=r"file type '\.json'; it can be \.npz, \.zarr"):
        data_format_of(tmp_path / "x.json")


def test_an_unknown_format_is_told_with_its_neighbour():
    with pytest.raises(ParameterError, match="did you mean 'croissant'"):
        format_named("croisant")


def test_a_description_works_without_a_store(tmp_path):
    text = describe(CROISSANT, "sky@0.1", tmp_path / "nowhere")
    write_description(text, tmp_path / "croissant.json")
    assert json.loads((tmp_path / "croissant.json").read_text())["name"] == "sky"


def test_a_version_that_is_not_there_is_told_and_nothing_written(published, tmp_path):
    with pytest.raises(NotFoundError):
        export_version(NPZ, "sky@7", out=tmp_path / "x.npz", store=published)
    assert not (tmp_path / "x.npz").exists()


@pytest.mark.parametrize("form", [NPZ, ZARR], ids=["npz", "zarr"])
def test_damaged_data_are_not_exported(published, tmp_path, form):
    shard = next(Path(published.local_path("sky/0.1")).glob("*.zarr/image/c/1/0/0"))
    damaged = bytearray(shard.read_bytes())
    damaged[len(damaged) // 3] ^= 1
    shard.write_bytes(damaged)
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(IntegrityError):
        export_version(form, "sky@0.1", out=out / f"sky{form.suffix}", store=published)
    assert list(out.iterdir()) == []


def test_the_page_says_of_every_format_what_it_keeps_and_loses():
    page = (Path(__file__).parents[3] / "docs" / "exports.md").read_text(encoding="utf-8")
    for form in FORMATS.values():
        row = f"| `{form.name}` | `{form.suffix}` | {form.keeps[:-1]} | {form.loses[:-1]} |"
        assert row in page
