"""A score broken down: by the bins of numbers and by words, each with its interval."""

import math
from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd

from skybench.errors import ParameterError
from skybench.generators.arrays import Flags
from skybench.generators.suggestion import unknown
from skybench.registry.scoring.metrics import right
from skybench.registry.scoring.scoring import (
    ConfidenceInterval,
    Floats,
    TestScore,
    bootstrap,
)

_NORMAL_975 = 1.959963984540054
"""Standard deviations of a normal distribution within which 95 % lie."""


def broken_down(
    tested: TestScore, table: pd.DataFrame, names: Sequence[str], bins: int | Sequence[float]
) -> pd.DataFrame:
    """Return the score in each bin; see `Evaluation.by`."""
    if not names:
        msg = f"by which coordinates? It can be {', '.join(table.columns)}."
        raise ParameterError(msg)
    for name in names:
        if name not in table.columns:
            raise ParameterError(unknown("coordinate", name, table.columns))
    keys = [_in_bins(table[name], bins) for name in names]
    groups = pd.Series(tested.merit, table.index).groupby(keys, observed=True)
    rows = [_row(interval_of(tested, merits.to_numpy()), len(merits)) for _, merits in groups]
    columns = ["samples", "score", "low", "high"]
    return pd.DataFrame(rows, index=groups.size().index, columns=columns)


def interval_of(tested: TestScore, merits: Floats) -> ConfidenceInterval:
    """Return the mean merit of some samples with its 95 % interval.

    Wilson's where samples are right or wrong, which holds for few samples and for shares of 0 and
    1; for the mean of several runs it is a little too wide. The percentile bootstrap otherwise.
    """
    return wilson(merits) if tested.metric.merit is right else bootstrap(np.round(merits, 9))


def wilson(shares: Floats | Flags) -> ConfidenceInterval:
    """Return the mean of what is 0 or 1 with Wilson's 95 % interval.

    References
    ----------
    Wilson (1927), J. Am. Stat. Assoc. 22, 209.
    """
    count, share, z2 = len(shares), float(shares.mean()), _NORMAL_975**2
    middle = (share + z2 / (2 * count)) / (1 + z2 / count)
    spread = math.sqrt(share * (1 - share) / count + z2 / (4 * count**2))
    half = _NORMAL_975 * spread / (1 + z2 / count)
    return ConfidenceInterval(
        value=share, low=min(share, middle - half), high=max(share, middle + half)
    )


def _row(found: ConfidenceInterval, samples: int) -> tuple[int, float, float, float]:
    return samples, found.value, found.low, found.high


def _in_bins(values: "pd.Series[Any]", bins: int | Sequence[float]) -> "pd.Series[Any]":
    """Return the bin of each value, missing where it has none."""
    if values.dtype.kind != "f":
        return values.where(values != "")
    if isinstance(bins, Integral) and 1 <= values.nunique() <= int(bins):
        return values
    edges = (
        _equal_parts(values, int(bins))
        if isinstance(bins, Integral)
        else np.asarray(bins, np.float64)
    )
    if len(edges) < 2 or not (np.diff(edges) > 0).all():
        msg = (
            f"bins of {values.name} are a number of them or their ascending edges, got {bins!r}"
            if values.notna().any()
            else f"no sample has the coordinate {values.name}"
        )
        raise ParameterError(msg)
    cut: pd.Series[Any] = pd.cut(values, edges.tolist(), right=False, precision=4)
    return cut


def _equal_parts(values: "pd.Series[Any]", bins: int) -> Floats:
    """Return the edges of bins with about as many values each, the largest value within."""
    if bins < 1 or not values.notna().any():
        return np.empty(0)
    edges = np.unique(np.nanquantile(values, np.linspace(0, 1, bins + 1)))
    edges[-1] = np.nextafter(edges[-1], np.inf)
    return np.asarray(edges)
