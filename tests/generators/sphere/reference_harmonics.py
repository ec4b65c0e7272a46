"""The synthesis of `native/harmonics.c` in numpy: the readable truth that it is held against."""

import numpy as np

from skybench.generators.sphere.harmonics import start
from skybench.generators.sphere.healpix import pixel_count, rings

_LOG_STEP = 300 * np.log(2.0)
_STEP = 2.0**300
_CHECKED = 16
"""Steps of the recurrence between two looks at its size: it grows 2^7 a step at most."""


def legendre(lmax, orders, z, sine):
    """Return the normalised associated Legendre functions lambda_lm(z).

    The recurrence in l (Press et al. 2007, section 6.7) begins at l = m, where
    lambda_mm ~ sin(theta)^m is far below the smallest float near the poles; a value is
    therefore carried as a number of ordinary size times a power of 2^300.

    Parameters
    ----------
    lmax
    orders
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


def _log_start(m, sine):
    """Return log |lambda_mm| = log(sqrt((2m+1)!! / (4 pi (2m)!!)) sin^m)."""
    k = np.arange(1, int(m.max()) + 1)
    factors = np.concatenate([[0.0], np.cumsum(np.log1p(0.5 / k))])
    return np.asarray(0.5 * (factors[m] - np.log(4 * np.pi)) + m * np.log(sine))


def _recurrence(degree, m):
    up = np.sqrt((4 * degree**2 - 1) / (degree**2 - m**2))
    down = np.sqrt(((degree - 1) ** 2 - m**2) / (4 * (degree - 1) ** 2 - 1))
    return up, down


def synthesis(coefficients, nside, lmax):
    """Return the maps: the sum over l and m as it is written, ring by ring."""
    on, maps = rings(nside), np.empty((len(coefficients), pixel_count(nside)))
    waves = np.zeros((len(coefficients), on.z.size, lmax + 1), dtype=complex)
    for m in range(lmax + 1):
        functions = legendre(lmax, range(m, m + 1), on.z, on.sine)[0]
        own = coefficients[:, start(lmax, m) : start(lmax, m + 1)]
        waves[:, :, m] = own @ functions * (2 if m else 1)
    for ring, (first, count) in enumerate(zip(on.first, on.count, strict=True)):
        longitude = on.longitude[ring] + 2 * np.pi * np.arange(count) / count
        turns = np.exp(1j * np.arange(lmax + 1)[:, None] * longitude)
        waves[:, ring, 0].imag = 0
        maps[:, first : first + count] = (waves[:, ring] @ turns).real
    return maps
