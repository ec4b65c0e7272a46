"""Shapes laid onto images, one after the other, and the map of which lies in front."""

from collections.abc import Callable

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skybench.generators.geometric.catalogue import SHAPES
from skybench.generators.geometric.domains import within_domain
from skybench.generators.geometric.edges import EdgeList, Edges, listed
from skybench.generators.geometric.raster import boxes, coverage, inside

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_POSITION = ("source_x", "source_y")


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
    shape: tuple[int, int],
    *,
    combine: str = "painter",
    antialias: bool = False,
    margin: int = 0,
) -> tuple[Floats, NDArray[np.int8]]:
    """Return the images that the coordinates describe, and what each pixel belongs to.

    Shapes are laid down slot by slot, a later one in front of those before.

    Parameters
    ----------
    parameters : xr.Dataset
        Coordinates as `sample` draws them or as a store holds them.
    shape : (ny, nx)
    combine : {"painter", "union", "sum"}
    antialias : bool
        Weigh pixels by the share that is covered; else 1 where the centre lies inside.
    margin : int
        Pixels drawn beyond each border.

    Returns
    -------
    image : (sample, y, x) float64 array
        Margin included.
    segmentation : (sample, y, x) int8 array
        Without margin: slot + 1 of the front-most shape that holds the pixel's centre, 0
        where none does, whether anti-aliased or not.

    Raises
    ------
    ParameterError
        A parameter of a shape is outside its domain, or missing.
    """
    owners, slots, edges = _edges(parameters)
    ny, nx = (length + 2 * margin for length in shape)
    window = (-margin, -margin, nx - margin, ny - margin)
    within = boxes(edges, window)
    held = inside(edges, within)
    cover = coverage(edges, within) if antialias else held.astype(np.float64)
    images = np.zeros((parameters.sizes["sample"], ny, nx))
    front = np.zeros(images.shape, dtype=np.int8)
    lay = COMBINATIONS[combine]
    brightness = parameters["brightness"].values[owners, slots].astype(np.float64).tolist()
    for one, (owner, slot) in enumerate(zip(owners.tolist(), slots.tolist(), strict=True)):
        y, x = within.y0[one] + margin, within.x0[one] + margin
        part = owner, slice(y, y + within.height[one]), slice(x, x + within.width[one])
        lay(images[part], within.cut(cover, one), brightness[one])
        np.copyto(front[part], slot + 1, where=within.cut(held, one))
    return images, front[:, margin : ny - margin, margin : nx - margin]


def _edges(parameters: xr.Dataset) -> tuple[Ints, Ints, EdgeList]:
    """Return the image and slot of each shape, in the order of drawing, and all their edges."""
    # Much faster than to take each from the dataset: that makes a data array of it.
    columns = {name: column.values for name, column in parameters.variables.items()}
    kinds = columns["kind"]
    owners, slots = np.nonzero(kinds)
    samples = columns.get("sample_id", np.arange(len(kinds)))
    parts: list[tuple[Ints, Edges]] = []
    for profile in SHAPES.values():
        members = np.flatnonzero(kinds[owners, slots] == profile.code)
        if members.size:
            own = owners[members], slots[members]
            names = (*_POSITION, *profile.defaults)
            values = {
                name: within_domain(name, columns[name][own], samples[own[0]], own[1])
                for name in names
            }
            parts.append((members, profile.boundary(values)))
    return owners, slots, listed(parts, owners.size)
