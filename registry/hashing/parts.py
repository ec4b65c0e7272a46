"""Parts of a dataset that have a hash of their own: its splits and its named sets.

A sample is in one split, which the codes of ``split`` tell; it may be in any number of sets, which
the columns of ``in_set (sample, set)`` tell.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skybench.errors import IntegrityError
from skybench.generators.codes import IN_SET, SET_VARIABLE, SPLIT_VARIABLE, flag_names

Members = dict[str, NDArray[np.bool_]]
"""Which samples are in each part."""


class Parts(NamedTuple):
    """The names of the splits by their codes, and those of the sets by their columns."""

    splits: dict[int, str]
    sets: tuple[str, ...]

    @classmethod
    def of(cls, ds: xr.Dataset) -> "Parts":
        """Return the parts of a dataset whose codes are not decoded.

        Raises
        ------
        IntegrityError
            Two have the same name.
        """
        split, sets = ds.variables.get(SPLIT_VARIABLE), ds.variables.get(SET_VARIABLE)
        named = sets is not None and IN_SET in ds.variables
        found = cls(
            {} if split is None else flag_names(split),
            tuple(flag_names(sets).values()) if named and sets is not None else (),
        )
        if len(set(found.names)) < len(found.names):
            msg = f"splits and sets need names of their own, got {', '.join(found.names)}"
            raise IntegrityError(msg)
        return found

    @property
    def names(self) -> tuple[str, ...]:
        """The splits in the order of their codes, then the sets."""
        return (*self.splits.values(), *self.sets)

    def members(self, columns: Mapping[Any, Any]) -> Members:
        """Return which samples are in each part.

        Parameters
        ----------
        columns : mapping
            Holds the values of ``split`` and ``in_set`` of some samples, where there are parts.

        Raises
        ------
        IntegrityError
            A sample has the code of no split.
        """
        members: Members = {}
        if self.splits:
            codes = np.asarray(columns[SPLIT_VARIABLE])
            _check_split(codes, self.splits)
            members = {name: codes == code for code, name in self.splits.items()}
        if self.sets:
            inside = np.asarray(columns[IN_SET]) == 1
            members |= {name: inside[:, column] for column, name in enumerate(self.sets)}
        return members


def members_of(ds: xr.Dataset) -> Members:
    """Return which samples of a dataset are in each of its parts; raises as `Parts` does."""
    return Parts.of(ds).members(ds.variables)


def sets_of(ds: xr.Dataset) -> Members:
    """Return which samples of a dataset are in each of its sets."""
    return Parts({}, Parts.of(ds).sets).members(ds.variables)


def _check_split(codes: NDArray[Any], names: Mapping[int, str]) -> None:
    unnamed = np.setdiff1d(codes, list(names))
    if unnamed.size:
        msg = (
            f"samples have the code {unnamed[0]} in {SPLIT_VARIABLE!r}, which has no name; its "
            f"flag_values are {list(names)}"
        )
        raise IntegrityError(msg)
