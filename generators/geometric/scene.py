"""Shapes laid onto images, one after the other, the map of which lies in front, and blur."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skybench.generators.arrays import Floats, Integers
from skybench.generators.geometric.edges import EdgeList
from skybench.generators.geometric.raster import boxes, coverage, inside
from skybench.generators.native.library import kernel

_lay_shapes, _blur = kernel("lay_shapes"), kernel("blur")

_TOGETHER = 1 << 16
"""Pixels that are filled together, so that they stay in the cache."""


class Outlines(NamedTuple):
    """The image and the slot of each shape, in the order of drawing, and all their edges."""

    owners: Integers
    slots: Integers
    edges: EdgeList


COMBINATIONS = {"painter": 0, "union": 1, "sum": 2}
"""Ways to lay a shape onto what lies there: over it, the brighter of both, or both together.

The numbers are the kernel's.
"""


def draw(
    parameters: xr.Dataset,
    outlines: Outlines,
    shape: tuple[int, int],
    *,
    combine: str = "painter",
    antialias: bool = False,
    margin: int = 0,
) -> Iterator[tuple[Floats, NDArray[np.int8]]]:
    """Yield images of some samples after the other, and whose their pixels are.

    Shapes are laid down slot by slot, a later one in front of those before. Their pixels are
    found for all samples together; then a few images at a time are filled, which fit the cache.
    Both arrays are filled anew for the next samples: copy what is to be kept.

    Parameters
    ----------
    parameters : xr.Dataset
        Coordinates as `sample` draws them or as a store holds them.
    outlines : Outlines
        Of the shapes that they describe.
    shape : (ny, nx)
    combine : {"painter", "union", "sum"}
    antialias : bool
        Weigh pixels by the share that is covered; else 1 where the centre lies inside.
    margin : int
        Pixels drawn beyond each border.

    Yields
    ------
    images : (sample, y, x) float64 array
        Margin included.
    segmentation : (sample, y, x) int8 array
        Without margin: slot + 1 of the front-most shape that holds the pixel's centre, 0
        where none does, whether anti-aliased or not.
    """
    owners, slots, edges = outlines
    ny, nx = (length + 2 * margin for length in shape)
    within = boxes(edges, (-margin, -margin, nx - margin, ny - margin))
    held = inside(edges, within)
    cover = coverage(edges, within) if antialias else held.astype(np.float64)
    places = np.stack(within, axis=1) + np.array([margin, margin, 0, 0, 0])
    brightness = parameters["brightness"].values[owners, slots].astype(np.float64)
    inner = slice(margin, ny - margin), slice(margin, nx - margin)
    count, step = parameters.sizes["sample"], max(1, _TOGETHER // (ny * nx))
    images = np.empty((min(step, count), ny, nx))
    front = np.empty(images.shape, dtype=np.uint8)
    for first in range(0, count, step):
        some = min(step, count - first)
        mine = slice(*np.searchsorted(owners, (first, first + some)))
        _lay_shapes(
            cover,
            held.view(np.uint8),
            places[mine],
            owners[mine] - first,
            brightness[mine],
            (slots[mine] + 1).astype(np.uint8),
            images[:some],
            front[:some],
            COMBINATIONS[combine],
            ny,
            nx,
        )
        yield images[:some], front[:some, *inner].view(np.int8)


CUT = 5
"""Widths at which the kernel ends: 6e-7 of its sum lies beyond."""


def reach(sigma: float) -> int:
    """Return how many pixels away a blurred pixel is still seen."""
    return int(np.ceil(CUT * sigma))


def blur(images: Floats, sigmas: Floats, margin: int) -> Floats:
    """Return images convolved with a Gaussian each, sampled at pixel centres and of sum 1.

    Parameters
    ----------
    images : (sample, y, x) float64 array
        With a margin, from which light comes in; beyond it is none.
    sigmas : (sample,) float64 array
        Standard deviations in pixels; 0 leaves an image as it is.
    margin : int
        Pixels to leave out at each border; `reach` pixels or more.

    Returns
    -------
    (sample, y, x) float64 array
        Without the margin.
    """
    count, ny, nx = images.shape[0], images.shape[1] - 2 * margin, images.shape[2] - 2 * margin
    far = np.ceil(CUT * sigmas).astype(np.int64)
    blurred = np.empty((count, ny, nx))
    _blur(images, sigmas, far, blurred, np.empty(nx + 2 * margin), ny, nx, margin)
    return blurred
