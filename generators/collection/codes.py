"""Codes of members that share a coordinate: made one list, and taken apart again."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skybench.generators.variable import flags

Recode = Callable[[NDArray[Any]], NDArray[Any]]

NOTHING = ("empty", "none")
"""Meanings that are no member's own."""


def joined(members: Mapping[str, xr.Variable]) -> tuple[dict[str, Recode], dict[str, Any]]:
    """Return how each member's codes change into common ones, and what those mean.

    Parameters
    ----------
    members : mapping of str to Variable
        The coordinate of each member that has it. One without flags stays as it is.

    Returns
    -------
    recodings : dict of str to callable
    attributes : dict
        The common flags: ``member.meaning``; what means nothing keeps its code.
    """
    first = next(iter(members.values()))
    if "flag_values" not in first.attrs:
        return dict.fromkeys(members, _unchanged), {}
    common: dict[str, int] = {}
    tables: dict[str, dict[int, int]] = {name: {} for name in members}
    for name, variable in members.items():
        for meaning, code in _flags(variable).items():
            new = meaning if meaning in NOTHING else f"{name}.{meaning}"
            following = max([0, *common.values()]) + 1 if common else 0
            tables[name][code] = common.setdefault(new, code if meaning in NOTHING else following)
    return {name: _recoding(table) for name, table in tables.items()}, flags(common)


def parted(variable: xr.Variable, member: str, codes: Mapping[str, int]) -> NDArray[Any]:
    """Return common codes as the member's own, by its table of meanings."""
    table = {}
    for meaning, code in _flags(variable).items():
        owner, _, own = meaning.partition(".")
        if meaning in NOTHING:
            table[code] = code
        elif owner == member and own in codes:
            table[code] = codes[own]
    return _recoding(table)(variable.values)


def _flags(variable: xr.Variable) -> dict[str, int]:
    values = np.atleast_1d(variable.attrs["flag_values"]).tolist()
    return dict(zip(str(variable.attrs["flag_meanings"]).split(), values, strict=True))


def _recoding(table: Mapping[int, int]) -> Recode:
    old = np.array(sorted(table))
    new = np.array([table[code] for code in sorted(table)])

    def recode(values: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(new[np.searchsorted(old, values)], dtype=values.dtype)

    return recode


def _unchanged(values: NDArray[Any]) -> NDArray[Any]:
    return values
