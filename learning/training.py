"""Train a network on arrays in memory, in epochs that survive a kill.

Calling `fit` again with the same folder goes on from the last whole epoch, or returns what is
finished. Other data or hyperparameters start a run of their own beside it.
"""

import contextlib
import hashlib
import json
import logging
import os
import signal
import warnings
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import lightning
import numpy as np
import numpy.typing as npt
import safetensors
import torch

from skybench.learning.device import choose_device, choose_precision
from skybench.learning.epoch_journal import Epoch, EpochJournal
from skybench.learning.heads import HEADS
from skybench.learning.labelled import TEST, TRAIN, Labelled
from skybench.learning.learner import Batches, Learner, chunks
from skybench.learning.model import StretchedNetwork, build_model, load_model
from skybench.learning.networks.network import Network
from skybench.learning.normalising import InputRange
from skybench.learning.protocols import Protocol
from skybench.learning.stretch import Stretch
from skybench.learning.weights_file import about_run
from skybench.registry.storage.local_disk import replacing


@dataclass(frozen=True, kw_only=True)
class Fit:
    """A finished training.

    Parameters
    ----------
    history : tuple of Epoch
    best : Epoch
        The one whose weights were kept: highest validation score, then lowest loss.
    stretch : Stretch
    weights : Path
        safetensors of the best epoch.
    test_answers : (test sample, class or target) float32 array
        What a file of predictions holds: of the best epoch, computed in float32, in the order of
        the rows.
    """

    history: tuple[Epoch, ...]
    best: Epoch
    stretch: Stretch
    weights: Path
    test_answers: npt.NDArray[np.float32]

    @property
    def seconds(self) -> float:
        """Training time over all epochs, interruptions not counted."""
        return sum(epoch.seconds for epoch in self.history)


def fit(
    network: Network,
    data: Labelled,
    protocol: Protocol,
    *,
    seed: int,
    folder: str | os.PathLike[str],
    report: Callable[[str], None] | None = None,
) -> Fit:
    """Train a network on the train split, choose the epoch on validation, predict test once.

    Parameters
    ----------
    network : Network
    data : Labelled
    protocol : Protocol
    seed : int
        Of the first weights, the order and the augmentation.
    folder : path
        Gets a folder for this run, named by the digest of the data and every hyperparameter. It
        holds `last.ckpt` and `best.safetensors` while training, and `fit.json` when finished.
    report : callable, optional
        Gets one line an epoch; the lines also go to `log.txt` in the folder.

    Raises
    ------
    StoreError
        The folder cannot be written, or the disk is full.

    Examples
    --------
    >>> from skybench.learning.labelled import Labelled
    >>> from skybench.learning.networks.table import NETWORKS
    >>> from skybench.learning.protocols import PROTOCOLS
    >>> data = Labelled(images, targets, split, outputs=3)      # doctest: +SKIP
    >>> network, protocol = NETWORKS["resnet50"], PROTOCOLS["default"]
    >>> done = fit(network, data, protocol, seed=0, folder="work")  # doctest: +SKIP
    >>> done.best.validation_score                              # doctest: +SKIP
    """
    place = Path(folder) / run_digest(network, data, protocol, seed)[:16]
    place.mkdir(parents=True, exist_ok=True)
    stretch = Stretch.of(data.images[data.rows(TRAIN)])
    learned = HEADS[data.task](data).learned
    seen = InputRange.of(data.images[data.rows(TRAIN)], stretch)
    about = about_run(network, data, protocol, seed=seed, learned=learned, seen=seen)
    journal = EpochJournal(place, report, about)
    if done := _finished(place, stretch):
        return done
    model = build_model(network, data.form, data.outputs, stretch=stretch, seed=seed)
    _train(Learner(model, data, protocol, seed), protocol.epochs, journal)
    _finish(network, data, journal)
    done = _finished(place, stretch)
    assert done is not None
    return done


def run_digest(network: Network, data: Labelled, protocol: Protocol, seed: int) -> str:
    """Return the SHA-256 of everything that a run's result depends on."""
    precision = choose_precision(data.form.extent)
    model = network.model_name(data.form)
    identity = [data.digest(), protocol.model_dump(mode="json"), seed, precision, model]
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()


def predict(
    model: StretchedNetwork, data: Labelled, rows: npt.NDArray[np.int64]
) -> npt.NDArray[np.float32]:
    """Give the predictions for some rows, computed in float32 on the fastest device.

    A network that diverged to NaN is undecided: it gives every class the same, every target its
    mean.
    """
    device = torch.device(choose_device())
    model = model.to(device).eval()
    with torch.inference_mode():
        batches = Batches(data, chunks(rows, 256))
        answers = HEADS[data.task](data).answers
        parts = [answers(model(images.to(device))) for images, _ in batches]
    return np.concatenate(parts)


def _train(learner: Learner, epochs: int, journal: EpochJournal) -> None:
    device = choose_device()
    with _quiet():
        trainer = lightning.Trainer(
            accelerator={"cuda": "gpu"}.get(device, device),
            devices=1,
            precision=choose_precision(learner.data.form.extent),  # type: ignore[arg-type]
            max_epochs=epochs,
            callbacks=[journal],
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            reload_dataloaders_every_n_epochs=1,
            default_root_dir=journal.folder,
        )
        last = journal.checkpoint if _is_whole(journal.checkpoint) else None
        with _interruptible():
            trainer.fit(learner, ckpt_path=last)


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C be what it is elsewhere: lightning ends Python, and ignores any later one."""
    before = signal.getsignal(signal.SIGINT)
    try:
        yield
    except SystemExit as stop:
        if not isinstance(stop.__context__, KeyboardInterrupt):
            raise
        signal.signal(signal.SIGINT, before)
        raise KeyboardInterrupt from None


def _finish(network: Network, data: Labelled, journal: EpochJournal) -> None:
    weights = journal.folder / "best.safetensors"
    model = load_model(weights, network, data.form, data.outputs)
    with replacing(journal.folder / "test.npy") as partial, partial.open("wb") as file:
        np.save(file, predict(model, data, data.rows(TEST)))
    summary = {"best": asdict(journal.best), **journal.state_dict()}
    with replacing(journal.folder / "fit.json") as partial:
        partial.write_text(json.dumps(summary, indent=1), encoding="utf-8")
    journal.checkpoint.unlink(missing_ok=True)


def _is_whole(checkpoint: Path) -> bool:
    """Tell whether a checkpoint is there and undamaged: torch writes zip files, with checksums."""
    try:
        with zipfile.ZipFile(checkpoint) as members:
            return members.testzip() is None
    except (OSError, zipfile.BadZipFile):
        return False


def _finished(folder: Path, stretch: Stretch) -> Fit | None:
    """Return what a finished run left, None where it did not finish or its files are damaged."""
    weights = folder / "best.safetensors"
    try:
        summary = json.loads((folder / "fit.json").read_text(encoding="utf-8"))
        with safetensors.safe_open(weights, framework="pt"):
            pass  # its header tells how long the file is
        return Fit(
            history=tuple(Epoch(**epoch) for epoch in summary["history"]),
            best=Epoch(**summary["best"]),
            stretch=stretch,
            weights=weights,
            test_answers=np.load(folder / "test.npy"),
        )
    except (OSError, ValueError, EOFError, TypeError, LookupError, safetensors.SafetensorError):
        return None


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in ("lightning.pytorch", "lightning.fabric")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            # Lightning builds a tree node that newer torch deprecates.
            warnings.filterwarnings("ignore", message=".*LeafSpec", category=FutureWarning)
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
