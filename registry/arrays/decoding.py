"""Codes as the strings that they stand for, still lazy."""

from functools import partial
from typing import Any

import dask.array as da
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skybench.registry.hashing.codes import flag_names


def decode_flags(ds: xr.Dataset) -> xr.Dataset:
    """Return the dataset with the codes of CF flag variables as strings, still lazy.

    A code without a meaning becomes the empty string. ``flag_meanings`` stays as the list of
    the possible strings; ``flag_values`` goes.
    """
    decoded = {
        name: _decoded(variable) if "flag_values" in variable.attrs else variable
        for name, variable in ds.variables.items()
    }
    return xr.Dataset(
        {name: decoded[name] for name in ds.data_vars},
        {name: decoded[name] for name in ds.coords},
        ds.attrs,
    )


def _decoded(variable: xr.Variable) -> xr.Variable:
    table = dict(sorted(flag_names(variable).items()))
    codes, names = np.array(list(table)), np.array(list(table.values()))
    data = variable.data
    if isinstance(data, da.Array):
        meta = np.empty((0,) * data.ndim, names.dtype)
        decode = partial(_meanings, codes=codes, names=names)
        data = da.map_blocks(decode, data, dtype=names.dtype, meta=meta)  # type: ignore[no-untyped-call]
    else:
        data = _meanings(np.asarray(data), codes, names)
    attrs = {key: value for key, value in variable.attrs.items() if key != "flag_values"}
    return xr.Variable(variable.dims, data, attrs)


def _meanings(
    values: NDArray[Any], codes: NDArray[Any], names: NDArray[np.str_]
) -> NDArray[np.str_]:
    places = np.searchsorted(codes, values).clip(max=len(codes) - 1)
    known = codes[places] == values
    return np.where(known, names[places], "").astype(names.dtype)
