"""Training on plain arrays, in epochs that survive a kill.

>>> from skybench.release.protocols import PROTOCOLS
>>> from skybench.release.training import Labelled, fit
>>> data = Labelled(images, targets, split, classes=3)          # doctest: +SKIP
>>> done = fit(data, PROTOCOLS["default"], seed=0, folder="work/sky-0", report=print)
...                                                             # doctest: +SKIP
>>> done.best.validation_accuracy, done.test_probabilities      # doctest: +SKIP

`images` is (sample, y, x) int32; `targets` is (sample,) class codes, or (sample, class) zeros and
ones for a multi-label task; `split` is (sample,) with 0 train, 1 validation, 2 test. Calling `fit`
again with the same folder goes on from the last whole epoch, or returns what is finished; with
other data or hyperparameters it starts a run of its own beside. Order and augmentation depend on
(seed, epoch) alone, so a resumed run is the uninterrupted one.
"""

import contextlib
import hashlib
import json
import logging
import math
import os
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import numpy.typing as npt
import safetensors.torch
import torch
from torch.nn import functional

from skybench.release.protocols import Protocol
from skybench.release.resnet import MODEL_NAME, SkyResNet50, Stretch, build_model

TRAIN, VALIDATION, TEST = 0, 1, 2


@dataclass(frozen=True)
class Labelled:
    """Images with their targets and splits, all in memory.

    Parameters
    ----------
    images : (sample, y, x) int32 array, electrons
    targets : (sample,) class codes, or (sample, class) zeros and ones
    split : (sample,) codes, 0 train, 1 validation, 2 test
    classes : int
    """

    images: npt.NDArray[np.int32]
    targets: npt.NDArray[np.int8]
    split: npt.NDArray[np.int8]
    classes: int

    @property
    def multilabel(self) -> bool:
        """Whether an image can have several classes."""
        return self.targets.ndim == 2

    def rows(self, split: int) -> npt.NDArray[np.int64]:
        """Give the row numbers of one split, ascending."""
        return np.flatnonzero(self.split == split)

    def digest(self) -> str:
        """Return the SHA-256 of all that training sees."""
        digest = hashlib.sha256(repr((self.images.shape, self.classes)).encode())
        for array in (self.images, self.targets, self.split):
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """What one epoch came to; accuracy is exact match for a multi-label task."""

    epoch: int
    learning_rate: float
    train_loss: float
    validation_loss: float
    validation_accuracy: float
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Fit:
    """A finished training.

    Parameters
    ----------
    history : tuple of Epoch
    best : Epoch
        The one whose weights were kept: highest validation accuracy, then lowest loss.
    stretch : Stretch
    weights : Path
        safetensors of the best epoch.
    test_probabilities : (test sample, class) float32 array
        Of the best epoch, computed in float32, in the order of the rows.
    """

    history: tuple[Epoch, ...]
    best: Epoch
    stretch: Stretch
    weights: Path
    test_probabilities: npt.NDArray[np.float32]

    @property
    def seconds(self) -> float:
        """Training time over all epochs, interruptions not counted."""
        return sum(epoch.seconds for epoch in self.history)


def choose_device() -> str:
    """Choose the fastest device there is: cuda, mps or cpu."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def choose_precision(image_shape: Sequence[int]) -> str:
    """Choose bfloat16 where the device has instructions for it, as lightning names it.

    On a CPU oneDNN leaves the gradient of a strided 3x3 convolution over a single pixel partly
    uninitialised in bfloat16, which is what the last stage of ResNet-50 sees of images of at
    most 16 pixels; they are trained in float32.
    """
    device = choose_device()
    if device == "cuda":
        fast = torch.cuda.is_bf16_supported()
    else:
        claims = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
        has_instructions = any(getattr(torch.cpu, claim, bool)() for claim in claims)
        fast = device == "cpu" and has_instructions and min(image_shape) > 16
    return "bf16-mixed" if fast else "32-true"


def fit(
    data: Labelled,
    protocol: Protocol,
    *,
    seed: int,
    folder: str | os.PathLike[str],
    report: Callable[[str], None] | None = None,
) -> Fit:
    """Train ResNet-50 on the train split, choose the epoch on validation, predict test once.

    Parameters
    ----------
    data : Labelled
    protocol : Protocol
    seed : int
        Of the first weights, the order and the augmentation.
    folder : path
        Gets a folder for this run, named by the digest of the data and every hyperparameter. It
        holds `last.ckpt` and `best.safetensors` while training, and `fit.json` when finished.
    report : callable, optional
        Gets one line an epoch; the lines also go to `log.txt` in the folder.
    """
    place = Path(folder) / run_digest(data, protocol, seed)[:16]
    place.mkdir(parents=True, exist_ok=True)
    stretch = Stretch.of(data.images[data.rows(TRAIN)])
    journal = EpochJournal(place, report)
    if not (place / "fit.json").exists():
        _train(Classifier(data, protocol, stretch, seed), protocol.epochs, journal)
        _finish(data, journal)
    return _finished(place, stretch)


def run_digest(data: Labelled, protocol: Protocol, seed: int) -> str:
    """Return the SHA-256 of everything that a run's result depends on."""
    precision = choose_precision(data.images.shape[1:])
    identity = [data.digest(), protocol.model_dump(mode="json"), seed, precision, MODEL_NAME]
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()


