"""Gaussian blur of images, each by its own width."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import correlate1d

Floats = NDArray[np.float64]

CUT = 5
"""Widths at which the kernel ends: 6e-7 of its sum lies beyond."""


def reach(sigma: float) -> int:
    """Return how many pixels away a blurred pixel is still seen."""
    return int(np.ceil(CUT * sigma))


def blur(image: Floats, sigma: float) -> Floats:
    """Return an image convolved with a Gaussian, sampled at pixel centres and of sum 1.

    Nothing lies beyond the border; an image to be blurred needs a margin of `reach` pixels.

    Parameters
    ----------
    image : (y, x) float64 array
    sigma : float
        Standard deviation in pixels.

    Returns
    -------
    (y, x) float64 array
    """
    if sigma == 0:
        return image
    offsets = np.arange(-reach(sigma), reach(sigma) + 1)
    kernel = np.exp(-0.5 * (offsets / sigma) ** 2)
    kernel /= kernel.sum()
    for axis in (0, 1):
        image = correlate1d(image, kernel, axis=axis, mode="constant")
    return image
