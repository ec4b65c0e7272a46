"""Labelled images in memory, cut into batches whose order and augmentation depend on position.

Position is (seed, epoch, batch): nothing else is drawn from, so a training that was interrupted
sees what an uninterrupted one does.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

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
