"""The network with its loss, optimizer and batches, as lightning wants them.

The order and the augmentation of batches depend on their position alone: (seed, epoch, batch).
Nothing else is drawn from, so a training that was interrupted sees what an uninterrupted one does.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import lightning
import numpy as np
import numpy.typing as npt
import torch

from skybench.learning.heads import HEADS
from skybench.learning.labelled import TRAIN, VALIDATION, Labelled
from skybench.learning.model import StretchedNetwork
from skybench.learning.protocols import Protocol
from skybench.registry.scoring.tasks import task_named


@dataclass(frozen=True)
class Batches:
    """An iterable of (images, targets) tensors cut directly from the arrays."""

    data: Labelled
    rows: list[npt.NDArray[np.int64]]

    def __len__(self) -> int:
        """Count the batches."""
        return len(self.rows)

    def __iter__(self) -> Iterator[list[torch.Tensor]]:
        """Cut the batches one by one."""
        for rows in self.rows:
            pair = (self.data.images[rows], self.data.truth[rows])
            yield [torch.from_numpy(array) for array in pair]


def position_generator(*position: int) -> torch.Generator:
    """Make a generator that depends on a position such as (seed, epoch, batch) alone."""
    word = np.random.SeedSequence(position).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(word >> np.uint64(1)))


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


def dihedral(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Flip and, where the images are square, turn each image by a random symmetry."""
    ones = (1,) * (images.ndim - 1)
    coins = torch.rand((3, len(images), *ones), generator=generator).to(images.device) < 0.5
    images = torch.where(coins[0], images.flip(-1), images)
    images = torch.where(coins[1], images.flip(-2), images)
    if images.shape[-1] == images.shape[-2]:
        images = torch.where(coins[2], images.transpose(-1, -2), images)
    return images


class Learner(lightning.LightningModule):
    """A model that learns one dataset under a protocol, in the order of one seed."""

    def __init__(
        self, model: StretchedNetwork, data: Labelled, protocol: Protocol, seed: int
    ) -> None:
        super().__init__()
        self.model = model
        self.head = HEADS[data.task](data)
        self.data, self.protocol, self.seed = data, protocol, seed
        self.train_losses: list[torch.Tensor] = []
        self.validation: list[tuple[torch.Tensor, torch.Tensor]] = []

    def train_dataloader(self) -> Batches:
        """Give this epoch's batches, in the order of (seed, epoch)."""
        rows, size = self.data.rows(TRAIN), self.protocol.batch_size
        return Batches(self.data, shuffled(rows, size, self.seed, self.current_epoch))

    def val_dataloader(self) -> Batches:
        """Give the validation split in order."""
        return Batches(self.data, chunks(self.data.rows(VALIDATION), 256))

    def training_step(self, batch: list[torch.Tensor], index: int) -> torch.Tensor:
        """Give the loss of one batch."""
        images, targets = batch
        if self.protocol.augmentation == "dihedral" and self.data.turns:
            images = dihedral(images, position_generator(self.seed, self.current_epoch, index))
        loss = self.head.loss(self.model(images), targets, self.protocol.label_smoothing)
        self.train_losses.append(loss.detach())
        return loss

    def validation_step(self, batch: list[torch.Tensor], index: int) -> None:
        """Keep outputs and targets until the epoch is over."""
        images, targets = batch
        self.validation.append((self.model(images), targets))

    def configure_optimizers(self) -> Any:
        """Give the protocol's optimizer and its schedule by step."""
        optimizer = make_optimizer(self.model, self.protocol)
        steps = self.protocol.epochs * len(self.train_dataloader())
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: rate_factor(self.protocol, step, steps)
        )
        return [optimizer], [{"scheduler": schedule, "interval": "step"}]

    def take_losses(self) -> tuple[float, float, float]:
        """Give train loss, validation loss and score of this epoch, and start anew."""
        outputs, targets = (torch.cat(parts) for parts in zip(*self.validation, strict=True))
        train = float(torch.stack(self.train_losses).mean())
        loss = float(self.head.loss(outputs, targets, 0.0))
        self.train_losses, self.validation = [], []
        return train, loss, self._score(outputs, targets)

    def _score(self, outputs: torch.Tensor, targets: torch.Tensor) -> float:
        task = task_named(self.data.task)
        answers = task.decide(self.head.answers(outputs))
        return float(np.mean(task.merit(answers, targets.cpu().numpy())))


def rate_factor(protocol: Protocol, step: int, steps: int) -> float:
    """Give the share of the learning rate that step `step` of `steps` uses."""
    if protocol.schedule == "constant":
        return 1.0
    rise = protocol.warmup * steps
    if step < rise:
        return (step + 1) / (rise + 1)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - rise) / (steps - rise))))


def make_optimizer(model: torch.nn.Module, protocol: Protocol) -> torch.optim.Optimizer:
    """Make the optimizer that a protocol names."""
    common: dict[str, Any] = {
        "lr": protocol.learning_rate,
        "weight_decay": protocol.weight_decay,
        "fused": torch.backends.mps.is_available() is False,
    }
    if protocol.optimizer == "adamw":
        return torch.optim.AdamW(model.parameters(), **common)
    return torch.optim.SGD(model.parameters(), momentum=protocol.momentum, **common)
