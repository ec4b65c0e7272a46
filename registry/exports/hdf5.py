"""HDF5: one file for h5py, MATLAB, Julia and what else reads it; in one piece or in bricks."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from xarray.conventions import encode_dataset_coordinates

from skybench.generators.codes import SAMPLE_DIM
from skybench.registry.arrays.zarr_format import choose_layout
from skybench.registry.exports.blocks import blocks
from skybench.registry.exports.export_format import DataFormat

BRICK_SAMPLES = 512

_NO_VARIABLE = "This is a netCDF dimension but not a netCDF variable."
"""How netCDF-4 names the scale of a dimension that has no coordinate; xarray knows it, too."""

_OF_SCALES = {"CLASS", "NAME", "DIMENSION_LIST", "REFERENCE_LIST"}


def write_hdf5(ds: xr.Dataset, path: Path) -> None:
    """Write a dataset a variable, with attributes and dimension scales, some rows at a time."""
    import h5py  # late: not everybody has it

    with h5py.File(path, "x") as file:
        _create(file, ds, ds.sizes[SAMPLE_DIM])
        start = 0
        for block in blocks(ds):
            _fill(file, block, start)
            start += block.sizes[SAMPLE_DIM]


def write_bricks(ds: xr.Dataset, path: Path) -> None:
    """Write a group for every `BRICK_SAMPLES` samples, each a dataset by itself."""
    import h5py  # late: not everybody has it

    with h5py.File(path, "x") as file:
        _set_attributes(file, ds.attrs)
        if not ds.sizes[SAMPLE_DIM]:
            _create(file, ds, 0)
        for number, block in enumerate(blocks(ds, BRICK_SAMPLES)):
            group = file.create_group(f"brick-{number:04d}")
            _create(group, ds.drop_attrs(deep=False), block.sizes[SAMPLE_DIM])
            _fill(group, block, 0)


def _create(group: Any, ds: xr.Dataset, samples: int) -> None:
    """Make all variables with so many samples, and fill those that have no samples."""
    variables, attributes = encode_dataset_coordinates(ds)
    _set_attributes(group, attributes)
    rows = choose_layout(ds, samples).chunk_rows
    sizes = {str(dim): size for dim, size in ds.sizes.items()} | {SAMPLE_DIM: samples}
    for dim in sizes.keys() - variables.keys():
        scale = group.create_dataset(dim, (sizes[dim],), ">f4")  # never filled: no bytes
        scale.make_scale(f"{_NO_VARIABLE}{sizes[dim]:10d}")
    for name, variable in variables.items():
        shape = tuple(sizes[str(dim)] for dim in variable.dims)
        stored = group.create_dataset(name, shape, variable.dtype, **_storage(shape, rows))
        _set_attributes(stored, variable.attrs)
        if variable.dims == (name,):
            stored.make_scale(name)
        if SAMPLE_DIM not in variable.dims:
            stored[...] = variable.values
    for name, variable in variables.items():
        for axis, dim in enumerate(variable.dims):
            if dim != name:
                group[name].dims[axis].attach_scale(group[dim])


def _storage(shape: tuple[int, ...], rows: int) -> dict[str, Any]:
    if not shape or 0 in shape:
        return {}  # HDF5 has no chunks of nothing
    chunks = (min(rows, shape[0]), *shape[1:])
    return {"chunks": chunks, "compression": "gzip", "shuffle": True, "fletcher32": True}


def _set_attributes(place: Any, attributes: Mapping[Any, Any]) -> None:
    for name, value in attributes.items():
        place.attrs[str(name)] = value


def _fill(group: Any, block: xr.Dataset, start: int) -> None:
    stop = start + block.sizes[SAMPLE_DIM]
    for name, variable in block.variables.items():
        group[str(name)][start:stop] = variable.values


def read_hdf5(path: Path) -> xr.Dataset:
    """Return the dataset, lazy, of a file of either form."""
    import h5py  # late: not everybody has it

    file = h5py.File(path)
    bricks = [_dataset(file[name]) for name in sorted(file) if name.startswith("brick-")]
    if bricks:
        ds = xr.concat(
            bricks,
            SAMPLE_DIM,
            data_vars="minimal",
            coords="minimal",
            compat="override",
            join="override",
        ).assign_attrs(file.attrs)
    else:
        ds = _dataset(file)
    ds.set_close(file.close)
    return ds


def _dataset(group: Any) -> xr.Dataset:
    attributes = dict(group.attrs)
    coordinates = set(str(attributes.pop("coordinates", "")).split())
    variables = {}
    for name, stored in group.items():
        if not _is_bare_dimension(stored):
            variables[name] = _variable(stored)
            coordinates |= set(str(stored.attrs.get("coordinates", "")).split())
            coordinates |= {name} & {*variables[name].dims}
    return xr.Dataset(variables, attrs=attributes).set_coords(sorted(coordinates))


def _is_bare_dimension(stored: Any) -> bool:
    return bytes(stored.attrs.get("NAME", b"")).startswith(_NO_VARIABLE.encode())


def _variable(stored: Any) -> xr.Variable:
    import dask.array as da  # late: it takes half a second

    hidden = _OF_SCALES | {"coordinates"}
    attributes = {name: stored.attrs[name] for name in stored.attrs.keys() - hidden}
    if stored.is_scale:
        return xr.Variable((stored.name.rpartition("/")[2],), stored[...], attributes)
    dims = [scale[0].name.rpartition("/")[2] for scale in stored.dims]
    if 0 in stored.shape or not stored.shape:
        return xr.Variable(dims, np.asarray(stored[...]), attributes)
    lazy = da.from_array(stored, chunks=stored.chunks or stored.shape, name=False)  # type: ignore[no-untyped-call]
    return xr.Variable(dims, lazy, attributes)


HDF5 = DataFormat(
    name="hdf5",
    suffix=".h5",
    keeps="every value, dimensions, units, what codes mean, and reading by parts.",
    loses="nothing: skybench verify proves it.",
    write=write_hdf5,
    read=read_hdf5,
    needs=("h5py",),
)

HDF5_BRICKS = DataFormat(
    name="hdf5-bricks",
    suffix=".h5",
    keeps=f"what hdf5 keeps, in groups brick-0000, brick-0001, … of {BRICK_SAMPLES} samples.",
    loses="nothing: skybench verify proves it.",
    write=write_bricks,
    read=read_hdf5,
    needs=("h5py",),
)
