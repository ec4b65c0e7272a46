"""One sample as a picture, whatever its form: an image, a light curve, orbits, a map, a cube.

A new form is a function and a line in `PICTURES`.
"""

from collections.abc import Callable

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from skybench.errors import ParameterError
from skybench.generators.arrays import Floats
from skybench.generators.sphere.healpix import directions, ring_numbers

Bytes = NDArray[np.uint8]

PAPER, INK = (18, 20, 28), (222, 226, 235)
_COLOURS = ((255, 209, 102), (86, 180, 233), (240, 110, 110), (120, 210, 140), (200, 150, 240))

_SOFTENING = 2.0
"""Noise levels that the stretch shows linearly; brighter light is compressed."""

_WEIGHTS = np.array([0.65, 1.0, 1.75])
"""Of red, green and blue: with them what is as bright per wavelength in g, r and z is grey."""

_CLEAN = 0.01
"""Share of the peak that stands for the noise where there is none."""


def picture(sample: xr.DataArray, size: int = 128) -> Image.Image:
    """Return a picture of one sample.

    Parameters
    ----------
    sample : DataArray
        With the dimensions of one of `PICTURES`, without ``sample``.
    size : int
        About its width in screen pixels; images are enlarged by a whole number.

    Raises
    ------
    ParameterError
        There is no picture for these dimensions.
    """
    dims = tuple(str(dim) for dim in sample.dims)
    if dims not in PICTURES:
        forms = ", ".join(f"({', '.join(form)})" for form in PICTURES)
        msg = f"no picture of dimensions ({', '.join(dims)}); there are those of {forms}."
        raise ParameterError(msg)
    return PICTURES[dims](sample, size)


def stretch(image: NDArray[np.number]) -> Bytes:
    """Return the asinh-stretched image in 0 to 255, its sky dark and its brightest pixel white."""
    pixels = image.astype(np.float64)
    light = np.arcsinh((pixels - np.median(pixels)) / (_SOFTENING * _noise(pixels)))
    low, high = -0.5, max(float(light.max()), 1.0)
    return (np.clip((light - low) / (high - low), 0, 1) * 255).astype(np.uint8)


def _noise(pixels: Floats) -> float:
    """Return the noise of an image, or what stands for it where there is none."""
    # 1.4826 turns the median absolute deviation of a Gaussian into its sigma.
    deviation = 1.4826 * float(np.median(np.abs(pixels - np.median(pixels))))
    return max(deviation, _CLEAN * float(np.ptp(pixels)), 1e-9)


def _image(sample: xr.DataArray, size: int) -> Image.Image:
    values = sample.values
    if sample.attrs.get("units") == "electron":
        return _enlarged(stretch(values), size)
    return _enlarged(_linear(values.astype(np.float64)), size)


