"""Instants that are the same for all samples."""

import numpy as np
from numpy.typing import NDArray

from skybench.generators.variable import Variable

TIME_BITS = 32
"""Kept of an instant: a second in a century."""

TIME = Variable(
    name="time",
    dims=("time",),
    dtype="float64",
    long_name="time since the start",
    bits=TIME_BITS,
)
"""A row of the table; a family adds the unit that it counts in."""


def even(duration: float, outputs: int) -> NDArray[np.float64]:
    """Return so many instants from 0 to the duration, evenly."""
    return np.asarray(np.arange(outputs) * (duration / (outputs - 1)), dtype=np.float64)
