"""Train a network on arrays in memory, in epochs that survive a kill.

Calling `fit` again with the same folder goes on from the last checkpoint, or returns what is
finished. Other data or hyperparameters start a run of their own beside it.
"""

import contextlib
import hashlib
import json
import logging
import os
import signal
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import safetensors
import torch

from skybench.errors import ParameterError
from skybench.learning.adaptation import Adaptation
from skybench.learning.device import choose_device, choose_precision
from skybench.learning.epoch_journal import Epoch, EpochJournal
from skybench.learning.execution import (
    Execution,
    is_first_process,
    train_model,
    wait_for_all,
)
from skybench.learning.heads import HEADS
from skybench.learning.labelled import TEST, TRAIN, Labelled
from skybench.learning.learner import Batches, Learner, chunks
from skybench.learning.model import StretchedNetwork, build_model, load_model
from skybench.learning.networks.network import Network
from skybench.learning.normalising import InputRange
from skybench.learning.protocols import Protocol
from skybench.learning.stretch import Stretch
from skybench.learning.transplant import LeftBehind, transplant
from skybench.learning.weights_file import Weights, about_run
from skybench.registry.storage.local_disk import replacing

CURVE = "iterations.parquet"
STRETCHED = 2000


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
    def curve(self) -> pd.DataFrame:
        """A row an iteration: epoch, learning rate, train loss and the seconds until its end."""
        return pd.read_parquet(self.weights.parent / CURVE)

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
    start: Weights | None = None,
    stretch: Stretch | None = None,
    but: LeftBehind = "head",
    adapt: Adaptation | None = None,
    execution: Execution | None = None,
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
    start : Weights, optional
        What the network begins with; from `read_weights`, for example. The protocol's ``init`` is
        for the caller to read. Default: weights drawn from the seed.
    stretch : Stretch, optional
        What the network sees of the samples, such as that of `start`. Default: learned from the
        train split.
    but : {"head", "ends", "none"}
        What of `start` is left behind, as for `transplant`.
    adapt : Adaptation, optional
        Makes features of the unlabelled samples like those of the others.
    execution : Execution, optional
        Processes, loggers and the like. Default: one process, in silence.

    Raises
    ------
    ParameterError
        Nothing of `start` fits the network; the protocol freezes what is not there, or adapts to
        another survey, which is for the caller to read, and no `adapt` is given.
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
    _check_adapted(protocol, adapt)
    digest = run_digest(network, data, protocol, seed, start, stretch, but, adapt)
    place = Path(folder) / digest[:16]
    place.mkdir(parents=True, exist_ok=True)
    few = _few_training_images(data)
    stretch = stretch or Stretch.of(few)
    if done := _finished(place, stretch):
        return done
    learned = HEADS[data.task](data).learned
    seen = InputRange.of(few, stretch)
    about = about_run(network, data, protocol, seed=seed, learned=learned, seen=seen)
    how = execution or Execution()
    journal = EpochJournal(place, report, about, how.checkpoint_seconds)
    model = build_model(network, data.form, data.outputs, stretch=stretch, seed=seed)
    if start is not None:
        transplant(model, start, but=but, network=network)
    with _quiet(), _interruptible():
        train_model(Learner(model, data, protocol, seed, network.head, adapt), journal, how)
    if is_first_process():
        _finish(network, data, journal)
    wait_for_all()
    done = _finished(place, stretch)
    assert done is not None
    return done


def _check_adapted(protocol: Protocol, adapt: Adaptation | None) -> None:
    """Refuse a protocol that adapts where nobody read the survey that it adapts to."""
    if protocol.adapt is not None and adapt is None:
        msg = (
            f"the protocol {protocol.name} adapts to {protocol.adapt.target}, which skybench.train "
            "does; here take adapt out of it"
        )
        raise ParameterError(msg)


def stretch_of(data: Labelled) -> Stretch:
    """Return the stretch that the training images teach; few of them are looked at."""
    return Stretch.of(_few_training_images(data))


def _few_training_images(data: Labelled) -> npt.NDArray[Any]:
    rows = data.rows(TRAIN)
    return data.images[rows[:: max(1, -(-len(rows) // STRETCHED))]]


def run_digest(
    network: Network,
    data: Labelled,
    protocol: Protocol,
    seed: int,
    start: Weights | None = None,
    stretch: Stretch | None = None,
    but: LeftBehind = "head",
    adapt: Adaptation | None = None,
) -> str:
    """Return the SHA-256 of everything that a run's result depends on."""
    precision = choose_precision(data.form.extent)
    model = network.model_name(data.form)
    identity = [data.digest(), protocol.model_dump(mode="json"), seed, precision, model]
    if start is not None:
        identity.append(_digest(start) if but == "head" else f"{_digest(start)} but {but}")
    if stretch is not None:
        identity.append(asdict(stretch))
    if adapt is not None:
        identity.append(adapt.identity())
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()


def _digest(weights: Weights) -> str:
    digest = hashlib.sha256()
    for name, tensor in sorted(weights.tensors.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()


def predict(
    model: StretchedNetwork, data: Labelled, rows: npt.NDArray[np.int64]
) -> npt.NDArray[np.float32]:
    """Give the predictions for some rows, computed in float32 on the fastest device.

    A network that diverged to NaN is undecided: it gives every class the same, every target its
    mean.
    """
    if not len(rows):  # such as of a test split that a student does without
        return np.empty((0, data.outputs), np.float32)
    device = torch.device(choose_device())
    model = model.to(device).eval()
    with torch.inference_mode():
        batches = Batches(data, chunks(rows, 256))
        answers = HEADS[data.task](data).answers
        parts = [answers(model(images.to(device))) for images, _ in batches]
    return np.concatenate(parts)


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
    journal.recall()
    weights = journal.folder / "best.safetensors"
    model = load_model(weights, network, data.form, data.outputs)
    with replacing(journal.folder / "test.npy") as partial, partial.open("wb") as file:
        np.save(file, predict(model, data, data.rows(TEST)))
    with replacing(journal.folder / CURVE) as partial:
        journal.curve.to_parquet(partial)
    history = [asdict(epoch) for epoch in journal.history]
    summary = {"best": asdict(journal.best), "history": history}
    with replacing(journal.folder / "fit.json") as partial:
        partial.write_text(json.dumps(summary, indent=1), encoding="utf-8")
    journal.checkpoint.unlink(missing_ok=True)


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
