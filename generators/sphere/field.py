"""Gaussian random fields: the coefficients of a row, and its map through the beam."""

from functools import lru_cache

import numpy as np
from scipy.special import ndtri

from skybench.generators.arrays import Complexes, Floats, Integers
from skybench.generators.random_streams import RowStreams
from skybench.generators.sphere.harmonics import coefficient_count, degrees

STREAM = "field"


@lru_cache(maxsize=8)
def _by_degree(lmax: int) -> Integers:
    """Return the place of each coefficient in an order by l and then m.

    Coefficients are drawn in that order, so a map of finer pixels shows the same sky.
    """
    m = np.concatenate([np.full(lmax + 1 - order, order) for order in range(lmax + 1)])
    l = degrees(lmax)  # noqa: E741 - the name of a degree
    return np.asarray(l * (l + 1) // 2 + m)


def unit_coefficients(seed: int, rows: Integers, lmax: int) -> Complexes:
    """Return the coefficients of white fields with C_l = 1, (row, lm), of each row's stream."""
    streams, count = RowStreams(seed, STREAM), coefficient_count(lmax)
    drawn = np.empty((len(rows), count), dtype=np.complex128)
    for one, row in enumerate(rows.tolist()):
        normals = ndtri(streams.uniforms(row, 2 * count)).view(np.complex128)
        drawn[one] = normals[_by_degree(lmax)]
    # A coefficient at m = 0 is real; others share the variance between their two parts.
    drawn[:, : lmax + 1].imag = 0
    drawn[:, lmax + 1 :] *= np.sqrt(0.5)
    return drawn


def beam(fwhm: Floats, lmax: int) -> Floats:
    """Return the transform of a Gaussian beam, (sample, l): exp(-l (l + 1) s^2 / 2).

    Parameters
    ----------
    fwhm : (sample,) array
        Full width at half maximum in degrees; s is the standard deviation in radians.
    """
    sigma = np.deg2rad(fwhm) / np.sqrt(8 * np.log(2))
    multipoles = np.arange(lmax + 1)
    return np.asarray(np.exp(-multipoles * (multipoles + 1) / 2 * sigma[:, None] ** 2))


def coefficients(unit: Complexes, spectra: Floats, fwhm: Floats, lmax: int) -> Complexes:
    """Return the coefficients of fields with the given C_l (sample, l), seen through a beam."""
    amplitude = np.sqrt(spectra) * beam(fwhm, lmax)
    return np.asarray(unit * amplitude[:, degrees(lmax)])
