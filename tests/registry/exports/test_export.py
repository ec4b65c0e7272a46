import json
import tracemalloc
from pathlib import Path

import dask.array as da
import numpy as np
import pytest
import xarray as xr

import skybench
from skybench.errors import (
    IntegrityError,
    MissingDependencyError,
    NotFoundError,
    ParameterError,
    StoreError,
)
from skybench.generators.generate import generate_as_stored
from skybench.registry.arrays import zarr_format
from skybench.registry.arrays.open_url import open_url
from skybench.registry.exports import blocks as blocks_module
from skybench.registry.exports import shards
from skybench.registry.exports import zarr as exports_zarr
from skybench.registry.exports.blocks import unfinished_blocks
from skybench.registry.exports.croissant import CROISSANT
from skybench.registry.exports.export import (
    FORMATS,
    data_format_of,
    describe,
    export,
    export_version,
    format_named,
    write_dataset,
    write_description,
)
from skybench.registry.exports.export_format import DataFormat
from skybench.registry.exports.export_hashes import ExportHashes
from skybench.registry.exports.npz import NPZ
from skybench.registry.exports.verify import verify
from skybench.registry.exports.zarr import ZARR
from skybench.registry.hashing.content_hash import hash_dataset
from skybench.registry.open import open


@pytest.mark.parametrize("split", [None, "test"])
def test_npz_has_every_value_of_a_version(published, tmp_path, split):
    out = tmp_path / "sky.npz"
    assert export_version(NPZ, "sky@0.1", split=split, out=out, store=published) == out
    expected = open("sky@0.1", split=split, store=published, decode=False)
    with np.load(out) as arrays:
        assert set(arrays) == {*expected.variables, "metadata"}
        for name in expected.variables:
            values = arrays[name]
            np.testing.assert_array_equal(values, expected[name].values)
            assert values.dtype == expected[name].dtype


@pytest.mark.parametrize("split", [None, "test"])
def test_zarr_is_the_version_again_and_says_which(published, tmp_path, split):
    out = export_version(ZARR, "sky@0.1", split=split, out=tmp_path / "x.zarr", store=published)
    expected = open("sky@0.1", split=split, store=published)
    found = open_url(str(out))
    _, manifest = (expected.attrs.pop(name) for name in ("content_hash", "manifest_hash"))
    assert found.attrs.pop("exported_from") == f"sky@0.1#manifest:{manifest}"
    carried = ExportHashes.claimed_by(found)
    for name in ("content_hash", "variable_hashes", "attributes"):
        del found.attrs[f"exported_{name}"]
    assert carried.root == (hash_dataset(raw_split(published, split)).root)
    xr.testing.assert_identical(found.load(), expected.load())


def raw_split(published, split):
    return open("sky@0.1", split=split, store=published, decode=False)


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
    with pytest.raises(ParameterError, match=r"file type '\.json'; .* can be .*\.npz, \.zarr"):
        data_format_of(tmp_path / "x.json")


@pytest.mark.parametrize("name", ["sky-png", "png", "sky-0.2-npy"])
def test_the_name_of_a_folder_ends_in_that_of_its_format(tmp_path, name):
    assert data_format_of(tmp_path / name).name == name[-3:]


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


def test_a_folder_that_is_there_gets_a_file_that_tells_what_it_is(published, tmp_path):
    samples = [17, 99, 3]
    made = export("npz", "sky@0.1", split="test", samples=samples, out=tmp_path, store=published)
    assert made == tmp_path / "sky-0.1-test-3-samples.npz"
    expected = open("sky@0.1", split="test", store=published).sample_id[samples]
    with np.load(made) as arrays:
        assert arrays["sample_id"].tolist() == expected.values.tolist()


@pytest.mark.parametrize("samples", [range(100, 400), slice(100, 400), list(range(100, 400))])
def test_a_range_of_samples_may_be_told_in_any_way(published, tmp_path, samples):
    made = export("zarr", "sky@0.1", samples=samples, out=tmp_path / "x.zarr", store=published)
    expected = open("sky@0.1", store=published).isel(sample=slice(100, 400))
    xr.testing.assert_equal(open_url(str(made)).load(), expected.load())


@pytest.mark.parametrize(
    ("samples", "said"),
    [([3, 700], "sky-0.1 has the rows 0 to 699, got 700"), ([-1], "got -1"), ([5, 5], "once each")],
)
def test_rows_that_are_not_there_are_refused(published, tmp_path, samples, said):
    with pytest.raises(ParameterError, match=said):
        export("npz", "sky@0.1", samples=samples, out=tmp_path / "x.npz", store=published)
    assert not (tmp_path / "x.npz").exists()


def test_a_description_is_exported_like_data(published, tmp_path):
    made = export("croissant", "sky@0.1", out=tmp_path, store=published)
    assert made == tmp_path / "sky-0.1-croissant.json"
    assert json.loads(made.read_text())["name"] == "sky"
    with pytest.raises(ParameterError, match="leave out split and samples"):
        export("croissant", "sky@0.1", samples=[1], store=published)


def test_a_format_without_its_library_says_what_to_install(published, tmp_path):
    def never(ds, path):
        pytest.fail("it was asked to write")

    form = DataFormat(
        name="far", suffix=".far", keeps="", loses="", write=never, needs=("no_such_library",)
    )
    with pytest.raises(MissingDependencyError, match=r"far needs no_such_library: pip install 's"):
        export_version(form, "sky@0.1", out=tmp_path / "x.far", store=published)
    assert [path.name for path in tmp_path.iterdir()] == ["store"]


