"""Draws from many discrete distributions at once, each from its cumulative probabilities.

The method of guide tables (Chen and Asau 1974, AIIE Transactions 6, 163; Devroye 1986,
"Non-uniform random variate generation", III.2.4): the unit interval is cut into cells, and
where a cell lies between two cumulative probabilities the leading bits of a uniform number
decide. Only in the few cells that hold a cumulative probability is the whole number
drawn, and searched for. Inversion is exact in the 40 bits of the uniform number.
"""

import numpy as np
from numpy.typing import NDArray

from skybench.generators.arrays import Floats
from skybench.generators.random_streams import WORD_BITS, PixelWords

Counts = NDArray[np.int32]

NEVER = 1 - 2.0**-41
"""A cumulative probability above this is above every uniform number."""


class GuideTables:
    """Discrete distributions over 0, 1, 2, … to be drawn from by index.

    Parameters
    ----------
    cumulative : sequence of float64 arrays
        For each distribution the probabilities of at most 0, at most 1, …; those above
        `NEVER` may be left out.
    bits : int
        Binary logarithm of the number of cells.
    """

    def __init__(self, cumulative: list[Floats], bits: int) -> None:
        lengths = np.array([len(c) for c in cumulative])
        self._bits = bits
        self._first = lengths.cumsum() - lengths
        # One ascending list for all: distribution i lies between i and i + 1.
        owners = np.repeat(np.arange(len(cumulative)), lengths)
        self._edges = np.concatenate([*cumulative, np.empty(0)]) + owners
        cells = np.minimum((self._edges * (1 << bits)).astype(np.intp), (owners + 1 << bits) - 1)
        held = np.bincount(cells, minlength=len(cumulative) << bits).reshape(-1, 1 << bits)
        dtype = np.uint8 if lengths.max(initial=0) < 255 else np.uint16
        self._undecided = np.iinfo(dtype).max
        guide = held.cumsum(axis=1).astype(dtype)
        guide[held > 0] = self._undecided
        self._guide = guide.reshape(-1)

    def draw(self, which: Counts, words: PixelWords, use: int) -> Counts:
        """Return a value for each pixel, from the distribution of the index it names."""
        cells = words.leading[use] >> np.uint16(WORD_BITS - self._bits)
        found = self._guide.take((which << self._bits) + cells)
        undecided = np.flatnonzero(found == self._undecided)
        values: Counts = found.astype(np.int32)
        owners = which[undecided]
        # Both terms are multiples of 2**-40, so the sum is exact.
        place = words.uniforms(use, undecided) + owners
        ranks = np.searchsorted(self._edges, place, side="right")
        values[undecided] = ranks - self._first[owners]
        return values
