"""The stretch of pixels that networks and linear models see."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


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
        standard deviation instead where half the values are equal.

        Parameters
        ----------
        images : (sample, [band,] y, x) array
            In electrons. Bands share one stretch, so that colours stay.
        at_most : int
            How many images are looked at, evenly spaced.
        """
        few = images[:: max(1, -(-len(images) // at_most))].astype(np.float64)
        least = 1.0 if images.dtype.kind in "iu" else 0.0
        noise = 1.4826 * float(np.median(np.abs(few - np.median(few))))
        scale = max(least, noise) or float(few.std()) or 1.0
        stretched = np.arcsinh(few / scale)
        return cls(
            scale=scale,
            mean=float(stretched.mean()),
            deviation=max(1e-6, float(stretched.std())),
        )
