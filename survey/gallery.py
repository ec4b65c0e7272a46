"""Cutouts of real and simulated sources beside each other, rows R and F of equal brightness."""

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skybench.errors import ParameterError
from skybench.generators.arrays import Floats
from skybench.registry.pictures import Bytes, picture, stretch
from skybench.survey.completeness import detect
from skybench.survey.cutouts import SIDE, cutouts_at
from skybench.survey.frame import Frame

if TYPE_CHECKING:
    from PIL import Image

PERCENTILES = (99, 75, 50, 25, 1)
"""Of brightness, of the columns."""

_SIDE, _GAP, _MARGIN = 128, 4, 18


def real_and_fake(
    real: xr.Dataset,
    fake: xr.Dataset,
    percentiles: tuple[float, ...] = PERCENTILES,
    size: int = _SIDE,
) -> "Image.Image":
    """Return a page of a row R of real and a row F of simulated cutouts of like brightness.

    Above are colours (grey of one band), below the planes of each: image, then inverse variance,
    band by band. A column is a percentile of the real sources' central flux; the simulated one is
    that of the nearest flux. Both are stretched alike: by the same function of their noise.

    Parameters
    ----------
    real, fake : Dataset
        ``image`` and ``ivar`` (sample, band, y, x), as `cutouts` returns them.
    percentiles : tuple of float
    size : int
        About the width of a picture, screen pixels.

    Raises
    ------
    ParameterError
        They differ in bands or sizes, or one is empty.
    """
    if real["image"].shape[1:] != fake["image"].shape[1:] or not real.sizes["sample"]:
        msg = (
            f"real cutouts are {real['image'].shape} and simulated ones {fake['image'].shape}; "
            "they must be some, of the same bands and pixels."
        )
        raise ParameterError(msg)
    from PIL import Image, ImageDraw  # late: it takes a while

    chosen = _matched(central_flux(real), central_flux(fake), percentiles)
    rows = [
        (letter, [_tile(part, int(one), plane, size) for one in which])
        for plane in (None, *range(2 * real.sizes["band"]))
        for letter, part, which in zip("RF", (real, fake), chosen, strict=True)
    ]
    width, height = rows[0][1][0].size
    sheet = Image.new(
        "RGB",
        (_MARGIN + len(percentiles) * (width + _GAP), len(rows) * (height + _GAP) + _MARGIN),
    )
    draw = ImageDraw.Draw(sheet)
    for column, percentile in enumerate(percentiles):
        draw.text((_MARGIN + column * (width + _GAP), 2), f"{percentile:g} %")
    for number, (letter, tiles) in enumerate(rows):
        top = _MARGIN + number * (height + _GAP)
        draw.text((4, top + height // 2), letter)
        for column, shown in enumerate(tiles):
            sheet.paste(shown, (_MARGIN + column * (width + _GAP), top))
    return sheet


def detected(frame: Frame, side: int = SIDE, band: int = 0) -> xr.Dataset:
    """Return cutouts about what is detected in a band of a frame: the real ones of a page.

    Raises
    ------
    MissingDependencyError
        sep is not installed.
    """
    found = detect(frame, band)
    return cutouts_at(frame, found["x"].to_numpy(), found["y"].to_numpy(), side)


def central_flux(ds: xr.Dataset) -> Floats:
    """Return the light in the middle quarter of each cutout, all bands, less the sky about it."""
    image = ds["image"].values.astype(np.float64)
    ny, nx = image.shape[-2:]
    sky = np.median(image, axis=(-2, -1), keepdims=True)
    middle = (image - sky)[..., 3 * ny // 8 : 5 * ny // 8, 3 * nx // 8 : 5 * nx // 8]
    return np.asarray(middle.sum(axis=(1, 2, 3)))


def _matched(
    real: Floats, fake: Floats, percentiles: tuple[float, ...]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the real sources nearest to the percentiles, and simulated ones nearest to these."""
    first = _nearest_unused(real, np.percentile(real, percentiles))
    return first, _nearest_unused(fake, real[first])


def _nearest_unused(flux: Floats, levels: Floats) -> NDArray[np.intp]:
    """Return the source nearest to each level, another for each while there are any."""
    away = np.abs(flux[:, None] - levels)
    chosen: list[int] = []
    for column in away.T:
        left = np.ones(flux.size, np.bool_)
        left[chosen] = len(chosen) >= flux.size
        chosen.append(int(np.where(left, column, np.inf).argmin()))
    return np.array(chosen, dtype=np.intp)


def _tile(ds: xr.Dataset, sample: int, plane: int | None, size: int) -> "Image.Image":
    from PIL import Image  # late: it takes a while

    bands = ds.sizes["band"]
    if plane is None and bands > 1:
        image: Any = ds["image"].isel(sample=sample).drop_attrs().reset_coords(drop=True)
        return picture(image, size)
    number = plane or 0
    values = ds["image" if number < bands else "ivar"].values[sample, number % bands]
    shown: Bytes = stretch(values) if number < bands else _scaled(values)
    factor = max(1, size // max(shown.shape))
    return Image.fromarray(np.kron(shown, np.ones((factor, factor), np.uint8))[::-1]).convert("RGB")


def _scaled(values: NDArray[Any]) -> Bytes:
    top = float(values.max()) or 1.0
    return np.asarray(values / top * 255, dtype=np.uint8)
