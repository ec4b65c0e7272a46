"""The one table of variables: name, dimensions, dtype, unit, meaning and domain.

Generators build from it, the registry validates against it, the docs print it. It
lives with the generators because imports go upwards only: the registry may read it
here, while generators may not read the registry.
"""

from collections.abc import Mapping
from typing import Any

import xarray as xr
from numpy.typing import ArrayLike

from skybench.generators.geometric import variables as geometric
from skybench.generators.series import variables as series
from skybench.generators.sky import variables as sky
from skybench.generators.sphere import variables as sphere
from skybench.generators.variable import Variable, of_sample, of_source, table
from skybench.generators.volume import variables as volume

SPLITS = ("train", "validation", "test")

_COMMON = table(
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
    of_source("kind", "profile that draws the source", dtype="int8"),
    of_source("source_class", "class of the source", dtype="int8"),
    of_source("source_x", "position along x; pixel 0 has its centre at 0", units="pixel"),
    of_source("source_y", "position along y; pixel 0 has its centre at 0", units="pixel"),
)


def _merged(*tables: dict[str, Variable]) -> dict[str, Variable]:
    """Return one table; a name means one thing everywhere."""
    merged: dict[str, Variable] = {}
    for rows in tables:
        for name, row in rows.items():
            if merged.setdefault(name, row) != row:
                msg = f"variable {name} is defined twice, as {merged[name]} and {row}"
                raise TypeError(msg)
    return merged


VARIABLES = _merged(
    _COMMON,
    sky.VARIABLES,
    geometric.VARIABLES,
    series.VARIABLES,
    sphere.VARIABLES,
    volume.VARIABLES,
)
"""Every variable a store may hold, by name."""


def variable(
    name: str, values: ArrayLike, attributes: Mapping[str, Any] | None = None
) -> xr.Variable:
    """Return an xarray Variable of the table, stored dtype and attributes included."""
    return VARIABLES[name].holding(values, attributes)
