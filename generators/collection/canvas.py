"""One canvas for members of unlike shape: images in its middle, padded with 0 or cropped.

Positions are those on the canvas; those of what was cropped lie beyond its border.
"""

import numpy as np
import xarray as xr

from skybench.generators.recipe import ObjectRecipe
from skybench.generators.scene_recipe import SceneRecipe

Shape = tuple[int, int]

_POSITIONS = ("source_y", "source_x")


def on_canvas(parameters: xr.Dataset, member: ObjectRecipe, canvas: Shape | None) -> xr.Dataset:
    """Return a member's parameters with positions on the canvas."""
    return _moved(parameters, member, canvas, 1)


def off_canvas(parameters: xr.Dataset, member: ObjectRecipe, canvas: Shape | None) -> xr.Dataset:
    """Return parameters with positions on the canvas as the member has them."""
    return _moved(parameters, member, canvas, -1)


def placed(images: xr.Variable, canvas: Shape | None) -> xr.Variable:
    """Return (..., y, x) images in the middle of the canvas; other variables as they are."""
    if canvas is None or images.dims[-2:] != ("y", "x"):
        return images
    values = np.zeros((*images.shape[:-2], *canvas), dtype=images.dtype)
    own, there = zip(*map(_overlap, images.shape[-2:], canvas), strict=True)
    values[..., there[0], there[1]] = images.values[..., own[0], own[1]]
    return xr.Variable(images.dims, values, images.attrs)


def _moved(
    parameters: xr.Dataset, member: ObjectRecipe, canvas: Shape | None, sign: int
) -> xr.Dataset:
    if canvas is None or not isinstance(member, SceneRecipe):
        return parameters
    moved = {}
    for name, side, wide in zip(_POSITIONS, member.image.shape, canvas, strict=True):
        there = parameters.variables[name]
        shifted = there.values.astype(np.float64) + sign * _begin(side, wide)
        # As exact as float32 holds it there; on the way back as exact as float64 does.
        moved[name] = there.copy(data=shifted.astype(np.float32) if sign > 0 else shifted)
    return parameters.assign_coords(moved)


def _begin(side: int, wide: int) -> int:
    """Return the pixel of the canvas that the first of an image lies on, below 0 where cropped."""
    return (wide - side) // 2


def _overlap(side: int, wide: int) -> tuple[slice, slice]:
    """Return the pixels of an image that are on the canvas, and their places there."""
    begin = _begin(side, wide)
    first, last = max(begin, 0), min(begin + side, wide)
    return slice(first - begin, last - begin), slice(first, last)
