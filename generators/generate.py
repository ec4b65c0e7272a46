"""Recipe and rows to a dataset in memory."""

from os import PathLike

import numpy as np
import xarray as xr

from skybench.errors import RecipeError
from skybench.generators.families import FAMILIES
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
    if not 0 <= start <= stop <= recipe.samples:
        msg = (
            f"rows {start} to {stop} are not within the {recipe.samples} samples of "
            f"{recipe.name}; choose 0 <= start <= stop <= {recipe.samples}."
        )
        raise RecipeError(msg)
    family = FAMILIES[recipe.family]
    parameters = family.sample(recipe, start, stop)
    step = max(1, _BLOCK_POINTS // recipe.points)
    blocks = [
        family.render(recipe, parameters.isel(sample=slice(first, first + step)))
        for first in range(0, max(1, stop - start), step)
    ]
    return _assembled(parameters, blocks).assign_attrs(_attributes(recipe))


def empty(recipe: Recipe) -> xr.Dataset:
    """Return the recipe's dataset with no samples: names, dtypes, dimensions, attributes."""
    return generate(recipe, 0, 0)


def _assembled(parameters: xr.Dataset, blocks: list[dict[str, xr.Variable]]) -> xr.Dataset:
    """Return the dataset of all blocks; what has no sample dimension is the same in each."""
    data = {}
    for name, first in blocks[0].items():
        values = first.values
        if "sample" in first.dims and len(blocks) > 1:
            values = np.concatenate([block[name].values for block in blocks])
        data[name] = (first.dims, values, first.attrs)
    coordinates = {name: data.pop(name) for name in list(data) if _is_coordinate(name, blocks[0])}
    return parameters.assign(data).assign_coords(coordinates)


def _is_coordinate(name: str, block: dict[str, xr.Variable]) -> bool:
    """Return whether a variable labels a dimension, such as time or band."""
    return block[name].dims == (name,)


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
