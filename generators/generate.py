"""Recipe and rows to a dataset in memory."""

from os import PathLike

import numpy as np
import xarray as xr

from skybench.errors import RecipeError
from skybench.generators.recipe import Recipe
from skybench.generators.recipe_file import load_recipe
from skybench.generators.sampling import sample
from skybench.generators.schema import VARIABLES
from skybench.generators.sky.noise import observe
from skybench.generators.sky.scene import expected

GENERATOR = "skybench-generator-1"
"""Changes whenever the same recipe and seed would give other pixels or parameters."""

_BLOCK_PIXELS = 1 << 20
"""Pixels rendered together: 8 MB of float64, whatever the size of the request."""


def generate(
    recipe: str | PathLike[str] | Recipe, start: int = 0, stop: int | None = None
) -> xr.Dataset:
    """Return samples ``start`` to ``stop`` of a recipe, images and every parameter.

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
        ``image (sample, y, x)``, int32 electrons, with the parameters as coordinates.

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
    parameters = sample(recipe, start, stop)
    ny, nx = recipe.image.shape
    images = np.empty((stop - start, ny, nx), dtype=VARIABLES["image"].dtype)
    step = max(1, _BLOCK_PIXELS // (ny * nx))
    for first in range(0, stop - start, step):
        block = parameters.isel(sample=slice(first, first + step))
        light = expected(block, recipe.image.shape)
        images[first : first + step] = observe(light, block, recipe.noise, recipe.seed)
    row = VARIABLES["image"]
    return parameters.assign(image=(row.dims, images, row.attributes())).assign_attrs(
        _attributes(recipe)
    )


def empty(recipe: Recipe) -> xr.Dataset:
    """Return the recipe's dataset with no samples: names, dtypes, dimensions, attributes."""
    return generate(recipe, 0, 0)


def _attributes(recipe: Recipe) -> dict[str, str | int | float]:
    return {
        "title": recipe.title,
        "recipe": recipe.name,
        "generator": GENERATOR,
        "seed": recipe.seed,
        "task": recipe.task,
        "pixel_scale_arcsec": recipe.image.pixel_scale_arcsec,
        "zeropoint": recipe.image.zeropoint,
        "shot_noise": str(recipe.noise.shot).lower(),
        "noise_scale": recipe.noise.scale,
        "license": recipe.licence,
    }
