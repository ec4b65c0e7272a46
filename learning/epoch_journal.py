"""What is kept of each epoch: a checkpoint, the best weights, the history and a line of log."""

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import lightning

from skybench.learning.weights_file import About, save_weights
from skybench.registry.storage.local_disk import replacing


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """What one epoch came to; the score is the headline of the task."""

    epoch: int
    learning_rate: float
    train_loss: float
    validation_loss: float
    validation_score: float
    seconds: float


class EpochJournal(lightning.Callback):
    """Keeps the history, the best weights, a log line and a checkpoint of every epoch."""

    def __init__(
        self, folder: Path, report: Callable[[str], None] | None, about: About | None = None
    ) -> None:
        self.folder, self.report, self.about = folder, report, about or About()
        self.history: list[Epoch] = []
        self.started = time.perf_counter()

    @property
    def checkpoint(self) -> Path:
        """Where the last whole epoch is kept."""
        return self.folder / "last.ckpt"

    @property
    def best(self) -> Epoch:
        """The epoch with the highest validation score, then the lowest loss."""
        return max(self.history, key=_merit)

    def state_dict(self) -> dict[str, Any]:
        """Give what the checkpoint keeps."""
        return {"history": [asdict(epoch) for epoch in self.history]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take the history back from a checkpoint."""
        self.history = [Epoch(**epoch) for epoch in state_dict["history"]]

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        """Start the clock."""
        self.started = time.perf_counter()

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """Write best weights first and the checkpoint last: a kill between them only repeats."""
        train, loss, score = pl_module.take_losses()
        epoch = Epoch(
            epoch=trainer.current_epoch + 1,
            learning_rate=trainer.optimizers[0].param_groups[0]["lr"],
            train_loss=train,
            validation_loss=loss,
            validation_score=score,
            seconds=time.perf_counter() - self.started,
        )
        self.history.append(epoch)
        if self.best is epoch:
            save_weights(self.folder / "best.safetensors", pl_module.model, self.about)
        with replacing(self.checkpoint) as partial:
            trainer.save_checkpoint(partial)
        self._tell(epoch, pl_module.protocol.epochs)

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


def _merit(epoch: Epoch) -> tuple[float, float]:
    loss = epoch.validation_loss
    return epoch.validation_score, -loss if math.isfinite(loss) else -math.inf
