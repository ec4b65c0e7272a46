"""Power spectra of maps of the sphere: how strong they are on each angular scale.

    C_l = sum over m of |a_lm|^2 / (2 l + 1),    a_lm = area x sum over pixels of f conj(Y_lm),

the sum a Fourier transform in each ring, then one over rings with the Legendre functions of each
order. That is the quadrature of HEALPix without weights or iterations: good to a percent below
l = 2 nside, where a floor needs no more.
"""

import numpy as np
import numpy.typing as npt

from skybench.generators.sphere.healpix import pixel_area, ring_numbers, rings

Floats = npt.NDArray[np.float64]

_AT_ONCE = 64


def power_spectra(maps: npt.NDArray[np.generic], lmax: int | None = None) -> Floats:
    """Return C_l, (sample, lmax + 1).

    Parameters
    ----------
    maps : (sample, pixel) array
        In NESTED order.
    lmax : int, optional
        Default: 2 nside.

    References
    ----------
    Gorski et al. 2005, ApJ 622, 759.
    """
    nside = round((maps.shape[1] / 12) ** 0.5)
    highest = 2 * nside if lmax is None else lmax
    order = np.argsort(ring_numbers(nside))
    blocks = [
        _of_rings(np.asarray(maps[first : first + _AT_ONCE], np.float64)[:, order], nside, highest)
        for first in range(0, len(maps), _AT_ONCE)
    ]
    return np.concatenate(blocks)


def _of_rings(maps: Floats, nside: int, lmax: int) -> Floats:
    """Return the spectra of maps in RING order."""
    on, powers = rings(nside), np.zeros((len(maps), lmax + 1))
    waves = np.stack(
        [
            _waves(maps[:, first : first + count], longitude, lmax)
            for first, count, longitude in zip(on.first, on.count, on.longitude, strict=True)
        ],
        axis=1,
    )
    for m in range(lmax + 1):
        found = waves[:, :, m] @ _legendre(on.z, on.sine, m, lmax).T
        powers[:, m:] += (1 if m == 0 else 2) * np.abs(found * pixel_area(nside)) ** 2
    return powers / (2 * np.arange(lmax + 1) + 1)


def _waves(ring: Floats, longitude: float, lmax: int) -> npt.NDArray[np.complex128]:
    """Return the sums of a ring against e^(-i m phi), m to lmax."""
    count = ring.shape[1]
    orders = np.arange(lmax + 1)
    folded = orders % count
    half = np.fft.rfft(ring, axis=1)
    low = np.minimum(folded, count - folded)
    values = np.where(folded <= count // 2, half[:, low], half[:, low].conj())
    return np.asarray(values * np.exp(-1j * orders * longitude))


def _legendre(z: Floats, sine: Floats, m: int, lmax: int) -> Floats:
    """Return the normalised functions lambda_lm(z) of an order, (l from m to lmax, ring)."""
    orders = np.arange(1, m + 1)
    start = np.sqrt(np.prod((2 * orders + 1) / (2 * orders)) / (4 * np.pi)) * (-sine) ** m
    found = [start, np.sqrt(2 * m + 3) * z * start]
    for degree in range(m + 2, lmax + 1):
        square, below = degree**2, (degree - 1) ** 2
        scale = np.sqrt((4 * square - 1) / (square - m**2))
        less = np.sqrt((below - m**2) / (4 * below - 1))
        found.append(scale * (z * found[-1] - less * found[-2]))
    return np.stack(found[: lmax + 1 - m])
