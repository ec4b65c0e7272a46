"""The table of tasks: where the truth of each is, what an answer looks like, how it is scored.

A new task is one `Task` and one line in `TASKS`, and its name in `generators.recipe`. Its floors
and the head of its network are lines in tables of `skybench.learning`; it may have none.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skybench.errors import ParameterError
from skybench.registry.scoring import metrics, regression, segmentation, truth
from skybench.registry.scoring.metrics import Measures, Metric

Array = NDArray[Any]


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
    """An answer that is an array of (sample, y, x) class codes."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """What is to be answered in one kind of task, and what is right.

    Parameters
    ----------
    metric : Metric
        The headline: the mean over samples of `merit`.
    parts : "classes" or "targets"
        What the names of the truth are, and where a record keeps them.
    truth : callable
        (dataset, its name for messages) to `Truth`.
    form : Columns or Maps
        Of a file of predictions.
    decide : callable
        What a file holds to answers in the form of the truth.
    merit : callable
        (answers, truth) to (sample,) float, larger is better.
    measures : callable
        (answers, truth, number of parts) to other measures of each part.
    confusion : callable, optional
        (answers, truth, number of classes) to counts.
    """

    metric: Metric
    parts: Literal["classes", "targets"] = "classes"
    truth: Callable[[xr.Dataset, str], truth.Truth]
    form: Columns | Maps
    decide: Callable[[Array], Array]
    merit: Callable[[Array, Array], Array]
    measures: Callable[[Array, Array, int], Measures]
    confusion: Callable[[Array, Array, int], NDArray[np.int64]] | None = None


def _as_it_is(answers: Array) -> Array:
    return answers


ACCURACY = Metric(name="accuracy", title="accuracy", is_share=True)
R_SQUARED = Metric(name="r2", title="mean R²", is_share=False)
OVERLAP = Metric(name="iou", title="mean IoU", is_share=True)

TASKS = {
    "classification": Task(
        metric=ACCURACY,
        truth=truth.label,
        form=Columns(bounded=True, exclusive=True),
        decide=lambda probabilities: probabilities.argmax(axis=1),
        merit=lambda decisions, labels: decisions == labels,
        measures=metrics.accuracy_by_class,
        confusion=metrics.single_confusion,
    ),
    # A sample is right where all its classes are.
    "multilabel": Task(
        metric=ACCURACY,
        truth=truth.presence,
        form=Columns(bounded=True, exclusive=False),
        decide=lambda probabilities: (probabilities > metrics.PRESENT_ABOVE).astype(np.int8),
        merit=lambda decisions, present: np.asarray((decisions == present).all(axis=1)),
        measures=metrics.accuracy_of_presence,
        confusion=metrics.present_confusion,
    ),
    "regression": Task(
        metric=R_SQUARED,
        parts="targets",
        truth=truth.coordinates,
        form=Columns(bounded=False, exclusive=False),
        decide=_as_it_is,
        merit=regression.explained,
        measures=regression.errors,
    ),
    "segmentation": Task(
        metric=OVERLAP,
        truth=truth.class_map,
        form=Maps(),
        decide=_as_it_is,
        merit=segmentation.image_overlap,
        measures=segmentation.overlap_by_class,
        confusion=segmentation.pixel_confusion,
    ),
}

METRICS = {task.metric.name: task.metric for task in TASKS.values()}


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