def parts(stop_after):
    """Return a format of a file a sample, which fails after so many, and the samples it wrote."""
    written = []

    def write(ds, path):
        path.mkdir(exist_ok=True)

        def finished(rows):
            return (path / f"{ds.sample_id[rows.start].item()}.txt").exists()

        for _, block in unfinished_blocks(ds, 1, finished):
            if len(written) == stop_after:
                raise KeyboardInterrupt
            identity = int(block.sample_id[0])
            written.append(identity)
            (path / f"{identity}.txt").write_text("whole")

    form = DataFormat(name="parts", suffix="", keeps="", loses="", write=write, resumable=True)
    return form, written


def test_an_interrupted_folder_goes_on_where_it_was(tmp_path):
    ds, out = generate_as_stored("objects", 0, 5), tmp_path / "mine"
    form, written = parts(stop_after=3)
    with pytest.raises(KeyboardInterrupt):
        write_dataset(ds, out, form)
    assert (written, out.exists()) == ([0, 1, 2], False)
    form, written = parts(stop_after=None)
    write_dataset(ds, out, form)
    assert written == [3, 4]
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    assert len(list(out.iterdir())) == 5


def test_an_interrupted_zarr_store_goes_on_with_the_shards_that_lack(tmp_path, monkeypatch):
    ds, out, written = generate_as_stored("objects", 0, 600), tmp_path / "mine.zarr", []

    def write_rows(url, start, *rest):
        if len(written) == 2:
            raise KeyboardInterrupt
        written.append(start)
        zarr_format.write_rows(url, start, *rest)

    monkeypatch.setattr(exports_zarr, "write_rows", write_rows)
    with pytest.raises(KeyboardInterrupt):
        write_dataset(ds, out, ZARR)
    assert not out.exists()
    first = written.copy()
    written[:] = []
    monkeypatch.setattr(
        exports_zarr, "write_rows", lambda *a: (written.append(a[1]), zarr_format.write_rows(*a))
    )
    write_dataset(ds, out, ZARR)
    assert first
    assert not set(first) & set(written)
    assert verify(out).ok
    assert [path.name for path in tmp_path.iterdir()] == ["mine.zarr"]


def test_other_samples_do_not_go_on_with_an_interrupted_folder(tmp_path):
    form, _ = parts(stop_after=3)
    with pytest.raises(KeyboardInterrupt):
        write_dataset(generate_as_stored("objects", 0, 5), tmp_path / "mine", form)
    form, written = parts(stop_after=None)
    write_dataset(generate_as_stored("objects", 1, 3), tmp_path / "mine", form)
    assert written == [1, 2]


def noise(samples):
    """Return a lazy dataset of 8 kB a sample."""
    image = da.random.default_rng(0).integers(
        0, 1 << 12, (samples, 64, 32), dtype=np.int32, chunks=(64, 64, 32)
    )
    split = np.zeros(samples, np.int8), {"flag_values": np.int8([0]), "flag_meanings": "train"}
    return xr.Dataset(
        {"image": (("sample", "y", "x"), image, {"units": "electron"})},
        {
            "sample_id": ("sample", np.arange(samples)),
            "split": ("sample", *split),
            "label": ("sample", *split),
        },
    )


def peak_of(write, *arguments):
    tracemalloc.start()
    try:
        write(*arguments)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


SHARDED = ["huggingface", "webdataset", "tfrecord"]
FLAT = ["npz", "zarr", "fits", "hdf5", "hdf5-bricks", "netcdf", "npy", *SHARDED]


@pytest.mark.parametrize("name", FLAT)
def test_twice_the_samples_take_no_more_memory(tmp_path, monkeypatch, name):
    monkeypatch.setattr(blocks_module, "_BLOCK_BYTES", 1 << 20)
    monkeypatch.setattr(zarr_format, "_CHUNK_BYTES", 1 << 18)
    monkeypatch.setattr(shards, "SHARD_BYTES", 1 << 23)  # so that the second has two
    form = format_named(name)
    # The first brings the libraries into memory.
    _, once, twice = (
        peak_of(write_dataset, noise(samples), tmp_path / form.file_name(f"{samples}"), form)
        for samples in (64, 1024, 2048)
    )
    # A megabyte is what the interpreter may hold for others; the samples more take 8.
    assert twice < 1.3 * once + (1 << 20)


def test_the_page_says_of_every_format_what_it_keeps_and_loses():
    page = (Path(__file__).parents[3] / "docs" / "exports.md").read_text(encoding="utf-8")
    for form in FORMATS.values():
        row = f"| `{form.name}` | `{form.kind}` | {form.keeps[:-1]} | {form.loses[:-1]} |"
        assert row in page


@pytest.mark.parametrize("decode", [True, False])
def test_a_dataset_is_exported_as_it_would_be_stored(tmp_path, decode):
    ds = skybench.generate("objects", 30, decode=decode)
    path = skybench.export("npz", ds, split="train", samples=slice(0, 5), out=tmp_path)
    assert path == tmp_path / "objects-train-5-samples.npz"
    assert skybench.verify(path).ok
    stored = generate_as_stored("objects", 0, 30)
    rows = np.flatnonzero(stored.split == 0)[:5]
    with np.load(path) as arrays:
        for name, variable in stored.isel(sample=rows).variables.items():
            np.testing.assert_array_equal(arrays[name], variable)
            assert arrays[name].dtype == variable.dtype


def test_a_dataset_that_was_opened_is_exported_without_the_hash_of_its_version(published, tmp_path):
    ds = open("sky@0.1", store=published, split="test")
    path = skybench.export("zarr", ds, out=tmp_path / "mine.zarr")
    found = open_url(str(path), decode=False)
    xr.testing.assert_equal(found.load(), raw_split(published, "test").load())
    assert "content_hash" not in found.attrs
    with pytest.raises(ParameterError, match="croissant describes a released version"):
        skybench.export("croissant", ds)
