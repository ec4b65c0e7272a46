"""The light of an image shared among its peaks, by what is seen alone."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter, uniform_filter

from skybench.generators.arrays import Floats, Integers

SMOOTHED, APART = 3, 5
"""Pixels on a side: of the mean that peaks are looked for in, and of the square that one rules."""

SIGNIFICANT = 5.0
"""Deviations of the smoothed noise that a peak is above."""


def shares(
    brightness: NDArray[np.float32], noise: float, most: int, width: float
) -> Iterator[Floats]:
    """Yield the share of each pixel that each peak of an image gets: (most, y, x), brightest first.

    A peak of height h at a distance r has the weight h / (1 + (r / width)^2)^2, and a pixel is
    shared by weight. Pixels that are not above the noise belong to nobody.

    Parameters
    ----------
    brightness : (sample, y, x) array
    noise : float
        Standard deviation of a pixel of the sky.
    most : int
        Peaks that are taken; those that are not there have nothing.
    width : float
        Pixels.
    """
    for image in brightness:
        smooth = uniform_filter(_finite(image), SMOOTHED)
        y, x = _peaks(smooth, SIGNIFICANT * noise / SMOOTHED, most)
        rows, columns = np.indices(image.shape)
        away = np.hypot(rows - y[:, None, None], columns - x[:, None, None])
        weights = np.zeros((most, *image.shape))
        weights[: len(y)] = smooth[y, x][:, None, None] / (1 + (away / width) ** 2) ** 2
        weights *= smooth > noise / SMOOTHED
        yield weights / np.maximum(weights.sum(axis=0), np.finfo(np.float64).tiny)


def _finite(image: NDArray[Any]) -> Floats:
    return np.nan_to_num(image.astype(np.float64), posinf=0.0, neginf=0.0)


def _peaks(smooth: Floats, least: float, most: int) -> tuple[Integers, Integers]:
    """Return rows and columns of the brightest peaks."""
    at = np.flatnonzero((smooth >= maximum_filter(smooth, APART)) & (smooth > least))
    brightest = at[np.argsort(-smooth.ravel()[at], kind="stable")][:most]
    y, x = np.divmod(brightest, smooth.shape[1])
    return y, x
