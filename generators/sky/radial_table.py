"""A radial function tabulated in the logarithm of its argument, for fast evaluation."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LOG_STEP = 0.004
"""Spacing in ln k: linear interpolation then errs by 2e-6 of a function's curvature."""

_FIRST, _COUNT = -2300, 4601
LOG_K = LOG_STEP * (_FIRST + np.arange(_COUNT))
"""The nodes: k from 1e-4 to 1e4, far below and above what a pixel grid can hold."""


@dataclass(frozen=True)
class RadialTable:
    """Values at `LOG_K`, constant beyond both ends."""

    values: Floats

    def __call__(self, log_k: Floats) -> Floats:
        """Return the function at the given logarithms, by linear interpolation."""
        place = np.clip((log_k - LOG_K[0]) / LOG_STEP, 0, _COUNT - 1.001)
        below = place.astype(np.intp)
        left = self.values[below]
        return np.asarray(left + (place - below) * (self.values[below + 1] - left))
