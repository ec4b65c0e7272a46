"""Rows straight from the shards of a store."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from skybench.errors import IntegrityError
from skybench.registry.arrays.chunked_rows import stored_rows
from skybench.registry.arrays.zarr_format import open_raw

(TINY,) = (Path(__file__).parents[2] / "data" / "format-1" / "tiny" / "1.0").glob("*.zarr")


def test_whole_variables_are_those_that_zarr_reads():
    ds = open_raw(str(TINY), chunked=False)
    for name, variable in ds.variables.items():
        values = stored_rows(str(TINY), str(name), variable)
        assert values.dtype == variable.dtype
        np.testing.assert_array_equal(values, variable.values)


def test_rows_that_were_changed_are_named(tmp_path):
    url = shutil.copytree(TINY, tmp_path / "tiny.zarr")
    shard = next((url / "label" / "c").iterdir())
    data = bytearray(shard.read_bytes())
    data[20] ^= 1
    shard.write_bytes(data)
    label = open_raw(str(url), chunked=False).variables["label"]
    with pytest.raises(IntegrityError, match=r"label rows 0 to \d+ of .*tiny\.zarr cannot be read"):
        stored_rows(str(url), "label", label)
