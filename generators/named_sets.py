"""Named sets: the samples of a split, or of all, that a cut in their coordinates chooses.

They may overlap, and are evaluated beside the splits: samples of high signal to noise, those that
volunteers agree about. A cut has the coordinates' names. Those on (sample, class) and (sample,
band), and codes, are a column each: ``vote_fraction_spiral``, ``psf_fwhm_r``, and ``label_star``,
which is 1 or 0. Of a coordinate on (sample, source) it is the first source's.
"""

from collections.abc import Iterator

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skybench.errors import RecipeError
from skybench.generators.codes import (
    IN_SET,
    SAMPLE_DIM,
    SET_VARIABLE,
    SPLIT_VARIABLE,
    flag_names,
)
from skybench.generators.expression import condition
from skybench.generators.recipe import Recipe
from skybench.generators.schema import variable
from skybench.generators.variable import SOURCE, flags, numbered

Column = tuple[str, NDArray[np.float64]]


def with_sets(recipe: Recipe, parameters: xr.Dataset) -> xr.Dataset:
    """Return the parameters of some samples with ``in_set (sample, set)``, where there are sets.

    Raises
    ------
    RecipeError
        A cut has a column that is not there.
    """
    if not recipe.sets:
        return parameters
    columns, split = dict(_columns(parameters)), parameters.variables[SPLIT_VARIABLE]
    codes = {name: code for code, name in flag_names(split).items()}
    inside = np.zeros((split.size, len(recipe.sets)), dtype=np.int8)
    for place, (name, spec) in enumerate(recipe.sets.items()):
        try:
            chosen = condition(spec.where, columns)
        except ValueError as error:
            msg = f"recipe {recipe.name}: sets.{name}.where: {error}"
            raise RecipeError(msg) from error
        if spec.split is not None:
            chosen &= split.values == codes[spec.split]
        inside[:, place] = chosen
    names = numbered(recipe.sets)
    return parameters.assign_coords(
        {
            SET_VARIABLE: variable(SET_VARIABLE, list(names.values()), flags(names)),
            IN_SET: variable(IN_SET, inside),
        }
    )


def _columns(parameters: xr.Dataset) -> Iterator[Column]:
    """Yield each coordinate that a cut can name, as (sample,) numbers."""
    for name, coordinate in parameters.variables.items():
        if coordinate.dims[:1] != (SAMPLE_DIM,):
            continue
        values = coordinate.values
        if coordinate.dims == SOURCE:
            values = values[:, 0]
        if "flag_values" in coordinate.attrs:
            for code, word in flag_names(coordinate).items():
                yield f"{name}_{word}", (values == code).astype(np.float64)
        elif values.ndim == 1:
            yield str(name), values.astype(np.float64)
        elif values.ndim == 2:
            words = flag_names(parameters.variables[coordinate.dims[1]]).values()
            for word, column in zip(words, values.T, strict=True):
                yield f"{name}_{word}", column.astype(np.float64)
