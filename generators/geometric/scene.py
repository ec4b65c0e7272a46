"""Shapes laid onto images, one after the other, the map of which lies in front, and blur."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.ndimage import correlate1d

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


CUT = 5
"""Widths at which the kernel ends: 6e-7 of its sum lies beyond."""


def reach(sigma: float) -> int:
    """Return how many pixels away a blurred pixel is still seen."""
    return int(np.ceil(CUT * sigma))


def blur(image: Floats, sigma: float, margin: int) -> Floats:
    """Return an image convolved with a Gaussian, sampled at pixel centres and of sum 1.

    Parameters
    ----------
    image : (y, x) float64 array
        With a margin, from which light may come in.
    sigma : float
        Standard deviation in pixels; 0 leaves the image as it is.
    margin : int
        Pixels to leave out at each border; `reach` pixels or more.

    Returns
    -------
    (y, x) float64 array
        Without the margin.
    """
    inner = slice(margin, image.shape[0] - margin), slice(margin, image.shape[1] - margin)
    if sigma == 0:
        return image[inner]
    offsets = np.arange(-reach(sigma), reach(sigma) + 1)
    kernel = np.exp(-0.5 * (offsets / sigma) ** 2)
    kernel /= kernel.sum()
    rows = correlate1d(image, kernel, axis=0, mode="constant")[inner[0]]
    return np.asarray(correlate1d(rows, kernel, axis=1, mode="constant")[:, inner[1]])
