"""Plane shapes among the sources of the sky, as if drawn on the detector.

A shape adds its ``brightness``, in electrons a pixel, to the expected light of each pixel by the
share that it covers, exact to 1e-9. It is sharp whatever the PSF, and alike in all bands.
"""

import numpy as np
import xarray as xr

from skybench.generators.arrays import Floats
from skybench.generators.geometric.geometric_object import outlines
from skybench.generators.geometric.objects import GEOMETRIC_OBJECTS
from skybench.generators.geometric.scene import draw

FIRST_CODE = 100
"""What ``kind`` adds to the code of a shape where the sky is, whose objects have lower codes."""


def add_shapes(images: Floats, parameters: xr.Dataset) -> None:
    """Add the light of all shapes to the (sample, y, x) images of the samples, in place.

    Raises
    ------
    ParameterError
        A parameter of a shape is outside its domain, or missing.
    """
    kinds = parameters["kind"].values.astype(np.int64) - FIRST_CODE
    (some,) = np.nonzero((kinds > 0).any(axis=1))
    if not some.size:
        return
    own = parameters.isel(sample=some)
    own = own.assign_coords(kind=(own["kind"].dims, np.maximum(kinds[some], 0)))
    edges = outlines(own, GEOMETRIC_OBJECTS.values())
    shape = (images.shape[1], images.shape[2])
    first = 0
    for light, _ in draw(own, edges, shape, combine="sum", antialias=True):
        images[some[first : first + len(light)]] += light
        first += len(light)
