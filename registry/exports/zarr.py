"""A Zarr store by itself, without manifest and index."""

from pathlib import Path

import xarray as xr

from skybench.generators.codes import SAMPLE_DIM
from skybench.registry.arrays.zarr_format import choose_layout, create, write_rows
from skybench.registry.exports.export_format import DataFormat


def write_zarr(ds: xr.Dataset, path: Path) -> None:
    """Write a store as releases have it, a shard at a time."""
    samples = ds.sizes[SAMPLE_DIM]
    layout = choose_layout(ds, samples)
    create(str(path), ds, samples, layout)
    along = ds.drop_vars([name for name, v in ds.variables.items() if SAMPLE_DIM not in v.dims])
    for start, stop in layout.shards(samples):
        rows = along.isel({SAMPLE_DIM: slice(start, stop)}).compute()
        columns = {str(name): variable.values for name, variable in rows.variables.items()}
        write_rows(str(path), start, columns, layout)


ZARR = DataFormat(
    name="zarr",
    suffix=".zarr",
    keeps="every value, dimensions, units, what codes mean, and reading by parts.",
    loses="the hashes that prove a release; the attribute exported_from names it.",
    write=write_zarr,
)
