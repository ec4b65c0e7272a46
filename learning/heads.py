"""What a network ends in: its outputs, its loss, and its outputs turned to predictions, by task.

A task that has no head here has no network among its baselines; a new head is one `Head` and one
line in `HEADS`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from pydantic import JsonValue
from torch.nn import functional

from skybench.learning.labelled import TRAIN, Labelled
from skybench.learning.target_scaling import TargetScaling


@dataclass(frozen=True, kw_only=True)
class Head:
    """The end of a network.

    Parameters
    ----------
    loss : callable
        (outputs, targets, label smoothing) to the loss.
    answers : callable
        Outputs to what a file of predictions holds. A network that diverged to NaN is undecided.
    learned : dict
        What was learned from the train split, as a record keeps it.
    """

    loss: Callable[[torch.Tensor, torch.Tensor, float], torch.Tensor]
    answers: Callable[[torch.Tensor], npt.NDArray[Any]]
    learned: dict[str, JsonValue] = field(default_factory=dict)


def exclusive_classes(data: Labelled) -> Head:
    """Return the head of a classification: softmax with cross-entropy."""

    def loss(logits: torch.Tensor, targets: torch.Tensor, smoothing: float) -> torch.Tensor:
        return functional.cross_entropy(logits, targets.long(), label_smoothing=smoothing)

    return Head(loss=loss, answers=lambda logits: _array(logits.nan_to_num(nan=0.0).softmax(-1)))


def several_classes(data: Labelled) -> Head:
    """Return the head of a multi-label task: a sigmoid with cross-entropy for each class apart."""

    def loss(logits: torch.Tensor, targets: torch.Tensor, smoothing: float) -> torch.Tensor:
        soft = targets.to(logits.dtype) * (1 - smoothing) + smoothing / 2
        return functional.binary_cross_entropy_with_logits(logits, soft)

    return Head(loss=loss, answers=lambda logits: _array(logits.nan_to_num(nan=0.0).sigmoid()))


def numbers(data: Labelled) -> Head:
    """Return the head of a regression: Huber's loss of the standardised targets.

    It is the squared error up to one standard deviation and linear beyond, so that its gradient is
    bounded as that of cross-entropy is, and the learning rates of the protocols hold for it too.
    """
    scaling = TargetScaling.of(data.truth[data.rows(TRAIN)])

    def loss(outputs: torch.Tensor, targets: torch.Tensor, smoothing: float) -> torch.Tensor:
        aims = scaling.standardised(targets.cpu().numpy())
        return functional.huber_loss(outputs, torch.from_numpy(aims).to(outputs))

    return Head(
        loss=loss,
        answers=lambda outputs: scaling.restored(_array(outputs)).astype(np.float32),
        learned={"target_scaling": scaling.as_json()},
    )


HEADS: dict[str, Callable[[Labelled], Head]] = {
    "classification": exclusive_classes,
    "multilabel": several_classes,
    "regression": numbers,
}


def _array(outputs: torch.Tensor) -> npt.NDArray[np.float32]:
    return np.asarray(outputs.detach().float().cpu().numpy())
