"""How a training is carried out: processes, loggers, profile, progress. The result is the same."""

import contextlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.fabric.plugins.environments.torchelastic import TorchElasticEnvironment
from lightning.pytorch.strategies import DDPStrategy

from skybench.errors import MissingDependencyError, ParameterError
from skybench.generators.suggestion import unknown
from skybench.learning.device import choose_device, choose_precision
from skybench.learning.epoch_journal import CHECKPOINT_SECONDS, EpochJournal
from skybench.learning.learner import Learner
from skybench.learning.operation_profile import OperationProfile
from skybench.registry.progress_bar import progress_bar

_ENVIRONMENT = ("LOCAL_RANK", "RANK", "SLURM_PROCID")


@dataclass(frozen=True, kw_only=True)
class Execution:
    """How a training is carried out.

    Parameters
    ----------
    devices : int
        Processes on this machine that train together, one a GPU where there are GPUs. The rows of
        a batch are shared out; the result is that of one process up to the order of its sums.
        Under torchrun its number of processes counts.
    loggers : tuple of str
        Keys of `LOGGERS`; they write into the folder of the run.
    profile : bool
        Whether to write ``trace.json`` and ``operations.txt`` of a few iterations.
    progress : bool
        Whether a bar on standard error counts the iterations.
    checkpoint_seconds : float
        Between two checkpoints within an epoch.

    Raises
    ------
    ParameterError
        There are no such loggers, or less than one device.
    """

    devices: int = 1
    loggers: tuple[str, ...] = ()
    profile: bool = False
    progress: bool = False
    checkpoint_seconds: float = CHECKPOINT_SECONDS

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        if self.devices < 1:
            msg = f"devices must be at least 1, got {self.devices}"
            raise ParameterError(msg)
        for name in self.loggers:
            if name not in LOGGERS:
                raise ParameterError(unknown("logger", name, LOGGERS))

    @property
    def processes(self) -> int:
        """How many train together, on all machines."""
        return int(os.environ["WORLD_SIZE"]) if _under_torchrun() else self.devices


def is_first_process() -> bool:
    """Whether this process writes the results; of several that train together one does."""
    return all(int(os.environ.get(name, 0)) == 0 for name in _ENVIRONMENT)


def wait_for_all() -> None:
    """Wait until all processes that train together are here."""
    distributed: Any = torch.distributed
    if distributed.is_available() and distributed.is_initialized():
        distributed.barrier()


def train_model(learner: Learner, journal: EpochJournal, execution: Execution) -> None:
    """Train, from the journal's checkpoint on where it has a whole one.

    Raises
    ------
    ParameterError
        The batch of the protocol cannot be shared out evenly.
    MissingDependencyError
        A logger is not installed.
    """
    size, processes = learner.protocol.batch_size, execution.processes
    if size % processes:
        msg = f"batch_size {size} cannot be shared out to {processes} processes; take a multiple"
        raise ParameterError(msg)
    trainer = lightning.Trainer(
        **_devices(execution, learner),
        precision=choose_precision(learner.data.form.extent),  # type: ignore[arg-type]
        max_epochs=learner.protocol.epochs,
        callbacks=_callbacks(journal, execution),
        logger=[_logger(name, journal.folder) for name in execution.loggers],
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        reload_dataloaders_every_n_epochs=1,
        use_distributed_sampler=False,
        log_every_n_steps=1,
        default_root_dir=journal.folder,
    )
    last = journal.checkpoint if journal.is_begun() else None
    trainer.fit(learner, ckpt_path=last)


def _devices(execution: Execution, learner: Learner) -> dict[str, Any]:
    device = choose_device()
    options: dict[str, Any] = {"accelerator": {"cuda": "gpu"}.get(device, device), "devices": 1}
    if execution.processes == 1:
        return options
    options |= {"devices": execution.devices, "strategy": _strategy(learner)}
    # Normalisations see whole batches, where torch can: it cannot on processors.
    options["sync_batchnorm"] = device == "cuda"
    if _under_torchrun():
        local = int(os.environ["LOCAL_WORLD_SIZE"])
        options |= {"devices": local, "num_nodes": execution.processes // local}
        options["plugins"] = [TorchElasticEnvironment()]
    return options


def _strategy(learner: Learner) -> Any:
    # Layers that are frozen get no gradients, and become trained ones in the second phase.
    frozen = learner.protocol.freeze is not None
    return DDPStrategy(find_unused_parameters=frozen)


def _under_torchrun() -> bool:
    return "TORCHELASTIC_RUN_ID" in os.environ


def _callbacks(journal: EpochJournal, execution: Execution) -> list[lightning.Callback]:
    callbacks: list[lightning.Callback] = [journal]
    if execution.progress and is_first_process():
        callbacks.append(_Bar())
    if execution.profile and is_first_process():
        callbacks.append(OperationProfile(journal.folder))
    return callbacks


class _Bar(lightning.Callback):
    """Counts iterations on standard error."""

    def __init__(self) -> None:
        self._open = contextlib.ExitStack()

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        total = trainer.max_epochs * pl_module.steps
        bar = progress_bar("training", total, done=trainer.global_step, unit="iterations")
        self._advance = self._open.enter_context(bar)

    def on_train_batch_end(self, *_: Any) -> None:
        self._advance(1)

    def on_train_end(self, *_: Any) -> None:
        self._open.close()

    def on_exception(self, *_: Any) -> None:
        self._open.close()


def _tensorboard(folder: Path) -> Any:
    return lightning.pytorch.loggers.TensorBoardLogger(folder, name="tensorboard", version="")


def _csv(folder: Path) -> Any:
    return lightning.pytorch.loggers.CSVLogger(folder, name="csv", version="")


def _wandb(folder: Path) -> Any:
    return lightning.pytorch.loggers.WandbLogger(name=folder.name, save_dir=folder)


def _mlflow(folder: Path) -> Any:
    return lightning.pytorch.loggers.MLFlowLogger("skybench", save_dir=str(folder / "mlflow"))


LOGGERS: Mapping[str, Callable[[Path], Any]] = {
    "tensorboard": _tensorboard,
    "csv": _csv,
    "wandb": _wandb,
    "mlflow": _mlflow,
}


def _logger(name: str, folder: Path) -> Any:
    try:
        return LOGGERS[name](folder)
    except ModuleNotFoundError as missing:
        msg = f"the logger {name} needs {name}, which is not installed: pip install {name}"
        raise MissingDependencyError(msg) from missing
