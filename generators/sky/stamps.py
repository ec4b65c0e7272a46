"""Small images of single sources, and how they are laid onto the samples."""

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from skybench.generators.arrays import Floats

Sources = dict[str, Floats]
"""Parameters of m sources by their names in the schema, each (m,) float64; the PSF included."""

STEP = 8
"""Pixels between the nodes of smooth light."""

_UNSHARED = 200_000
"""Multiplications in a product of matrices that one thread does alone."""

WHOLE = 0
"""The side of a stamp that is the whole image."""


class Stamps(NamedTuple):
    """Images of some sources and the pixel at which each begins.

    With a ``step`` above 1 it is smooth light all over the image, given at the nodes of
    `nodes`, to be interpolated by a cubic.
    """

    members: NDArray[np.intp]
    x0: NDArray[np.int64]
    y0: NDArray[np.int64]
    pixels: Floats
    step: int = 1


def nearest_pixel(position: Floats) -> NDArray[np.int64]:
    """Return the pixel that a position lies in."""
    return np.floor(position + 0.5).astype(np.int64)


def reach(sources: Sources, shape: tuple[int, int]) -> tuple[Floats, Floats]:
    """Return the distances to the farthest pixel of the image: along x, and along y."""
    far = [
        np.maximum(np.abs(at), np.abs(length - 1 - at)) + 1
        for at, length in (
            (sources["source_x"], shape[1]),
            (sources["source_y"], shape[0]),
        )
    ]
    return far[0], far[1]


class Windows(NamedTuple):
    """Where stamps begin and how large they are, for each of m sources."""

    x0: NDArray[np.int64]
    y0: NDArray[np.int64]
    width: NDArray[np.int64]
    height: NDArray[np.int64]


def windows(
    sources: Sources, sides: NDArray[np.int64], shape: tuple[int, int], step: int = 1
) -> Windows:
    """Return stamps of the given sides about the sources, or of the whole image.

    They begin at multiples of ``step``: their middle is up to half of that off the source.
    """
    whole = sides == WHOLE
    x0, y0 = (
        step * np.floor((sources[name] - (sides - step) / 2) / step).astype(np.int64)
        for name in ("source_x", "source_y")
    )
    return Windows(
        np.where(whole, 0, x0),
        np.where(whole, 0, y0),
        np.where(whole, shape[1], sides),
        np.where(whole, shape[0], sides),
    )


def nodes(length: int) -> NDArray[np.int64]:
    """Return the places of the nodes along an axis: from one before the first pixel."""
    return STEP * np.arange(-1, (length - 1) // STEP + 3)


@lru_cache(maxsize=64)
def _cubic(length: int) -> Floats:
    """Return the (pixel, node) weights of cubic interpolation between `nodes`."""
    t = np.arange(length) / STEP
    weights = np.abs(t[:, None] - np.arange(-1, (length - 1) // STEP + 3))
    near = (1 - weights**2) * (2 - weights) / 2
    outer = (1 - weights) * (2 - weights) * (3 - weights) / 6
    return np.where(weights <= 1, near, np.where(weights < 2, outer, 0.0))


def interpolate(values: Floats, shape: tuple[int, int]) -> Floats:
    """Return (m, y, x) pixels of smooth light from its (m, nodes, nodes)."""
    return separable(_cubic(shape[0]), values, _cubic(shape[1]))


def separable(along_y: Floats, values: Floats, along_x: Floats) -> Floats:
    """Return the products along_y @ values @ along_x.T, (..., y, x).

    One product for each source, that its bits do not depend on the others, and for few rows at
    a time, that a BLAS does not share it among threads, which costs ten times the work.
    """
    pixels = np.empty((*values.shape[:-2], len(along_y), len(along_x)))
    step = max(1, _UNSHARED // along_x.size)
    for first in range(0, len(along_y), step):
        rows = slice(first, first + step)
        pixels[..., rows, :] = along_y[rows] @ values @ along_x.T
    return pixels


def add(images: Floats, owners: NDArray[np.intp], stamps: Iterable[Stamps]) -> None:
    """Add stamps to images in place, cut at the border.

    Parameters
    ----------
    images : (sample, y, x) array
    owners : (m,) array
        The image that each source belongs to.
    stamps : iterable of Stamps
    """
    shape = images.shape[1:]
    smooth: dict[int, Floats] = {}
    for members, x0, y0, pixels, step in stamps:
        own = owners[members].tolist()
        if step > 1:
            for image, values in zip(own, pixels, strict=True):
                smooth[image] = smooth[image] + values if image in smooth else values
        else:
            _lay(images, own, zip(x0.tolist(), y0.tolist(), pixels, strict=True))
    for image, values in smooth.items():
        images[image] += interpolate(values, (shape[0], shape[1]))


def _lay(images: Floats, owners: list[int], stamps: Iterable[tuple[int, int, Floats]]) -> None:
    ny, nx = images.shape[1:]
    for image, (left, low, stamp) in zip(owners, stamps, strict=True):
        h, w = stamp.shape
        if (left, low, h, w) == (0, 0, ny, nx):
            images[image] += stamp
            continue
        xa, xb = max(left, 0), min(left + w, nx)
        ya, yb = max(low, 0), min(low + h, ny)
        if xa < xb and ya < yb:
            images[image, ya:yb, xa:xb] += stamp[ya - low : yb - low, xa - left : xb - left]
