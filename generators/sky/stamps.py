"""Small images of single sources, and how they are laid onto the samples."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

Sources = dict[str, Floats]
"""Parameters of m sources by their names in the schema, each (m,) float64; the PSF included."""

GRIDS = (32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048)
"""Sides of square stamps: sizes that an FFT likes, half an octave apart."""


class Stamps(NamedTuple):
    """Images of some sources and the pixel at which each begins."""

    members: NDArray[np.intp]
    x0: NDArray[np.int64]
    y0: NDArray[np.int64]
    pixels: Floats


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


def add(images: Floats, owners: NDArray[np.intp], stamps: Iterable[Stamps]) -> None:
    """Add stamps to images in place, cut at the border.

    Parameters
    ----------
    images : (sample, y, x) array
    owners : (m,) array
        The image that each source belongs to.
    stamps : iterable of Stamps
    """
    ny, nx = images.shape[1:]
    for members, x0, y0, pixels in stamps:
        h, w = pixels.shape[1:]
        for source, left, low, stamp in zip(members, x0, y0, pixels, strict=True):
            xa, xb = max(left, 0), min(left + w, nx)
            ya, yb = max(low, 0), min(low + h, ny)
            if xa < xb and ya < yb:
                images[owners[source], ya:yb, xa:xb] += stamp[
                    ya - low : yb - low, xa - left : xb - left
                ]