class Classifier(lightning.LightningModule):
    """The network with its loss, optimizer and batches, as lightning wants them."""

    def __init__(self, data: Labelled, protocol: Protocol, stretch: Stretch, seed: int) -> None:
        super().__init__()
        self.model = build_model(data.classes, stretch, seed)
        self.data, self.protocol, self.seed = data, protocol, seed
        self.train_losses: list[torch.Tensor] = []
        self.validation: list[tuple[torch.Tensor, torch.Tensor]] = []

    def train_dataloader(self) -> "Batches":
        """Give this epoch's batches, in the order of (seed, epoch)."""
        rows, size = self.data.rows(TRAIN), self.protocol.batch_size
        return Batches(self.data, shuffled(rows, size, self.seed, self.current_epoch))

    def val_dataloader(self) -> "Batches":
        """Give the validation split in order."""
        return Batches(self.data, chunks(self.data.rows(VALIDATION), 256))

    def training_step(self, batch: list[torch.Tensor], index: int) -> torch.Tensor:
        """Give the loss of one batch."""
        images, targets = batch
        if self.protocol.augmentation == "dihedral":
            images = dihedral(images, position_generator(self.seed, self.current_epoch, index))
        loss = classification_loss(self.model(images), targets, self.protocol.label_smoothing)
        self.train_losses.append(loss.detach())
        return loss

    def validation_step(self, batch: list[torch.Tensor], index: int) -> None:
        """Keep logits and targets until the epoch is over."""
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
        """Give train loss, validation loss and accuracy of this epoch, and start anew."""
        logits, targets = (torch.cat(parts) for parts in zip(*self.validation, strict=True))
        train = float(torch.stack(self.train_losses).mean())
        loss = float(classification_loss(logits, targets, 0.0))
        self.train_losses, self.validation = [], []
        return train, loss, float(exact_match(logits, targets).float().mean())


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
            targets = self.data.targets[rows].astype(np.int64)
            yield [torch.from_numpy(self.data.images[rows]), torch.from_numpy(targets)]


class EpochJournal(lightning.Callback):
    """Keeps the history, the best weights, a log line and a checkpoint of every epoch."""

    def __init__(self, folder: Path, report: Callable[[str], None] | None) -> None:
        self.folder, self.report = folder, report
        self.history: list[Epoch] = []
        self.started = time.perf_counter()

    @property
    def checkpoint(self) -> Path:
        """Where the last whole epoch is kept."""
        return self.folder / "last.ckpt"

    @property
    def best(self) -> Epoch:
        """The epoch with the highest validation accuracy, then the lowest loss."""
        return max(self.history, key=lambda e: (e.validation_accuracy, -e.validation_loss))

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
        train, loss, accuracy = pl_module.take_losses()
        epoch = Epoch(
            epoch=trainer.current_epoch + 1,
            learning_rate=trainer.optimizers[0].param_groups[0]["lr"],
            train_loss=train,
            validation_loss=loss,
            validation_accuracy=accuracy,
            seconds=time.perf_counter() - self.started,
        )
        self.history.append(epoch)
        if self.best is epoch:
            save_weights(pl_module.model, self.folder / "best.safetensors")
        with _replacing(self.checkpoint) as partial:
            trainer.save_checkpoint(partial)
        self._tell(epoch, pl_module.protocol.epochs)

    def _tell(self, epoch: Epoch, epochs: int) -> None:
        line = (
            f"epoch {epoch.epoch}/{epochs}  loss {epoch.train_loss:.4f}  "
            f"validation loss {epoch.validation_loss:.4f}  "
            f"accuracy {epoch.validation_accuracy:.4f}  {epoch.seconds:.0f} s"
        )
        with (self.folder / "log.txt").open("a", encoding="utf-8") as log:
            log.write(line + "\n")
        if self.report:
            self.report(line)


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
    coins = torch.rand((3, len(images), 1, 1), generator=generator).to(images.device) < 0.5
    images = torch.where(coins[0], images.flip(-1), images)
    images = torch.where(coins[1], images.flip(-2), images)
    if images.shape[-1] == images.shape[-2]:
        images = torch.where(coins[2], images.transpose(-1, -2), images)
    return images


