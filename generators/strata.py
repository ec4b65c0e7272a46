"""Classes and splits in exact proportion, although each row is drawn on its own.

Independent draws would leave a test split of 1,963 instead of 2,000 and classes out of
balance. Rows are therefore dealt in strata of 100 consecutive rows: within one, the
classes hold their shares and each class is cut into splits by theirs. A row's place
depends on (seed, row) only, so datasets of any length share their first rows.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from skybench.generators.random_streams import uniforms

ROWS = 100
"""Rows of a stratum: splits are exact for any dataset that is a multiple of it."""


def deal(
    seed: int, start: int, stop: int, weights: Sequence[float], fractions: Sequence[float]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the class code and the split code of rows ``start`` to ``stop``.

    Parameters
    ----------
    seed : int
        Seed of the recipe.
    start, stop : int
        Half-open range of rows.
    weights : sequence of float
        Relative frequency of each class.
    fractions : sequence of float
        Share of each split; they sum to 1.

    Returns
    -------
    classes, splits : (stop - start,) int64 arrays
    """
    first, last = start // ROWS, -(-stop // ROWS)
    keys = uniforms(seed, "strata.order", first * ROWS, last * ROWS).reshape(-1, ROWS)
    offsets = uniforms(seed, "strata.offset", first, last)
    # Position of each row in its stratum's dealing order.
    place = keys.argsort(axis=1).argsort(axis=1)
    shares = np.cumsum(np.asarray(weights, dtype=np.float64) / np.sum(weights))
    classes = np.searchsorted(shares[:-1], (place + offsets[:, None]) / ROWS, side="right")
    # Turned differently in each stratum, else a class would meet the same corner of the
    # pattern every time and its splits would drift from their shares.
    turn = (uniforms(seed, "strata.turn", first, last) * ROWS).astype(np.int64)
    splits = _quota_pattern(tuple(fractions))[(place + turn[:, None]) % ROWS]
    rows = slice(start - first * ROWS, stop - first * ROWS)
    return classes.reshape(-1)[rows], splits.reshape(-1)[rows]


def splits_before(seed: int, row: int, fractions: Sequence[float]) -> NDArray[np.int64]:
    """Return how many rows before a row `deal` gives to each split."""
    first = row // ROWS * ROWS
    whole = np.bincount(_quota_pattern(tuple(fractions)), minlength=len(fractions))
    begun = deal(seed, first, row, [1.0], fractions)[1] if row > first else np.empty(0, np.int64)
    counts: NDArray[np.int64] = whole * (row // ROWS) + np.bincount(begun, minlength=len(whole))
    return counts


@cache
def _quota_pattern(fractions: tuple[float, ...]) -> NDArray[np.int64]:
    """Give each place to the split that is furthest behind its quota."""
    quota = np.asarray(fractions, dtype=np.float64)
    counts = np.zeros(len(quota))
    pattern = np.empty(ROWS, dtype=np.int64)
    for place in range(ROWS):
        pattern[place] = np.argmax(np.round(quota * (place + 1) - counts, 9))
        counts[pattern[place]] += 1
    return pattern
