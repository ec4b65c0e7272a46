"""NumPy's own archive."""

from pathlib import Path

import numpy as np
import xarray as xr

from skybench.registry.exports.export_format import DataFormat


def write_npz(ds: xr.Dataset, path: Path) -> None:
    """Write each variable as an array under its name, compressed; all are in memory at once."""
    arrays = {str(name): np.asarray(variable.values) for name, variable in ds.variables.items()}
    # mypy: an array might be named allow_pickle; the schema has no such variable.
    np.savez_compressed(path, **arrays)  # type: ignore[arg-type]


NPZ = DataFormat(
    name="npz",
    suffix=".npz",
    keeps="every value of every variable, to the last bit, under its name.",
    loses="dimensions, units, what codes mean, where the data are from, and reading by parts.",
    write=write_npz,
)
