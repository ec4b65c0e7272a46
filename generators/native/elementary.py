"""The elementary functions of the kernels over numpy arrays: their bits are equal everywhere."""

import numpy as np

from skybench.generators.arrays import Floats
from skybench.generators.native.library import kernel

_exponential = kernel("exponential")
_logarithm = kernel("logarithm")
_sine_cosine = kernel("sine_cosine")


def exponential(x: Floats) -> Floats:
    """Return e^x; 0 below -708."""
    result = np.empty_like(x, order="C")
    _exponential(np.ascontiguousarray(x), result)
    return result


def logarithm(x: Floats) -> Floats:
    """Return ln x, for normal positive x."""
    result = np.empty_like(x, order="C")
    _logarithm(np.ascontiguousarray(x), result)
    return result


def sine_cosine(x: Floats) -> tuple[Floats, Floats]:
    """Return sin x and cos x, for |x| up to 1e6."""
    sine, cosine = np.empty_like(x, order="C"), np.empty_like(x, order="C")
    _sine_cosine(np.ascontiguousarray(x), sine, cosine)
    return sine, cosine