def _bands(sample: xr.DataArray, size: int) -> Image.Image:
    """Show the last, the middle and the first band as red, green and blue.

    References
    ----------
    Lupton et al. (2004), PASP 116, 133: all bands are stretched by one factor, so that
    colour is kept where the brightness is compressed.
    """
    chosen = sample.values[[-1, sample.shape[0] // 2, 0]]
    if chosen.dtype == np.uint8:  # of a picture, which is stretched
        return _enlarged(np.moveaxis(chosen, 0, -1), size)
    planes = chosen.astype(np.float64)
    light = (planes - np.median(planes, axis=(1, 2), keepdims=True)) * _WEIGHTS[:, None, None]
    mean = light.mean(axis=0)
    soft = _SOFTENING * _noise(mean)
    scaled = np.maximum(mean / soft, 1e-9)
    curved = np.arcsinh(scaled)
    colours = np.clip(light / soft * (curved / scaled / curved.max()), 0, 1)
    return _enlarged((np.moveaxis(colours, 0, -1) * 255).astype(np.uint8), size)


def _cube(sample: xr.DataArray, size: int) -> Image.Image:
    """Show the logarithm of the column along z."""
    column = sample.values.astype(np.float64).sum(axis=0)
    floor = column.max() * 1e-4 if column.max() > 0 else 1.0
    return _enlarged(_linear(np.log(np.maximum(column, floor))), size)


def _linear(values: Floats) -> Bytes:
    span = np.ptp(values) or 1.0
    return np.asarray((values - values.min()) / span * 255, dtype=np.uint8)


def _enlarged(pixels: Bytes, size: int) -> Image.Image:
    factor = max(1, size // max(pixels.shape[:2]))
    block = np.ones((factor, factor) + (1,) * (pixels.ndim - 2), dtype=np.uint8)
    # Row 0 is at the bottom: angles then run counter-clockwise, as recorded.
    return Image.fromarray(np.kron(pixels, block)[::-1]).convert("RGB")


def _series(sample: xr.DataArray, size: int) -> Image.Image:
    """Show values over time as points."""
    time = _times(sample)
    page, draw = _plot(size)
    x, y = _fitted(time, size), size - _fitted(sample.values.astype(np.float64), size)
    for px, py in zip(x, y, strict=True):
        draw.ellipse((px - 1, py - 1, px + 1, py + 1), fill=_COLOURS[0])
    return page


def _times(sample: xr.DataArray) -> Floats:
    time = sample.coords.get("time")
    values = np.arange(sample.sizes["time"]) if time is None else time.values
    return np.asarray(values, dtype=np.float64)


def _orbits(sample: xr.DataArray, size: int) -> Image.Image:
    """Show the paths of the bodies in the plane of the first two axes."""
    place = sample.values[..., :2].astype(np.float64)
    page, draw = _plot(size)
    middle = (place.max((0, 1)) + place.min((0, 1))) / 2
    scale = (size - 12) / (np.ptp(place, axis=(0, 1)).max() or 1.0)
    screen = size / 2 + (place - middle) * scale * (1, -1)
    for body in range(place.shape[1]):
        colour = _COLOURS[body % len(_COLOURS)]
        draw.line([tuple(point) for point in screen[:, body]], fill=colour)
        x, y = screen[-1, body]
        draw.ellipse((x - 2, y - 2, x + 2, y + 2), fill=colour)
    return page


def _plot(size: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    page = Image.new("RGB", (size, size), (0, 0, 0))
    return page, ImageDraw.Draw(page)


def _fitted(values: Floats, size: int) -> Floats:
    span = np.ptp(values) or 1.0
    return np.asarray(6 + (values - values.min()) / span * (size - 12), dtype=np.float64)


def _mollweide(sample: xr.DataArray, size: int) -> Image.Image:
    """Show a HEALPix map on the whole sky, longitude 0 in the middle and growing to the left.

    References
    ----------
    Snyder (1987), Map Projections, USGS 1395, equations 31-6 and 31-7.
    """
    from scipy.spatial import cKDTree  # late: it takes a while

    nside = round((sample.sizes["pixel"] / 12) ** 0.5)
    values = _linear(sample.values.astype(np.float64))
    if sample.attrs.get("ordering") == "nested":
        values = values[np.argsort(ring_numbers(nside))]
    y, x = np.mgrid[1 : -1 : size // 2 * 1j, -2 : 2 : size * 1j]
    inside = (x / 2) ** 2 + y**2 < 1
    angle = np.arcsin(y[inside])
    latitude = np.arcsin((2 * angle + np.sin(2 * angle)) / np.pi)
    longitude = -np.pi * x[inside] / (2 * np.cos(angle))
    flat = np.cos(latitude)
    seen = np.stack([flat * np.cos(longitude), flat * np.sin(longitude), np.sin(latitude)], -1)
    _, nearest = cKDTree(directions(nside).T).query(seen)
    pixels = np.zeros(inside.shape)
    pixels[inside] = 30 + values[nearest] * (225 / 255)
    return Image.fromarray(pixels.astype(np.uint8)).convert("RGB")


Drawing = Callable[[xr.DataArray, int], Image.Image]

PICTURES: dict[tuple[str, ...], Drawing] = {
    ("y", "x"): _image,
    ("band", "y", "x"): _bands,
    ("z", "y", "x"): _cube,
    ("time",): _series,
    ("time", "body", "axis"): _orbits,
    ("pixel",): _mollweide,
}
"""How a sample of each form is shown, by its dimensions."""
