"""What the iterations of a training spend their time on, operation by operation."""

from pathlib import Path
from typing import Any

import lightning
import torch
from torch import profiler

TRACE = "trace.json"
OPERATIONS = "operations.txt"

_SKIPPED = 3
"""Iterations before: the first ones make room for memory and choose algorithms."""

_PROFILED = 10
_DEAREST = 10


class OperationProfile(lightning.Callback):
    """Writes a trace and a table of the dearest operations of ten iterations.

    ``trace.json`` is for a viewer of traces, such as Perfetto or chrome://tracing;
    ``operations.txt`` has the ten operations that took most time of their own.

    Parameters
    ----------
    folder : Path
        Where both are written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._profile: Any = None
        self._seen = 0

    def on_train_batch_start(self, trainer: Any, *_: Any) -> None:
        """Begin after the first iterations, or at once where there are few."""
        few = trainer.max_epochs * trainer.num_training_batches <= _SKIPPED
        if self._seen == (0 if few else _SKIPPED):
            kinds = [profiler.ProfilerActivity.CPU]
            if torch.cuda.is_available():
                kinds.append(profiler.ProfilerActivity.CUDA)
            self._profile = profiler.profile(activities=kinds, record_shapes=True)
            self._profile.start()

    def on_train_batch_end(self, *_: Any) -> None:
        """End after ten."""
        self._seen += 1
        if self._seen == _SKIPPED + _PROFILED:
            self._finish()

    def on_train_end(self, *_: Any) -> None:
        """End, where there were fewer."""
        self._finish()

    def on_exception(self, *_: Any) -> None:
        """End, so that another may begin."""
        self._finish()

    def _finish(self) -> None:
        if self._profile is None:
            return
        self._profile.stop()
        self._profile.export_chrome_trace(str(self.folder / TRACE))
        by = "self_cuda_time_total" if torch.cuda.is_available() else "self_cpu_time_total"
        table = self._profile.key_averages().table(
            sort_by=by, row_limit=_DEAREST, max_name_column_width=40
        )
        (self.folder / OPERATIONS).write_text(table, encoding="utf-8")
        self._profile = None
