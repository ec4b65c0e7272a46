"""The arrays that generators compute with, by what they hold."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Complexes = NDArray[np.complex128]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

Parameters = dict[str, Floats]
"""Parameters of m objects by name, (m,) each."""
