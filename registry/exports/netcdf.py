"""NetCDF-4 by the CF conventions, as xarray, climate tools and archives read it."""

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from xarray.conventions import encode_dataset_coordinates

from skybench.errors import ParameterError
from skybench.generators.codes import SAMPLE_DIM
from skybench.registry.arrays.zarr_format import choose_layout
from skybench.registry.exports.blocks import blocks
from skybench.registry.exports.export_format import DataFormat


def check_netcdf(ds: xr.Dataset) -> None:
    """Raise a `ParameterError` where a dtype has no equal in NetCDF."""
    for name, variable in ds.variables.items():
        if variable.dtype.name in {"bool", "float16"}:
            msg = f"{name} is {variable.dtype}, which NetCDF does not have; export hdf5 or zarr"
            raise ParameterError(msg)


def write_netcdf(ds: xr.Dataset, path: Path) -> None:
    """Write a file with flag_values and flag_meanings of codes, some rows at a time."""
    import netCDF4  # late: not everybody has it

    with netCDF4.Dataset(path, "w", clobber=False) as file:
        _create(file, ds)
        start = 0
        for block in blocks(ds):
            stop = start + block.sizes[SAMPLE_DIM]
            for name, variable in block.variables.items():
                file[str(name)][start:stop] = variable.values
            start = stop


def _create(file: Any, ds: xr.Dataset) -> None:
    # xarray's to_netcdf would have dask's chunks wait in memory for the one writer of the file.
    variables, attributes = encode_dataset_coordinates(ds)
    file.setncatts({"Conventions": "CF-1.10", **attributes})
    for dim, size in ds.sizes.items():
        file.createDimension(dim, size)
    rows = choose_layout(ds, ds.sizes[SAMPLE_DIM]).chunk_rows
    for name, variable in variables.items():
        storage: dict[str, Any] = {}
        if variable.ndim and variable.size:
            chunks = (min(rows, variable.shape[0]), *variable.shape[1:])
            storage = {"compression": "zlib", "fletcher32": True, "chunksizes": chunks}
        # Without a fill value every value is one that was written.
        stored = file.createVariable(
            name, variable.dtype.str[1:], variable.dims, fill_value=False, **storage
        )
        stored.set_auto_maskandscale(False)
        stored.setncatts(variable.attrs)
        if SAMPLE_DIM not in variable.dims:
            stored[...] = variable.values


def read_netcdf(path: Path) -> xr.Dataset:
    """Return the dataset, lazy."""
    ds = xr.open_dataset(
        path,
        engine="netcdf4",
        mask_and_scale=False,
        decode_times=False,
        decode_timedelta=False,
        cache=False,
    )
    for variable in ds.variables.values():
        if "flag_values" in variable.attrs:  # one alone comes back as a number
            variable.attrs["flag_values"] = np.atleast_1d(variable.attrs["flag_values"])
    return ds


NETCDF = DataFormat(
    name="netcdf",
    suffix=".nc",
    keeps="every value, dimensions, units, what codes mean, and reading by parts.",
    loses="nothing: skybench verify proves it.",
    write=write_netcdf,
    read=read_netcdf,
    check=check_netcdf,
    needs=("netCDF4",),
)
