"""Gaussian blur of images, each by its own width."""

import numpy as np
from scipy.ndimage import correlate1d

from skybench.generators.arrays import Floats

CUT = 5
"""Widths at which the kernel ends: 6e-7 of its sum lies beyond."""


def reach(sigma: float) -> int:
    """Return how many pixels away a blurred pixel is still seen."""
    return int(np.ceil(CUT * sigma))


def blur(image: Floats, sigma: float, margin: int) -> Floats:
    """Return an image convolved with a Gaussian, sampled at pixel centres and of sum 1.

    Parameters
    ----------
    image : (y, x) float64 array
        With a margin, from which light may come in.
    sigma : float
        Standard deviation in pixels; 0 leaves the image as it is.
    margin : int
        Pixels to leave out at each border; `reach` pixels or more.

    Returns
    -------
    (y, x) float64 array
        Without the margin.
    """
    inner = slice(margin, image.shape[0] - margin), slice(margin, image.shape[1] - margin)
    if sigma == 0:
        return image[inner]
    offsets = np.arange(-reach(sigma), reach(sigma) + 1)
    kernel = np.exp(-0.5 * (offsets / sigma) ** 2)
    kernel /= kernel.sum()
    rows = correlate1d(image, kernel, axis=0, mode="constant")[inner[0]]
    return np.asarray(correlate1d(rows, kernel, axis=1, mode="constant")[:, inner[1]])
