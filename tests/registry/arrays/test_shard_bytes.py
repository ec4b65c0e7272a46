"""Shards that we encode are those of Zarr: it reads them, and would write the same."""

import asyncio

import numpy as np
import pytest
import xarray as xr
import zarr
from zarr.storage import LocalStore

from skybench.errors import ParameterError
from skybench.registry.arrays.shard_bytes import shard_bytes
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
