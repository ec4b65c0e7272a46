"""From recipes of density cubes to places in the box, and on to voxels."""

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skybench.generators.arrays import Floats
from skybench.generators.random_streams import RowStreams, uniforms
from skybench.generators.sampling import sample as sample_shared
from skybench.generators.volume import gaussian_field
from skybench.generators.volume.objects import VOLUME_OBJECTS
from skybench.generators.volume.recipe import CubeSpec, VolumeRecipe
from skybench.generators.volume.vocabulary import VOCABULARY

_STREAM = "field"
_POSITION = ("source_x", "source_y", "source_z")


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
    parameters = sample_shared(recipe, start, stop, labels)
    empty = parameters["kind"].values == 0
    places = {}
    for axis in "xyz":
        streams = [f"scene.{axis}[{slot}]" for slot in range(recipe.slots)]
        uniform = np.stack([uniforms(recipe.seed, s, start, stop) for s in streams], axis=1)
        position = recipe.cube.side * uniform - 0.5
        name = f"source_{axis}"
        places[name] = VOCABULARY[name].holding(np.where(empty, np.nan, position))
    return parameters.assign_coords(places)


def render(recipe: VolumeRecipe, parameters: xr.Dataset) -> dict[str, xr.Variable]:
    """Return the density cubes of the samples that the parameters describe."""
    cubes = fields(recipe, parameters)
    add_halos(cubes, parameters, recipe.cube)
    return {"density": VOCABULARY["density"].holding(cubes)}


def fields(recipe: VolumeRecipe, parameters: xr.Dataset) -> Floats:
    """Return the fields without halos, (sample, z, y, x), in units of their mean."""
    side = recipe.cube.side
    streams = RowStreams(recipe.seed, _STREAM)
    cubes = np.empty((parameters.sizes["sample"], side, side, side))
    rms, slope = (
        parameters[name].values.astype(np.float64).tolist() for name in ("field_rms", "field_slope")
    )
    for one, row in enumerate(parameters["sample_id"].values.tolist()):
        white = streams.normals(row, side**3).reshape(cubes.shape[1:])
        field = gaussian_field.coloured(white, slope[one])
        cubes[one] = gaussian_field.density(field, rms[one], lognormal=recipe.field.lognormal)
    return cubes


def add_halos(cubes: Floats, parameters: xr.Dataset, box: CubeSpec) -> None:
    """Add the halos of each sample to its cube, in place, slot by slot."""
    kinds = parameters["kind"].values
    for sample, slot in np.argwhere(kinds > 0).tolist():
        kind = VOLUME_OBJECTS.of_code(kinds[sample, slot])
        own = {
            name: float(parameters[name].values[sample, slot])
            for name in (*_POSITION, *kind.variables)
        }
        kind.add(cubes[sample], own, box.voxel_mpc, box.mean_density)
