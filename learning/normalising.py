"""Numbers of images brought to the unit that a network was trained on, and whether they are in it.

A network sees stretched samples, (asinh(image / scale) - mean) / deviation, and the scale is in
the unit of its training, mostly electrons. Images from elsewhere are brought to that unit by what
is known of them: `from_nanomaggies`, `from_counts`, `from_eight_bits`; or, where nothing is known,
by their own noise: `noise_scaled`.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from skybench.errors import ParameterError
from skybench.learning.stretch import Stretch

Floats = npt.NDArray[np.float32]

_LOOKED_AT = 500
_BORDER = 3
_NANOMAGGY_MAGNITUDE = 22.5


@dataclass(frozen=True, kw_only=True)
class InputRange:
    """Mean and deviation of single samples as a network sees them: 1 % and 99 % quantiles.

    Parameters
    ----------
    mean, deviation : tuple of two floats
    """

    mean: tuple[float, float]
    deviation: tuple[float, float]

    @classmethod
    def of(cls, images: npt.NDArray[Any], stretch: Stretch) -> "InputRange":
        """Measure training samples, at most 500 of them evenly spaced."""
        means, deviations = _moments(images, stretch)
        low_high = [np.quantile(values, (0.01, 0.99)) for values in (means, deviations)]
        (a, b), (c, d) = ((float(low), float(high)) for low, high in low_high)
        return cls(mean=(a, b), deviation=(c, d))

    def strangeness(self, images: npt.NDArray[Any], stretch: Stretch) -> str | None:
        """Say how samples differ from those of training, None where they might be some.

        Those of the middle count: single ones may be odd. A mean may lie outside by the width of
        the range and half a deviation more, a deviation by a factor of two.
        """
        mean, deviation = (float(np.median(values)) for values in _moments(images, stretch))
        margin = self.mean[1] - self.mean[0] + 0.5
        usual = self.mean[0] - margin <= mean <= self.mean[1] + margin
        if usual and self.deviation[0] / 2 <= deviation <= self.deviation[1] * 2:
            return None
        return (
            f"as the network sees them they have a mean of {mean:.3g} and a deviation of "
            f"{deviation:.3g}, where those of its training had {self.mean[0]:.3g} to "
            f"{self.mean[1]:.3g} and {self.deviation[0]:.3g} to {self.deviation[1]:.3g}"
        )


def _moments(images: npt.NDArray[Any], stretch: Stretch) -> tuple[Floats, Floats]:
    few = images[:: max(1, -(-len(images) // _LOOKED_AT))]
    seen = stretch.applied(few).reshape(len(few), -1)
    return seen.mean(axis=1), seen.std(axis=1)


def from_nanomaggies(images: npt.ArrayLike, *, zeropoint: float) -> Floats:
    """Return electrons of images in nanomaggies, as SDSS and the Legacy Surveys have them.

    Parameters
    ----------
    images : array
    zeropoint : float
        AB magnitude of one electron, of the training's instrument: attribute ``zeropoint``.
    """
    factor = 10 ** (0.4 * (zeropoint - _NANOMAGGY_MAGNITUDE))
    return np.asarray(np.asarray(images, np.float64) * factor, np.float32)


def from_counts(images: npt.ArrayLike, *, gain: float = 1.0) -> Floats:
    """Return electrons less the sky of images in counts (ADU).

    The sky is the median of the border, 3 pixels wide, of each image and band.

    Parameters
    ----------
    images : (..., y, x) array
    gain : float
        Electrons a count.
    """
    counts = np.asarray(images, np.float64)
    return np.asarray(gain * (counts - _sky(counts)), np.float32)


def noise_scaled(images: npt.ArrayLike, *, noise: float) -> Floats:
    """Return images less their sky whose noise is that of training, whatever their unit is.

    The noise of each image and band is 1.4826 times the median absolute deviation of its border.

    Parameters
    ----------
    images : (..., y, x) array
    noise : float
        Of a pixel in training, such as ``model.normalisation.scale``.

    Raises
    ------
    ParameterError
        A border has no noise.
    """
    values = np.asarray(images, np.float64)
    sky = _sky(values)
    spread = 1.4826 * np.nanmedian(np.abs(_border(values) - sky[..., 0]), axis=-1)
    if not np.all(spread > 0):
        msg = "an image whose border is constant has no noise to scale by; give its unit instead"
        raise ParameterError(msg)
    return np.asarray((values - sky) * (noise / spread[..., None, None]), np.float32)


def from_eight_bits(images: npt.ArrayLike, *, softening: float = 8.0) -> Floats:
    """Return (sample, band, y, x) light of (sample, y, x, colour) JPEGs, in no unit.

    The asinh of Lupton et al. 2004 (PASP 116, 133) is undone: sinh(v asinh(Q)) / Q of v = byte /
    255, with red, green and blue in the order of the wavelengths g, r, i or g, r, z: reversed.
    What was cut off at 255 stays cut off, so this is a guess; `noise_scaled` comes after it.

    Parameters
    ----------
    images : (sample, y, x, 3) or (sample, y, x) uint8 array
    softening : float
        Q of the picture; 8 is usual.
    """
    values = np.asarray(images, np.float64) / 255
    light = np.sinh(values * np.arcsinh(softening)) / softening
    bands = np.moveaxis(light[..., ::-1], -1, 1) if light.ndim == 4 else light
    return np.ascontiguousarray(bands, np.float32)


def _border(images: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    inside = np.zeros(images.shape[-2:], bool)
    inside[_BORDER:-_BORDER, _BORDER:-_BORDER] = True
    return images[..., ~inside]


def _sky(images: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(np.nanmedian(_border(images), axis=-1)[..., None, None])
