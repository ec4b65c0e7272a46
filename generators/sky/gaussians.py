"""Sums of round Gaussians: spots and soft streams of light, exact in flux and place.

A round Gaussian is a product of one along x and one along y, and so is its transform. The sum
of many is then a product of two small matrices, whatever the grid.
"""

from typing import NamedTuple

import numpy as np

from skybench.generators.arrays import Complexes, Floats
from skybench.generators.sky.fourier import Grid

VISIBLE = 4.5
"""Standard deviations from the centre at which a Gaussian is dark."""


class Spots(NamedTuple):
    """Gaussians of each of m sources, as (m, n) arrays: place about its centre in pixels."""

    flux: Floats
    x: Floats
    y: Floats
    sigma: Floats


def transform(spots: Spots, on: Grid) -> Complexes:
    """Return the transforms (m, ky, kx) of the sums, centred on the sources.

    Each source is a product of matrices of the same shape whatever its companions.
    """
    flux, x, y, sigma = (values[:, :, None] for values in spots)
    along_x = flux * np.exp(-((sigma * on.kx) ** 2) / 2 - 1j * x * on.kx)
    along_y = np.exp(-((sigma * on.ky) ** 2) / 2 - 1j * y * on.ky)
    return np.asarray(np.swapaxes(along_y, 1, 2) @ along_x)


def extent(spots: Spots) -> Floats:
    """Return the radius in pixels beyond which each sum is dark."""
    return np.asarray((np.hypot(spots.x, spots.y) + VISIBLE * spots.sigma).max(axis=1))
