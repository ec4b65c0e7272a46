"""A Zarr store by itself, without manifest and index."""

from dataclasses import replace
from pathlib import Path

import xarray as xr

from skybench.errors import NotFoundError
from skybench.generators.codes import SAMPLE_DIM
from skybench.registry.arrays.open_url import open_url
from skybench.registry.arrays.zarr_format import (
    choose_layout,
    create,
    missing_chunks,
    open_raw,
    write_rows,
)
from skybench.registry.exports.blocks import unfinished_blocks
from skybench.registry.exports.export_format import DataFormat


def write_zarr(ds: xr.Dataset, path: Path) -> None:
    """Write a store as releases have it, a shard at a time; goes on with one that is begun."""
    url, samples = str(path), ds.sizes[SAMPLE_DIM]
    chosen = choose_layout(ds, samples)
    layout = replace(chosen, group_rows=chosen.shard_rows)  # blocks of that size are in memory
    if not _is_begun(url):
        create(url, ds, samples, layout)
    missing = [key.split("/c/")[1] for key in missing_chunks(url)]
    numbers = {int(place.partition("/")[0]) for place in missing if place}

    def finished(rows: slice) -> bool:
        return rows.start // layout.shard_rows not in numbers

    for rows, block in unfinished_blocks(ds, layout.shard_rows, finished):
        values = {str(name): variable.values for name, variable in block.variables.items()}
        write_rows(url, rows.start, values, layout)


def _is_begun(url: str) -> bool:
    try:
        open_raw(url, chunked=False)
    except NotFoundError:
        return False
    return True


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
    resumable=True,
)
