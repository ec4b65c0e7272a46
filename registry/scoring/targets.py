"""What is to be found out about the samples of a dataset, with their splits and identities."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skybench.errors import IntegrityError
from skybench.registry.hashing.content_hash import SPLIT_VARIABLE
from skybench.registry.scoring.tasks import TASKS
from skybench.registry.scoring.truth import Truth, meanings

_BY_COORDINATE = {"present": "multilabel", "label": "classification"}


@dataclass(frozen=True, kw_only=True)
class Targets:
    """The answers of all samples.

    Attributes
    ----------
    task : str
        A key of `TASKS`.
    truth : Truth
        The answers by row, with the names of classes or targets.
    splits : (sample,) array of str
    ids : (sample,) int64 array
    """

    task: str
    truth: Truth
    splits: NDArray[np.str_]
    ids: NDArray[np.int64]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the classes, or of the targets."""
        return self.truth.names

    def rows(self, split: str) -> NDArray[np.intp]:
        """Return the rows of one split, ascending."""
        return np.flatnonzero(self.splits == split)

    def answers(self, split: str) -> NDArray[Any]:
        """Return what is right for each row of one split."""
        return self.truth.of_rows(self.rows(split))


def targets_of(ds: xr.Dataset, where: str) -> Targets:
    """Read the targets of a dataset whose codes are not decoded.

    Parameters
    ----------
    ds : Dataset
        As stored, with ``split``, ``sample_id`` and what its task asks for. Its attribute
        ``task`` names the task; without one, ``present`` or ``label`` say it.
    where : str
        Names the dataset in messages.

    Raises
    ------
    IntegrityError
        The task is unknown, a coordinate is missing, or its values are no answers.
    """
    task = _task(ds, where)
    return Targets(
        task=task,
        truth=TASKS[task].truth(ds, where),
        splits=meanings(ds, SPLIT_VARIABLE, where),
        ids=np.asarray(ds.variables["sample_id"].values, np.int64),
    )


def _task(ds: xr.Dataset, where: str) -> str:
    if "task" in ds.attrs:
        task = str(ds.attrs["task"])
        if task not in TASKS:
            msg = f"{where} has the task {task!r}, but this skybench scores {', '.join(TASKS)}"
            raise IntegrityError(msg)
        return task
    for name, task in _BY_COORDINATE.items():
        if name in ds.variables:
            return task
    msg = f"{where} names no task and has neither label nor present: there is nothing to recognise"
    raise IntegrityError(msg)
