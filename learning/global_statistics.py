"""Numbers that look at an image as a whole, and at no form in it.

What boosted trees tell from them is told without seeing: a benchmark that such a floor solves has
an easy way out. Series, maps and cubes are one plane of their last axis and all others.
"""

import numpy as np
import numpy.typing as npt

from skybench.learning.stretch import Stretch

Floats = npt.NDArray[np.float32]

QUANTILES = (0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0)

NAMES = (
    *(f"quantile_{share:g}" for share in QUANTILES),
    "sum",
    "standard_deviation",
    "skewness",
    "centroid_x",
    "centroid_y",
    "central_light",
    *(f"corner_{corner}" for corner in ("00", "01", "10", "11")),
)
"""The 20 statistics of a plane, in their order."""

_MOST_PLANES = 6
"""Planes that are looked at one by one; of more, all together are one."""


def global_statistics(samples: npt.NDArray[np.generic], stretch: Stretch) -> Floats:
    """Return (sample, 20 x planes) statistics of stretched values, finite whatever the data are.

    Parameters
    ----------
    samples : (sample, ...) array
        Images (sample, [band,] y, x) or samples of another form.
    stretch : Stretch
        That of the train split.

    Examples
    --------
    >>> dark = np.zeros((5, 3, 28, 28), dtype=np.int32)
    >>> global_statistics(dark, Stretch(scale=1, mean=0, deviation=1)).shape
    (5, 60)
    """
    planes = _planes(samples)
    of_each = [_of_plane(stretch.applied(planes[:, band])) for band in range(planes.shape[1])]
    return np.concatenate(of_each, axis=1)


def _planes(samples: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    """Return (sample, plane, y, x)."""
    if samples.ndim == 4 and samples.shape[1] <= _MOST_PLANES:
        return samples
    return samples.reshape(len(samples), 1, -1, samples.shape[-1])


def _of_plane(images: Floats) -> Floats:
    flat = images.reshape(len(images), -1).astype(np.float64)
    mean, spread = flat.mean(axis=1), flat.std(axis=1)
    cubes = ((flat - mean[:, None]) ** 3).mean(axis=1)
    columns = [
        *np.quantile(flat, QUANTILES, axis=1),
        flat.sum(axis=1),
        spread,
        cubes / np.maximum(spread, 1e-9) ** 3,
        *_centroid(images),
        *_regions(images),
    ]
    return np.stack(columns, axis=1).astype(np.float32)


def _centroid(images: Floats) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return where the light above the median lies, from -1 at one border to 1 at the other."""
    above = images.astype(np.float64) - np.median(images, axis=(1, 2), keepdims=True)
    light = np.maximum(above, 0)
    total = np.maximum(light.sum(axis=(1, 2)), 1e-9)
    x, y = (np.linspace(-1, 1, images.shape[axis]) for axis in (2, 1))
    return (light.sum(axis=1) @ x) / total, (light.sum(axis=2) @ y) / total


def _regions(images: Floats) -> list[npt.NDArray[np.float64]]:
    """Return the mean of the middle and of the four corners, each a quarter of a side or a half."""
    height, width = images.shape[1:]
    rows, columns = max(1, height // 4), max(1, width // 4)
    middle = images[:, height // 4 : -(-3 * height // 4), width // 4 : -(-3 * width // 4)]
    corners = [
        images[:, down, across]
        for down in (slice(None, rows), slice(-rows, None))
        for across in (slice(None, columns), slice(-columns, None))
    ]
    return [_mean(part) for part in (middle, *corners)]


def _mean(part: Floats) -> npt.NDArray[np.float64]:
    return np.asarray(part.mean(axis=(1, 2), dtype=np.float64))
