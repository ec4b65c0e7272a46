"""The table of tasks: what is to be answered, where a dataset has the truth, what ranks models.

A new task is one `Task` and one line in `TASKS`, and its name in `generators.recipe`; its metrics
say themselves that they are for it. Its floors and the head of its network are lines in tables of
`skybench.learning`; it may have none.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skybench.errors import IntegrityError, ParameterError, SealedError
from skybench.generators.codes import SEALED_SPLIT, SPLIT_VARIABLE, sealed_samples
from skybench.registry.scoring import metrics, truth
from skybench.registry.scoring.metric import Array, Metric, Outcome
from skybench.registry.scoring.metrics import METRICS
from skybench.registry.scoring.truth import Truth, meanings

_PRESENT_ABOVE = 0.5


@dataclass(frozen=True, kw_only=True)
class Columns:
    """An answer that is a table: a row a sample, one column a class or target.

    Parameters
    ----------
    bounded : bool
        Whether numbers are probabilities from 0 to 1.
    exclusive : bool
        Whether a sample has one class: probabilities sum to 1, or a column ``label`` names it.
    """

    bounded: bool
    exclusive: bool


@dataclass(frozen=True, kw_only=True)
class Maps:
    """An answer that is an array of a map a sample.

    Parameters
    ----------
    name : str
        Of the variable that is asked for, and of the array in a file.
    coded : bool
        Whether pixels hold class codes, (sample, y, x); else light, (sample, source, [band,] y, x).
    """

    name: str
    coded: bool


@dataclass(frozen=True, kw_only=True)
class Task:
    """What is to be answered in one kind of task, and what is right.

    Parameters
    ----------
    name : str
        As recipes and datasets say it.
    primary : str
        The metric that models are ranked by; its merit looks at decisions, not at probabilities.
    parts : "classes" or "targets"
        What the names of the truth are, and where a record keeps them.
    told_by : str, optional
        The variable that tells this task of a dataset which does not name its own.
    truth : callable
        (dataset, its name for messages) to `Truth`.
    form : Columns or Maps
        Of a file of predictions.
    decide : callable
        What a file holds to answers in the form of the truth.
    confusion : callable, optional
        `Outcome` to counts.
    """

    name: str
    primary: str
    parts: Literal["classes", "targets"] = "classes"
    told_by: str | None = None
    truth: Callable[[xr.Dataset, str], Truth]
    form: Columns | Maps
    decide: Callable[[Array], Array]
    confusion: Callable[[Outcome], NDArray[np.int64]] | None = None

    @property
    def metric(self) -> Metric:
        """The headline."""
        return METRICS[self.primary]

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """All metrics that say that they are for this task, the headline among them."""
        return tuple(metric for metric in METRICS.values() if self.name in metric.tasks)

    def outcome(self, predicted: Array, right: Array, names: tuple[str, ...]) -> Outcome:
        """Return what a file's predictions come to beside what is right."""
        decided = self.decide(predicted)
        return Outcome(predicted=predicted, decided=decided, truth=right, names=names)

    def merit(self, decided: Array, right: Array) -> Array:
        """Return the headline's merit of each sample from decisions alone, as in training."""
        assert self.metric.merit is not None
        decisions = Outcome(predicted=decided, decided=decided, truth=right, names=())
        return self.metric.merit(decisions)


def _as_it_is(answers: Array) -> Array:
    return answers


_OWN = (
    Task(
        name="classification",
        primary="accuracy",
        told_by="label",
        truth=truth.label,
        form=Columns(bounded=True, exclusive=True),
        decide=lambda probabilities: probabilities.argmax(axis=1),
        confusion=metrics.confusion_of_classes,
    ),
    Task(
        name="multilabel",
        primary="accuracy",
        told_by="present",
        truth=truth.presence,
        form=Columns(bounded=True, exclusive=False),
        decide=lambda probabilities: (probabilities > _PRESENT_ABOVE).astype(np.int8),
        confusion=metrics.confusion_of_presence,
    ),
    Task(
        name="regression",
        primary="r2",
        parts="targets",
        truth=truth.coordinates,
        form=Columns(bounded=False, exclusive=False),
        decide=_as_it_is,
    ),
    Task(
        name="segmentation",
        primary="iou",
        truth=truth.class_map,
        form=Maps(name=truth.MAP, coded=True),
        decide=_as_it_is,
        confusion=metrics.confusion_of_pixels,
    ),
    Task(
        name="deblending",
        primary="light_overlap",
        parts="targets",
        truth=truth.light_of_sources,
        form=Maps(name=truth.LIGHT, coded=False),
        decide=lambda light: np.maximum(light, 0),
    ),
)

