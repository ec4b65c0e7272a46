"""Poisson counts of any means, a few nanoseconds each, inverted from counter-based uniforms.

A Poisson number of mean a + b is the sum of independent ones of means a and b. A mean is
therefore cut into a multiple of 64, a multiple of 1/8 and a rest; the first two are drawn
from tables made once, the rest is zero seven times in eight at least and inverted else.
The probabilities are exact but for the 40 bits of the uniforms.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import pdtr

from skybench.generators.arrays import Floats
from skybench.generators.guide_tables import NEVER, GuideTables
from skybench.generators.random_streams import PixelWords

Counts = NDArray[np.int32]

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
