"""Which source a pixel belongs to: the one that gives it most light, where that can be seen."""

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skybench.generators.sky.noise import Noise, sky_variance
from skybench.generators.sky.source_light import source_light

_LAYER_PIXELS = 1 << 21
"""Pixels of all sources' own images that are held at once: 16 MB of float64."""


def segment(
    parameters: xr.Dataset, shape: tuple[int, int], noise: Noise, threshold: float
) -> NDArray[np.int8]:
    """Return the number of the source, its slot plus 1, that each pixel belongs to.

    That is the source whose expected light in the pixel is the largest, where it is more than
    ``threshold`` times the standard deviation of the noise without sources; elsewhere 0.

    Parameters
    ----------
    parameters : xr.Dataset
        Of one band.
    shape : (ny, nx)
    noise : Noise
    threshold : float

    Returns
    -------
    (sample, y, x) int8 array
    """
    samples, slots = parameters["kind"].shape
    least = threshold * np.sqrt(sky_variance(parameters, noise))
    maps = np.zeros((samples, *shape), dtype=np.int8)
    step = max(1, _LAYER_PIXELS // (slots * shape[0] * shape[1]))
    for first in range(0, samples, step):
        some = slice(first, first + step)
        layers = source_light(parameters.isel(sample=some), shape)
        brightest = layers.argmax(axis=1)
        seen = layers.max(axis=1) > least[some, None, None]
        maps[some] = np.where(seen, brightest + 1, 0)
    return maps
