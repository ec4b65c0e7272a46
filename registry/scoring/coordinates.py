"""One number or word a sample of each coordinate of a dataset, as scores are broken down by."""

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from skybench.generators.codes import SAMPLE_DIM, SPLIT_VARIABLE
from skybench.registry.scoring.question import ID
from skybench.registry.tables import SOURCE_DIM, sample_columns

SOURCES = "source_count"
UNITS = "units"

_MOST_COLUMNS = 16
"""Of one coordinate, such as one a band; what has more is data."""


def coordinate_table(ds: xr.Dataset, rows: NDArray[np.intp]) -> pd.DataFrame:
    """Return the coordinates of some samples as a table with one value each.

    Of samples of several sources the values are those of one, the *subject*: the brightest source
    by ``flux``, or the first where sources have no fluxes; in a classification of sources of the
    label's class alone, since others are companions. ``source_count`` tells how many there are.
    Coordinates along another axis have a column a step: ``psf_fwhm_g``.

    Parameters
    ----------
    ds : Dataset
        Its codes not decoded.
    rows : (row,) array

    Returns
    -------
    DataFrame
        A row a sample, its ``sample_id`` as index. Codes are words, empty where they mean nothing;
        numbers are float64, NaN where a sample has none. ``attrs["units"]`` has the unit of each
        column that has one.
    """
    coords = ds.drop_vars(ds.data_vars).isel({SAMPLE_DIM: rows}).load()
    columns: dict[str, NDArray[Any]] = {}
    units: dict[str, str] = {}
    if SOURCE_DIM in coords.dims:
        columns[SOURCES] = _present(coords).sum(axis=1).astype(np.float64)
        coords = _of_subjects(coords)
    for column in sample_columns(without_data(coords)):
        if column.name not in (ID, SPLIT_VARIABLE):
            columns[column.name] = _values(column.values)
            if column.units is not None:
                units[column.name] = column.units
    table = pd.DataFrame(columns, index=pd.Index(coords[ID].to_numpy(), name=ID))
    table.attrs[UNITS] = units
    return table


def without_data(coords: xr.Dataset) -> xr.Dataset:
    """Leave out coordinates of samples or sources that have too many columns to be looked at."""
    of_row = {SAMPLE_DIM, SOURCE_DIM}
    long = [
        name
        for name, variable in coords.variables.items()
        if SAMPLE_DIM in variable.dims
        and np.prod([n for dim, n in variable.sizes.items() if dim not in of_row]) > _MOST_COLUMNS
    ]
    return coords.drop_vars(long)


def _present(coords: xr.Dataset) -> NDArray[np.bool_]:
    """Return whether each slot of each sample holds a source: (sample, source)."""
    slots = (coords.sizes[SAMPLE_DIM], coords.sizes[SOURCE_DIM])
    there = np.zeros(slots, np.bool_)
    for variable in coords.variables.values():
        if variable.dims == (SAMPLE_DIM, SOURCE_DIM) and variable.dtype.kind == "f":
            there |= ~np.isnan(variable.to_numpy())
    return there


def _of_subjects(coords: xr.Dataset) -> xr.Dataset:
    usable = _present(coords)
    if {"label", "source_class"} <= coords.variables.keys():
        own = usable & (coords["source_class"].to_numpy() == coords["label"].to_numpy()[:, None])
        usable = np.where(own.any(axis=1, keepdims=True), own, usable)
    brightness = np.zeros(usable.shape)
    if "flux" in coords.variables and coords["flux"].shape == usable.shape:
        brightness = np.nan_to_num(coords["flux"].to_numpy(), nan=-np.inf)
    subject = np.where(usable, brightness, -np.inf).argmax(axis=1)
    return coords.isel({SOURCE_DIM: xr.DataArray(subject, dims=SAMPLE_DIM)})


def _values(values: NDArray[Any]) -> NDArray[Any]:
    return values.astype(np.float64 if values.dtype.kind in "biuf" else object)
