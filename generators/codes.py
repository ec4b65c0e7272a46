"""Codes of samples and what they stand for, as CF flag variables tell it, and what users get."""

from collections.abc import Callable, Hashable, Mapping
from functools import partial
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from xarray.backends import BackendArray
from xarray.core import indexing

from skybench.errors import IntegrityError

SAMPLE_DIM = "sample"
SPLIT_VARIABLE = "split"
SET_VARIABLE, IN_SET = "set", "in_set"
"""The names of sets of samples, and on (sample, set) who is in them."""

ID_VARIABLE = "sample_id"
SEALED_SPLIT = "sealed_split"
"""Attribute of a dataset: the split whose truth is withheld."""


def presented(ds: xr.Dataset) -> xr.Dataset:
    """Return a dataset, which is as stored, as users have it.

    Its codes are strings, and the dimension ``sample`` has an index, so that ``sel(sample=7)`` is
    the sample with that ``sample_id``, of a split, too. There is no index of lazy identities.
    """
    shown = decode_flags(ds)
    ids = shown.variables.get(ID_VARIABLE)
    if ids is None or ids.dims != (SAMPLE_DIM,) or ids.chunks is not None or _is_lazy(ids):
        return shown
    return shown.assign_coords({SAMPLE_DIM: ids})


def sealed_samples(ds: xr.Dataset) -> NDArray[np.bool_]:
    """Return which samples of a dataset with codes are in a split whose truth is withheld."""
    samples = ds.sizes.get(SAMPLE_DIM, 0)
    if SEALED_SPLIT not in ds.attrs or SPLIT_VARIABLE not in ds.variables:
        return np.zeros(samples, dtype=np.bool_)
    split = ds.variables[SPLIT_VARIABLE]
    codes = [code for code, name in flag_names(split).items() if name == ds.attrs[SEALED_SPLIT]]
    return np.isin(np.asarray(split.values), codes)


_NONE = "none"
"""What the code -1 of a source without a class means."""


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


def encode_flags(ds: xr.Dataset) -> xr.Dataset:
    """Return the dataset with codes for strings that `decode_flags` made of them.

    Codes are counted from 0 in the order of ``flag_meanings``, from -1 where the first is "none".
    The empty string becomes a code without a meaning; a variable of other strings stays as it is.
    """
    encoded = {
        name: _encoded(variable)
        for name, variable in ds.variables.items()
        if variable.dtype.kind in "UOT" and "flag_meanings" in variable.attrs
    }
    return with_variables(ds, dict(ds.variables) | encoded)


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
    data: Any = None if _is_lazy(variable) else variable.data
    if _is_lazy(variable):
        data = once(_Meanings(variable, decode, names.dtype))
    elif variable.chunks is None:
        data = decode(np.asarray(data))
    else:
        meta = np.empty((0,) * data.ndim, names.dtype)
        data = data.map_blocks(decode, dtype=names.dtype, meta=meta)
    attrs = {key: value for key, value in variable.attrs.items() if key != "flag_values"}
    return xr.Variable(variable.dims, data, attrs, _WRITTEN)


def _is_lazy(variable: xr.Variable) -> bool:
    """Tell whether values are still in a store; to ask for them, as dask arrays, would read."""
    return variable.chunks is None and not variable._in_memory


def once(array: Any) -> indexing.MemoryCachedArray:
    """Return a lazy array that stays in memory when all of it has been read."""
    return indexing.MemoryCachedArray(indexing.LazilyIndexedArray(array))  # type: ignore[no-untyped-call]


class _Meanings(BackendArray):
    """The strings of codes that are still in a store."""

    def __init__(
        self, codes: xr.Variable, decode: Callable[[Any], Any], dtype: np.dtype[Any]
    ) -> None:
        self.shape, self.dtype = codes.shape, dtype
        self._codes, self._decode = codes, decode

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        """Read some of them."""
        outer = indexing.IndexingSupport.OUTER
        return indexing.explicit_indexing_adapter(key, self.shape, outer, self._read)

    def _read(self, key: tuple[Any, ...]) -> Any:
        taken = self._codes.isel(dict(zip(self._codes.dims, key, strict=True)))
        return self._decode(np.asarray(taken.values))


_WRITTEN = {"dtype": np.dtypes.StringDType()}
"""How xarray is to write strings: Zarr 3 does not specify those of a fixed length, and warns."""


def _encoded(variable: xr.Variable) -> xr.Variable:
    meanings = str(variable.attrs["flag_meanings"]).split()
    first = -1 if meanings[0] == _NONE else 0
    codes = range(first, first + len(meanings))
    table = dict(zip(meanings, codes, strict=True)) | {"": -1 if first == 0 else len(meanings)}
    names, places = np.unique(np.asarray(variable).astype(str), return_inverse=True)
    if not set(names.tolist()) <= table.keys():
        return variable
    dtype = np.min_scalar_type(-len(table))  # int8, as skybench stores them, unless there are many
    values = np.array([table[name] for name in names.tolist()], dtype)[places]
    attrs = {**variable.attrs, "flag_values": np.array(codes, dtype)}
    return xr.Variable(variable.dims, values.reshape(variable.shape), attrs)


def _meanings(
    values: NDArray[Any], codes: NDArray[Any], names: NDArray[np.str_]
) -> NDArray[np.str_]:
    places = np.searchsorted(codes, values).clip(max=len(codes) - 1)
    known = codes[places] == values
    return np.where(known, names[places], "").astype(names.dtype)
