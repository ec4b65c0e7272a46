"""Spherical harmonics: from coefficients to a map, exact on every pixel centre.

    f(theta, phi) = sum over l, m of a_lm Y_lm(theta, phi),
    Y_lm = lambda_lm(cos theta) e^(i m phi),    a_(l, -m) = (-1)^m conj(a_lm) for a real map.

The sum over l is a product of matrices for each m, shared by the two hemispheres through
lambda_lm(-z) = (-1)^(l + m) lambda_lm(z); the sum over m is one Fourier transform a ring, in
which an m beyond the ring's length folds onto m modulo that length. Coefficients are stored
as healpy does: for each m the l from m to lmax.
"""

from functools import lru_cache

import numpy as np
from scipy.fft import irfft

from skybench.generators.arrays import Complexes, Floats, Integers
from skybench.generators.sphere.healpix import pixel_count, rings

TILE = 8
"""Maps transformed together. A matrix product of one shape gives a map the same bits
whatever others are drawn along, so a last tile is filled up with zeros."""

_ORDERS = 16
"""Values of m whose Legendre functions are computed together."""

_KEPT_LMAX = 256
"""Largest lmax whose Legendre functions are kept: 70 MB."""

_LOG_STEP = 300 * np.log(2.0)
_STEP = 2.0**300
_CHECKED = 16
"""Steps of the recurrence between two looks at its size: it grows 2^7 a step at most."""


def coefficient_count(lmax: int) -> int:
    """Return the number of coefficients of a real map, m >= 0."""
    return (lmax + 1) * (lmax + 2) // 2


def start(lmax: int, m: int) -> int:
    """Return where the coefficients of an order begin."""
    return m * (2 * lmax + 3 - m) // 2


@lru_cache(maxsize=8)
def degrees(lmax: int) -> Integers:
    """Return the l of every coefficient."""
    return np.concatenate([np.arange(m, lmax + 1) for m in range(lmax + 1)])


def legendre(lmax: int, orders: range, z: Floats, sine: Floats) -> Floats:
    """Return the normalised associated Legendre functions lambda_lm(z).

    The recurrence in l (Press et al. 2007, section 6.7) begins at l = m, where
    lambda_mm ~ sin(theta)^m is far below the smallest float near the poles; a value is
    therefore carried as a number of ordinary size times a power of 2^300.

    Parameters
    ----------
    lmax : int
    orders : range
        Values of m.
    z, sine : (ring,) arrays
        Cosine and sine of the colatitude.

    Returns
    -------
    (m, l, ring) float64 array
        l from ``orders.start`` to lmax, 0 where l < m. The integral of Y_lm conj(Y_lm)
        over the sphere is 1; the sign is that of Condon and Shortley.
    """
    first, m = orders.start, np.asarray(orders)[:, None]
    table = np.zeros((len(orders), lmax + 1 - first, z.size))
    log_start = _log_start(m, sine)
    scale = np.minimum(np.ceil(log_start / _LOG_STEP), 0.0)
    current = np.where(m % 2, -1.0, 1.0) * np.exp(log_start - scale * _LOG_STEP)
    before = np.zeros_like(current)
    for degree in range(first, lmax + 1):
        older = slice(0, degree - first)
        up, down = _recurrence(degree, m[older])
        following = up * (z * current[older] - down * before[older])
        before[older], current[older] = current[older], following
        if degree % _CHECKED == 0:
            grown = (np.abs(current) > 1) & (scale < 0)
            current[grown] /= _STEP
            before[grown] /= _STEP
            scale[grown] += 1
        born = slice(0, degree - first + 1)
        table[born, degree - first] = np.where(scale[born] == 0, current[born], 0.0)
    return table


def _log_start(m: Integers, sine: Floats) -> Floats:
    """Return log |lambda_mm| = log(sqrt((2m+1)!! / (4 pi (2m)!!)) sin^m)."""
    k = np.arange(1, int(m.max()) + 1)
    factors = np.concatenate([[0.0], np.cumsum(np.log1p(0.5 / k))])
    return np.asarray(0.5 * (factors[m] - np.log(4 * np.pi)) + m * np.log(sine))


def _recurrence(degree: int, m: Integers) -> tuple[Floats, Floats]:
    up = np.sqrt((4 * degree**2 - 1) / (degree**2 - m**2))
    down = np.sqrt(((degree - 1) ** 2 - m**2) / (4 * (degree - 1) ** 2 - 1))
    return up, down


