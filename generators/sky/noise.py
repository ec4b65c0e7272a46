"""From the expected image to the observed one: photons are counted, then read out."""

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.special import ndtri

from skybench.errors import ParameterError
from skybench.generators.random_streams import RowStreams
from skybench.generators.sky.recipe import Noise

LARGEST = np.iinfo(np.int32).max


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

    Raises
    ------
    ParameterError
        If a pixel holds more electrons than an int32.
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
        observed = np.rint(expected[i] + noise.scale * departure)
        brightest = max(observed.max(), -observed.min())
        if brightest > LARGEST:
            msg = (
                f"a pixel of sample {row} holds {brightest:g} electrons, more than the {LARGEST} "
                "of an int32; lower flux, sky_level, read_noise or noise.scale."
            )
            raise ParameterError(msg)
        images[i] = observed
    return images
