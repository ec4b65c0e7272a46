"""HEALPix pixels: where they lie, and the two orders in which they are counted.

The sphere is cut into 12 nside^2 pixels of equal area whose centres lie on 4 nside - 1
rings of constant latitude (Gorski et al. 2005, ApJ 622, 759). RING order counts along the
rings from north to south; NESTED order counts through a quadtree on each of 12 base pixels,
so that pixels near in number are near on the sky.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from skybench.errors import ParameterError
from skybench.generators.arrays import Floats, Integers
from skybench.generators.native.elementary import sine_cosine

Ordering = Literal["ring", "nested"]

LARGEST_NSIDE = 512
"""Three million pixels of 7 arc minutes; a finer map would take seconds a sample."""

NSIDES = tuple(2**level for level in range(LARGEST_NSIDE.bit_length()))
"""The resolutions that can be drawn."""

_FACE_RING = np.repeat((2, 3, 4), 4)
_FACE_LONGITUDE = np.array((1, 3, 5, 7, 0, 2, 4, 6, 1, 3, 5, 7))


@dataclass(frozen=True)
class Rings:
    """The rings from north to south: number of their first pixel, length, place.

    ``z`` is the cosine of the colatitude and ``sine`` its sine, which near the poles is
    more exact than what follows from z; ``longitude`` is that of the first pixel, radians.
    """

    first: Integers
    count: Integers
    z: Floats
    sine: Floats
    longitude: Floats


def check_nside(nside: int) -> None:
    """Refuse an nside that is no power of two, or too fine.

    Raises
    ------
    ParameterError
        Naming the allowed values.
    """
    if nside not in NSIDES:
        allowed = ", ".join(map(str, NSIDES))
        msg = f"nside must be a power of two up to {LARGEST_NSIDE} ({allowed}), got {nside}."
        raise ParameterError(msg)


def pixel_count(nside: int) -> int:
    """Return the number of pixels of the sphere, 12 nside^2."""
    return 12 * nside**2


def pixel_area(nside: int) -> float:
    """Return the area of a pixel in steradians, the same for all."""
    return 4 * np.pi / pixel_count(nside)


@lru_cache(maxsize=16)
def rings(nside: int) -> Rings:
    """Return the rings of an nside (Gorski et al. 2005, equations 4 to 9)."""
    check_nside(nside)
    ring = np.arange(1, 4 * nside)
    cap = np.minimum(np.minimum(ring, 4 * nside - ring), nside)
    polar = cap < nside
    # In the caps 1 - |z| is exact where |z| is not: sin^2 = (1 - |z|)(1 + |z|).
    from_pole = cap**2 / (3 * nside**2)
    belt = (4 * nside - 2 * ring) / (3 * nside)
    z = np.where(polar, np.sign(2 * nside - ring) * (1 - from_pole), belt)
    sine = np.sqrt(np.where(polar, from_pole * (2 - from_pole), 1 - belt**2))
    count = 4 * cap
    shifted = polar | ((ring - nside) % 2 == 0)
    longitude = np.where(shifted, np.pi / count, 0.0)
    return Rings(np.cumsum(count) - count, count, z, sine, longitude)


@lru_cache(maxsize=4)
def ring_numbers(nside: int) -> Integers:
    """Return the RING number of every pixel in NESTED order: ``nested = ring[numbers]``."""
    check_nside(nside)
    pixel = np.arange(pixel_count(nside))
    face, inside = np.divmod(pixel, nside**2)
    x, y = _every_second_bit(inside), _every_second_bit(inside >> 1)
    ring = _FACE_RING[face] * nside - x - y - 1
    cap = np.minimum(np.minimum(ring, 4 * nside - ring), nside)
    shift = np.where(cap < nside, 0, (ring - nside) % 2)
    place = (_FACE_LONGITUDE[face] * cap + x - y + 1 + shift) // 2 - 1
    return np.asarray(rings(nside).first[ring - 1] + place % (4 * cap))


def _every_second_bit(values: Integers) -> Integers:
    gathered = np.zeros_like(values)
    for bit in range(LARGEST_NSIDE.bit_length()):
        gathered |= (values >> (2 * bit) & 1) << bit
    return gathered


@lru_cache(maxsize=4)
def directions(nside: int) -> Floats:
    """Return the unit vectors of the pixel centres in RING order, (3, pixel): x, y, z."""
    on = rings(nside)
    within = np.concatenate([np.arange(n) for n in on.count])
    z, sine, first, count = (
        np.repeat(values, on.count) for values in (on.z, on.sine, on.longitude, on.count)
    )
    longitude = np.asarray(first + 2 * np.pi * within / count, dtype=np.float64)
    up, along = sine_cosine(longitude)
    return np.stack([sine * along, sine * up, z])


def coordinates(nside: int, ordering: Ordering = "ring") -> tuple[Floats, Floats]:
    """Return the longitude and latitude of every pixel centre, in degrees.

    Parameters
    ----------
    nside : int
        A power of two.
    ordering : {"ring", "nested"}

    Returns
    -------
    longitude, latitude : (12 nside^2,) float64 arrays
        Longitude in [0, 360), latitude north of the equator.

    Raises
    ------
    ParameterError
        If nside is no power of two.

    Examples
    --------
    >>> longitude, latitude = coordinates(1)
    >>> longitude[:4].round(6).tolist(), round(float(latitude[0]), 3)
    ([45.0, 135.0, 225.0, 315.0], 41.81)
    """
    x, y, z = directions(nside)
    longitude = np.rad2deg(np.arctan2(y, x)) % 360
    latitude = np.rad2deg(np.arctan2(z, np.hypot(x, y)))
    chosen = ring_numbers(nside) if ordering == "nested" else slice(None)
    return longitude[chosen], latitude[chosen]


@lru_cache(maxsize=4)
def faces(nside: int, ordering: Ordering = "nested") -> Integers:
    """Return the pixel numbers of the 12 base pixels as square images, (12, nside, nside).

    A convolution on images can look at maps so: ``ds.sky_map.values[:, faces(nside)]`` is
    (sample, 12, nside, nside). Neighbours on a face are neighbours on the sky.

    Parameters
    ----------
    nside : int
        A power of two.
    ordering : {"nested", "ring"}
        In which the map is.
    """
    check_nside(nside)
    inside = np.arange(nside**2)
    x, y = _every_second_bit(inside), _every_second_bit(inside >> 1)
    images = np.empty((12, nside, nside), dtype=np.int64)
    images[:, y, x] = np.arange(12)[:, None] * nside**2 + inside
    return images if ordering == "nested" else ring_numbers(nside)[images]


def first_masked(latitude: Floats, nside: int) -> Integers:
    """Return where the pixels begin whose centres lie nearer to the equator than a latitude.

    Parameters
    ----------
    latitude : (sample,) array
        In degrees; 0 masks nothing.
    nside : int

    Returns
    -------
    (sample,) int64 array
        A number in RING order: masked are the pixels from it on and before its mirror,
        ``pixel_count(nside)`` less the number; none where that comes first.
    """
    on, (sine, _) = rings(nside), sine_cosine(np.deg2rad(latitude))
    clear = np.count_nonzero(on.z[: 2 * nside] >= sine[:, None], axis=1)
    return np.asarray(on.first[clear])


def widest(nside: int) -> float:
    """Return the latitude of the northernmost pixels: a band beyond it leaves nothing."""
    return float(np.rad2deg(np.arcsin(rings(nside).z[0])))
