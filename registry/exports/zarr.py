"""A Zarr store by itself, without manifest and index."""

from pathlib import Path

import xarray as xr

from skybench.registry.arrays.codes import SAMPLE_DIM
from skybench.registry.arrays.open_url import open_url
from skybench.registry.arrays.zarr_format import choose_layout, create, write_rows
from skybench.registry.exports.blocks import blocks
from skybench.registry.exports.export_format import DataFormat


def write_zarr(ds: xr.Dataset, path: Path) -> None:
    """Write a store as releases have it, a shard at a time."""
    samples = ds.sizes[SAMPLE_DIM]
    layout = choose_layout(ds, samples)
    create(str(path), ds, samples, layout)
    start = 0
    for block in blocks(ds, layout.shard_rows):
        values = {str(name): variable.values for name, variable in block.variables.items()}
        write_rows(str(path), start, values, layout)
        start += layout.shard_rows


def read_zarr(path: Path) -> xr.Dataset:
    """Return the dataset, lazy."""
    return open_url(str(path), decode=False)


ZARR = DataFormat(
    name="zarr",
    suffix=".zarr",
    keeps="every value, dimensions, units, what codes mean, and reading by parts.",
    loses="nothing: skybench verify proves it.",
    write=write_zarr,
    read=read_zarr,
)
