"""Point sources: galaxies and stars far smaller than a pixel, by their number counts.

    N(> S) ~ S^-g between the faintest and the brightest,

with S the brightness integrated over the source. Places are even on the sphere. A source is
the Gaussian beam around it, without one the pixel nearest to it, and the sum over its pixels
times their area is S exactly.
"""

from typing import NamedTuple

import numpy as np

from skybench.generators.arrays import Floats
from skybench.generators.random_streams import RowStreams
from skybench.generators.sphere.healpix import directions, pixel_area, rings

STREAM = "point_sources"

SQUARE_DEGREE = (np.pi / 180) ** 2

_REACH = 5.0
"""Standard deviations at which the beam is cut: 4e-6 of the brightness lie outside."""


class PointSources(NamedTuple):
    """Directions (3, source) as unit vectors, and brightnesses in map units x degree2."""

    towards: Floats
    brightness: Floats


def draw(
    streams: RowStreams, row: int, count: int, slope: float, faintest: float, brightest: float
) -> PointSources:
    """Draw the point sources of a row; the first ones stay where more are asked for."""
    uniform = streams.uniforms(row, 3 * count).reshape(count, 3).T
    z, longitude = 2 * uniform[0] - 1, 2 * np.pi * uniform[1]
    sine = np.sqrt((1 - z) * (1 + z))
    towards = np.stack([sine * np.cos(longitude), sine * np.sin(longitude), z])
    return PointSources(towards, _quantile(uniform[2], slope, faintest, brightest))


def _quantile(uniform: Floats, slope: float, faintest: float, brightest: float) -> Floats:
    """Return the brightness with a share ``uniform`` of the sources below it."""
    if faintest == brightest:
        return np.full_like(uniform, brightest)
    below = (faintest / brightest) ** slope
    values = brightest * (below / (1 - uniform * (1 - below))) ** (1 / slope)
    return np.asarray(np.clip(values, faintest, brightest))


def add(values: Floats, sources: PointSources, fwhm: float, nside: int) -> None:
    """Add point sources to one map in RING order, in place.

    Parameters
    ----------
    values : (pixel,) array
    sources : PointSources
    fwhm : float
        Of the beam, in degrees.
    nside : int
    """
    sigma = np.deg2rad(fwhm) / np.sqrt(8 * np.log(2))
    # No pixel is farther from its nearest centre than 1.4 times the root of its area.
    reach = max(_REACH * sigma, 1.5 * np.sqrt(pixel_area(nside)))
    scale = SQUARE_DEGREE / pixel_area(nside)
    for towards, brightness in zip(sources.towards.T, sources.brightness, strict=True):
        near = _near(towards[2], reach, nside)
        shape = _beam(directions(nside)[:, near], towards, sigma)
        values[near] += brightness * scale / shape.sum() * shape


def _near(z: float, reach: float, nside: int) -> slice:
    """Return the pixels of the rings within a reach of a latitude."""
    on = rings(nside)
    colatitude = np.arccos(z)
    low, high = np.cos(min(colatitude + reach, np.pi)), np.cos(max(colatitude - reach, 0))
    inside = np.flatnonzero((on.z >= low) & (on.z <= high))
    return slice(int(on.first[inside[0]]), int(on.first[inside[-1]] + on.count[inside[-1]]))


def _beam(pixels: Floats, towards: Floats, sigma: float) -> Floats:
    """Return the beam at some pixels, up to a factor."""
    chord = sum((pixels[axis] - towards[axis]) ** 2 for axis in range(3))
    shape = np.zeros(pixels.shape[1])
    nearest = int(np.argmin(chord))
    shape[nearest] = 1.0
    if sigma > 0:
        # Relative to the nearest pixel, lest a beam far sharper than it vanish.
        seen = chord < (_REACH * sigma) ** 2
        shape[seen] = np.exp((chord[nearest] - chord[seen]) / (2 * sigma**2))
    return shape
