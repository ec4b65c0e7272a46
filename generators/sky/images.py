"""From the parameters of sky images to their pixels."""

import xarray as xr

from skybench.generators.schema import variable
from skybench.generators.sky.noise import observe
from skybench.generators.sky.recipe import SkyRecipe
from skybench.generators.sky.scene import expected


def render(recipe: SkyRecipe, parameters: xr.Dataset) -> dict[str, xr.Variable]:
    """Return the observed images of the samples that the parameters describe."""
    light = expected(parameters, recipe.image.shape)
    return {"image": variable("image", observe(light, parameters, recipe.noise, recipe.seed))}
