"""Shards that we encode are those of Zarr, and are read without it; every damage is refused."""

import asyncio

import google_crc32c
import numpy as np
import pytest
import xarray as xr
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from zarr.storage import LocalStore

from skybench.errors import IntegrityError, ParameterError
from skybench.registry.arrays.shards import ShardForm, ShardWriter
from skybench.registry.arrays.zarr_format import Layout, create, open_raw, write_rows

LAYOUT = Layout(chunk_rows=4, shard_rows=8)


def dataset(samples=19):
    random = np.random.default_rng(0)
    return xr.Dataset(
        {
            "image": (("sample", "y", "x"), random.integers(-5, 999, (samples, 5, 6), np.int32)),
            "flux": (("sample", "source"), random.normal(size=(samples, 3)).astype(np.float32)),
            "label": ("sample", random.integers(0, 3, samples, np.int8)),
            "flag": ("sample", random.integers(0, 2, samples).astype(bool)),
        }
    )


def columns(ds):
    return {str(name): variable.values for name, variable in ds.variables.items()}


@pytest.fixture
def url(tmp_path):
    ds = dataset()
    create(str(tmp_path), ds.isel(sample=slice(0)), ds.sizes["sample"], LAYOUT)
    return str(tmp_path)


def test_zarr_reads_what_was_written(url):
    ds = dataset()
    write_rows(url, 0, columns(ds), LAYOUT)
    xr.testing.assert_equal(open_raw(url).load(), ds)


def test_zarr_writes_the_same_bytes(url):
    """Three shards, the last of them with one full chunk of rows missing and one not full."""
    ds = dataset()
    write_rows(url, 0, columns(ds), LAYOUT)
    group = zarr.open_group(LocalStore(url), mode="r+")
    for name, values in columns(ds).items():
        keys = [f"{name}/c/{i}{'/0' * (values.ndim - 1)}" for i in range(3)]
        ours = [read(url, key) for key in keys]
        group[name].with_config({"write_empty_chunks": True})[:] = values
        assert [read(url, key) for key in keys] == ours


def read(url, key):
    from zarr.core.buffer import default_buffer_prototype

    got = asyncio.run(LocalStore(url).get(key, default_buffer_prototype()))
    return got.to_bytes()


def test_a_flipped_bit_is_found(url, tmp_path):
    write_rows(url, 0, columns(dataset()), LAYOUT)
    path = tmp_path / "image" / "c" / "1" / "0" / "0"
    data = bytearray(path.read_bytes())
    data[20] ^= 1
    path.write_bytes(data)
    with pytest.raises(ValueError, match="checksum"):
        open_raw(url).image.load()


def test_rows_begin_with_a_shard(url):
    with pytest.raises(ParameterError, match="shard of 8, got row 4"):
        write_rows(url, 4, columns(dataset()), LAYOUT)


def test_the_byte_order_of_the_values_does_not_matter():
    values = np.arange(8, dtype="<i4")
    assert shard_bytes(values, 4, 8, 0) == shard_bytes(values.astype(">i4"), 4, 8, 0)


def shard_bytes(values, chunk_rows, shard_rows, fill_value):
    writer = ShardWriter(chunk_rows, shard_rows)
    writer.add(values, fill_value)
    return b"".join(writer.parts)


FORM = ShardForm(dtype=np.dtype("<i4"), row_shape=(3, 2), rows=10, chunk_rows=2, shard_rows=8)


def shard():
    return bytearray(shard_bytes(np.arange(60, dtype="<i4").reshape(10, 3, 2)[:8], 2, 8, -1))


@pytest.mark.parametrize("dtype", ["int8", "uint16", "float32", "float64", "int64"])
@pytest.mark.parametrize("row_shape", [(), (5,), (4, 3)])
def test_values_are_those_that_zarr_reads(tmp_path, dtype, row_shape):
    rng = np.random.default_rng(0)
    values = rng.integers(0, 100, (23, *row_shape)).astype(dtype)
    dims = ("sample", "y", "x")[: values.ndim]
    ds = xr.Dataset({"image": (dims, values)})
    layout = Layout(chunk_rows=4, shard_rows=12)
    create(str(tmp_path / "a.zarr"), ds.isel(sample=slice(0)), 23, layout)
    for start, stop in layout.groups(23):
        write_rows(str(tmp_path / "a.zarr"), start, {"image": values[start:stop]}, layout)
    array = zarr.open_group(tmp_path / "a.zarr", mode="r")["image"]
    form = ShardForm.of(array)
    read = [
        form.values((tmp_path / "a.zarr/image" / key).read_bytes(), rows)
        for number, key in enumerate(form.shard_keys())
        for rows in form.chunks(number)
    ]
    np.testing.assert_array_equal(np.concatenate(read), array[:])
    assert np.concatenate(read).dtype == array.dtype


def test_other_layouts_are_left_to_zarr(tmp_path):
    group = zarr.create_group(tmp_path / "a.zarr")
    plain = group.create_array("plain", shape=(8, 4), dtype="i4", chunks=(4, 4))
    narrow = group.create_array("narrow", shape=(8, 4), dtype="i4", chunks=(4, 2), shards=(8, 4))
    zstd = group.create_array("zstd", shape=(8,), dtype="i4", chunks=(4,), shards=(8,))
    assert [ShardForm.of(array) for array in (plain, narrow, zstd)] == [None] * 3


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_flipped_bit_is_refused_or_outside_the_chunk(data):
    damaged, rows = shard(), (2, 4)
    expected = FORM.values(bytes(damaged), rows)
    place = data.draw(st.integers(0, len(damaged) * 8 - 1))
    damaged[place // 8] ^= 1 << place % 8
    try:
        got = FORM.values(bytes(damaged), rows)
    except IntegrityError:
        return
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("length", [0, 1, 40, 67, 68, 100])
def test_a_cut_off_shard_is_refused(length):
    with pytest.raises(IntegrityError):
        FORM.values(bytes(shard()[:length]), (0, 2))


def with_index(index):
    text = np.array(index, "<u8").tobytes()
    return bytes(shard()[:-68]) + text + google_crc32c.value(text).to_bytes(4, "little")


def test_an_index_that_lies_is_refused():
    far = [(2**63, 8), (0, 2**40), (2**64 - 1, 2**64 - 1), (0, 4)]
    data = with_index(far)
    for number, message in enumerate(["beyond its", "beyond its", "is absent", "checksum"]):
        with pytest.raises(IntegrityError, match=message):
            FORM.values(data, (2 * number, 2 * number + 2))


def test_a_bomb_is_refused_before_it_is_decompressed():
    bomb = shard_bytes(np.zeros((1 << 20, 3, 2), "<i4"), 1 << 20, 1 << 20, -1)
    form = ShardForm(dtype=np.dtype("<i4"), row_shape=(3, 2), rows=8, chunk_rows=8, shard_rows=8)
    with pytest.raises(IntegrityError, match=r"the chunk holds 25165824 bytes, expected 192"):
        form.values(bomb, (0, 8))
