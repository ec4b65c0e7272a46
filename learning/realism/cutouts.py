"""Cutouts to be told apart: pixels, and the frame that each is of."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skybench.errors import ParameterError
from skybench.generators.arrays import Integers, Singles

SIDES = (16, 256)
"""Of a cutout, pixels: fewer hold no sky about a galaxy, and more train for hours."""

_FEWEST = 20
_MOST_MISSING = 0.25


@dataclass(frozen=True, kw_only=True, eq=False)
class Cutouts:
    """Images of one shape about a source each; make them by `Cutouts.of`.

    Attributes
    ----------
    images : (sample, band, y, x) float32 array
        A pixel without value is no number.
    frames : (sample,) array of str
        The frame that each is of: what is of one frame is never learned from and judged on.
    bands : tuple of str
    plane : int
        Which band statistics of form are measured in.
    weights : (sample, band, y, x) float32 array, optional
        Inverse variances: further planes of the network.
    """

    images: Singles
    frames: NDArray[np.str_]
    bands: tuple[str, ...]
    plane: int
    weights: Singles | None = None

    @classmethod
    def of(
        cls,
        images: ArrayLike,
        *,
        name: str = "sample",
        frames: Sequence[Any] | NDArray[Any] | None = None,
        bands: Sequence[str] | None = None,
        reference: str | None = None,
        weights: ArrayLike | None = None,
        mask: ArrayLike | None = None,
    ) -> "Cutouts":
        """Return cutouts of arrays.

        Parameters
        ----------
        images : (sample, [band,] y, x) array
        name : str
            What errors and frames that are not given call it.
        frames : (sample,) sequence, optional
            Default: each cutout is of a frame of its own.
        bands : sequence of str, optional
            Default: their numbers.
        reference : str, optional
            Default: ``r``, else the middle one.
        weights, mask : array of the same shape, optional
            Inverse variances, and what is not 0 where a pixel has no value.

        Raises
        ------
        ParameterError
            Shapes or bands disagree, there are too few cutouts, or one has too few values.
        """
        pixels = _planes(images, name)
        words = tuple(bands) if bands else tuple(f"{i + 1}" for i in range(pixels.shape[1]))
        if len(words) != pixels.shape[1]:
            msg = f"{name} has {pixels.shape[1]} bands, and names are {', '.join(words)}"
            raise ParameterError(msg)
        told = reference or ("r" if "r" in words else words[len(words) // 2])
        if told not in words:
            msg = f"reference must be one of the bands {', '.join(words)}, got {told!r}"
            raise ParameterError(msg)
        if mask is not None:
            pixels = np.where(_alike(mask, pixels, f"mask of {name}") != 0, np.nan, pixels)
        _check_values(pixels, name)
        return cls(
            images=pixels,
            frames=_frames(frames, len(pixels), name),
            bands=words,
            plane=words.index(told),
            weights=None if weights is None else _alike(weights, pixels, f"weights of {name}"),
        )

    def __len__(self) -> int:
        """Count them."""
        return len(self.images)

    def chosen(self, rows: Integers) -> "Cutouts":
        """Return some of them."""
        weights = None if self.weights is None else self.weights[rows]
        return replace(self, images=self.images[rows], frames=self.frames[rows], weights=weights)

    def planes(self) -> Singles:
        """Return what a network sees, (sample, plane, y, x): images, and weights if there are."""
        return self.images if self.weights is None else np.hstack([self.images, self.weights])


def check_alike(real: Cutouts, fake: Cutouts) -> None:
    """Refuse two samples that anyone tells apart.

    Raises
    ------
    ParameterError
        They differ in size or bands, or one has weights and the other has not.
    """
    if real.images.shape[1:] != fake.images.shape[1:]:
        msg = (
            f"real cutouts are of {_said(real.images)} and fakes of {_said(fake.images)}; both "
            "must be of one shape: crop the larger ones."
        )
        raise ParameterError(msg)
    if (real.weights is None) != (fake.weights is None):
        msg = "one sample has weights and the other has not; give both or none"
        raise ParameterError(msg)


def _said(images: Singles) -> str:
    bands, ny, nx = images.shape[1:]
    return f"{ny} x {nx} pixels in {bands} band{'s' if bands > 1 else ''}"


def _planes(images: ArrayLike, name: str) -> Singles:
    values = np.asarray(images)
    pixels = values[:, None] if values.ndim == 3 else values
    if pixels.ndim != 4 or pixels.dtype.kind not in "fiu":
        msg = (
            f"{name} has shape {values.shape} of {values.dtype}; expected numbers as "
            "(sample, y, x) or (sample, band, y, x)."
        )
        raise ParameterError(msg)
    if not all(SIDES[0] <= side <= SIDES[1] for side in pixels.shape[2:]):
        msg = f"cutouts must have sides of {SIDES[0]} to {SIDES[1]} pixels; {name}: {values.shape}"
        raise ParameterError(msg)
    if len(pixels) < _FEWEST:
        msg = f"{name} has {len(pixels)} cutouts; at least {_FEWEST} can be told from others"
        raise ParameterError(msg)
    return np.ascontiguousarray(pixels, dtype=np.float32)


def _alike(given: ArrayLike, pixels: Singles, name: str) -> Singles:
    values = np.asarray(given, dtype=np.float32)
    values = values[:, None] if values.ndim == 3 else values
    if values.shape != pixels.shape:
        msg = f"{name} must be of the images' shape {pixels.shape}, got {values.shape}"
        raise ParameterError(msg)
    return values


def _check_values(pixels: Singles, name: str) -> None:
    missing = (~np.isfinite(pixels)).mean(axis=(1, 2, 3))
    worst = int(missing.argmax())
    if missing[worst] > _MOST_MISSING:
        msg = (
            f"cutout {worst} of {name} has no value in {100 * missing[worst]:.0f} % of its pixels; "
            f"leave out those above {100 * _MOST_MISSING:.0f} %."
        )
        raise ParameterError(msg)


def _frames(given: Any, count: int, name: str) -> NDArray[np.str_]:
    if given is None:
        return np.array([f"{name} {row}" for row in range(count)])
    words = np.asarray(given).astype(str)
    if words.shape != (count,):
        msg = f"frames of {name} must name one for each of {count} cutouts, got {words.shape}"
        raise ParameterError(msg)
    return words
