"""The stretch of pixels that networks and linear models see."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

_SMALLEST = float(np.finfo(np.float32).tiny)
_LARGEST = float(np.finfo(np.float32).max)
_WIDEST = 1e30
"""Largest pixel over scale: networks work in float32, which must hold it."""


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """The map from electrons to network input: (asinh(image / scale) - mean) / deviation.

    Parameters
    ----------
    scale : float
        Where asinh turns from linear to logarithmic, electrons; about the noise.
    mean, deviation : float
        Of the stretched training pixels.
    """

    scale: float
    mean: float
    deviation: float

    @classmethod
    def of(cls, images: npt.NDArray[Any], *, at_most: int = 2000) -> "Stretch":
        """Learn the stretch from training images.

        The scale is the median absolute deviation of the pixels times 1.4826, the noise of
        images that are mostly sky, and at least one electron. Data that are no counts have their
        standard deviation instead where half the values are equal. Pixels that are not finite in
        float32 are left out.

        Parameters
        ----------
        images : (sample, [band,] y, x) array
            In electrons. Bands share one stretch, so that colours stay.
        at_most : int
            How many images are looked at, evenly spaced.
        """
        few = _usable(images[:: max(1, -(-len(images) // at_most))])
        least = 1.0 if images.dtype.kind in "iu" else 0.0
        noise = 1.4826 * float(np.median(np.abs(few - np.median(few))))
        spread = float(few.std()) if few.min() < few.max() else 0.0
        scale = max(least, noise) or spread or 1.0
        smallest = max(float(np.abs(few).max()) / _WIDEST, _SMALLEST)
        scale = min(max(scale, smallest), _LARGEST)
        stretched = np.arcsinh(few / scale)
        return cls(
            scale=scale,
            mean=float(stretched.mean()),
            deviation=max(1e-6, float(stretched.std())),
        )

    def applied(
        self, images: npt.NDArray[Any], out: npt.NDArray[np.float32] | None = None
    ) -> npt.NDArray[np.float32]:
        """Return stretched pixels; one that is not finite tells nothing and becomes the mean.

        Parameters
        ----------
        images : array
            In electrons.
        out : float32 array, optional
            Where to put them. Default: a new array.
        """
        if out is None:
            out = np.empty(images.shape, np.float32)
        with np.errstate(over="ignore", invalid="ignore"):
            np.copyto(out, images, casting="unsafe")
            # Each in its place: batches are stretched at the rate of memory.
            out /= self.scale
            np.arcsinh(out, out=out)
            out -= self.mean
            out /= self.deviation
        if images.dtype.kind == "f":
            out[~np.isfinite(out)] = 0
        return out


def _usable(images: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return the pixels as float64, without those that float32 has no number for."""
    pixels = images.astype(np.float64)
    if images.dtype.kind in "iu":
        return pixels
    usable = np.abs(pixels) <= _LARGEST
    if usable.all():
        return pixels
    return pixels[usable] if usable.any() else np.zeros(1)
