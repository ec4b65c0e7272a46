"""The network with its loss, optimizer and batches, as lightning wants them.

The order and the augmentation of batches depend on their position alone: (seed, epoch, batch).
Nothing else is drawn from, so a training that was interrupted sees what an uninterrupted one does.
"""

import contextlib
import math
from collections.abc import Iterator, Mapping
from typing import Any

import lightning
import numpy as np
import numpy.typing as npt
import torch

from skybench.errors import ParameterError
from skybench.learning.adaptation import Adaptation, features_seen, head_of
from skybench.learning.augmentation import (
    Draws,
    augmented,
    chosen_augmentations,
    position_generator,
)
from skybench.learning.heads import HEADS
from skybench.learning.labelled import TRAIN, UNLABELLED, VALIDATION, Labelled
from skybench.learning.layers import Layers
from skybench.learning.model import StretchedNetwork
from skybench.learning.protocols import Protocol
from skybench.registry.scoring.tasks import task_named


class Batches:
    """An iterable of (images, targets) tensors cut directly from the arrays.

    lightning asks `state_dict` for the place and goes on from there after `load_state_dict`.
    """

    def __init__(self, data: Labelled, rows: list[npt.NDArray[np.int64]]) -> None:
        self.data, self.rows = data, rows
        self._given = self._start = 0

    def __len__(self) -> int:
        """Count the batches."""
        return len(self.rows)

    def __iter__(self) -> Iterator[list[torch.Tensor]]:
        """Cut the batches one by one, at first from the place that was loaded."""
        start, self._start = self._start, 0
        for given, rows in enumerate(self.rows[start:], start + 1):
            self._given = given
            pair = (self.data.images[rows], self.data.truth[rows])
            yield [torch.from_numpy(array) for array in pair]

    def state_dict(self) -> dict[str, int]:
        """Return how many batches were given."""
        return {"given": self._given}

    def load_state_dict(self, state: Mapping[str, int]) -> None:
        """Begin the next iteration after those that were given."""
        self._given = self._start = state["given"]


def shuffled(
    rows: npt.NDArray[np.int64], batch_size: int, seed: int, epoch: int
) -> list[npt.NDArray[np.int64]]:
    """Cut the rows, in the order of (seed, epoch), into whole batches; the rest sits out."""
    order = rows[np.random.default_rng([seed, epoch]).permutation(len(rows))]
    whole = len(order) - len(order) % batch_size
    return chunks(order[:whole] if whole else order, batch_size)


def chunks(rows: npt.NDArray[np.int64], size: int) -> list[npt.NDArray[np.int64]]:
    """Cut rows into pieces of at most `size`."""
    return [rows[start : start + size] for start in range(0, len(rows), size)]


