"""What goes into a store comes out of it, and what is damaged or missing is noticed."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
import zarr

from skybench.errors import NotFoundError, ParameterError
from skybench.registry.arrays.zarr_format import (
    Layout,
    choose_layout,
    chunk_keys,
    create,
    missing_chunks,
    open_raw,
    write_rows,
)
from skybench.registry.hashing.content_hash import hash_dataset

SAMPLES = 90
LAYOUT = Layout(chunk_rows=8, shard_rows=32)


def flags(*meanings: str) -> dict[str, Any]:
    codes = np.arange(len(meanings), dtype="i1")
    return {"flag_values": codes, "flag_meanings": " ".join(meanings)}


def sky(samples: int = SAMPLES) -> xr.Dataset:
    random = np.random.default_rng(5)
    flux = random.random((samples, 3)).astype("f4")
    flux[::2, 1:] = np.nan
    along = "sample"
    image = random.poisson(9, (samples, 6, 5)).astype("i4")
    return xr.Dataset(
        {"image": ((along, "y", "x"), image, {"units": "electron"})},
        coords={
            "sample_id": (along, np.arange(samples)),
            "split": (along, (np.arange(samples) % 3).astype("i1"), flags("a", "b", "c")),
            "flux": ((along, "source"), flux, {"units": "electron"}),
            "present": ((along, "class"), random.integers(0, 2, (samples, 2)).astype("i1")),
            "class": ("class", np.arange(2, dtype="i1"), flags("star", "galaxy")),
            # Whole chunks of the fill value, of zero and of NaN must be written and come back.
            "smallest": (along, np.full(samples, np.iinfo("i4").min, "i4")),
            "zero": (along, np.zeros(samples, "i2")),
            "nothing": (along, np.full(samples, np.nan)),
            "flag": (along, np.zeros(samples, bool)),
            "count": (along, np.full(samples, 255, "u1")),
        },
        attrs={"recipe": "sky"},
    )


def write(url: str, ds: xr.Dataset, layout: Layout = LAYOUT) -> None:
    samples = ds.sizes["sample"]
    create(url, ds.isel(sample=slice(0)), samples, layout)
    for start, stop in layout.groups(samples):
        rows = ds.isel(sample=slice(start, stop)).variables.items()
        columns = {str(n): v.values for n, v in rows if "sample" in v.dims}
        write_rows(url, start, columns, layout)


@pytest.fixture
def url(tmp_path: Path) -> str:
    write(str(tmp_path / "sky.zarr"), sky())
    return str(tmp_path / "sky.zarr")


class TestRoundTrip:
    @pytest.mark.parametrize("scheme", ["path", "file", "memory"])
    def test_is_identical_on_any_url(self, scheme, tmp_path):
        prefix = {"path": "", "file": "file://", "memory": "memory://"}[scheme]
        url = f"{prefix}{tmp_path}/sky.zarr"
        write(url, sky())
        stored = open_raw(url)
        xr.testing.assert_identical(stored.load(), sky())
        for name, variable in stored.variables.items():
            assert variable.dtype == sky().variables[name].dtype, name
        assert stored.split.attrs["flag_values"].dtype == np.int8
        assert hash_dataset(open_raw(url)) == hash_dataset(sky())

    def test_opens_lazily_with_chunks_of_the_store(self, url):
        ds = open_raw(url)
        assert set(ds.chunksizes["sample"]) == {8, 2}
        assert all(v.chunks for v in ds.variables.values() if "sample" in v.dims)

    def test_plain_xarray_reads_the_same_numbers(self, url):
        plain = xr.open_zarr(url)
        xr.testing.assert_equal(plain.load(), sky())
        assert set(plain.coords) == set(sky().coords)
        assert plain.image.dtype == np.int32

    def test_of_no_samples_and_of_one(self, tmp_path):
        for samples in (0, 1):
            url = str(tmp_path / f"{samples}.zarr")
            write(url, sky(samples))
            assert missing_chunks(url) == []
            xr.testing.assert_identical(open_raw(url).load(), sky(samples))

    def test_replaces_what_was_there(self, url):
        write(url, sky(10))
        assert open_raw(url).sizes["sample"] == 10
        assert missing_chunks(url) == []


class TestForm:
    def test_every_array_has_checksums_and_impossible_fill_values(self, url):
        for name, array in zarr.open_group(url, mode="r").arrays():
            assert [type(c).__name__ for c in array.compressors] == ["BloscCodec", "Crc32cCodec"]
            blosc = array.compressors[0].to_dict()["configuration"]
            assert (blosc["cname"], blosc["shuffle"]) == ("lz4", "bitshuffle")
            if array.ndim and "sample" in array.metadata.dimension_names:
                assert (array.chunks[0], array.shards[0]) == (8, 32), name
        assert zarr.open_group(url, mode="r")["image"].fill_value == np.iinfo("i4").min

    def test_metadata_are_consolidated(self, url):
        metadata = zarr.open_consolidated(url).metadata.consolidated_metadata
        assert set(metadata.metadata) == set(sky().variables)

    def test_one_flipped_bit_anywhere_raises(self, url):
        """40 flips over all shards: blosc alone let 54 of 60 through."""
        random = np.random.default_rng(1)
        keys = chunk_keys(url)
        for _ in range(40):
            key = keys[random.integers(len(keys))]
            path = Path(url) / key
            whole = path.read_bytes()
            bit = random.integers(8 * len(whole))
            damaged = bytearray(whole)
            damaged[bit // 8] ^= 1 << bit % 8
            path.write_bytes(damaged)
            with pytest.raises(ValueError, match=r"(?i)checksum"):
                zarr.open_group(url, mode="r")[key.split("/")[0]][:]
            path.write_bytes(whole)
        assert hash_dataset(open_raw(url)) == hash_dataset(sky())


class TestMissingChunks:
    def test_are_none_in_a_whole_store(self, url):
        assert missing_chunks(url) == []
        assert "image/c/2/0/0" in chunk_keys(url)
        # Each variable along sample in 3 shards, and class.
        assert len(chunk_keys(url)) == (len(sky().variables) - 1) * 3 + 1

    @pytest.mark.parametrize("key", ["image/c/1/0/0", "split/c/2", "class/c/0"])
    def test_are_named_when_deleted_or_empty(self, url, key):
        (Path(url) / key).write_bytes(b"")
        assert missing_chunks(url) == [key]
        (Path(url) / key).unlink()
        assert missing_chunks(url) == [key]

    def test_read_as_impossible_values(self, url):
        (Path(url) / "image/c/1/0/0").unlink()
        assert (open_raw(url).image[32:64] == np.iinfo("i4").min).all()


class TestLayout:
    def row(self, *shape: int) -> xr.Dataset:
        return xr.Dataset({"image": (("sample", "y", "x"), np.empty((0, *shape), "i4"))})

    @pytest.mark.parametrize(
        ("shape", "samples", "chunk", "shard", "group"),
        [
            ((64, 64), 100_000, 256, 1024, 2048),  # 4 MB chunks
            ((28, 28), 100_000, 512, 2048, 2048),
            ((28, 28), 10_000, 512, 1024, 1024),  # ten tasks, not five
            ((64, 64), 600, 128, 128, 128),
            ((2048, 2048), 100, 1, 4, 4),  # one image is more than a chunk should be
            ((64, 64), 1, 64, 64, 64),
            ((28, 28), 10**7, 512, 16_384, 262_144),  # 51 MB, and 38 groups
            ((28, 28), 10**8, 512, 16_384, 262_144),  # a gigabyte at most
        ],
    )
    def test_follows_the_size_of_a_row(self, shape, samples, chunk, shard, group):
        expected = Layout(chunk_rows=chunk, shard_rows=shard, group_rows=group)
        assert choose_layout(self.row(*shape), samples) == expected

    def test_takes_given_rows(self):
        assert choose_layout(self.row(64, 64), 10, 5, 10) == Layout(chunk_rows=5, shard_rows=10)

    @pytest.mark.parametrize(("chunk", "shard"), [(0, 8), (8, 0), (8, 12), (8, 4), (-8, 8)])
    def test_refuses_shards_of_broken_chunks(self, chunk, shard):
        with pytest.raises(ParameterError, match=f"got shard_rows={shard}, chunk_rows={chunk}"):
            choose_layout(self.row(8, 8), 10, chunk, shard)

    def test_small_variables_have_longer_shards(self):
        layout = Layout(chunk_rows=512, shard_rows=16_384, group_rows=262_144)
        assert layout.shard_rows_of(28 * 28 * 4) == 16_384
        assert layout.shard_rows_of(1024) == 65_536
        assert layout.shard_rows_of(8) == 262_144
        with pytest.raises(ParameterError, match="group_rows must be a multiple"):
            Layout(chunk_rows=4, shard_rows=8, group_rows=12)

    def test_pieces_are_never_more_than_a_shard(self):
        assert Layout(chunk_rows=2, shard_rows=6, group_rows=12).pieces(14, 4) == [
            (4, 10),
            (10, 14),
        ]
        assert Layout(chunk_rows=1, shard_rows=8).pieces(6) == [(0, 4), (4, 6)]

    def test_shards_cover_every_row_once(self):
        assert LAYOUT.groups(70) == [(0, 32), (32, 64), (64, 70)]
        assert LAYOUT.groups(0) == []


def test_opening_nothing_says_where(tmp_path):
    with pytest.raises(NotFoundError, match=r"no consolidated Zarr dataset at .*nowhere.zarr"):
        open_raw(str(tmp_path / "nowhere.zarr"))
