"""What is right for each sample, as losses take it: int64 classes, float32 numbers, or maps."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skybench.errors import ParameterError
from skybench.generators.codes import SAMPLE_DIM, flag_names, sealed_samples
from skybench.registry.arrays.chunked_rows import ChunkedRows
from skybench.registry.scoring.tasks import TASKS, Columns, Task, task_of, truth_of
from skybench.registry.scoring.truth import MAP, TARGETS, classes_at, slot_classes

_SEALED = -1
"""Class of a sample whose truth is sealed: no loss takes it, so that nothing is learnt from it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Target:
    """The answers to the samples of a dataset.

    Attributes
    ----------
    classes : tuple of str
        Names of the classes, in the order of codes and columns; empty where numbers are asked for.
    names : tuple of str
        Of the numbers, in the order of the columns; empty where classes are asked for.
    values : (row, ...) array, optional
        Of every row of the dataset, int64 or float32; -1 and NaN where the truth is sealed.
    map : ChunkedRows, optional
        A variable that is read with the inputs, instead of `values`.
    slots : (row, slot) int8 array, optional
        The class of each number in the map, where it has numbers of sources.
    """

    classes: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    values: NDArray[Any] | None = None
    map: ChunkedRows | None = None
    slots: NDArray[np.int8] | None = None

    def of(self, rows: NDArray[np.intp], raw: NDArray[Any] | None) -> NDArray[Any]:
        """Return the answers to some rows of the dataset; `raw` is what was read of the map."""
        if raw is None:
            assert self.values is not None
            return self.values[rows]
        if self.slots is None:
            return raw.astype(np.float32)
        sealed = raw < 0
        if not sealed.any():
            return classes_at(self.slots[rows], raw).astype(np.int64)
        classes = classes_at(self.slots[rows], np.where(sealed, 0, raw))
        return np.where(sealed, _SEALED, classes).astype(np.int64)


def target_of(
    ds: xr.Dataset,
    name: str | Sequence[str] | None,
    rows_of: Callable[[str], ChunkedRows],
    where: str,
) -> Target:
    """Return what a dataset's task asks for, or one variable, or several numbers together.

    Parameters
    ----------
    ds : Dataset
        With codes, not decoded.
    name : str or sequence of str, optional
        Default: what the task asks for.
    rows_of : callable
        How a variable is read chunk by chunk.
    where : str
        How messages call the dataset.

    Raises
    ------
    ParameterError
        There is no such variable along ``sample``.
    IntegrityError
        The dataset has no task, or its values are no answers.
    """
    if name is None:
        return _of_task(ds, task_of(ds, where), rows_of, where)
    if not isinstance(name, str):
        asked = ds.assign_attrs({TARGETS: " ".join(name)})
        return _of_task(asked, TASKS["regression"], rows_of, where)
    if name not in ds.variables or SAMPLE_DIM not in ds.variables[name].dims:
        along = sorted(str(n) for n, v in ds.variables.items() if SAMPLE_DIM in v.dims)
        msg = f"{where} has no target {name!r}; along {SAMPLE_DIM} it has {', '.join(along)}"
        raise ParameterError(msg)
    told = {task.told_by: task for task in TASKS.values() if task.told_by}
    if name in told:
        return _of_task(ds, told[name], rows_of, where)
    return _of_variable(ds, name, rows_of, where)


def _of_task(
    ds: xr.Dataset, task: Task, rows_of: Callable[[str], ChunkedRows], where: str
) -> Target:
    if not isinstance(task.form, Columns):
        return _of_variable(ds, task.form.name, rows_of, where)
    truth, known = truth_of(task, ds, where), ~sealed_samples(ds)
    answers = truth.of_rows(np.flatnonzero(known))
    shape = (known.size, *answers.shape[1:])
    values: NDArray[Any] = (
        np.full(shape, _SEALED, np.int64)
        if task.form.exclusive
        else np.full(shape, np.nan, np.float32)
    )
    values[known] = answers
    if task.parts == "targets":
        return Target(names=truth.names, values=values)
    return Target(classes=truth.names, values=values)


def _of_map(ds: xr.Dataset, rows_of: Callable[[str], ChunkedRows], where: str) -> Target:
    classes, slots = slot_classes(ds, where)
    return Target(classes=classes, map=rows_of(MAP), slots=slots)


def _of_variable(
    ds: xr.Dataset, name: str, rows_of: Callable[[str], ChunkedRows], where: str
) -> Target:
    if name == MAP:
        return _of_map(ds, rows_of, where)
    variable = ds.variables[name]
    if name in ds.data_vars and variable.ndim > 1:
        return Target(names=(name,), map=rows_of(name))
    values = np.asarray(variable.transpose(SAMPLE_DIM, ...).values)
    if "flag_values" in variable.attrs:
        codes = list(flag_names(variable))
        places = np.select([values == code for code in codes], range(len(codes)), -1)
        return Target(classes=tuple(flag_names(variable).values()), values=places.astype(np.int64))
    kind = np.float32 if values.dtype.kind == "f" else np.int64
    return Target(names=(name,), values=values.astype(kind))