@lru_cache(maxsize=64)
def _kept(nside: int, lmax: int, first: int) -> Floats:
    return _northern(nside, lmax, first)


def _northern(nside: int, lmax: int, first: int) -> Floats:
    """Return the Legendre functions of some orders on the rings down to the equator."""
    on, north = rings(nside), slice(0, 2 * nside)
    orders = range(first, min(first + _ORDERS, lmax + 1))
    return legendre(lmax, orders, on.z[north], on.sine[north])


def synthesis(coefficients: Complexes, nside: int, lmax: int) -> Floats:
    """Return the real maps with the given harmonic coefficients.

    Parameters
    ----------
    coefficients : (sample, lm) complex array
        m >= 0, ordered by m and then l; the imaginary part at m = 0 is not used.
    nside, lmax : int
        lmax = 2 nside is what the pixels carry without aliasing of a percent and more.

    Returns
    -------
    (sample, pixel) float64 array, RING order
        The values at the pixel centres.

    References
    ----------
    Gorski et al. 2005, ApJ 622, 759; Reinecke & Seljebotn 2013, A&A 554, A112.
    """
    maps = np.empty((len(coefficients), pixel_count(nside)))
    for first in range(0, len(coefficients), TILE):
        some = coefficients[first : first + TILE]
        tile = np.zeros((coefficient_count(lmax), TILE), dtype=np.complex128)
        tile[:, : len(some)] = some.T
        waves = _across_rings(tile, nside, lmax)
        maps[first : first + TILE] = _along_rings(waves[: len(some)], nside)
    return maps


def _across_rings(tile: Complexes, nside: int, lmax: int) -> Complexes:
    """Sum over l: return (tile, ring, m), the Fourier coefficients along each ring."""
    half = 2 * nside
    waves = np.empty((TILE, 4 * nside - 1, lmax + 1), dtype=np.complex128)
    tables = _kept if lmax <= _KEPT_LMAX else _northern
    for first in range(0, lmax + 1, _ORDERS):
        table = tables(nside, lmax, first)
        for m in range(first, first + len(table)):
            own = tile[start(lmax, m) : start(lmax, m + 1)].view(np.float64)
            functions = table[m - first, m - first :]
            same, opposite = (
                (functions[odd::2].T @ own[odd::2]).view(np.complex128).T for odd in (0, 1)
            )
            waves[:, :half, m] = same + opposite
            waves[:, half:, m] = (same - opposite)[:, half - 2 :: -1]
    return waves


def _along_rings(waves: Complexes, nside: int) -> Floats:
    """Sum over m: return (tile, pixel). The waves are used up."""
    on = rings(nside)
    waves[:, :, 0].imag = 0
    waves *= _turns(nside, waves.shape[2])
    maps = np.empty((len(waves), pixel_count(nside)))
    last = len(on.count) - 1
    for ring in range(nside - 1):
        pair, length = slice(ring, last - ring + 1, last - 2 * ring), int(on.count[ring])
        values = irfft(_fold(waves[:, pair], length), length, norm="forward")
        for one, number in enumerate((ring, last - ring)):
            maps[:, on.first[number] : on.first[number] + length] = values[:, one]
    belt, length = slice(nside - 1, 3 * nside), 4 * nside
    values = irfft(_fold(waves[:, belt], length), length, norm="forward")
    cap = int(on.first[nside - 1])
    maps[:, cap : maps.shape[1] - cap] = values.reshape(len(waves), -1)
    return maps


@lru_cache(maxsize=4)
def _turns(nside: int, count: int) -> Complexes:
    """Return e^(i m longitude) of the first pixel of each ring, (ring, m)."""
    return np.asarray(np.exp(1j * np.arange(count) * rings(nside).longitude[:, None]))


def _fold(waves: Complexes, length: int) -> Complexes:
    """Return the half spectrum of rings of some pixels, which see m modulo their length."""
    count, half = waves.shape[-1], length // 2
    if count <= half + 1:
        waves[..., half:] *= 2
        return waves
    seen = np.zeros((*waves.shape[:-1], length), dtype=np.complex128)
    for first in range(0, count, length):
        part = waves[..., first : first + length]
        seen[..., : part.shape[-1]] += part
    # Both m and -m count, so that 0 and half the length, which are their own mirrors, do twice.
    spectrum = seen[..., : half + 1]
    spectrum[..., 1:half] += np.conj(seen[..., :half:-1])
    spectrum[..., half] *= 2
    spectrum[..., 0] = 2 * spectrum[..., 0] - waves[..., 0]
    return spectrum
