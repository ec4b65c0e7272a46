"""Recipe and rows to a dataset in memory."""

from numbers import Integral
from os import PathLike

import numpy as np
import xarray as xr

from skybench.errors import RecipeError
from skybench.generators.families import FAMILIES
from skybench.generators.family import Family
from skybench.generators.recipe import Recipe
from skybench.generators.recipe_file import load_recipe

GENERATOR = "skybench-generator-2"
"""Changes whenever the same recipe and seed would give other pixels or parameters."""

_BLOCK_POINTS = 1 << 20
"""Values rendered together: 8 MB of float64, whatever the size of the request."""


def generate(
    recipe: str | PathLike[str] | Recipe, start: int = 0, stop: int | None = None
) -> xr.Dataset:
    """Return samples ``start`` to ``stop`` of a recipe, data and every parameter.

    Sample i is bit-identical whatever range it is generated in.

    Parameters
    ----------
    recipe : str, path or Recipe
        The name of a packaged recipe, a YAML file, or a recipe in memory.
    start, stop : int
        Half-open range of rows; all samples of the recipe by default.

    Returns
    -------
    xr.Dataset
        For a recipe of sky images ``image (sample, y, x)``, int32 electrons; for another
        family its data variables. The parameters are coordinates.

    Raises
    ------
    RecipeError
        If the recipe cannot be read, or the range is not within 0 and its samples.

    Examples
    --------
    >>> generate("objects", 0, 3).image.shape
    (3, 28, 28)
    """
    recipe = load_recipe(recipe)
    stop = recipe.samples if stop is None else stop
    if not (isinstance(start, Integral) and isinstance(stop, Integral)):
        msg = f"start and stop must be whole numbers, got {start!r} and {stop!r}."
        raise RecipeError(msg)
    if not 0 <= start <= stop <= recipe.samples:
        msg = (
            f"rows {start} to {stop} are not within the {recipe.samples} samples of "
            f"{recipe.name}; choose 0 <= start <= stop <= {recipe.samples}."
        )
        raise RecipeError(msg)
    family = FAMILIES[recipe.family]
    parameters = family.sample(recipe, start, stop)
    return parameters.assign(_rendered(family, recipe, parameters)).assign_attrs(
        _attributes(recipe)
    )


def empty(recipe: Recipe) -> xr.Dataset:
    """Return the recipe's dataset with no samples: names, dtypes, dimensions, attributes."""
    return generate(recipe, 0, 0)


def _rendered(family: Family, recipe: Recipe, parameters: xr.Dataset) -> dict[str, xr.Variable]:
    """Return the data variables of all rows, rendered block by block into their place."""
    samples = parameters.sizes["sample"]
    step = max(1, _BLOCK_POINTS // recipe.points)
    whole = family.render(recipe, parameters.isel(sample=slice(0, step)))
    if samples <= step:
        return whole
    along = {name: v for name, v in whole.items() if "sample" in v.dims}
    for name, first in along.items():
        values = np.empty((samples, *first.shape[1:]), dtype=first.dtype)
        values[:step] = first.values
        whole[name] = xr.Variable(first.dims, values, first.attrs)
    for start in range(step, samples, step):
        rows = slice(start, start + step)
        block = family.render(recipe, parameters.isel(sample=rows))
        for name in along:
            whole[name].values[rows] = block[name].values
    return whole


def _attributes(recipe: Recipe) -> dict[str, str | int | float]:
    return {
        "title": recipe.title,
        "recipe": recipe.name,
        "generator": GENERATOR,
        "seed": recipe.seed,
        "task": recipe.task,
        **({"targets": " ".join(recipe.targets)} if recipe.targets else {}),
        **recipe.attributes,
        "license": recipe.licence,
    }
