"""Small images of single sources, and how they are laid onto the samples."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from skybench.generators.arrays import Floats, Integers, Singles
from skybench.generators.native.library import kernel

Sources = dict[str, Floats]
"""Parameters of m sources by their names in the schema, each (m,) float64; the PSF included."""

Pixels = Floats | Singles

_lay_singles, _lay_doubles = kernel("lay_singles"), kernel("lay_doubles")
_interpolate, _take_smooth = kernel("interpolate"), kernel("take_smooth")

STEP = 8
"""Pixels between the nodes of smooth light; the kernels' STEP, too."""

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
    pixels: Pixels
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


def node_counts(shape: tuple[int, int]) -> tuple[int, int]:
    """Return how many nodes an image has along y and along x."""
    return (shape[0] - 1) // STEP + 4, (shape[1] - 1) // STEP + 4


def interpolate(values: Floats, shape: tuple[int, int]) -> Floats:
    """Return (m, y, x) pixels of smooth light from its (m, nodes, nodes)."""
    pixels = np.zeros((len(values), *shape))
    _interpolate(values, *shape, np.empty(values.shape[2]), pixels)
    return pixels


def take_smooth(nodes: Singles, pixels: Singles) -> None:
    """Take smooth light, given at the nodes of stamps, off these stamps."""
    _, height, width = pixels.shape
    _take_smooth(nodes, height, width, np.empty(nodes.shape[2], dtype=np.float32), pixels)


def add(images: Floats, owners: NDArray[np.intp], stamps: Iterable[Stamps]) -> None:
    """Add stamps to images in place, cut at the border.

    Parameters
    ----------
    images : (sample, y, x) array
    owners : (m,) array
        The image that each source belongs to.
    stamps : iterable of Stamps
        Of single or double precision.
    """
    shape = (images.shape[1], images.shape[2])
    smooth: Floats | None = None
    for members, x0, y0, pixels, step in stamps:
        if step > 1:
            smooth = np.zeros((len(images), *node_counts(shape))) if smooth is None else smooth
            _lay(smooth, owners[members], 0 * x0, 0 * y0, pixels)
        else:
            _lay(images, owners[members], x0, y0, pixels)
    if smooth is not None:
        _interpolate(smooth, *shape, np.empty(smooth.shape[2]), images)


def _lay(images: Floats, owners: Integers, x0: Integers, y0: Integers, pixels: Pixels) -> None:
    lay = _lay_singles if pixels.dtype == np.float32 else _lay_doubles
    lay(np.ascontiguousarray(pixels), *pixels.shape[1:], owners, x0, y0, *images.shape[1:], images)