def classification_loss(
    logits: torch.Tensor, targets: torch.Tensor, smoothing: float
) -> torch.Tensor:
    """Give the cross-entropy: of one class (softmax), or of each class apart (sigmoid)."""
    if targets.ndim == 1:
        return functional.cross_entropy(logits, targets, label_smoothing=smoothing)
    soft = targets.to(logits.dtype) * (1 - smoothing) + smoothing / 2
    return functional.binary_cross_entropy_with_logits(logits, soft)


def exact_match(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Say for each sample whether everything predicted is right."""
    if targets.ndim == 1:
        return logits.argmax(-1) == targets
    return ((logits > 0) == (targets > 0)).all(-1)


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


def save_weights(model: torch.nn.Module, path: Path) -> None:
    """Write a model's weights as safetensors, whole or not at all."""
    state = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
    with _replacing(path) as partial:
        safetensors.torch.save_file(state, partial)


def load_model(path: str | os.PathLike[str], classes: int) -> SkyResNet50:
    """Read a model back from its weights."""
    model = build_model(classes, Stretch(scale=1.0, mean=0.0, deviation=1.0), seed=0)
    model.load_state_dict(safetensors.torch.load_file(path))
    return model.eval()


def predict(
    model: SkyResNet50, data: Labelled, rows: npt.NDArray[np.int64]
) -> npt.NDArray[np.float32]:
    """Give each class's probability for some rows, in float32 on the fastest device."""
    device = torch.device(choose_device())
    model = model.to(device).eval()
    with torch.inference_mode():
        batches = Batches(data, chunks(rows, 256))
        logits = torch.cat([model(images.to(device)) for images, _ in batches])
        odds = logits.sigmoid() if data.multilabel else logits.softmax(-1)
    return odds.cpu().numpy()


def _train(classifier: Classifier, epochs: int, journal: EpochJournal) -> None:
    device = choose_device()
    with _quiet():
        trainer = lightning.Trainer(
            accelerator={"cuda": "gpu"}.get(device, device),
            devices=1,
            precision=choose_precision(classifier.data.images.shape[1:]),  # type: ignore[arg-type]
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
        last = journal.checkpoint if journal.checkpoint.exists() else None
        trainer.fit(classifier, ckpt_path=last)


def _finish(data: Labelled, journal: EpochJournal) -> None:
    model = load_model(journal.folder / "best.safetensors", data.classes)
    with _replacing(journal.folder / "test.npy") as partial, partial.open("wb") as file:
        np.save(file, predict(model, data, data.rows(TEST)))
    summary = {"best": asdict(journal.best), **journal.state_dict()}
    with _replacing(journal.folder / "fit.json") as partial:
        partial.write_text(json.dumps(summary, indent=1), encoding="utf-8")
    journal.checkpoint.unlink(missing_ok=True)


def _finished(folder: Path, stretch: Stretch) -> Fit:
    summary = json.loads((folder / "fit.json").read_text(encoding="utf-8"))
    return Fit(
        history=tuple(Epoch(**epoch) for epoch in summary["history"]),
        best=Epoch(**summary["best"]),
        stretch=stretch,
        weights=folder / "best.safetensors",
        test_probabilities=np.load(folder / "test.npy"),
    )


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    partial = path.with_name(path.name + ".partial")
    yield partial
    partial.replace(path)


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
