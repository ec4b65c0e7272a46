"""From the expected image to the observed one: photons are counted, then read out."""

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.special import ndtri

from skybench.generators.random_streams import RowStreams
from skybench.generators.recipe import Noise


def observe(
    expected: NDArray[np.float64], parameters: xr.Dataset, noise: Noise, seed: int
) -> NDArray[np.int32]:
    """Return observed images: Poisson counts of source and sky, read noise, sky subtracted.

    Parameters
    ----------
    expected : (sample, y, x) float64 array, electrons
    parameters : xr.Dataset
        Holds ``sample_id``, ``sky_level`` and ``read_noise``.
    noise : Noise
        Which parts are on, and the scale of all of it.
    seed : int

    Returns
    -------
    (sample, y, x) int32 array, electrons, sky subtracted
    """
    streams = RowStreams(seed, "noise")
    images = np.empty(expected.shape, dtype=np.int32)
    rows = parameters["sample_id"].values.tolist()
    sky = parameters["sky_level"].values.astype(np.float64)
    read = parameters["read_noise"].values.astype(np.float64)
    for i, row in enumerate(rows):
        departure = np.zeros(expected.shape[1:])
        if noise.shot:
            # Transforms may undershoot zero by a rounding error where there is no light.
            light = np.maximum(expected[i], 0.0) + sky[i]
            departure += streams.poisson(row, light) - sky[i] - expected[i]
        if read[i] > 0:
            departure += read[i] * ndtri(streams.uniforms(row, departure.size)).reshape(
                departure.shape
            )
        images[i] = np.rint(expected[i] + noise.scale * departure)
    return images
