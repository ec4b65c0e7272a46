"""What arrays alone do not say of a dataset, as one JSON text beside them."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr


def metadata_text(ds: xr.Dataset) -> str:
    """Return attributes, dimensions, shapes and dtypes as JSON of ASCII characters."""
    described = {
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
    return json.dumps(described, default=lambda value: value.tolist())


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
