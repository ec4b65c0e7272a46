"""Shapes laid onto images, one after the other, and the map of which lies in front."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skybench.generators.arrays import Floats, Integers
from skybench.generators.geometric.edges import EdgeList
from skybench.generators.geometric.raster import boxes, coverage, inside


class Outlines(NamedTuple):
    """The image and the slot of each shape, in the order of drawing, and all their edges."""

    owners: Integers
    slots: Integers
    edges: EdgeList


def _sum(image: Floats, cover: Floats, brightness: float) -> None:
    image += brightness * cover


def _union(image: Floats, cover: Floats, brightness: float) -> None:
    np.maximum(image, brightness * cover, out=image)


def _paint(image: Floats, cover: Floats, brightness: float) -> None:
    image *= 1 - cover
    image += brightness * cover


COMBINATIONS: dict[str, Callable[[Floats, Floats, float], None]] = {
    "painter": _paint,
    "union": _union,
    "sum": _sum,
}
"""Ways to lay a shape onto what lies there: over it, the brighter of both, or both together."""


def draw(
    parameters: xr.Dataset,
    outlines: Outlines,
    shape: tuple[int, int],
    *,
    combine: str = "painter",
    antialias: bool = False,
    margin: int = 0,
) -> Iterator[tuple[Floats, NDArray[np.int8]]]:
    """Yield the image of each sample that the coordinates describe, and whose its pixels are.

    Both arrays are filled anew for the next sample: copy what is to be kept.

    Shapes are laid down slot by slot, a later one in front of those before. Their pixels are
    found for all samples together; then one image at a time is filled, which fits the cache.

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
    image : (y, x) float64 array
        Margin included.
    segmentation : (y, x) int8 array
        Without margin: slot + 1 of the front-most shape that holds the pixel's centre, 0
        where none does, whether anti-aliased or not.
    """
    owners, slots, edges = outlines
    ny, nx = (length + 2 * margin for length in shape)
    within = boxes(edges, (-margin, -margin, nx - margin, ny - margin))
    held = inside(edges, within)
    cover = coverage(edges, within) if antialias else held.astype(np.float64)
    lay = COMBINATIONS[combine]
    brightness = parameters["brightness"].values[owners, slots].astype(np.float64).tolist()
    corners = zip((within.y0 + margin).tolist(), (within.x0 + margin).tolist(), strict=True)
    sizes = zip(within.height.tolist(), within.width.tolist(), strict=True)
    parts = [
        (slice(y, y + height), slice(x, x + width))
        for (y, x), (height, width) in zip(corners, sizes, strict=True)
    ]
    samples = np.arange(parameters.sizes["sample"] + 1)
    bounds = np.searchsorted(owners, samples).tolist()
    image, front = np.empty((ny, nx)), np.empty((ny, nx), dtype=np.int8)
    for first, last in pairwise(bounds):
        image[:], front[:] = 0, 0
        for one in range(first, last):
            lay(image[parts[one]], within.cut(cover, one), brightness[one])
            np.copyto(front[parts[one]], slots[one] + 1, where=within.cut(held, one))
        yield image, front[margin : ny - margin, margin : nx - margin]
