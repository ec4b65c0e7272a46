"""Opening a released version: what a user of xarray sees."""

import multiprocessing
import os
import pickle
import shutil
import subprocess
import sys
import time
from pathlib import Path

import dask
import numpy as np
import pytest
import xarray as xr
import zarr

from skybench.errors import IntegrityError, NotFoundError, ParameterError, SkybenchError
from skybench.generators.codes import decode_flags
from skybench.generators.recipe_file import load_recipe
from skybench.registry.arrays.open_url import open_url, select_split
from skybench.registry.open import open
from skybench.registry.storage.store import Store
from skybench.registry.versions.index import read_index
from skybench.release.building.build import build


@pytest.fixture
def store(pristine):
    return Store(pristine)


def is_lazy(ds):
    """Whether pixels, and parameters of each source, are not read."""
    large = [v for v in ds.variables.values() if not {*v.dims} <= {"sample", "class"}]
    return len(large) >= 3 and not any(isinstance(v._data, np.ndarray) for v in large)


def test_values_are_those_that_were_written(store, raw):
    ds = open("sky@0.1", store=store, decode=False)
    xr.testing.assert_identical(ds.drop_attrs(), raw.drop_attrs())
    for name in raw.variables:
        assert ds[name].dtype == raw[name].dtype
        assert ds[name].attrs.keys() == raw[name].attrs.keys()


def test_opening_reads_no_pixels(store):
    ds = open("sky", store=store)
    assert is_lazy(ds)
    assert ds.image.chunksizes["sample"] == (100,) * 7


def test_attributes_identify_the_version(store):
    ds = open("sky@0.1", store=store)
    assert ds.attrs["dataset"] == "sky"
    assert ds.attrs["version"] == "0.1"
    assert ds.attrs["content_hash"] == read_index(store)[0].content
    assert ds.attrs["license"] == "CC-BY-4.0"


@pytest.mark.parametrize("reference", ["sky", "sky@0", "sky@0.2"])
def test_aliases_open_the_newest(store, reference):
    assert open(reference, store=store).attrs["version"] == "0.2"


def test_a_pin_that_fits_opens_and_another_does_not(store):
    content = read_index(store)[0].content
    assert open(f"sky@0.1#{content}", store=store).attrs["content_hash"] == content
    with pytest.raises(IntegrityError, match="not the content that was pinned"):
        open("sky@0.1#sha256:" + "0" * 64, store=store)


def test_a_missing_version_is_not_found(store):
    with pytest.raises(NotFoundError, match=r"sky 1\.1 is not in the registry at .*0\.1 and 0\.2"):
        open("sky@1.1", store=store)


def test_codes_come_as_strings(store, raw):
    ds = open("sky", store=store)
    assert set(np.unique(ds.split)) == {"train", "validation", "test"}
    assert ds.label.values[0] == ["star", "spiral"][raw.label.values[0]]
    assert ds.kind[0].values.tolist()[1] == ""
    assert ds["class"].values.tolist() == ["star", "spiral"]
    assert ds.split.attrs["flag_meanings"] == "train validation test"


def test_decoding_twice_changes_nothing(store):
    ds = open("sky", store=store)
    xr.testing.assert_identical(decode_flags(ds), ds)


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_a_split_has_its_rows_in_order(store, raw, split):
    ds = open("sky", store=store, split=split)
    code = ["train", "validation", "test"].index(split)
    rows = np.flatnonzero(raw.split == code)
    assert is_lazy(ds)
    assert ds.sample_id.values.tolist() == rows.tolist()
    np.testing.assert_array_equal(ds.image, raw.image[rows])
    np.testing.assert_array_equal(ds.flux, raw.flux[rows])
    assert (ds.split == split).all()
    assert ds.attrs["split"] == split


