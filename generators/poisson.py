"""Poisson counts of any means, a few nanoseconds each, inverted from counter-based uniforms.

A Poisson number of mean a + b is the sum of independent ones of means a and b. A mean is
therefore cut into a multiple of 64, a multiple of 1/8 and a rest; the first two are drawn
from tables made once, the rest is zero seven times in eight at least and inverted else.
The probabilities are exact but for the 40 bits of the uniforms.

The method of guide tables (Chen and Asau 1974, AIIE Transactions 6, 163; Devroye 1986,
"Non-uniform random variate generation", III.2.4): the unit interval is cut into cells, and
where a cell lies between two cumulative probabilities the leading bits of a uniform number
decide. Only in the few cells that hold a cumulative probability is the whole number
drawn, and searched for. Inversion is exact in the 40 bits of the uniform number.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import pdtr

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


TABULATED = 4096
"""Means from this on are not drawn here."""

USES = 3
"""Words of a pixel that are taken, from the first."""

_COARSE, _FINE_STEPS_BITS, _COARSE_STEPS_BITS = 64, 3, 9
_COARSE_USE, _FINE_USE, _REST_USE = range(USES)


def poisson(mean: Floats, words: PixelWords) -> Counts:
    """Return Poisson counts of the given means.

    Parameters
    ----------
    mean : (pixel,) float64 array
        From 0 to below `TABULATED`.
    words : PixelWords
        The random numbers of these pixels; the first `USES` uses of each are taken.
    """
    scaled = mean * (1 << _FINE_STEPS_BITS)
    steps = scaled.astype(np.int32)
    scaled -= steps
    scaled /= 1 << _FINE_STEPS_BITS
    coarse = steps >> _COARSE_STEPS_BITS
    steps &= (1 << _COARSE_STEPS_BITS) - 1
    counts = _fine_tables().draw(steps, words, _FINE_USE)
    if coarse.any():
        counts += _coarse_tables().draw(coarse, words, _COARSE_USE)
    _add_small(counts, scaled, words)
    return counts


def _add_small(counts: Counts, mean: Floats, words: PixelWords) -> None:
    """Add counts of small means, which are 0 unless the uniform is below the mean."""
    bound = np.ceil(mean * 65536).astype(np.uint16)
    left = np.flatnonzero(words.leading[_REST_USE] < bound)
    uniform, mean = words.uniforms(_REST_USE, left), mean[left]
    term = np.exp(-mean)
    above = 1 - term
    for count in range(1, 64):
        # `above` is the probability of at least `count`, `term` that of one less.
        more = np.flatnonzero(uniform < above)
        if not more.size:
            return
        left, uniform, mean = left[more], uniform[more], mean[more]
        counts[left] += 1
        term = term[more] * mean / count
        above = above[more] - term


@cache
def _fine_tables() -> GuideTables:
    steps = range(1 << _COARSE_STEPS_BITS)
    return GuideTables([_cumulative(step / (1 << _FINE_STEPS_BITS)) for step in steps], bits=11)


@cache
def _coarse_tables() -> GuideTables:
    steps = range(TABULATED // _COARSE)
    return GuideTables([_cumulative(float(step * _COARSE)) for step in steps], bits=12)


def _cumulative(mean: float) -> Floats:
    counts = np.arange(int(mean + 9 * np.sqrt(mean) + 30))
    cumulative = np.asarray(pdtr(counts, mean), dtype=np.float64)
    return cumulative[cumulative < NEVER]
