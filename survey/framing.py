"""How images are framed: which planes, which part of them, and on how many pixels."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skybench.errors import ParameterError
from skybench.survey.image_files import COLOURS, GREY, OneImage

_LUMA = np.array([7471, 38470, 19595], dtype=np.int64)
"""Of blue, green and red in grey, by ITU-R BT.601, in parts of 65,536 as Pillow has them."""

_LUMA_BITS = 16
_SHOWN = 3


@dataclass(frozen=True, kw_only=True)
class Framing:
    """What is kept of each image.

    Attributes
    ----------
    crop : int, optional
        Side of the middle square, pixels.
    side : int, optional
        Pixels that the square is then resized to by `area_mean`.
    bands : tuple of str, optional
        Of the planes; pictures in colour become `GREY`, and grey ones `COLOURS`.
    """

    crop: int | None = None
    side: int | None = None
    bands: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        """Refuse what is no number of pixels."""
        for name, value in (("crop", self.crop), ("side", self.side)):
            if value is not None and value < 1:
                msg = f"{name} must be at least 1 pixel, got {value}"
                raise ParameterError(msg)

    def square(self, image: OneImage) -> int:
        """Return the side of the square of an image that is kept, in its own pixels."""
        return self.crop or min(image.planes.shape[1:])

    def of(self, image: OneImage) -> OneImage:
        """Return what is kept of an image.

        Raises
        ------
        ParameterError
            It is smaller than that, or has other planes.
        """
        planes, bands = self._banded(image)
        if self.crop or self.side:
            planes = middle(planes, self.square(image))
        if self.side:
            planes = area_mean(planes, self.side)
        return OneImage(np.ascontiguousarray(planes), bands)

    def _banded(self, image: OneImage) -> OneImage:
        if self.bands is None or self.bands == image.bands:
            return image
        if self.bands == GREY and image.bands == COLOURS:
            return OneImage(_grey(image.planes), GREY)
        if self.bands == COLOURS and image.bands == GREY:
            return OneImage(np.repeat(image.planes, len(COLOURS), axis=0), COLOURS)
        if len(self.bands) != len(image.planes):
            msg = f"has {len(image.planes)} planes, and bands are {', '.join(self.bands)}"
            raise ParameterError(msg)
        return OneImage(image.planes, self.bands)

    @property
    def words(self) -> str:
        """What is done, as text."""
        if not (self.crop or self.side):
            return "as they are"
        cut = f"middle square of {self.crop} pixels" if self.crop else "middle square"
        mean = "each the mean over the area that it covers"
        return f"{cut}, resized to {self.side} pixels, {mean}" if self.side else cut


def _grey(colours: NDArray[Any]) -> NDArray[Any]:
    whole = np.tensordot(_LUMA, colours.astype(np.int64), axes=1)
    return ((whole + (1 << (_LUMA_BITS - 1))) >> _LUMA_BITS).astype(colours.dtype)[None]


def stacked(images: Sequence[OneImage], names: Sequence[str]) -> NDArray[Any]:
    """Return images as one array (sample, band, y, x).

    Floats of 64 bits become those of 32.

    Raises
    ------
    ParameterError
        They are of unlike shape, planes or numbers; the message names some of the few.
    """
    kinds = [_kind(image) for image in images]
    common, _ = Counter(kinds).most_common(1)[0]
    others = [i for i, kind in enumerate(kinds) if kind != common]
    if others:
        some = ", ".join(f"{names[i]} ({kinds[i]})" for i in others[:_SHOWN])
        msg = (
            f"images must be alike: {len(others)} of {len(images)} are not {common}, such as "
            f"{some}. side=64 resizes all, bands=('grey',) makes grey of colour, and "
            "bands=('blue', 'green', 'red') colour of grey"
        )
        raise ParameterError(msg)
    whole = np.stack([image.planes for image in images])
    return whole.astype(np.float32) if whole.dtype.kind == "f" else whole


def _kind(image: OneImage) -> str:
    ny, nx = image.planes.shape[1:]
    words = " ".join(image.bands) or f"{len(image.planes)} planes"
    number = "float" if image.planes.dtype.kind == "f" else str(image.planes.dtype)
    return f"{ny}x{nx} pixels of {number}, {words}"


def middle(planes: NDArray[Any], side: int) -> NDArray[Any]:
    """Return the middle square of an image; of an odd rest, one pixel less lies below and left.

    Raises
    ------
    ParameterError
        The image is smaller.
    """
    ny, nx = planes.shape[-2:]
    if min(ny, nx) < side:
        msg = f"is {ny}x{nx} pixels, smaller than {side}"
        raise ParameterError(msg)
    top, left = (ny - side) // 2, (nx - side) // 2
    return planes[..., top : top + side, left : left + side]


def area_mean(planes: NDArray[Any], side: int) -> NDArray[Any]:
    """Return square images resized to fewer pixels, each the mean over the area that it covers.

    Surface brightness is kept. Integers are rounded to the nearest, halves to even; their sums
    are exact. Floats are summed in the order of the pixels, so that any processor gives the same.

    Raises
    ------
    ParameterError
        The image has fewer pixels.
    """
    length = planes.shape[-1]
    if length < side:
        msg = f"is {length}x{length} pixels, smaller than {side}"
        raise ParameterError(msg)
    if length == side:
        return planes
    along_x = _shrunk(planes.astype(np.float64), side)
    both = np.swapaxes(_shrunk(np.swapaxes(along_x, -1, -2), side), -1, -2)
    mean = both / float(length) ** 2
    return (np.rint(mean) if planes.dtype.kind in "iu" else mean).astype(planes.dtype)


def _shrunk(values: NDArray[np.float64], side: int) -> NDArray[np.float64]:
    """Return sums over the last axis, each of ``length`` parts of a pixel cut into ``side``."""
    length = values.shape[-1]
    total = np.zeros((*values.shape[:-1], side))
    for places, weights in _overlaps(length, side):
        total += values[..., places] * weights
    return total


def _overlaps(length: int, side: int) -> Iterator[tuple[NDArray[np.intp], NDArray[np.float64]]]:
    """Yield the pixels under each of ``side`` wider ones, one after the other, and their parts."""
    begin = np.arange(side) * length  # in parts of a pixel, of which it has `side`
    first = begin // side
    for step in range(-(-length // side) + 1):
        place = first + step
        low = np.maximum(place * side, begin)
        high = np.minimum((place + 1) * side, begin + length)
        yield place.clip(max=length - 1), np.maximum(high - low, 0).astype(np.float64)
