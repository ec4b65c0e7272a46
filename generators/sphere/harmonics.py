"""Spherical harmonics: from coefficients to a map, exact on every pixel centre.

    f(theta, phi) = sum over l, m of a_lm Y_lm(theta, phi),
    Y_lm = lambda_lm(cos theta) e^(i m phi),    a_(l, -m) = (-1)^m conj(a_lm) for a real map.

The sum over l is a kernel's (``native/harmonics.c``); the sum over m is one Fourier transform a
ring, in which an m beyond the ring's length folds onto m modulo that length. Coefficients are
stored as healpy does: for each m the l from m to lmax.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.fft import irfft

from skybench.generators.arrays import Complexes, Floats, Integers
from skybench.generators.native.library import kernel
from skybench.generators.sphere.healpix import pixel_count, rings

TILE = 16
"""Maps transformed together, which share their Legendre functions."""

_LANES = 8
"""What the kernel may look at beyond the last degree."""

_synthesise_rings = kernel("synthesise_rings")


def coefficient_count(lmax: int) -> int:
    """Return the number of coefficients of a real map, m >= 0."""
    return (lmax + 1) * (lmax + 2) // 2


def start(lmax: int, m: int) -> int:
    """Return where the coefficients of an order begin."""
    return m * (2 * lmax + 3 - m) // 2


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
        some = np.ascontiguousarray(coefficients[first : first + TILE])
        _along_rings(_across_rings(some, nside, lmax), nside, maps[first : first + TILE])
    return maps


class _Spectra(NamedTuple):
    """Where the half spectrum of each ring begins, and how many numbers a map has.

    A ring of a polar cap stands beside its mirror, so that both are transformed in one call.
    """

    place: Integers
    size: int


@lru_cache(maxsize=16)
def _spectra(nside: int) -> _Spectra:
    halves = rings(nside).count // 2 + 1
    last, caps = len(halves) - 1, nside - 1
    pairs = np.stack([np.arange(caps), last - np.arange(caps)], axis=1).ravel()
    order = np.concatenate([pairs, np.arange(caps, last - caps + 1)])
    place = np.empty_like(halves)
    place[order] = np.cumsum(halves[order]) - halves[order]
    return _Spectra(place, int(halves.sum()))


def _across_rings(coefficients: Complexes, nside: int, lmax: int) -> Complexes:
    """Sum over l: return the half spectra of the rings, (sample, place)."""
    on, at, north = rings(nside), _spectra(nside), 2 * nside
    spectra = np.empty((len(coefficients), at.size), dtype=np.complex128)
    _synthesise_rings(
        coefficients.view(np.float64),
        on.z[:north],
        on.sine[:north],
        on.longitude[:north],
        on.count,
        at.place,
        spectra.view(np.float64),
        np.empty(2 * (lmax + _LANES) + 2 * north),
        len(coefficients),
        lmax,
    )
    return spectra


def _along_rings(spectra: Complexes, nside: int, maps: Floats) -> None:
    """Sum over m: write the pixels of the maps."""
    on, at = rings(nside), _spectra(nside)
    last, samples = len(on.count) - 1, len(maps)
    for ring in range(nside - 1):
        length, begin = int(on.count[ring]), int(at.place[ring])
        pair = spectra[:, begin : begin + length + 2].reshape(samples, 2, -1)
        values = irfft(pair, length, norm="forward")
        for one, number in enumerate((ring, last - ring)):
            maps[:, on.first[number] : on.first[number] + length] = values[:, one]
    belt = spectra[:, at.place[nside - 1] :].reshape(samples, 2 * nside + 1, -1)
    cap = int(on.first[nside - 1])
    values = irfft(belt, 4 * nside, norm="forward")
    maps[:, cap : maps.shape[1] - cap] = values.reshape(samples, -1)