TASKS = {task.name: task for task in _OWN}


def task_named(name: str) -> Task:
    """Return a task of `TASKS`.

    Raises
    ------
    ParameterError
        There is none of that name.
    """
    if name not in TASKS:
        msg = f"task must be one of {', '.join(TASKS)}, got {name!r}"
        raise ParameterError(msg)
    return TASKS[name]


@dataclass(frozen=True, kw_only=True)
class AnswerKey:
    """What is to be found out about the samples of a dataset, with what is right for all.

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


def answer_key(ds: xr.Dataset, where: str) -> AnswerKey:
    """Read the truth of a dataset whose codes are not decoded.

    Parameters
    ----------
    ds : Dataset
        As stored, with ``split``, ``sample_id`` and what its task asks for. Its attribute
        ``task`` names the task; without one, ``present`` or ``label`` say it. Where its attribute
        ``sealed_split`` names a split, asking for the answers of that raises a `SealedError`.
    where : str
        Names the dataset in messages.

    Raises
    ------
    IntegrityError
        The task is unknown, a coordinate is missing, or its values are no answers.
    """
    task = task_of(ds, where)
    return AnswerKey(
        task=task.name,
        truth=truth_of(task, ds, where),
        splits=meanings(ds, SPLIT_VARIABLE, where),
        ids=np.asarray(ds.variables["sample_id"].values, np.int64),
    )


def truth_of(task: Task, ds: xr.Dataset, where: str) -> Truth:
    """Return the truth of a dataset, which refuses to tell that of sealed samples.

    Parameters
    ----------
    task : Task
    ds : Dataset
        As for `answer_key`.
    where : str
        Names the dataset in messages.

    Raises
    ------
    IntegrityError
        As for `answer_key`.
    """
    sealed = sealed_samples(ds)
    if not sealed.any():
        return task.truth(ds, where)
    truth = task.truth(ds.isel(sample=~sealed), where)
    place = np.cumsum(~sealed) - 1

    def of_rows(rows: NDArray[np.intp]) -> NDArray[Any]:
        refuse_sealed(ds, rows, where)
        return truth.of_rows(place[rows])

    return replace(truth, of_rows=of_rows)


def refuse_sealed(ds: xr.Dataset, rows: NDArray[np.intp] | slice, where: str) -> None:
    """Raise a `SealedError` if the truth of some of these rows is withheld."""
    if sealed_samples(ds)[rows].any():
        msg = (
            f"the truth of the {ds.attrs[SEALED_SPLIT]} split of {where} is sealed: its variables "
            "hold missing values. Take another split, or have predictions for this one scored by "
            "the holder of the seal"
        )
        raise SealedError(msg)


def task_of(ds: xr.Dataset, where: str) -> Task:
    """Return the task of a dataset, which its attribute or its coordinates tell.

    Raises
    ------
    IntegrityError
        They tell none, or one that is not in `TASKS`.
    """
    if "task" in ds.attrs:
        name = str(ds.attrs["task"])
        if name not in TASKS:
            msg = f"{where} has the task {name!r}, but this skybench scores {', '.join(TASKS)}"
            raise IntegrityError(msg)
        return TASKS[name]
    told = [task for task in TASKS.values() if task.told_by in ds.variables]
    if not told:
        msg = (
            f"{where} names no task and has neither label nor present: there is nothing to "
            "recognise"
        )
        raise IntegrityError(msg)
    # Several classes a sample ask for more than one: present counts before label.
    return told[-1]
