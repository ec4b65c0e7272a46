"""Labelled images in memory, cut into batches whose order and augmentation depend on position.

Position is (seed, epoch, batch): nothing else is drawn from, so a training that was interrupted
sees what an uninterrupted one does.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

TRAIN, VALIDATION, TEST = 0, 1, 2


@dataclass(frozen=True)
class Labelled:
    """Images with their targets and splits, all in memory.

    Parameters
    ----------
    images : (sample, y, x) or (sample, band, y, x) array
        int32 electrons, or float32.
    targets : array
        (sample,) class codes, (sample, class) zeros and ones, (sample, target) float64 or
        (sample, y, x) class codes.
    split : (sample,) codes, 0 train, 1 validation, 2 test
    classes : int
        How many classes, or targets, there are.
    task : str
        A key of `skybench.registry.scoring.tasks.TASKS`.
    turns : bool
        Whether a flipped or turned image has the same answer, so that training may do it.
    """

    images: npt.NDArray[Any]
    targets: npt.NDArray[Any]
    split: npt.NDArray[np.int8]
    classes: int
    task: str = "classification"
    turns: bool = True

    @property
    def bands(self) -> int:
        """How many planes an image has."""
        return self.images.shape[1] if self.images.ndim == 4 else 1

    @property
    def shape(self) -> tuple[int, ...]:
        """The pixels of an image, (ny, nx)."""
        return self.images.shape[-2:]

    def rows(self, split: int) -> npt.NDArray[np.int64]:
        """Give the row numbers of one split, ascending."""
        return np.flatnonzero(self.split == split)

    def digest(self) -> str:
        """Return the SHA-256 of all that training sees."""
        form = (self.images.shape, self.classes, self.task, self.turns)
        digest = hashlib.sha256(repr(form).encode())
        for array in (self.images, self.targets, self.split):
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()


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
            pair = (self.data.images[rows], self.data.targets[rows])
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
