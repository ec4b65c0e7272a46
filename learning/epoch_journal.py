"""What is kept of a training: checkpoints, the best weights, both curves and a log.

A checkpoint is written after each epoch, and within one whenever some seconds have passed. What is
told of each iteration is in it, too, so that the curve of a resumed run has no gap.
"""

import math
import time
import zipfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import pandas as pd
import torch

from skybench.learning.weights_file import About, save_weights
from skybench.registry.storage.local_disk import replacing

CHECKPOINT_SECONDS = 60.0
"""At most so much work is lost by a kill."""

_COLUMNS = ("epoch", "learning_rate", "train_loss", "seconds")


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """What one epoch came to; the score is the headline of the task."""

    epoch: int
    learning_rate: float
    train_loss: float
    validation_loss: float
    validation_score: float
    seconds: float
    iterations: int = 0
    """Until its end, of all epochs."""

    @property
    def merit(self) -> tuple[float, float]:
        """What the best epoch has the most of: the score, then how low the loss is."""
        loss = self.validation_loss
        return self.validation_score, -loss if math.isfinite(loss) else -math.inf


class EpochJournal(lightning.Callback):
    """Keeps the curves, the best weights, a log line and a checkpoint of every epoch.

    Parameters
    ----------
    folder : Path
    report : callable, optional
        Gets one line an epoch.
    about : About, optional
        What files of weights say of themselves.
    checkpoint_seconds : float
        Between two checkpoints within an epoch.
    """

    def __init__(
        self,
        folder: Path,
        report: Callable[[str], None] | None,
        about: About | None = None,
        checkpoint_seconds: float = CHECKPOINT_SECONDS,
    ) -> None:
        self.folder, self.report, self.about = folder, report, about or About()
        self.checkpoint_seconds = checkpoint_seconds
        self.history: list[Epoch] = []
        self.iterations: dict[str, list[float]] = {name: [] for name in _COLUMNS}
        self._spent = 0.0  # seconds of this epoch before an interruption
        self._begin = self._kept = time.perf_counter()

    @property
    def checkpoint(self) -> Path:
        """Where a training that is interrupted goes on."""
        return self.folder / "last.ckpt"

    @property
    def best(self) -> Epoch:
        """The epoch with the highest validation score, then the lowest loss."""
        return max(self.history, key=lambda epoch: epoch.merit)

    @property
    def curve(self) -> pd.DataFrame:
        """A row an iteration: epoch, learning rate, train loss and the seconds until its end."""
        columns = {name: np.array(self.iterations[name], np.float32) for name in _COLUMNS}
        table = pd.DataFrame(columns).astype({"epoch": np.int32, "seconds": np.float64})
        return table.set_index(pd.RangeIndex(1, len(table) + 1, name="iteration"))

    def state_dict(self) -> dict[str, Any]:
        """Give what the checkpoint keeps."""
        return {
            "history": [asdict(epoch) for epoch in self.history],
            "iterations": self.iterations,
            "spent": self._seconds,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take back from a checkpoint what was kept."""
        self.history = [Epoch(**epoch) for epoch in state_dict["history"]]
        self.iterations = state_dict.get("iterations", self.iterations)
        self._spent = state_dict.get("spent", 0.0)

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Start the clock, also of an epoch that was begun before."""
        self._begin = self._kept = time.perf_counter()

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        """Start the clock of an epoch."""
        self._begin, self._spent = time.perf_counter(), 0.0

    def on_train_batch_start(self, trainer: Any, pl_module: Any, *_: Any) -> None:
        """Note the rate that the batch is learnt with."""
        self.iterations["learning_rate"].append(_rate(trainer))

    def on_train_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Note the time; write a checkpoint when it is due, unless the epoch's own is."""
        self.iterations["epoch"].append(trainer.current_epoch + 1)
        self.iterations["seconds"].append(self._seconds + sum(e.seconds for e in self.history))
        due = time.perf_counter() - self._kept >= self.checkpoint_seconds
        if trainer.world_size > 1:
            due = trainer.strategy.reduce_boolean_decision(due, all=False)
        if due and batch_idx + 1 < trainer.num_training_batches:
            self._take_losses(trainer, pl_module)
            self._keep(trainer)

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """Write best weights first and the checkpoint last: a kill between them only repeats."""
        self._take_losses(trainer, pl_module)
        loss, score = pl_module.take_validation()
        batches = trainer.num_training_batches
        epoch = Epoch(
            epoch=trainer.current_epoch + 1,
            learning_rate=_rate(trainer),
            train_loss=float(torch.tensor(self.iterations["train_loss"][-batches:]).mean()),
            validation_loss=loss,
            validation_score=score,
            seconds=self._seconds,
            iterations=len(self.iterations["train_loss"]),
        )
        self.history.append(epoch)
        if self.best is epoch and trainer.is_global_zero:
            save_weights(self.folder / "best.safetensors", pl_module.model, self.about)
        self._begin, self._spent = time.perf_counter(), 0.0
        self._keep(trainer)
        _log(trainer, _of_validation(epoch), epoch.iterations)
        if trainer.is_global_zero:
            self._tell(epoch, pl_module.protocol.epochs)

    def is_begun(self) -> bool:
        """Whether there is a whole checkpoint: torch writes zip files, which have checksums."""
        try:
            with zipfile.ZipFile(self.checkpoint) as members:
                return members.testzip() is None
        except (OSError, zipfile.BadZipFile):
            return False

    def recall(self) -> None:
        """Take the curves from the checkpoint that the processes of a training left."""
        if not self.history:
            kept = torch.load(self.checkpoint, map_location="cpu", weights_only=True)
            self.load_state_dict(kept["callbacks"][self.state_key])

    @property
    def _seconds(self) -> float:
        return self._spent + time.perf_counter() - self._begin

    def _take_losses(self, trainer: Any, learner: Any) -> None:
        """Take over the losses of the iterations since the last time: no device waits for each."""
        first = len(self.iterations["train_loss"])
        self.iterations["train_loss"] += learner.take_losses()
        for place in range(first, len(self.iterations["train_loss"])):
            told = {name: self.iterations[name][place] for name in ("train_loss", "learning_rate")}
            _log(trainer, told, place + 1)

    def _keep(self, trainer: Any) -> None:
        if trainer.is_global_zero:
            with replacing(self.checkpoint) as partial:
                trainer.save_checkpoint(partial)
        else:  # all processes must come, the first alone writes
            trainer.save_checkpoint(self.checkpoint)
        self._kept = time.perf_counter()

    def _tell(self, epoch: Epoch, epochs: int) -> None:
        line = (
            f"epoch {epoch.epoch}/{epochs}  loss {epoch.train_loss:.4f}  "
            f"validation loss {epoch.validation_loss:.4f}  "
            f"score {epoch.validation_score:.4f}  {epoch.seconds:.0f} s"
        )
        with (self.folder / "log.txt").open("a", encoding="utf-8") as log:
            log.write(line + "\n")
        if self.report:
            self.report(line)


def _rate(trainer: Any) -> float:
    return float(trainer.optimizers[0].param_groups[0]["lr"])


def _log(trainer: Any, told: dict[str, float], step: int) -> None:
    for logger in trainer.loggers:
        logger.log_metrics(told, step)


def _of_validation(epoch: Epoch) -> dict[str, float]:
    return {"validation_loss": epoch.validation_loss, "validation_score": epoch.validation_score}
