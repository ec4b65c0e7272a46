"""The network with its loss, optimizer and batches, as lightning wants them."""

import math
from typing import Any

import lightning
import numpy as np
import torch

from skybench.learning.batches import Batches, chunks, dihedral, position_generator, shuffled
from skybench.learning.heads import HEADS
from skybench.learning.labelled import TRAIN, VALIDATION, Labelled
from skybench.learning.model import StretchedNetwork
from skybench.learning.protocols import Protocol
from skybench.registry.scoring.tasks import task_named


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
