"""What a network ends in: its outputs, its loss, and its outputs turned to predictions, by task.

A task that has no head here has no network among its baselines; a new head is one `Head` and one
line in `HEADS`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from pydantic import JsonValue
from torch.nn import functional

from skybench.errors import ParameterError
from skybench.learning.labelled import TRAIN, Labelled
from skybench.learning.networks.network import Network
from skybench.learning.stretch import Stretch
from skybench.learning.target_scaling import TargetScaling

Answers = Callable[[torch.Tensor], npt.NDArray[Any]]


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
    answers: Answers
    learned: dict[str, JsonValue] = field(default_factory=dict)


def refusal_of(network: Network, data: Labelled) -> str | None:
    """Say why a network cannot learn from the samples, None where it can."""
    if data.task not in HEADS:  # a task of another package
        return f"no network has a head for a {data.task}"
    return network.refusal(data.form, data.task)


def check_network(network: Network, data: Labelled) -> None:
    """Raise unless a network can learn from the samples.

    Raises
    ------
    ParameterError
        It cannot.
    """
    if reason := refusal_of(network, data):
        msg = f"{network.name} cannot be trained on this: {reason}"
        raise ParameterError(msg)


def exclusive_classes(data: Labelled) -> Head:
    """Return the head of a classification: softmax with cross-entropy."""

    def loss(logits: torch.Tensor, targets: torch.Tensor, smoothing: float) -> torch.Tensor:
        return functional.cross_entropy(logits, targets.long(), label_smoothing=smoothing)

    return Head(loss=loss, answers=answers("classification", {}))


def several_classes(data: Labelled) -> Head:
    """Return the head of a multi-label task: a sigmoid with cross-entropy for each class apart."""

    def loss(logits: torch.Tensor, targets: torch.Tensor, smoothing: float) -> torch.Tensor:
        soft = targets.to(logits.dtype) * (1 - smoothing) + smoothing / 2
        return functional.binary_cross_entropy_with_logits(logits, soft)

    return Head(loss=loss, answers=answers("multilabel", {}))


def numbers(data: Labelled) -> Head:
    """Return the head of a regression: Huber's loss of the standardised targets.

    It is the squared error up to one standard deviation and linear beyond, so that its gradient is
    bounded as that of cross-entropy is, and the learning rates of the protocols hold for it too.
    """
    scaling = TargetScaling.of(data.truth[data.rows(TRAIN)])
    learned: dict[str, JsonValue] = {"target_scaling": scaling.as_json()}

    def loss(outputs: torch.Tensor, targets: torch.Tensor, smoothing: float) -> torch.Tensor:
        aims = scaling.standardised(targets.cpu().numpy())
        return functional.huber_loss(outputs, torch.from_numpy(aims).to(outputs))

    return Head(loss=loss, answers=answers("regression", learned), learned=learned)


def class_of_each_pixel(data: Labelled) -> Head:
    """Return the head of a segmentation: softmax with cross-entropy in each pixel."""

    def loss(logits: torch.Tensor, targets: torch.Tensor, smoothing: float) -> torch.Tensor:
        return functional.cross_entropy(logits, targets.long(), label_smoothing=smoothing)

    return Head(loss=loss, answers=answers("segmentation", {}))


def light_of_each_source(data: Labelled) -> Head:
    """Return the head of a deblending: Huber's loss of the light of each source, brightest first.

    Light is learnt as asinh(light / scale), the scale about the noise of the images, and none that
    is answered is negative. Sources have no order of their own, so the network is asked for them
    by their light.
    """
    scale = Stretch.of(data.images[data.rows(TRAIN)]).scale
    learned: dict[str, JsonValue] = {
        "light_scale": scale,
        "light_shape": [int(size) for size in data.truth.shape[1:-2]],
    }

    def loss(outputs: torch.Tensor, targets: torch.Tensor, smoothing: float) -> torch.Tensor:
        light = targets.float()
        order = light.flatten(2).sum(-1).argsort(dim=1, descending=True, stable=True)
        places = order.view(*order.shape, *(1,) * (light.ndim - 2)).expand_as(light)
        aims = torch.asinh(light.gather(1, places) / scale)
        return functional.huber_loss(outputs.reshape(aims.shape), aims.to(outputs.dtype))

    return Head(loss=loss, answers=answers("deblending", learned), learned=learned)


HEADS: dict[str, Callable[[Labelled], Head]] = {
    "classification": exclusive_classes,
    "multilabel": several_classes,
    "regression": numbers,
    "segmentation": class_of_each_pixel,
    "deblending": light_of_each_source,
}


def answers(task: str, learned: Mapping[str, Any]) -> Answers:
    """Return what turns a network's outputs to what a file of predictions holds.

    Parameters
    ----------
    task : str
        A key of `HEADS`.
    learned : mapping
        What its head learned. Without a scaling of targets they stay as the network gives them.
    """
    return _ANSWERS[task](learned)


def _softmax(learned: Mapping[str, Any]) -> Answers:
    return lambda logits: _array(logits.nan_to_num(nan=0.0).softmax(-1))


def _sigmoid(learned: Mapping[str, Any]) -> Answers:
    return lambda logits: _array(logits.nan_to_num(nan=0.0).sigmoid())


def _restored(learned: Mapping[str, Any]) -> Answers:
    if "target_scaling" not in learned:
        return _array
    scaling = TargetScaling.from_json(learned["target_scaling"])
    return lambda outputs: scaling.restored(_array(outputs)).astype(np.float32)


def _likeliest(learned: Mapping[str, Any]) -> Answers:
    return lambda logits: _array(logits.nan_to_num(nan=0.0).argmax(1)).astype(np.int8)


def _light(learned: Mapping[str, Any]) -> Answers:
    def light(outputs: torch.Tensor) -> npt.NDArray[Any]:
        known = outputs.float().nan_to_num(nan=0.0).clamp(0, _BRIGHTEST)
        light = known.sinh() * learned["light_scale"]
        return _array(light.reshape(len(light), *learned["light_shape"], *light.shape[2:]))

    return light


_BRIGHTEST = 40.0
"""Of asinh(light / scale): no image has 1e17 times its noise, and float32 holds it."""

_ANSWERS: dict[str, Callable[[Mapping[str, Any]], Answers]] = {
    "classification": _softmax,
    "multilabel": _sigmoid,
    "regression": _restored,
    "segmentation": _likeliest,
    "deblending": _light,
}


def _array(outputs: torch.Tensor) -> npt.NDArray[np.float32]:
    return np.asarray(outputs.detach().float().cpu().numpy())
