"""Contact sheets: many small images on one page, labelled, so that a dataset can be looked at."""

from os import PathLike
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from skybench.errors import ParameterError, StoreError

Bytes = NDArray[np.uint8]

_TILE = 128
"""Width of a picture on the page, in screen pixels; images are enlarged by a whole number."""

_CAPTION = 18
_GAP = 6
_PAPER, _INK = (18, 20, 28), (222, 226, 235)
_SOFTENING = 2.0
"""Noise levels that the stretch shows linearly; brighter light is compressed."""


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
    chosen = ds.isel(sample=_choose(ds, count)).load()
    tiles = [
        _tile(image, caption)
        for image, caption in zip(chosen["image"].values, _captions(chosen), strict=True)
    ]
    return _page(tiles, min(columns, len(tiles)))


def save_gallery(ds: xr.Dataset, path: str | PathLike[str], **layout: int) -> Path:
    """Write a contact sheet as a PNG and return its path; see `contact_sheet`."""
    target = Path(path)
    if target.suffix.lower() != ".png":
        msg = f"a gallery is a PNG; name it {target.with_suffix('.png')} instead of {target}."
        raise ParameterError(msg)
    sheet = contact_sheet(ds, **layout)
    try:
        sheet.save(target, optimize=True)
    except OSError as error:
        msg = f"{target} cannot be written: {error.strerror or error}; choose another place."
        raise StoreError(msg) from error
    return target


def stretch(image: NDArray[np.int32]) -> Bytes:
    """Return the asinh-stretched image in 0 to 255, its sky dark and its brightest pixel white."""
    pixels = image.astype(np.float64)
    sky = np.median(pixels)
    # 1.4826 turns the median absolute deviation of a Gaussian into its sigma.
    noise = max(1.4826 * float(np.median(np.abs(pixels - sky))), 1e-9)
    light = np.arcsinh((pixels - sky) / (_SOFTENING * noise))
    low, high = -0.5, max(float(light.max()), 1.0)
    return (np.clip((light - low) / (high - low), 0, 1) * 255).astype(np.uint8)


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
    names = _class_names(ds)
    if "label" in ds.coords:
        labels = ds["label"].values
        classes = [str(v) if labels.dtype.kind in "UOT" else names[int(v)] for v in labels]
    else:
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


def _tile(image: NDArray[np.int32], caption: str) -> Image.Image:
    factor = max(1, _TILE // max(image.shape))
    enlarged = np.kron(stretch(image), np.ones((factor, factor), dtype=np.uint8))
    # Row 0 is at the bottom: angles then run counter-clockwise, as recorded.
    picture = Image.fromarray(enlarged[::-1])
    tile = Image.new("RGB", (picture.width, picture.height + _CAPTION), _PAPER)
    tile.paste(picture, (0, 0))
    font = ImageFont.load_default(size=11)
    ImageDraw.Draw(tile).text((1, picture.height + 3), _fit(caption, tile.width), _INK, font)
    return tile


def _fit(caption: str, width: int) -> str:
    """Shorten class names where the caption would run out of its tile."""
    font = ImageFont.load_default(size=11)
    if font.getlength(caption) <= width:
        return caption
    identity, _, classes = caption.partition(" ")
    return f"{identity} {'+'.join(name[:4] for name in classes.split('+'))}"


def _page(tiles: list[Image.Image], columns: int) -> Image.Image:
    width = max(tile.width for tile in tiles) + _GAP
    height = max(tile.height for tile in tiles) + _GAP
    rows = -(-len(tiles) // columns)
    page = Image.new("RGB", (columns * width + _GAP, rows * height + _GAP), _PAPER)
    for i, tile in enumerate(tiles):
        page.paste(tile, (_GAP + i % columns * width, _GAP + i // columns * height))
    return page
