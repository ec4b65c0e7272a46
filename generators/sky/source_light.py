"""The expected light of all sources of a sample, and that of each alone."""

import numpy as np
import xarray as xr

from skybench.generators.arrays import Floats
from skybench.generators.sky.objects import SKY_OBJECTS
from skybench.generators.sky.shapes import add_shapes
from skybench.generators.sky.sky_object import light


def expected(parameters: xr.Dataset, shape: tuple[int, int]) -> Floats:
    """Return the noise-free images that the coordinates describe; see `light`.

    Shapes come last, in front of the optics.
    """
    images = light(parameters, shape, SKY_OBJECTS.values())
    add_shapes(images, parameters)
    return images


def source_light(parameters: xr.Dataset, shape: tuple[int, int]) -> Floats:
    """Return the noise-free image of each source alone, optics included.

    Summed over sources it is the image of all, to the 1e-4 of a peak by which either is cut at 0.

    Parameters
    ----------
    parameters : xr.Dataset
        Of one band.
    shape : (ny, nx)

    Returns
    -------
    (sample, source, y, x) float64 array, electrons
        Nowhere negative; 0 where a slot is empty.
    """
    samples, slots = parameters["kind"].shape
    alone = expected(_one_a_sample(parameters), shape)
    return alone.reshape(samples, slots, *shape)


def _one_a_sample(parameters: xr.Dataset) -> xr.Dataset:
    """Return as many samples as there are slots, each with the one source and all conditions."""
    samples, slots = parameters["kind"].shape
    owners = np.repeat(np.arange(samples), slots)
    return xr.Dataset(
        coords={
            name: _apart(v) if "source" in v.dims else v.isel({"sample": owners})
            for name, v in parameters.variables.items()
            if "sample" in v.dims
        }
    )


def _apart(variable: xr.Variable) -> xr.Variable:
    samples, slots, *others = variable.shape
    return xr.Variable(variable.dims, variable.values.reshape(samples * slots, 1, *others))
