"""The driver, through the Intake that is installed beside skybench."""

import pickle
import shutil

import fsspec
import intake
import numpy as np
import pytest
import xarray as xr

from skybench.catalogs import SkySource
from skybench.errors import (
    IntegrityError,
    NotFoundError,
    ParameterError,
    StoreError,
    UnprovenDataWarning,
)
from skybench.registry.open import open as open_version

CHUNK_ROWS = 8


@pytest.fixture
def catalog(released):
    return intake.open_catalog(released.catalog)


def test_an_entry_gives_a_lazy_dataset_in_the_chunks_of_the_store(catalog):
    ds = catalog.sky_v0.to_dask()
    assert ds.image.dims == ("sample", "y", "x")
    assert ds.image.chunks[0] == (CHUNK_ROWS,) * 6 + (2,)
    assert {"sample_id", "split", "label", "flux"} <= set(ds.coords)
    assert set(np.unique(ds.label)) == {"star", "spiral"}


@pytest.mark.parametrize("split", [None, "train", "validation", "test"])
def test_an_entry_and_skybench_open_give_the_same(catalog, released, split):
    name = f"sky_v0_{split}" if split else "sky_v0"
    expected = open_version("sky@0", split=split, store=released.store)
    xr.testing.assert_identical(catalog[name].read(), expected.compute())


def test_aliases_follow_the_newest_version(catalog):
    assert catalog.sky_v0.metadata["version"] == "0.10"
    assert catalog.sky_v0_9.to_dask().attrs["version"] == "0.9"
    assert not catalog.sky_v0.read().image.equals(catalog.sky_v0_9.read().image)


def test_metadata_come_as_they_were_written(catalog, released):
    manifest = released.entries[1].manifest
    metadata = catalog.sky_v0.metadata
    assert metadata["hash"] == manifest.content.root
    assert metadata["manifest"] == manifest.digest
    assert metadata["citation"] == manifest.citation
    assert metadata["licence"] == manifest.licence
    assert metadata["baseline_scores"]["resnet50"] == 0.9371


def test_a_split_can_be_chosen_by_argument(catalog):
    chosen = catalog.sky_v0(split="test", decode=False).read()
    assert chosen.label.dtype == np.int8
    np.testing.assert_array_equal(chosen.sample_id, catalog.sky_v0_test.read().sample_id)


@pytest.mark.filterwarnings("ignore:The data type .* does not have a Zarr V3")
def test_a_split_can_be_written_again(catalog, tmp_path):
    ds = catalog.sky_v0_test.to_dask()
    assert set(ds.image.chunks[0][:-1]) == {CHUNK_ROWS}
    ds.to_zarr(tmp_path / "mine.zarr", consolidated=False)
    xr.testing.assert_equal(xr.open_zarr(tmp_path / "mine.zarr", consolidated=False), ds)


def test_an_unknown_split_is_refused_with_the_allowed_ones(catalog):
    with pytest.raises(NotFoundError, match=r"'tets'.*train, validation, test"):
        catalog.sky_v0(split="tets").to_dask()


def test_an_unknown_argument_is_refused(catalog):
    with pytest.raises(TypeError, match="spilt"):
        catalog.sky_v0(spilt="test")


def test_a_version_that_is_not_there_is_named_with_the_fix(released, tmp_path):
    shutil.copy(released.catalog, tmp_path / "catalog.yaml")
    catalog = intake.open_catalog(str(tmp_path / "catalog.yaml"))
    with pytest.raises(NotFoundError, match=r"^sky 0\.10 is not at .*'skybench get sky@0\.10'"):
        catalog.sky_v0.to_dask()


@pytest.mark.parametrize("made", [True, False])
def test_a_path_without_a_dataset_is_named(tmp_path, made):
    path = tmp_path / "some.zarr"
    if made:
        path.mkdir()
    with pytest.raises(NotFoundError, match=f"no dataset is at {path}"):
        SkySource(str(path)).to_dask()


def test_an_unknown_protocol_is_refused():
    with pytest.raises(StoreError, match="nowhere://bucket/sky"):
        SkySource("nowhere://bucket/sky.zarr").to_dask()


def test_missing_chunks_are_an_error_not_fill_values(released, tmp_path):
    copy = shutil.copytree(released.store.local_path("objects"), tmp_path / "objects")
    zarr = next(copy.rglob("*.zarr"))
    (zarr / "image" / "c" / "1" / "0" / "0").unlink()
    with pytest.raises(IntegrityError, match=r"lacks 1 of its chunks.*image"):
        SkySource(str(zarr)).to_dask()


def test_options_of_a_file_system_are_refused_with_where_they_go():
    with pytest.raises(ParameterError, match=r"\['anon'\].*FSSPEC_S3"):
        SkySource("s3://bucket/sky.zarr", storage_options={"anon": True})


def test_partitions_are_the_chunks(catalog):
    source = catalog.sky_v0
    assert source.discover()["npartitions"] == 7
    assert source.read_partition(6).sizes["sample"] == 2
    whole = xr.concat(list(source.read_chunked()), "sample")
    assert whole.image.equals(source.read().image)


