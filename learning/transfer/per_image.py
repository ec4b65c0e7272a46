"""Images by their own light: nothing is left of units, exposure and distance but the form.

Simulated electrons and the 8-bit pictures of an archive differ more in how bright they are shown
than in what is on them; this is what both have in common.
"""

import dataclasses

import numpy as np
import numpy.typing as npt

from skybench.errors import ParameterError
from skybench.learning.labelled import Labelled
from skybench.learning.stretch import Stretch

UNIT = "own peak"
"""Of images that are normalised so; files of weights say it as the unit of their pixels."""

STRETCH = Stretch(scale=100.0, mean=0.002, deviation=0.003)
"""Linear to one in a million: (x - 0.2) / 0.3, which are 0 and about 1 for most images."""

_OF_PICTURES = "1"
"""The unit of pictures of 8 bits, also of resized ones, which are no whole numbers any more."""

_EDGE = 10
"""The border is a tenth of the side."""

_PEAK = 99.5
"""Percentile of all pixels that counts as the peak: a lone hot pixel or a star does not."""

_SOFTENING = 20.0
_RANGE = (-0.3, 1.5)
_AT_ONCE = 1024


def by_own_light(data: Labelled) -> Labelled:
    """Return the samples with each image by its own light, float32 of the unit `UNIT`.

    The median of its border, of each plane apart, is taken off. What is linear in light is then
    compressed as pictures are: asinh(x / s) with s a twentieth of the image's peak, the 99.5th
    percentile of all its pixels. Last it is divided by the peak of what came of it, one for all
    planes, so that colours stay, and clipped to -0.3 and 1.5. Pictures of 8 bits have been
    compressed before and are only divided.

    Raises
    ------
    ParameterError
        The samples are no images.
    """
    if data.form.kind != "images":
        msg = f"normalisation by image is for images, and these are {data.form}"
        raise ParameterError(msg)
    if data.origin.unit == UNIT:
        return data
    parts = [
        _normalised(data.images[start : start + _AT_ONCE], data)
        for start in range(0, len(data.images), _AT_ONCE)
    ]
    origin = dataclasses.replace(data.origin, unit=UNIT)
    return dataclasses.replace(data, images=np.concatenate(parts), origin=origin)


def _normalised(images: npt.NDArray[np.generic], data: Labelled) -> npt.NDArray[np.float32]:
    axes = tuple(axis + 1 for axis in data.form.axes)
    whole = tuple(range(1, images.ndim))
    light = np.nan_to_num(images.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    light -= np.median(border(light, axes), axis=-1).reshape(
        [1 if axis in axes else size for axis, size in enumerate(light.shape)]
    )
    if not (data.images.dtype == np.uint8 or data.origin.unit == _OF_PICTURES):
        light = np.arcsinh(light * (_SOFTENING / _peak(light, whole)))
    return np.asarray((light / _peak(light, whole)).clip(*_RANGE), np.float32)


def _peak(light: npt.NDArray[np.float32], axes: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """Return the peak of each image, and one where there is no light."""
    peak = np.percentile(light, _PEAK, axis=axes, keepdims=True)
    return np.asarray(np.where(peak > 0, peak, 1.0), np.float32)


def border(light: npt.NDArray[np.float32], axes: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """Return the pixels along the edge of each plane in a row: (..., pixel) float32."""
    last = np.moveaxis(light, axes, (-2, -1))
    rows, columns = (max(1, size // _EDGE) for size in last.shape[-2:])
    inside = np.zeros(last.shape[-2:], bool)
    inside[rows:-rows, columns:-columns] = True
    return last[..., ~inside]
