"""Every object that skybench draws, on one page."""

from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import NamedTuple

import xarray as xr
from PIL import Image

from skybench.gallery import page, save_page, tile
from skybench.generators.drawn_object import DrawnObject
from skybench.generators.families import FAMILIES
from skybench.generators.family import Family
from skybench.registry.pictures import picture

_COLUMNS = 8


class Portrait(NamedTuple):
    """An object and the picture that its example makes."""

    family: Family
    drawn: type[DrawnObject]
    image: Image.Image


def portraits(size: int = 128) -> Iterator[Portrait]:
    """Yield every object of the tables, drawn by its example."""
    for family in FAMILIES.values():
        for kind in family.objects.values():
            yield Portrait(family, kind, picture(example_of(kind), size))


def example_of(kind: type[DrawnObject]) -> xr.DataArray:
    """Return what the example of an object draws."""
    import skybench
    from skybench import generators

    names = {name: getattr(generators, name) for name in generators.__all__}
    # The expression is the package's own, as much code as any other line of it.
    value: xr.DataArray = eval(kind.example, names | {"generate": skybench.generate})
    return value


def save_object_gallery(path: str | PathLike[str]) -> Path:
    """Write a page with every object as a PNG and return its path."""
    tiles = [tile(p.image, p.drawn.name) for p in portraits()]
    return save_page(page(tiles, _COLUMNS), path)
