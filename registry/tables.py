"""What is known of samples and of sources, a row each, for pandas and astropy.

Codes are names in every table, whether or not the dataset has them decoded.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from skybench.errors import ParameterError
from skybench.generators.codes import SAMPLE_DIM, decode_flags
from skybench.generators.sampling import EMPTY
from skybench.generators.suggestion import unknown

if TYPE_CHECKING:
    from astropy.table import QTable

SOURCE_DIM = "source"

_ID = "sample_id"
_FIRST = (_ID, SOURCE_DIM, "label", "split", "kind", "source_class")
"""The order in which these come; the others follow as the dataset has them."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a table.

    Parameters
    ----------
    name : str
    values : (row,) array
    units, long_name : str, optional
    """

    name: str
    values: NDArray[Any]
    units: str | None = None
    long_name: str | None = None


@overload
def samples(ds: xr.Dataset, *, as_: Literal["pandas"] = ...) -> pd.DataFrame: ...
@overload
def samples(ds: xr.Dataset, *, as_: Literal["astropy"]) -> "QTable": ...
def samples(ds: xr.Dataset, *, as_: str = "pandas") -> Any:
    """Return a table of the samples, one row each: what is known of them, without pixels.

    Parameters
    ----------
    ds : Dataset
        Of `skybench.generate` or `skybench.open`, or samples chosen from one; a lazy one is read.
    as_ : "pandas" or "astropy"

    Returns
    -------
    pandas.DataFrame or astropy.table.QTable
        A column for each coordinate on (sample), labels as names. One of several bands has a
        column a band, ``psf_fwhm_g``, and classes that may occur together have a boolean one each,
        ``present_star``. A DataFrame has ``sample_id`` as its index; a QTable has it as its first
        column, quantities with their units, and what columns mean as their descriptions.

    Raises
    ------
    ParameterError
        It is no dataset, has no samples, or no ``sample_id`` of them.

    Examples
    --------
    >>> import skybench
    >>> skybench.samples(skybench.generate("objects", 0, 3)).label.tolist()
    ['elliptical', 'star', 'elliptical']
    """
    return _in_form(sample_columns(ds), ds, as_, index=_ID)


@overload
def sources(ds: xr.Dataset, *, as_: Literal["pandas"] = ...) -> pd.DataFrame: ...
@overload
def sources(ds: xr.Dataset, *, as_: Literal["astropy"]) -> "QTable": ...
def sources(ds: xr.Dataset, *, as_: str = "pandas") -> Any:
    """Return a table of the sources, one row each, empty slots left out.

    Parameters
    ----------
    ds, as_
        As for `samples`.

    Returns
    -------
    pandas.DataFrame or astropy.table.QTable
        ``sample_id``, ``source`` (the slot, from 0), the ``label`` of the sample where it has one,
        and a column for each coordinate on (sample, source); NaN where a kind of source lacks a
        parameter. Fluxes of several bands have a column each, ``flux_band_g``.

    Raises
    ------
    ParameterError
        As `samples`; or the samples have no sources: a series or a map of the sphere is one object.

    Examples
    --------
    >>> import skybench
    >>> table = skybench.sources(skybench.generate("sky", 0, 2))
    >>> table.groupby("sample_id").size().tolist()
    [4, 2]
    """
    return _in_form(source_columns(ds), ds, as_)


def has_sources(ds: xr.Dataset) -> bool:
    """Tell whether samples have sources, of which there is a table."""
    return "kind" in ds.coords and {SAMPLE_DIM, SOURCE_DIM} == set(ds.coords["kind"].dims)


def sample_columns(ds: xr.Dataset) -> list[Column]:
    """Return the columns of `samples`."""
    known = _known(ds)
    found = (_flat(known, name) for name in _names(known, {SAMPLE_DIM}) if name != SAMPLE_DIM)
    return _ordered(chain(*found))


def source_columns(ds: xr.Dataset) -> list[Column]:
    """Return the columns of `sources`."""
    known = _known(ds)
    if not has_sources(ds):
        msg = (
            "the dataset has no coordinate kind on (sample, source): its samples have no sources; "
            "skybench.samples has what is known of them"
        )
        raise ParameterError(msg)
    # A code without a meaning is decoded as the empty text.
    owners, slots = np.nonzero(~np.isin(known["kind"].values, (EMPTY, "")))
    repeated = (_flat(known, name, owners) for name in (_ID, "label") if name in known.coords)
    own = _names(known, {SAMPLE_DIM, SOURCE_DIM})
    found = (_flat(known, name, owners, slots) for name in own)
    return _ordered([_slots(known, slots), *chain(*repeated), *chain(*found)])


def _known(ds: xr.Dataset) -> xr.Dataset:
    """Return the coordinates in memory and decoded, samples first and sources second."""
    if not isinstance(ds, xr.Dataset):
        what = repr(ds) if isinstance(ds, str) else f"a {type(ds).__name__}"
        msg = f"tables are of a Dataset, such as skybench.open('sky@1') returns, got {what}"
        raise ParameterError(msg)
    if SAMPLE_DIM not in ds.dims or _ID not in ds.coords:
        msg = (
            f"the dataset has no coordinate {_ID} along {SAMPLE_DIM}; choose single samples so "
            f"that they keep it: ds.isel({SAMPLE_DIM}=[0])"
        )
        raise ParameterError(msg)
    known = decode_flags(ds.coords.to_dataset().compute())
    return known.transpose(SAMPLE_DIM, SOURCE_DIM, ..., missing_dims="ignore")


def _names(known: xr.Dataset, dims: set[str]) -> list[str]:
    """Return the coordinates on these of the dimensions of samples and sources."""
    both = {SAMPLE_DIM, SOURCE_DIM}
    return [str(name) for name, v in known.variables.items() if both & set(v.dims) == dims]


def _flat(known: xr.Dataset, name: str, *rows: NDArray[np.intp]) -> Iterator[Column]:
    """Yield a coordinate, or some of its rows, as a column a place in its further dimensions."""
    variable = known.variables[name]
    further = [dim for dim in variable.dims if dim not in (SAMPLE_DIM, SOURCE_DIM)]
    labels = [known[dim].values.tolist() for dim in further]
    values = variable.values[rows] if rows else variable.values
    if "class" in further and values.dtype.kind in "iu":  # who is there; votes are shares
        values = values.astype(bool)
    attrs = variable.attrs
    for place in np.ndindex(*map(len, labels)):
        words = [str(label[i]) for label, i in zip(labels, place, strict=True)]
        yield Column(
            name="_".join([name, *words]),
            values=values[(slice(None), *place)],
            units=attrs.get("units"),
            long_name=": ".join([attrs.get("long_name", name), *words]),
        )


def _slots(known: xr.Dataset, slots: NDArray[np.intp]) -> Column:
    return Column(
        name=SOURCE_DIM,
        values=known[SOURCE_DIM].values[slots],
        long_name="slot of the source in its sample",
    )


def _ordered(columns: Iterable[Column]) -> list[Column]:
    places = {name: place for place, name in enumerate(_FIRST)}
    return sorted(columns, key=lambda column: places.get(column.name, len(places)))


def to_pandas(columns: Iterable[Column]) -> pd.DataFrame:
    """Return columns as a DataFrame."""
    return pd.DataFrame({column.name: column.values for column in columns})


def to_astropy(columns: Iterable[Column], meta: Mapping[str, Any]) -> "QTable":
    """Return columns as a QTable, units and descriptions included."""
    from astropy.table import QTable  # put off: slow to load, and few ask
    from astropy.units import Quantity, Unit

    table = QTable(meta=meta)
    for column in columns:
        # A family of others may have a unit that astropy does not know, which then stays a word.
        unit = Unit(column.units or "", parse_strict="silent")
        plain = column.units in (None, "1")
        table[column.name] = column.values if plain else Quantity(column.values, unit)
        table[column.name].info.description = column.long_name
    return table


def about(ds: xr.Dataset) -> dict[str, Any]:
    """Return the attributes that are text or numbers, such as title, recipe, version, licence."""
    return {str(key): v for key, v in ds.attrs.items() if isinstance(v, str | int | float)}


def _in_form(columns: list[Column], ds: xr.Dataset, as_: str, index: str | None = None) -> Any:
    if as_ == "astropy":
        return to_astropy(columns, about(ds))
    if as_ != "pandas":
        raise ParameterError(unknown("form of tables", as_, ("pandas", "astropy")))
    frame = to_pandas(columns)
    return frame if index is None else frame.set_index(index)
