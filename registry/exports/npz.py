"""NumPy's own archive."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skybench.registry.exports.blocks import columns
from skybench.registry.exports.export_format import DataFormat
from skybench.registry.exports.metadata_text import dataset_of, metadata_text

METADATA = "metadata"
"""The array that is none of the dataset's: its dimensions and attributes as one JSON text."""


def write_npz(ds: xr.Dataset, path: Path) -> None:
    """Write each variable as an array under its name, compressed, some rows at a time."""
    # numpy.savez_compressed would do the same with every array in memory.
    with ZipFile(path, "x", ZIP_DEFLATED) as archive:
        for name, parts in columns(ds):
            _write_array(archive, name, ds.variables[name], parts)
        text = np.array(metadata_text(ds))
        _write_array(archive, METADATA, xr.Variable((), text), iter([text]))


def _write_array(
    archive: ZipFile, name: str, variable: xr.Variable, parts: Iterator[NDArray[Any]]
) -> None:
    header = {
        "descr": np.lib.format.dtype_to_descr(variable.dtype),
        "fortran_order": False,
        "shape": variable.shape,
    }
    with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
        np.lib.format.write_array_header_1_0(member, header)
        for values in parts:
            member.write(np.ascontiguousarray(values, variable.dtype).data)


def read_npz(path: Path) -> xr.Dataset:
    """Return the dataset, in memory."""
    with np.load(path) as arrays:
        return dataset_of(str(arrays[METADATA]), lambda name, *_: arrays[name])


NPZ = DataFormat(
    name="npz",
    suffix=".npz",
    keeps="every value under its name; dimensions, units and what codes mean as JSON beside them.",
    loses="reading by parts; skybench verify proves the rest.",
    write=write_npz,
    read=read_npz,
)