def test_discover_tells_what_is_inside(catalog):
    found = catalog.sky_v0.discover()["metadata"]
    assert found["dims"] == {"sample": 50, "y": 6, "x": 4, "source": 3}
    assert found["data_vars"] == ["image"]


def test_a_source_survives_pickling(catalog):
    source = catalog.sky_v0_test
    again = pickle.loads(pickle.dumps(source))
    assert again.metadata == source.metadata
    xr.testing.assert_identical(again.read(), source.read())


def test_closing_a_source_lets_it_be_opened_anew(catalog):
    source = catalog.sky_v0_test
    before = source.to_dask()
    assert source.to_dask() is before
    source.close()
    assert source.to_dask() is not before


@pytest.fixture
def copied(released, tmp_path):
    """A copy of the store, for a test to change, and its catalog."""
    folder = shutil.copytree(released.store.local_path(""), tmp_path / "copied")
    return folder, intake.open_catalog(str(folder / "catalog.yaml"))


def test_a_moved_store_still_opens(copied):
    _, moved = copied
    assert moved.objects_v0.read().sizes["sample"] == 50
    assert "content_hash" in moved.objects_v0.to_dask().attrs


def test_a_zarr_store_without_its_manifest_opens_as_what_nothing_proves(released, tmp_path):
    shutil.copytree(released.store.local_path("objects"), tmp_path / "moved" / "objects")
    shutil.copy(released.catalog, tmp_path / "moved" / "catalog.yaml")
    moved = intake.open_catalog(str(tmp_path / "moved" / "catalog.yaml"))
    with pytest.warns(UnprovenDataWarning, match="nothing proves what it holds"):
        ds = moved.objects_v0.to_dask()
    assert ds.sizes["sample"] == 50
    assert not {"content_hash", "version", "license"} & ds.attrs.keys()
    with pytest.raises(ParameterError, match="has no manifest to compare its rows with"):
        moved.objects_v0(verify="full").to_dask()


def test_an_entry_opens_no_other_content_than_the_hash_that_it_names(copied):
    folder, catalog = copied
    hashes = [catalog[name].metadata["hash"] for name in ("sky_v0_10", "sky_v0_9")]
    text = (folder / "catalog.yaml").read_text().replace(*hashes)
    (folder / "catalog.yaml").write_text(text)
    forged = intake.open_catalog(str(folder / "catalog.yaml"))
    with pytest.raises(IntegrityError, match=r"sky 0\.10 in .* is not the content that was pinned"):
        forged.sky_v0_10.to_dask()


def test_an_entry_that_points_to_another_version_does_not_open_it_under_its_hash(copied):
    folder, catalog = copied
    names = [catalog[name].urlpath.rpartition("/sky/")[2] for name in ("sky_v0_10", "sky_v0_9")]
    text = (folder / "catalog.yaml").read_text().replace(*names)
    (folder / "catalog.yaml").write_text(text)
    forged = intake.open_catalog(str(folder / "catalog.yaml"))
    with pytest.warns(UnprovenDataWarning):
        assert "content_hash" not in forged.sky_v0_10.to_dask().attrs


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"int32"', '"uint8"', "array image has fill_value -2147483648, where skybench writes 255"),
        ('"units": "electron"', '"units": "photon_s"', "units of variable"),
        ('"star spiral"', '"spiral star"', "label"),
    ],
)
def test_what_changes_the_meaning_of_data_is_found_when_they_are_opened(copied, old, new, said):
    folder, catalog = copied
    (path,) = folder.glob("sky/0.10/*.zarr/zarr.json")
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(IntegrityError, match=said):
        catalog.sky_v0.to_dask()


def test_swapped_chunks_do_not_pass_full_verification(copied):
    folder, catalog = copied
    (image,) = folder.glob("sky/0.10/*.zarr/image/c")
    first, second = image / "0" / "0" / "0", image / "1" / "0" / "0"
    data = first.read_bytes(), second.read_bytes()
    first.write_bytes(data[1])
    second.write_bytes(data[0])
    with pytest.raises(IntegrityError, match="image"):
        catalog.sky_v0(verify="full").to_dask().image.compute()


def test_a_store_on_another_file_system_opens_by_url(released):
    memory = fsspec.filesystem("memory")
    memory.put(str(released.store), "/elsewhere", recursive=True)
    ds = intake.open_catalog("memory://elsewhere/catalog.yaml").sky_v0_test.read()
    memory.rm("/elsewhere", recursive=True)
    assert set(ds.split.to_numpy()) == {"test"}


def test_a_release_opens_with_object_parameters_as_coordinates_and_its_scores(demo_store):
    catalog = intake.open_catalog(str(demo_store / "catalog.yaml"))
    for name in ["objects_v0", "sky_v0"]:
        source = catalog[f"{name}_test"]
        ds = source.to_dask()
        assert {"psf_fwhm", "sky_level", "flux", "source_x", "half_light_radius"} <= set(ds.coords)
        assert set(ds.split.to_numpy()) == {"test"}
        assert ds.sizes["sample"] == source.metadata["samples"]
        assert all(0 <= score <= 1 for score in source.metadata["baseline_scores"].values())
        assert len(source.metadata["baseline_scores"]) >= 2
