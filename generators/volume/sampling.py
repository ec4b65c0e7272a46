"""The parameters of density cubes: those of every recipe, and places in the box."""

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skybench.generators import sampling
from skybench.generators.random_streams import uniforms
from skybench.generators.schema import variable
from skybench.generators.volume.recipe import VolumeRecipe


def sample(
    recipe: VolumeRecipe, start: int, stop: int, labels: NDArray[np.int64] | None = None
) -> xr.Dataset:
    """Return the coordinates of rows ``start`` to ``stop``; halos lie evenly in the box.

    Parameters
    ----------
    recipe : VolumeRecipe
    start, stop : int
        Half-open range of rows.
    labels : (stop - start,) int64 array, optional
        Classes that were dealt elsewhere.

    Returns
    -------
    xr.Dataset
        No data variables; coordinates on (sample) and (sample, source).
    """
    parameters = sampling.sample(recipe, start, stop, labels)
    empty = parameters["kind"].values == 0
    places = {}
    for axis in "xyz":
        streams = [f"scene.{axis}[{slot}]" for slot in range(recipe.slots)]
        uniform = np.stack([uniforms(recipe.seed, s, start, stop) for s in streams], axis=1)
        position = recipe.cube.side * uniform - 0.5
        name = f"source_{axis}"
        places[name] = variable(name, np.where(empty, np.nan, position))
    return parameters.assign_coords(places)
