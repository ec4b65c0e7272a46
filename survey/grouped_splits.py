"""Splits of objects that belong together: stratified by class, and no group in two of them."""

from collections.abc import Hashable, Sequence
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from skybench.errors import ParameterError

_OVERALL = 1e-6
"""What the need of all classes together counts beside that of a class: it breaks ties."""


def grouped_splits(
    names: Sequence[str],
    labels: NDArray[np.int64],
    groups: NDArray[np.intp],
    shares: Sequence[float],
    seed: int = 0,
) -> NDArray[np.int64]:
    """Return the code of each sample's split.

    Groups come in an order that follows from the seed and their names, the large ones first, and
    each goes to the split that is furthest behind its share of the group's classes. Where each
    sample is a group of its own, every split has its share of every class to within one sample.

    Parameters
    ----------
    names : sequence of str
        Of the samples, each another.
    labels : (sample,) int array
        Codes of their classes, from 0.
    groups : (sample,) int array
        Which samples stay together.
    shares : sequence of float
        Of the splits.
    seed : int

    Raises
    ------
    ParameterError
        The shares are not positive or zero, or do not sum to 1.
    """
    wanted = np.asarray(shares, dtype=np.float64)
    if not (wanted >= 0).all() or abs(wanted.sum() - 1) > 1e-9:
        msg = f"splits must be shares from 0 that sum to 1, got {', '.join(map(str, shares))}"
        raise ParameterError(msg)
    members = _members(groups)
    keys = [min(sha256(f"{seed}:{names[row]}".encode()).digest() for row in m) for m in members]
    order = sorted(range(len(members)), key=lambda i: (-len(members[i]), keys[i]))
    classes = int(labels.max(initial=-1)) + 1
    counts = [np.bincount(labels[m], minlength=classes) for m in members]
    dealt = np.zeros((len(wanted), classes))
    split = np.empty(len(labels), np.int64)
    for i in order:
        due = wanted[:, None] * (dealt.sum(axis=0) + counts[i]) - dealt
        need = due @ counts[i] + _OVERALL * due.sum(axis=1)
        chosen = int(np.argmax(np.where(wanted > 0, np.round(need, 12), -np.inf)))
        dealt[chosen] += counts[i]
        split[members[i]] = chosen
    return split


def _members(groups: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """Return the rows of each group."""
    order = np.argsort(groups, kind="stable")
    edges = np.flatnonzero(np.diff(groups[order])) + 1
    return np.split(order, edges)


def joined_groups(*keys: Sequence[Hashable]) -> NDArray[np.intp]:
    """Return the group of each row: rows that share a key of any kind are together.

    Parameters
    ----------
    *keys : sequences of the same length
        Of a kind each, such as hosts and pixels; None is shared with nobody.
    """
    parent = list(range(len(keys[0])))

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    for kind in keys:
        first: dict[Hashable, int] = {}
        for row, key in enumerate(kind):
            if key is not None:
                one, other = root(first.setdefault(key, row)), root(row)
                parent[max(one, other)] = min(one, other)
    return np.array([root(row) for row in range(len(parent))], dtype=np.intp)
