"""Codes of samples and what they stand for, as CF flag variables tell it."""

from collections.abc import Hashable, Mapping
from functools import partial
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skybench.errors import IntegrityError

SAMPLE_DIM = "sample"
SPLIT_VARIABLE = "split"


def flag_names(variable: xr.Variable) -> dict[int, str]:
    """Return the meaning of each code of a CF flag variable.

    Raises
    ------
    IntegrityError
        It lacks ``flag_values`` or ``flag_meanings``.
    """
    if not {"flag_values", "flag_meanings"} <= variable.attrs.keys():
        msg = (
            f"a variable of codes has attributes {sorted(map(str, variable.attrs))}; expected "
            "flag_values and flag_meanings, as skybench writes them"
        )
        raise IntegrityError(msg)
    values: list[Any] = np.atleast_1d(variable.attrs["flag_values"]).tolist()
    return dict(zip(values, str(variable.attrs["flag_meanings"]).split(), strict=True))


def decode_flags(ds: xr.Dataset) -> xr.Dataset:
    """Return the dataset with the codes of CF flag variables as strings, still lazy.

    A code without a meaning becomes the empty string. ``flag_meanings`` stays as the list of
    the possible strings; ``flag_values`` goes.
    """
    decoded = {
        name: _decoded(variable) if "flag_values" in variable.attrs else variable
        for name, variable in ds.variables.items()
    }
    return with_variables(ds, decoded)


def with_variables(ds: xr.Dataset, variables: Mapping[Hashable, xr.Variable]) -> xr.Dataset:
    """Return the dataset with other variables under its names, which need not fit the old ones."""
    return xr.Dataset(
        {name: variables[name] for name in ds.data_vars},
        {name: variables[name] for name in ds.coords},
        ds.attrs,
    )


def _decoded(variable: xr.Variable) -> xr.Variable:
    table = dict(sorted(flag_names(variable).items()))
    codes, names = np.array(list(table)), np.array(list(table.values()))
    decode = partial(_meanings, codes=codes, names=names)
    data = variable.data
    if variable.chunks is None:
        data = decode(np.asarray(data))
    else:
        meta = np.empty((0,) * data.ndim, names.dtype)
        data = data.map_blocks(decode, dtype=names.dtype, meta=meta)
    attrs = {key: value for key, value in variable.attrs.items() if key != "flag_values"}
    return xr.Variable(variable.dims, data, attrs)


def _meanings(
    values: NDArray[Any], codes: NDArray[Any], names: NDArray[np.str_]
) -> NDArray[np.str_]:
    places = np.searchsorted(codes, values).clip(max=len(codes) - 1)
    known = codes[places] == values
    return np.where(known, names[places], "").astype(names.dtype)


def encode_flags(variable: xr.Variable) -> xr.Variable:
    """Return a variable of codes that `decode_flags` made strings of, as codes again.

    They count the meanings from 0 in their order; a string that is none of them is -1. A variable
    that is not decoded is returned as it is.
    """
    if "flag_meanings" not in variable.attrs or "flag_values" in variable.attrs:
        return variable
    names = str(variable.attrs["flag_meanings"]).split()
    strings = np.asarray(variable.values)
    codes = np.full(strings.shape, -1, np.int16)
    for code, name in enumerate(names):
        codes[strings == name] = code
    flags = {**variable.attrs, "flag_values": np.arange(len(names), dtype=np.int16)}
    return xr.Variable(variable.dims, codes, flags)
