"""The variables that datasets of all families share; each family adds its own vocabulary.

They live with the generators because imports go upwards only: the registry may read them here,
while generators may not read the registry.
"""

from collections.abc import Mapping
from typing import Any

import xarray as xr
from numpy.typing import ArrayLike

from skybench.generators.source_table import CATALOGUE_ROW
from skybench.generators.variable import Interval, Variable, of_sample, of_source, table

SPLITS = ("train", "validation", "test")

COMMON = table(
    of_sample("sample_id", "stable identity of the sample", dtype="int64"),
    of_sample("label", "class of the sample", dtype="int8"),
    of_sample("image_type", "member of the collection that the sample is from", dtype="int8"),
    of_sample("split", "part of the benchmark the sample belongs to", dtype="int8"),
    Variable(
        name="present",
        dims=("sample", "class"),
        dtype="int8",
        long_name="1 where the image holds a source of the class",
    ),
    Variable(name="class", dims=("class",), dtype="int8", long_name="class"),
    Variable(
        name="in_set",
        dims=("sample", "set"),
        dtype="int8",
        long_name="1 where the sample is in the named set",
    ),
    Variable(name="set", dims=("set",), dtype="int8", long_name="named set of samples"),
    of_source("kind", "profile that draws the source", dtype="int8"),
    of_source("source_class", "class of the source", dtype="int8"),
    Variable(
        name="segmentation",
        dims=("sample", "y", "x"),
        dtype="int8",
        long_name="source that the pixel belongs to, its slot plus 1; 0 is background",
    ),
    of_source(
        CATALOGUE_ROW,
        "row of the catalogue that the source is from, from 0; -1: none",
        dtype="int64",
    ),
    of_source("source_x", "position along x; pixel 0 has its centre at 0", units="pixel"),
    of_source("source_y", "position along y; pixel 0 has its centre at 0", units="pixel"),
)

AXIS_RATIO = of_source("axis_ratio", "minor over major axis", domain=Interval(0.05, 1))
POSITION_ANGLE = of_source(
    "position_angle", "angle of the major axis, counter-clockwise from +x", units="degree"
)


def main_variable(ds: xr.Dataset) -> str:
    """Return the data variable that is shown and learnt from.

    The one that the dataset names, else the image, else the first that is no mask.
    """
    named = ds.attrs.get("main_variable", "image")
    if named in ds.data_vars or "main_variable" in ds.attrs:
        return str(named)
    numbers = (name for name, data in ds.data_vars.items() if data.dtype.kind == "f")
    return str(next(numbers, next(iter(ds.data_vars))))


def variable(
    name: str, values: ArrayLike, attributes: Mapping[str, Any] | None = None
) -> xr.Variable:
    """Return an xarray Variable of `COMMON`, stored dtype and attributes included."""
    return COMMON[name].holding(values, attributes)
