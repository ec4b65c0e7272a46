"""What is done to training images at random, by (seed, epoch, batch) alone.

Numbers are drawn for the whole batch, of which each of several processes takes its own samples:
what a sample sees does not depend on how many train.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from skybench.learning.labelled import Labelled
from skybench.learning.protocols import Augmentation, Protocol

_FWHM = 2.354820045
"""Of a Gaussian with a deviation of one."""

_FINEST = 1e-3
_REACH = 3.0


def position_generator(*position: int) -> torch.Generator:
    """Make a generator that depends on a position such as (seed, epoch, batch) alone."""
    word = np.random.SeedSequence(position).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(word >> np.uint64(1)))


@dataclass(frozen=True, kw_only=True)
class Draws:
    """Random numbers for the samples of a batch that this process has.

    Parameters
    ----------
    generator : Generator
    rank, ranks : int
        Of the samples of the whole batch every `ranks`-th is this process's, from `rank` on.
    """

    generator: torch.Generator
    rank: int = 0
    ranks: int = 1

    def uniform(self, like: torch.Tensor, *shape: int) -> torch.Tensor:
        """Return numbers from 0 to 1, of (*shape, sample) for the samples of a batch."""
        drawn = torch.rand((*shape, self.ranks * len(like)), generator=self.generator)
        return drawn[..., self.rank :: self.ranks].to(like.device)

    def normal(self, like: torch.Tensor) -> torch.Tensor:
        """Return normal deviates, one a pixel."""
        shape = (self.ranks * len(like), *like.shape[1:])
        return torch.randn(shape, generator=self.generator)[self.rank :: self.ranks].to(like.device)


def dihedral(images: torch.Tensor, draws: Draws) -> torch.Tensor:
    """Flip and, where the images are square, turn each image by a random symmetry."""
    coins = draws.uniform(images, 3).reshape(3, len(images), *_ones(images)) < 0.5
    images = torch.where(coins[0], images.flip(-1), images)
    images = torch.where(coins[1], images.flip(-2), images)
    if images.shape[-1] == images.shape[-2]:
        images = torch.where(coins[2], images.transpose(-1, -2), images)
    return images


def shifted(images: torch.Tensor, draws: Draws, pixels: float) -> torch.Tensor:
    """Move each image by whole pixels along both axes; what comes in is mirrored at the edge."""
    steps = torch.floor(draws.uniform(images, 2) * (2 * int(pixels) + 1)).long() - int(pixels)
    for axis, step in zip((-1, -2), steps, strict=True):
        size = images.shape[axis]
        places = _mirrored(torch.arange(size, device=images.device) - step[:, None], size)
        shape = [len(images), *_ones(images)]
        shape[axis] = size
        images = images.gather(images.ndim + axis, places.reshape(shape).expand_as(images))
    return images


def zoomed(images: torch.Tensor, draws: Draws, amount: float) -> torch.Tensor:
    """Magnify each image about its centre, at the same surface brightness."""
    factor = 1 + amount * (2 * draws.uniform(images) - 1)
    maps = torch.zeros((len(images), 2, 3), device=images.device)
    maps[:, 0, 0] = maps[:, 1, 1] = 1 / factor
    planes = images.reshape(len(images), -1, *images.shape[-2:])
    grid = functional.affine_grid(maps, list(planes.shape), align_corners=False)
    drawn = functional.grid_sample(planes, grid, padding_mode="reflection", align_corners=False)
    return drawn.reshape(images.shape)


def noisier(images: torch.Tensor, draws: Draws, largest: float) -> torch.Tensor:
    """Add Gaussian noise to each image, of a deviation up to the largest, in electrons."""
    deviation = largest * draws.uniform(images).reshape(len(images), *_ones(images))
    return images + deviation * draws.normal(images)


def blurred(images: torch.Tensor, draws: Draws, fwhm: float) -> torch.Tensor:
    """Convolve each image with a Gaussian of a FWHM up to the largest, in pixels."""
    deviation = (fwhm / _FWHM * draws.uniform(images)).clamp(min=_FINEST)
    planes = images.reshape(len(images), -1, *images.shape[-2:])
    most = min(planes.shape[-2:]) - 1
    reach = min(most, max(1, int(np.ceil(_REACH * fwhm / _FWHM))))
    steps = torch.arange(-reach, reach + 1, device=images.device)
    kernel = torch.exp(-0.5 * (steps / deviation[:, None]) ** 2)
    kernel = (kernel / kernel.sum(1, keepdim=True)).repeat_interleave(planes.shape[1], 0)
    stacked = functional.pad(planes, (reach,) * 4, mode="reflect").flatten(0, 1)[None]
    for shape in ((1, 1, -1), (1, -1, 1)):
        weight = kernel.reshape(len(kernel), *shape)
        stacked = functional.conv2d(stacked, weight, groups=len(kernel))
    return stacked.reshape(images.shape)


AUGMENTATIONS: dict[str, Callable[[torch.Tensor, Draws, float], torch.Tensor]] = {
    "dihedral": lambda images, draws, _: dihedral(images, draws),
    "shift": shifted,
    "zoom": zoomed,
    "noise": noisier,
    "blur": blurred,
}


def chosen_augmentations(
    protocol: Protocol, data: Labelled
) -> tuple[list[Augmentation], list[str]]:
    """Return what is done to the images of a dataset, and the names of what is left out.

    Left out is what would change the answer, such as a turn of images whose position angle is
    asked for, and all but noise where samples are no images.
    """
    listed = protocol.augmentations
    if protocol.augmentation == "dihedral":
        listed = (Augmentation(kind="dihedral"), *listed)
    kept = [one for one in listed if _keeps_answers(one.kind, data)]
    return kept, [one.kind for one in listed if one not in kept]


def augmented(
    images: torch.Tensor,
    chosen: list[Augmentation],
    *,
    data: Labelled,
    noise: float,
    draws: Callable[[int], Draws],
) -> torch.Tensor:
    """Return a batch with all that is done to it.

    Parameters
    ----------
    images : (sample, ...) Tensor
        In electrons, the dimensions as the data have them.
    noise : float
        What an amount of noise of 1 is, electrons.
    draws : callable
        The number of an augmentation in the list to its draws.
    """
    if not chosen:
        return images
    axes = [axis + 1 for axis in data.form.axes]
    ends = list(range(-len(axes), 0))
    turned = images.movedim(axes, ends)
    for number, one in enumerate(chosen):
        amount = one.amount * (noise if one.kind == "noise" else 1)
        given = turned if one.kind in _OF_ANY_NUMBERS else turned.float()
        turned = AUGMENTATIONS[one.kind](given, draws(number), amount)
    return turned.movedim(ends, axes)


_OF_ANY_NUMBERS = ("dihedral", "shift")


def _keeps_answers(kind: str, data: Labelled) -> bool:
    if kind == "noise":
        return True
    if data.form.kind != "images":
        return False
    if kind == "blur":
        return data.task != "deblending"  # whose answer is light
    # Numbers such as a radius are in pixels, which a zoom changes.
    return data.turns and not (kind == "zoom" and data.task == "regression")


def _ones(images: torch.Tensor) -> tuple[int, ...]:
    return (1,) * (images.ndim - 1)


def _mirrored(places: torch.Tensor, size: int) -> torch.Tensor:
    """Return places within an axis, counted back from its ends where they lie beyond."""
    if size == 1:
        return torch.zeros_like(places)
    period = 2 * (size - 1)
    within = places.remainder(period)
    return torch.where(within < size, within, period - within)
