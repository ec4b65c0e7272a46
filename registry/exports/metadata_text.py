"""What arrays alone do not say of a dataset, as one JSON text beside them."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr

from skybench.generators.codes import SAMPLE_DIM


def metadata_text(ds: xr.Dataset) -> str:
    """Return attributes, dimensions, shapes and dtypes as JSON of ASCII characters."""
    return _json(_described(ds))


def folder_text(ds: xr.Dataset, **further: Any) -> str:
    """Return what is the same for all samples, for the files of a folder that hold one each.

    It is what `metadata_text` has, with the values of the variables without ``sample``.

    Parameters
    ----------
    ds : Dataset
    further : dict
        What else such a folder says once.
    """
    described = _described(ds)
    for name, variable in ds.variables.items():
        if SAMPLE_DIM not in variable.dims:
            described["variables"][str(name)]["values"] = variable.values
    return _json(described | further, indent=1) + "\n"


def _described(ds: xr.Dataset) -> dict[str, Any]:
    return {
        "attrs": ds.attrs,
        "coords": [str(name) for name in ds.coords],
        "variables": {
            str(name): {
                "dims": variable.dims,
                "shape": variable.shape,
                "dtype": variable.dtype.name,
                "attrs": variable.attrs,
            }
            for name, variable in ds.variables.items()
        },
    }


def _json(described: dict[str, Any], indent: int | None = None) -> str:
    return json.dumps(described, default=lambda value: value.tolist(), indent=indent)


def dataset_of(
    text: str, values: Callable[[str, tuple[int, ...], np.dtype[Any]], Any]
) -> xr.Dataset:
    """Return the dataset that a text of `metadata_text` describes.

    Parameters
    ----------
    text : str
    values : callable
        Name, shape and dtype of a variable to its values.
    """
    described = json.loads(text)
    variables = {}
    for name, variable in described["variables"].items():
        found = values(name, tuple(variable["shape"]), np.dtype(variable["dtype"]))
        variables[name] = xr.Variable(variable["dims"], found, variable["attrs"])
    return xr.Dataset(variables, attrs=described["attrs"]).set_coords(described["coords"])
