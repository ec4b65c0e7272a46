"""Contact sheets: many small images on one page, labelled, so that a dataset can be looked at."""

from os import PathLike
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from skybench.errors import ParameterError
from skybench.generators.schema import main_variable
from skybench.registry.pictures import INK, PAPER, picture
from skybench.registry.storage.local_disk import reporting_unwritable

_TILE = 128
"""Width of a picture on the page, in screen pixels; images are enlarged by a whole number."""

_CAPTION = 18
_GAP = 6


def contact_sheet(ds: xr.Dataset, *, count: int = 24, columns: int = 8) -> Image.Image:
    """Return a page of the first images, each captioned with its identity and classes.

    Images of a classification are laid out class by class. Brightness is asinh(image /
    softening), the softening twice the image's own noise (Lupton et al. 2004), so that faint
    arms and bright cores both show.

    Parameters
    ----------
    ds : xr.Dataset
        As `skybench.open` or `skybench.generate` return it.
    count, columns : int
        How many images, and how many in a row.
    """
    if count < 1 or columns < 1:
        msg = f"count and columns must be at least 1, got {count} and {columns}."
        raise ParameterError(msg)
    tiles = [tile(shown, caption) for caption, shown in pictured_samples(ds, count)]
    return page(tiles, min(columns, len(tiles)))


def pictured_samples(
    ds: xr.Dataset, count: int, size: int = _TILE
) -> list[tuple[str, Image.Image]]:
    """Return the captions and pictures of the first samples, as a contact sheet has them.

    Parameters
    ----------
    ds : xr.Dataset
        As `skybench.open` or `skybench.generate` return it.
    count : int
        How many, of a classification shared among the classes.
    size : int
        About the width of a picture in screen pixels.
    """
    chosen = ds.isel(sample=_choose(ds, count))
    data = chosen[main_variable(chosen)].load()
    pictures = [picture(data.isel(sample=k), size) for k in range(data.sizes["sample"])]
    return list(zip(_captions(chosen), pictures, strict=True))


def save_gallery(ds: xr.Dataset, path: str | PathLike[str], **layout: int) -> Path:
    """Write a contact sheet as a PNG and return its path; see `contact_sheet`."""
    return save_page(contact_sheet(ds, **layout), path)


def save_page(sheet: Image.Image, path: str | PathLike[str]) -> Path:
    """Write a page as a PNG and return its path.

    Raises
    ------
    ParameterError
        The path does not end in .png.
    StoreError
        It cannot be written.
    """
    target = Path(path)
    if target.suffix.lower() != ".png":
        msg = f"a gallery is a PNG; name it {target.with_suffix('.png')} instead of {target}."
        raise ParameterError(msg)
    with reporting_unwritable(target):
        sheet.save(target, optimize=True)
    return target


def _choose(ds: xr.Dataset, count: int) -> NDArray[np.intp]:
    """Return the first rows, for a classification the first of each class in turn."""
    total = ds.sizes["sample"]
    if "label" not in ds.coords:
        return np.arange(min(count, total))
    labels = np.asarray(ds["label"].values)
    classes = sorted(set(labels.tolist()))
    each = -(-count // len(classes))
    rows = [np.flatnonzero(labels == name)[:each] for name in classes]
    return np.concatenate(rows)[:count] if rows else np.arange(0)


def _captions(ds: xr.Dataset) -> list[str]:
    if "label" in ds.coords:
        labels = ds["label"].values
        decoded = labels.dtype.kind in "UOT"
        classes = [str(v) for v in (labels if decoded else np.array(_class_names(ds))[labels])]
    elif "present" not in ds.coords:
        classes = [""] * ds.sizes["sample"]
    else:
        names = _class_names(ds)
        rows = ds["present"].values.astype(bool)
        classes = [
            "+".join(n for n, there in zip(names, row, strict=True) if there) for row in rows
        ]
    return [f"{i} {c}" for i, c in zip(ds["sample_id"].values, classes, strict=True)]


def _class_names(ds: xr.Dataset) -> list[str]:
    values = ds["class"].values
    if values.dtype.kind in "UOT":
        return [str(v) for v in values]
    return str(ds["class"].attrs["flag_meanings"]).split()


def tile(shown: Image.Image, caption: str) -> Image.Image:
    """Return a picture with a line of text under it."""
    framed = Image.new("RGB", (shown.width, shown.height + _CAPTION), PAPER)
    framed.paste(shown, (0, 0))
    font = ImageFont.load_default(size=11)
    ImageDraw.Draw(framed).text((1, shown.height + 3), _fit(caption, shown.width), INK, font)
    return framed


def _fit(caption: str, width: int) -> str:
    """Shorten class names where the caption would run out of its tile."""
    font = ImageFont.load_default(size=11)
    if font.getlength(caption) <= width:
        return caption
    identity, _, classes = caption.partition(" ")
    return f"{identity} {'+'.join(name[:4] for name in classes.split('+'))}"


def page(tiles: list[Image.Image], columns: int) -> Image.Image:
    """Return tiles in rows on one page."""
    width = max(framed.width for framed in tiles) + _GAP
    height = max(framed.height for framed in tiles) + _GAP
    rows = -(-len(tiles) // columns)
    sheet = Image.new("RGB", (columns * width + _GAP, rows * height + _GAP), PAPER)
    for i, framed in enumerate(tiles):
        sheet.paste(framed, (_GAP + i % columns * width, _GAP + i // columns * height))
    return sheet