class Learner(lightning.LightningModule):
    """A model that learns one dataset under a protocol, in the order of one seed.

    Parameters
    ----------
    head_name : str, optional
        What the names of the tensors of the last layer begin with.
    adapt : Adaptation, optional
        Makes features of the unlabelled samples like those of the others.
    """

    def __init__(
        self,
        model: StretchedNetwork,
        data: Labelled,
        protocol: Protocol,
        seed: int,
        head_name: str | None = None,
        adapt: Adaptation | None = None,
    ) -> None:
        super().__init__()
        self.model = model
        self.head = HEADS[data.task](data)
        self.data, self.protocol, self.seed = data, protocol, seed
        self.layers = Layers(model.network, protocol, head_name)
        self.head_name, self.adapt = head_name, adapt
        self.alignment = adapt.made(self._feature_count(), seed) if adapt else None
        self.augmentations, _ = chosen_augmentations(protocol, data)
        self.losses: list[torch.Tensor] = []
        self.validation: list[tuple[torch.Tensor, torch.Tensor]] = []

    @property
    def steps(self) -> int:
        """How many batches an epoch has."""
        return len(self._rows(0))

    def train_dataloader(self) -> Batches:
        """Give this process's share of each batch, in the order of (seed, epoch)."""
        rank, ranks = self._place()
        return Batches(self.data, [rows[rank::ranks] for rows in self._rows(self.current_epoch)])

    def _rows(self, epoch: int) -> list[npt.NDArray[np.int64]]:
        _, ranks = self._place()
        rows = shuffled(self.data.rows(TRAIN), self.protocol.batch_size, self.seed, epoch)
        return [batch[: len(batch) - len(batch) % ranks] for batch in rows]

    def _place(self) -> tuple[int, int]:
        """Return which of how many processes this is."""
        return (self.global_rank, self.trainer.world_size) if self._trainer else (0, 1)

    def val_dataloader(self) -> Batches:
        """Give the validation split in order; every process looks at all of it."""
        return Batches(self.data, chunks(self.data.rows(VALIDATION), 256))

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        """Freeze or thaw the layers; also in an epoch that an interrupted run began."""
        self.layers.prepare(self.current_epoch)

    def training_step(self, batch: list[torch.Tensor], index: int) -> torch.Tensor:
        """Give the loss of one batch."""
        images, targets = batch
        images = self._augmented(images, index)
        with self._drawing(index):
            outputs, term = self._outputs(images, index)
        loss = self.head.loss(outputs, targets, self.protocol.label_smoothing)
        self.losses.append(loss.detach())
        return loss if term is None else loss + term

    def _outputs(
        self, images: torch.Tensor, index: int
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Give the outputs, and the term that compares their features with unlabelled ones."""
        if self.adapt is None or self.alignment is None:
            return self.model(images), None
        known, steps = len(images), self.protocol.epochs * self.steps
        with features_seen(self.model, self.head_name) as seen:
            outputs = self.model(torch.cat([images, self._unlabelled(images, index)]))
        progress = (self.current_epoch * self.steps + index) / steps
        term = self.alignment(seen[0][:known], seen[0][known:], progress)
        return outputs[:known], self.adapt.weight * term

    def _unlabelled(self, like: torch.Tensor, index: int) -> torch.Tensor:
        """Give as many unlabelled samples as there are others in the batch, drawn by position."""
        rows, (rank, _) = self.data.rows(UNLABELLED), self._place()
        draws = position_generator(self.seed, self.current_epoch, index, _UNLABELLED, rank)
        chosen = rows[torch.randint(len(rows), (len(like),), generator=draws).numpy()]
        images = torch.from_numpy(self.data.images[chosen]).to(like.device)
        return self._augmented(images, index)

    def _feature_count(self) -> int:
        if not len(self.data.rows(UNLABELLED)):
            msg = "an alignment needs unlabelled samples, and the data have none"
            raise ParameterError(msg)
        layer = head_of(self.model, self.head_name)
        if not isinstance(layer, torch.nn.Linear):
            msg = f"an alignment needs a linear last layer, got {type(layer).__name__}"
            raise ParameterError(msg)
        return layer.in_features

    def _augmented(self, images: torch.Tensor, index: int) -> torch.Tensor:
        position, (rank, ranks) = (self.seed, self.current_epoch, index), self._place()

        def draws(number: int) -> Draws:
            # The first of a list is drawn as an only one always was.
            own = position if number == 0 else (*position, number)
            return Draws(generator=position_generator(*own), rank=rank, ranks=ranks)

        noise = self.model.stretch.scale
        return augmented(images, self.augmentations, data=self.data, noise=noise, draws=draws)

    @contextlib.contextmanager
    def _drawing(self, index: int) -> Iterator[None]:
        """Let what a network draws, as for dropout, depend on its position, too."""
        device = self.device
        with torch.random.fork_rng([device] if device.type == "cuda" else []):
            position = (self.seed, self.current_epoch, index, _DROPOUT, self.global_rank)
            torch.manual_seed(position_generator(*position).initial_seed())
            yield

    def validation_step(self, batch: list[torch.Tensor], index: int) -> None:
        """Keep outputs and targets until the epoch is over."""
        images, targets = batch
        self.validation.append((self.model(images), targets))

    def configure_optimizers(self) -> Any:
        """Give the protocol's optimizer and its schedule by step."""
        groups = self.layers.groups()
        if beside := list(self.alignment.parameters()) if self.alignment else []:
            groups.append({"params": beside})
        optimizer = make_optimizer(groups, self.protocol)
        steps = self.steps
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: phase_factor(self.protocol, step, steps)
        )
        return [optimizer], [{"scheduler": schedule, "interval": "step"}]

    def take_losses(self) -> list[float]:
        """Give the losses of the batches since this was last asked: means over all processes."""
        losses, self.losses = self.losses, []
        if not losses:
            return []
        stacked = torch.stack(losses).float()
        if self._place()[1] > 1:
            stacked = self.trainer.strategy.reduce(stacked, reduce_op="mean")
        return [float(loss) for loss in stacked.cpu()]

    def take_validation(self) -> tuple[float, float]:
        """Give validation loss and score of this epoch, and start anew."""
        outputs, targets = (torch.cat(parts) for parts in zip(*self.validation, strict=True))
        self.validation = []
        return float(self.head.loss(outputs, targets, 0.0)), self._score(outputs, targets)

    def _score(self, outputs: torch.Tensor, targets: torch.Tensor) -> float:
        task = task_named(self.data.task)
        answers = task.decide(self.head.answers(outputs))
        return float(np.mean(task.merit(answers, targets.cpu().numpy())))


_DROPOUT, _UNLABELLED = 1 << 20, (1 << 20) + 1
"""No augmentation has these numbers."""


def phase_factor(protocol: Protocol, step: int, epoch_steps: int) -> float:
    """Give the share of the learning rate at a step: the second phase has its own schedule."""
    total, freeze = protocol.epochs * epoch_steps, protocol.freeze
    first = epoch_steps * freeze.epochs if freeze and freeze.epochs else total
    if freeze is None or step < first:
        return rate_factor(protocol, step, first)
    return freeze.then_rate * rate_factor(protocol, step - first, max(1, total - first))


def rate_factor(protocol: Protocol, step: int, steps: int) -> float:
    """Give the share of the learning rate that step `step` of `steps` uses."""
    if protocol.schedule == "constant":
        return 1.0
    if protocol.schedule == "step":
        passed = sum(step >= milestone * steps for milestone in protocol.milestones)
        return float(protocol.step_factor**passed)
    rise = protocol.warmup * steps
    if step < rise:
        return (step + 1) / (rise + 1)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - rise) / (steps - rise))))


def make_optimizer(groups: list[dict[str, Any]], protocol: Protocol) -> torch.optim.Optimizer:
    """Make the optimizer that a protocol names, for groups of parameters."""
    common: dict[str, Any] = {
        "lr": protocol.learning_rate,
        "weight_decay": protocol.weight_decay,
        "fused": torch.backends.mps.is_available() is False,
    }
    if protocol.optimizer == "adamw":
        return torch.optim.AdamW(groups, **common)
    return torch.optim.SGD(groups, momentum=protocol.momentum, **common)
