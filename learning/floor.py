"""A floor: the predictions of a method that looks at little or nothing, to compare models with."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import JsonValue

from skybench.learning.labelled import Labelled
from skybench.registry.scoring.tasks import task_named

Answers = npt.NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class Floor:
    """A floor's predictions on test, with what its record says of it.

    Parameters
    ----------
    model : str
    answers : array
        What a file of predictions holds for each test sample.
    parameters : int
        Numbers that were fitted.
    hyperparameters : dict
    validation_score : float
    """

    model: str
    answers: Answers
    parameters: int
    hyperparameters: dict[str, JsonValue]
    validation_score: float


def score_on(data: Labelled, split: int, answers: Answers) -> float:
    """Return the headline score of predictions for one split."""
    task = task_named(data.task)
    return float(np.mean(task.merit(task.decide(answers), data.targets[data.rows(split)])))


def repeated(row: npt.NDArray[Any], data: Labelled, split: int) -> Answers:
    """Return one answer for every sample of a split."""
    return np.tile(row, (len(data.rows(split)), *([1] * row.ndim)))
