"""What the samples of a dataset are to be recognised as, from its coordinates."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skybench.errors import IntegrityError
from skybench.registry.content_hash import SPLIT_VARIABLE, flag_names


@dataclass(frozen=True, kw_only=True)
class Targets:
    """The answers of all samples.

    Attributes
    ----------
    task : str
        "classification" or "multilabel".
    classes : tuple of str
    truth : array
        (sample,) class indices, or (sample, class) zeros and ones, int8.
    splits : (sample,) array of str
    ids : (sample,) int64 array
    """

    task: str
    classes: tuple[str, ...]
    truth: NDArray[np.int8]
    splits: NDArray[np.str_]
    ids: NDArray[np.int64]

    def rows(self, split: str) -> NDArray[np.intp]:
        """Return the rows of one split, ascending."""
        return np.flatnonzero(self.splits == split)


def targets_of(ds: xr.Dataset, where: str) -> Targets:
    """Read the targets of a dataset whose codes are not decoded.

    Parameters
    ----------
    ds : Dataset
        As stored, with ``present`` or ``label``, ``split`` and ``sample_id``.
    where : str
        Names the dataset in messages.

    Raises
    ------
    IntegrityError
        A coordinate is missing, or holds a code without a meaning.
    """
    task, name = _task(ds, where)
    if task == "multilabel":
        classes = tuple(_meanings(ds, "class", where).tolist())
        truth = np.asarray(ds.variables[name].values)
    else:
        classes = tuple(flag_names(ds.variables[name]).values())
        truth = _positions(_meanings(ds, name, where), classes)
    return Targets(
        task=task,
        classes=classes,
        truth=truth.astype(np.int8),
        splits=_meanings(ds, SPLIT_VARIABLE, where),
        ids=np.asarray(ds.variables["sample_id"].values, np.int64),
    )


def _task(ds: xr.Dataset, where: str) -> tuple[str, str]:
    for task, name in (("multilabel", "present"), ("classification", "label")):
        if name in ds.variables:
            return task, name
    msg = f"{where} has neither label nor present, so there is nothing to recognise"
    raise IntegrityError(msg)


def _meanings(ds: xr.Dataset, name: str, where: str) -> NDArray[np.str_]:
    if name not in ds.variables:
        msg = f"{where} has no coordinate {name}"
        raise IntegrityError(msg)
    names = flag_names(ds.variables[name])
    values: NDArray[Any] = np.asarray(ds.variables[name].values)
    strange = np.setdiff1d(values, list(names))
    if len(strange):
        msg = f"{name} of {where} holds the code {strange[0]}, which has no meaning in its flags"
        raise IntegrityError(msg)
    codes, positions = np.unique(values, return_inverse=True)
    return np.array([names[code] for code in codes.tolist()])[positions].reshape(values.shape)


def _positions(meanings: NDArray[np.str_], classes: tuple[str, ...]) -> NDArray[np.intp]:
    order = np.argsort(classes)
    return order[np.searchsorted(np.array(classes), meanings, sorter=order)]
