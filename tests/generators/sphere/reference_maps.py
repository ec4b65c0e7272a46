"""The kernels of `native/maps.c` in numpy: the readable truth that they are held against."""

import numpy as np

from skybench.generators.random_streams import RowStreams
from skybench.generators.sphere.harmonics import coefficient_count
from skybench.generators.sphere.sphere_field import STREAM
from skybench.generators.variable import round_mantissa


def coefficients(seed, rows, amplitudes, lmax):
    """Return random coefficients, (row, lm): drawn by l and then m, kept by m and then l."""
    streams, count = RowStreams(seed, STREAM), coefficient_count(lmax)
    m = np.concatenate([np.full(lmax + 1 - order, order) for order in range(lmax + 1)])
    l = np.concatenate([np.arange(order, lmax + 1) for order in range(lmax + 1)])  # noqa: E741
    normals = np.array([streams.normals(row, 2 * count) for row in rows]).view(np.complex128)
    drawn = normals[:, l * (l + 1) // 2 + m]
    # A coefficient at m = 0 is real; others share the variance between their two parts.
    drawn[:, m == 0] = drawn[:, m == 0].real
    return drawn * (np.where(m == 0, 1, np.sqrt(0.5)) * amplitudes[:, l])


def observed(seed, stream, rows, maps, levels, first_masked, places, bits):
    """Return maps as they are stored and their masks, (row, pixel)."""
    streams, pixels = RowStreams(seed, stream), maps.shape[1]
    noise = np.array([streams.normals(row, pixels) for row in rows])
    noisy = np.where(levels[:, None] > 0, maps + levels[:, None] * noise, maps)
    number = np.arange(pixels)
    masked = (number >= first_masked[:, None]) & (number < pixels - first_masked[:, None])
    stored = np.where(masked, 0, round_mantissa(noisy, bits)).astype(np.float32)
    return stored[:, places], masked[:, places]
