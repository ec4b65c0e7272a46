"""The expected light of all sources of a sample, and that of each alone."""

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skybench.generators.arrays import Floats
from skybench.generators.sky.objects import SKY_OBJECTS
from skybench.generators.sky.shapes import add_shapes
from skybench.generators.sky.sky_object import light
from skybench.generators.variable import SAMPLE, SOURCE


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
    rows, places = np.divmod(np.arange(samples * slots), slots)
    images = expected(alone(parameters, rows, places), shape)
    return images.reshape(samples, slots, *shape)


def alone(parameters: xr.Dataset, rows: NDArray[np.intp], slots: NDArray[np.intp]) -> xr.Dataset:
    """Return m sources, given by sample and slot, as samples of one source each."""

    def of_source(variable: xr.Variable) -> xr.Variable:
        if variable.dims[:2] == SOURCE:
            return xr.Variable(variable.dims, variable.values[rows, slots][:, None])
        if variable.dims[:1] == SAMPLE:
            return xr.Variable(variable.dims, variable.values[rows])
        return variable

    return xr.Dataset(coords={n: of_source(v) for n, v in parameters.variables.items()})
