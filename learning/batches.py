"""Batches of labelled samples, whose order and augmentation depend on their position alone.

Position is (seed, epoch, batch): nothing else is drawn from, so a training that was interrupted
sees what an uninterrupted one does.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from skybench.learning.labelled import Labelled


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
