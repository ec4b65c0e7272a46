"""The variance of the noise of each pixel, as it is known from what was simulated."""

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skybench.generators.sky.recipe import Noise

Floats = NDArray[np.float64]

ROUNDING = 1 / 12
"""Variance of rounding to whole electrons: the noise is never nothing."""


def sky_variance(parameters: xr.Dataset, noise: Noise) -> Floats:
    """Return the variance of the noise where no source is, in electrons squared."""
    sky = parameters["sky_level"].values.astype(np.float64)
    read = parameters["read_noise"].values.astype(np.float64)
    return np.asarray(noise.scale**2 * (noise.shot * sky + read**2) + ROUNDING)


def inverse_variance(expected: Floats, parameters: xr.Dataset, noise: Noise) -> Floats:
    """Return 1 / variance of each pixel.

    The variance of the noise is scale^2 (light + sky + read_noise^2) + 1 / 12: photons are counted,
    the amplifier adds its own noise, and images are of whole electrons.

    Parameters
    ----------
    expected : (sample, [band,] y, x) float64 array, electrons
        The light of the sources, without noise.
    parameters : xr.Dataset
        Holds ``sky_level`` and ``read_noise`` by sample, or by sample and band.
    noise : Noise

    Returns
    -------
    float64 array of the same shape, from above 0 to 12
    """
    background = sky_variance(parameters, noise)[..., None, None]
    light = np.maximum(expected, 0.0) * (noise.shot * noise.scale**2)
    return np.asarray(1 / (light + background))
