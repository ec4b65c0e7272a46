"""From the parameters of density cubes to their voxels."""

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.special import ndtri

from skybench.generators.random_streams import RowStreams
from skybench.generators.schema import variable
from skybench.generators.volume import gaussian_field
from skybench.generators.volume.catalogue import PROFILES
from skybench.generators.volume.recipe import CubeSpec, VolumeRecipe

Floats = NDArray[np.float64]

_STREAM = "field"
_POSITION = ("source_x", "source_y", "source_z")


def render(recipe: VolumeRecipe, parameters: xr.Dataset) -> dict[str, xr.Variable]:
    """Return the density cubes of the samples that the parameters describe."""
    cubes = fields(recipe, parameters)
    add_halos(cubes, parameters, recipe.cube)
    return {"density": variable("density", cubes)}


def fields(recipe: VolumeRecipe, parameters: xr.Dataset) -> Floats:
    """Return the fields without halos, (sample, z, y, x), in units of their mean."""
    side = recipe.cube.side
    streams = RowStreams(recipe.seed, _STREAM)
    cubes = np.empty((parameters.sizes["sample"], side, side, side))
    rms, slope = (
        parameters[name].values.astype(np.float64).tolist() for name in ("field_rms", "field_slope")
    )
    for one, row in enumerate(parameters["sample_id"].values.tolist()):
        white = ndtri(streams.uniforms(row, side**3)).reshape(cubes.shape[1:])
        field = gaussian_field.coloured(white, slope[one])
        cubes[one] = gaussian_field.density(field, rms[one], lognormal=recipe.field.lognormal)
    return cubes


def add_halos(cubes: Floats, parameters: xr.Dataset, box: CubeSpec) -> None:
    """Add the halos of each sample to its cube, in place, slot by slot."""
    profiles = {profile.code: profile for profile in PROFILES.values()}
    kinds = parameters["kind"].values
    for sample, slot in np.argwhere(kinds > 0).tolist():
        profile = profiles[int(kinds[sample, slot])]
        halo = {
            name: float(parameters[name].values[sample, slot])
            for name in (*_POSITION, *profile.defaults, *profile.derived)
        }
        profile.add(cubes[sample], halo, box.voxel_mpc, box.mean_density)