def test_a_chunk_of_a_split_reads_the_chunks_that_hold_its_rows(published, raw):
    rows = np.flatnonzero(raw.split == 2)
    assert rows[99] < 600 <= rows[-1]
    assert not np.isin(rows, range(100, 200)).any()
    (shard,) = published.local_path("sky/0.1").glob("*.zarr/image/c/3/0/0")
    shard.write_bytes(b"damaged" * 100)
    ds = open("sky@0.1", store=published, split="test", verify="off")
    np.testing.assert_array_equal(ds.image[:100], raw.image[rows[:100]])
    with pytest.raises(Exception, match="checksum"):
        ds.image[-1].load()
    source = open("sky@0.1", store=published, verify="off").image.data.name
    read = ds.image.data.dask.get_all_dependencies()[(ds.image.data.name, 0, 0, 0)]
    assert (source, 0, 0, 0) in read
    assert (source, 1, 0, 0) not in read


def test_a_contiguous_split_has_chunks_of_one_length(raw):
    ordered = raw.sortby("split").chunk(sample=100)
    train = select_split(ordered, "train")
    assert train.image.chunksizes["sample"][:-1] == (100,) * (len(train.sample) // 100)


def test_an_empty_split_has_no_rows(raw):
    ds = raw.isel(sample=raw.split.values != 2).chunk(sample=100)
    assert select_split(ds, "test").sizes["sample"] == 0


@pytest.mark.parametrize("split", ["tset", "all", "", "Train", 2])
def test_a_bogus_split_lists_those_there_are(store, split):
    with pytest.raises(NotFoundError, match="it has train, validation, test"):
        open("sky", store=store, split=split)


def test_a_dataset_without_splits_says_so(raw):
    with pytest.raises(NotFoundError, match="no splits"):
        select_split(raw.drop_vars("split"), "train")


def test_a_bogus_verification_is_refused(store):
    with pytest.raises(ParameterError, match="verify must be one of off, fast, full, got 'half'"):
        open("sky", store=store, verify="half")


@pytest.mark.filterwarnings("ignore:The data type .* does not have a Zarr V3")
def test_the_result_can_be_written_again(store, tmp_path):
    for verify in ("off", "fast", "full"):
        for split in (None, "train", "test"):
            ds = open("sky", store=store, split=split, verify=verify)
            path = tmp_path / f"{verify}-{split}.zarr"
            ds.to_zarr(path, consolidated=False)
            xr.testing.assert_equal(xr.open_zarr(path, consolidated=False), ds)


@pytest.mark.parametrize("verify", ["fast", "full"])
@pytest.mark.parametrize("split", [None, "test"])
def test_samples_are_chosen_and_grouped_by_their_coordinates(store, split, verify):
    ds = open("sky", store=store, split=split, verify=verify)
    stars = ds.label.values == "star"
    for chosen in (ds.where(ds.label == "star", drop=True), ds.isel(sample=ds.label == "star")):
        np.testing.assert_array_equal(chosen.image, ds.image[stars])
        assert set(chosen.label.values) == {"star"}
    means = ds.image.groupby("label").mean("sample")
    np.testing.assert_allclose(means.sel(label="star"), ds.image[stars].mean("sample"))
    assert ds.sortby("sample_id", ascending=False).sample_id[0] == ds.sample_id[-1]


def test_coordinates_of_many_samples_are_read_when_they_are_used(store, monkeypatch):
    expected = open("sky", store=store).load()
    monkeypatch.setattr("skybench.registry.arrays.open_url._READ_AT_ONCE", 100)
    ds = open("sky", store=store)
    assert "sample" not in ds.indexes
    assert not ds.label.variable._in_memory
    assert ds.label[3] == expected.label[3]
    spirals = ds.isel(sample=ds.label.values == "spiral")
    np.testing.assert_array_equal(spirals.image, expected.image[expected.label == "spiral"])
    assert ds.groupby("label").count().image.shape[0] == 2
    assert ds.label.variable._in_memory
    assert set(open("sky", store=store, split="test").split.values) == {"test"}


def test_many_samples_are_still_found_by_their_identity(store, monkeypatch):
    expected = open("sky", store=store)
    only_the_identity = expected.sample_id.nbytes
    monkeypatch.setattr("skybench.registry.arrays.open_url._READ_AT_ONCE", only_the_identity)
    ds = open("sky", store=store)
    assert not ds.label.variable._in_memory
    assert ds.sel(sample=7).label == expected.sel(sample=7).label


def test_coordinates_of_very_many_samples_stay_lazy(store, monkeypatch):
    for limit in ("_READ_AT_ONCE", "MOST_IN_MEMORY"):
        monkeypatch.setattr(f"skybench.registry.arrays.open_url.{limit}", 100)
    ds = open("sky", store=store, split="test")
    assert dask.is_dask_collection(ds.label.data)
    assert set(ds.split.values) == {"test"}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.parametrize("verify", ["fast", "full"])
@pytest.mark.parametrize("before", ["whole", "split", "nothing"])
def test_a_forked_worker_reads_after_its_parent_has(store, raw, before, verify):
    ds = open("sky", store=store, split="test", verify=verify)
    if before != "nothing":
        (open("sky", store=store) if before == "whole" else ds).image[:4].load()
    context = multiprocessing.get_context("fork")
    answers = context.SimpleQueue()
    worker = context.Process(target=lambda: answers.put(ds.image[3].values))
    worker.start()
    worker.join(30)
    hangs = worker.is_alive()
    worker.kill()
    assert not hangs
    np.testing.assert_array_equal(answers.get(), raw.image[raw.split.values == 2][3])


def test_the_environment_names_the_store(pristine, monkeypatch):
    monkeypatch.setenv("SKYBENCH_STORE", str(pristine))
    assert open("sky").attrs["version"] == "0.2"


def test_a_store_in_memory_opens(pristine):
    store = Store("memory://test_open")
    store.fs.put(str(pristine), store.root, recursive=True)
    ds = open("sky@0.1", store=store, verify="full", split="test")
    assert float(ds.image.mean()) > 0
    store.remove("")


@pytest.mark.parametrize("verify", ["fast", "full"])
def test_a_missing_chunk_is_noticed_before_it_reads_as_fill(published, verify):
    (chunk,) = published.local_path("sky/0.1").glob("*.zarr/image/c/2/0/0")
    chunk.unlink()
    with pytest.raises(IntegrityError, match=r"image/c/2/0/0 of sky 0\.1 is missing"):
        open("sky@0.1", store=published, verify=verify)
    assert open("sky@0.2", store=published, verify=verify).sizes["sample"] == 700
    assert open("sky@0.1", store=published, verify="off").sizes["sample"] == 700


@pytest.fixture
def flipped(published):
    """The store with a bit of sky 0.1 flipped, in the image rows 400 to 599."""
    (chunk,) = published.local_path("sky/0.1").glob("*.zarr/image/c/2/0/0")
    data = bytearray(chunk.read_bytes())
    data[len(data) // 3] ^= 1
    chunk.write_bytes(data)
    return published


def test_full_verification_raises_when_a_damaged_chunk_is_read_and_not_before(flipped, raw):
    ds = open("sky@0.1", store=flipped, verify="full", decode=False)
    np.testing.assert_array_equal(ds.image[:256], raw.image[:256])
    np.testing.assert_array_equal(ds.flux, raw.flux)
    said = r"image rows 256 to 511 of sky 0\.1 cannot be read: .* sky@0\.1 --repair"
    with pytest.raises(IntegrityError, match=said):
        ds.image[300].load()
    with pytest.raises(IntegrityError, match=said):
        ds.image.mean().compute()


def test_full_verification_finds_values_that_other_software_wrote(published, raw, monkeypatch):
    (path,) = published.local_path("sky/0.1").glob("*.zarr")
    zarr.open_group(path, mode="r+")["flux"][650] = 1.0
    monkeypatch.setattr("skybench.registry.verify.size_problems", lambda *_: ())
    ds = open("sky@0.1", store=published, verify="full", decode=False)
    np.testing.assert_array_equal(ds.flux[:512], raw.flux[:512])
    said = r"flux rows 512 to 699 of sky 0\.1 do not match the recorded hash: expected sha256:"
    with pytest.raises(IntegrityError, match=said):
        ds.flux[-1].load()
    assert open("sky@0.1", store=published).flux[650].values.tolist() == [1.0, 1.0]


@pytest.mark.parametrize("split", [None, "test"])
@pytest.mark.parametrize("decode", [True, False])
def test_full_verification_changes_no_value(store, split, decode):
    fast, full = (
        open("sky@0.1", store=store, split=split, decode=decode, verify=verify)
        for verify in ("fast", "full")
    )
    assert is_lazy(full)
    xr.testing.assert_identical(full, fast)
    for name in fast.variables:
        assert full[name].dtype == fast[name].dtype
    step = np.random.default_rng(0).permutation(full.sizes["sample"])[:40]
    xr.testing.assert_identical(full.isel(sample=step), fast.isel(sample=step))


def test_full_verification_reads_whole_blocks(store):
    ds = open("sky@0.1", store=store, verify="full")
    assert ds.image.chunksizes["sample"] == (256, 256, 188)


def test_full_verification_checks_variables_without_samples_at_once(published):
    (path,) = published.local_path("sky/0.1").glob("*.zarr")
    chunk = path / "class" / "c" / "0"
    data = bytearray(chunk.read_bytes())
    data[-1] ^= 1
    chunk.write_bytes(data)
    with pytest.raises(IntegrityError, match=r"sky 0\.1 cannot be opened: .*--repair"):
        open("sky@0.1", store=published, verify="full")


def test_full_verification_checks_the_splits_before_it_takes_one(published, monkeypatch):
    (path,) = published.local_path("sky/0.1").glob("*.zarr")
    splits = zarr.open_group(path, mode="r+")["split"]
    splits[650] = (splits[650] + 1) % 3
    monkeypatch.setattr("skybench.registry.verify.size_problems", lambda *_: ())
    open("sky@0.1", store=published, split="test")
    with pytest.raises(IntegrityError, match=r"split rows 512 to 699 of sky 0\.1 do not match"):
        open("sky@0.1", store=published, split="test", verify="full")


def test_two_datasets_have_tasks_of_their_own(pristine):
    paths = [next(pristine.glob(f"sky/{version}/*.zarr")) for version in ("0.1", "0.2")]
    first, second = (open_url(str(path)).image.data.name for path in paths)
    assert first != second
    assert open_url(str(paths[0])).image.data.name == first


def test_full_verification_works_in_other_processes(flipped):
    ds = open("sky@0.1", store=flipped, verify="full")
    again = pickle.loads(pickle.dumps(ds))
    assert np.isfinite(again.flux[:, 0]).all()
    with pytest.raises(IntegrityError, match="image rows 256 to 511"):
        again.image.load()


@pytest.mark.parametrize("verify", ["off", "fast", "full"])
def test_a_changed_manifest_is_refused_always(published, verify):
    key = "sky/0.1/manifest.json"
    published.write(key, published.read_text(key).replace("CC-BY-4.0", "CC0-1.0"))
    with pytest.raises(IntegrityError, match="is not the manifest that was published"):
        open("sky@0.1", store=published, verify=verify)


def test_a_missing_manifest_is_named(published):
    published.remove("sky/0.1/manifest.json")
    with pytest.raises(NotFoundError, match=r"sky/0\.1/manifest\.json is not there"):
        open("sky@0.1", store=published)


def test_a_missing_zarr_store_is_named(published):
    shutil.rmtree(next(published.local_path("sky/0.1").glob("*.zarr")))
    with pytest.raises(IntegrityError, match="is missing"):
        open("sky@0.1", store=published)
    with pytest.raises(NotFoundError, match="no consolidated Zarr dataset"):
        open("sky@0.1", store=published, verify="off")


def test_one_store_opens_by_its_url(pristine, published, raw):
    (path,) = pristine.glob("sky/0.1/*.zarr")
    xr.testing.assert_identical(open_url(str(path), decode=False).drop_attrs(), raw.drop_attrs())
    assert (open_url(str(path), split="test").split == "test").all()
    (damaged,) = published.local_path("sky/0.1").glob("*.zarr")
    (damaged / "flux/c/0/0").unlink()
    with pytest.raises(IntegrityError, match=r"lacks 1 of its chunks, first flux/c/0/0"):
        open_url(str(damaged))


def test_reading_needs_neither_torch_nor_intake(pristine):
    code = (
        "import sys; from skybench.registry.open import open\n"
        "open('sky', store=sys.argv[1]).image[0].load()\n"
        "assert not {'torch', 'intake'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, str(pristine)], check=True)


def test_opening_a_split_does_not_wait_for_distributed(pristine):
    code = (
        "import sys; from skybench.registry.open import open\n"
        "open('sky', store=sys.argv[1], split='test', verify=sys.argv[2])\n"
        "assert 'distributed' not in sys.modules"
    )
    for verify in ("fast", "full"):
        subprocess.run([sys.executable, "-c", code, str(pristine), verify], check=True)


def test_opening_by_url_does_not_wait_for_models(pristine):
    (path,) = pristine.glob("sky/0.1/*.zarr")
    code = (
        "import sys; from skybench.registry.arrays.open_url import open_url\n"
        "open_url(sys.argv[1], split='test')\n"
        "assert 'pydantic' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=True)


@pytest.mark.parametrize("split", [None, "test"])
@pytest.mark.parametrize("verify", ["off", "fast", "full"])
def test_opening_takes_little_time(store, verify, split):
    def seconds():
        begin = time.perf_counter()
        open("sky@0.1", store=store, verify=verify, split=split)
        return time.perf_counter() - begin

    assert min(seconds() for _ in range(5)) < 0.15


@pytest.fixture
def built(tmp_path):
    return build(load_recipe("objects"), str(tmp_path / "mine.zarr"), samples=40, progress=False)


@pytest.mark.parametrize("form", [str, Path, lambda path: f"file://{path}"])
def test_a_build_opens_by_its_path(built, form):
    ds = open(form(built.url), split="test")
    assert set(np.unique(ds.split)) == {"test"}
    assert set(np.unique(ds.label)) <= {"star", "elliptical", "spiral"}
    assert "content_hash" not in ds.attrs


def test_a_path_that_lacks_chunks_is_refused(built):
    shutil.rmtree(Path(built.url) / "image" / "c")
    with pytest.raises(IntegrityError, match="lacks 1 of its chunks"):
        open(built.url)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"verify": "full"}, "has no manifest to compare its rows with; verify must be off or"),
        ({"store": "elsewhere"}, "is a place of its own; leave out the store elsewhere"),
        ({"split": "tets"}, "no split 'tets' in objects; it has train, validation, test"),
    ],
)
def test_what_a_path_cannot_have_is_refused(built, options, message):
    with pytest.raises(SkybenchError, match=message):
        open(built.url, **options)


def test_a_path_where_nothing_is_says_so(tmp_path):
    with pytest.raises(NotFoundError, match=r"nothing\.zarr"):
        open(tmp_path / "nothing.zarr")


def test_a_recipe_without_a_version_is_pointed_to(tmp_path):
    with pytest.raises(NotFoundError, match=r"skybench\.generate\('morphology'\) makes samples"):
        open("morphology", store=tmp_path)
