"""Tables to draw Poisson counts from, a few nanoseconds each, by inverting uniform numbers.

A Poisson number of mean a + b is the sum of independent ones of means a and b. A mean is
therefore cut into a multiple of 64, a multiple of 1/8 and a rest; the first two are drawn
from tables made once, the rest is zero seven times in eight at least and inverted else.
The probabilities are exact but for the 40 bits of the uniforms. Means from 4096 on are drawn by
rejection. ``native/noise.c`` does it.

The method of guide tables (Chen and Asau 1974, AIIE Transactions 6, 163; Devroye 1986,
"Non-uniform random variate generation", III.2.4): the unit interval is cut into cells, and
where a cell lies between two cumulative probabilities the leading bits of a uniform number
decide. Only in the few cells that hold a cumulative probability is the whole number
drawn, and searched for. Inversion is exact in the 40 bits of the uniform number.
"""

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import pdtr

from skybench.generators.arrays import Floats

NEVER = 1 - 2.0**-41
"""A cumulative probability above this is above every uniform number."""

_TABULATED, _COARSE, _FINE = 4096, 64, 1 / 8


class GuideTables(NamedTuple):
    """Discrete distributions over 0, 1, 2, … to be drawn from by index.

    Attributes
    ----------
    guide : (distribution * cells,) uint8 or uint16 array
        The value of each cell, the largest number where a cumulative probability lies in it.
    first : (distribution + 1,) int64 array
        Where the cumulative probabilities of each begin, and where those of the last end.
    edges : float64 array
        Those of all, each plus the number of its distribution: one ascending list.
    """

    guide: NDArray[Any]
    first: NDArray[np.int64]
    edges: Floats


def guide_tables(cumulative: list[Floats], bits: int) -> GuideTables:
    """Return the tables of distributions.

    Parameters
    ----------
    cumulative : sequence of float64 arrays
        For each distribution the probabilities of at most 0, at most 1, …; those above
        `NEVER` may be left out.
    bits : int
        Binary logarithm of the number of cells.
    """
    lengths = np.array([len(c) for c in cumulative])
    owners = np.repeat(np.arange(len(cumulative)), lengths)
    edges = np.asarray(np.concatenate([*cumulative, np.empty(0)]) + owners, dtype=np.float64)
    cells = np.minimum((edges * (1 << bits)).astype(np.intp), (owners + 1 << bits) - 1)
    held = np.bincount(cells, minlength=len(cumulative) << bits).reshape(-1, 1 << bits)
    dtype = np.uint8 if lengths.max(initial=0) < 255 else np.uint16
    guide = held.cumsum(axis=1).astype(dtype)
    guide[held > 0] = np.iinfo(dtype).max
    first = np.append(0, lengths.cumsum()).astype(np.int64)
    return GuideTables(guide.reshape(-1), first, edges)


@cache
def fine_tables() -> GuideTables:
    """Return the tables of the multiples of 1/8 below 64."""
    return guide_tables([_cumulative(mean) for mean in np.arange(0.0, _COARSE, _FINE)], bits=11)


@cache
def coarse_tables() -> GuideTables:
    """Return the tables of the multiples of 64 below 4096."""
    return guide_tables(
        [_cumulative(mean) for mean in np.arange(0.0, _TABULATED, _COARSE)], bits=12
    )


def _cumulative(mean: float) -> Floats:
    counts = np.arange(int(mean + 9 * np.sqrt(mean) + 30))
    cumulative = np.asarray(pdtr(counts, mean), dtype=np.float64)
    return cumulative[cumulative < NEVER]
