"""A Gaussian random field in a periodic box, with a power law as its spectrum."""

from functools import lru_cache

import numpy as np
from scipy.fft import irfftn, rfftn

from skybench.generators.arrays import Floats
from skybench.generators.native.elementary import exponential, logarithm


@lru_cache(maxsize=4)
def _modes(side: int) -> tuple[Floats, Floats]:
    """Return log |k| on the half space kx >= 0, and how often each mode counts."""
    k = np.fft.fftfreq(side, 1 / side)
    half = np.arange(side // 2 + 1, dtype=np.float64)
    squared = k[:, None, None] ** 2 + k[:, None] ** 2 + half**2
    squared[0, 0, 0] = 1.0
    times = np.full(squared.shape, 2.0)
    times[:, :, 0] = 1.0
    if side % 2 == 0:
        times[:, :, -1] = 1.0
    times[0, 0, 0] = 0.0
    return logarithm(squared) / 2, times


def amplitudes(side: int, slope: float) -> Floats:
    """Return the square root of P(k) ~ k^slope on the half space, 0 at k = 0.

    It is scaled so that white noise of unit variance, filtered with it, has unit variance:
    the mean of P over all modes of the box is 1.
    """
    log_k, times = _modes(side)
    amplitude = exponential(slope / 2 * log_k)
    amplitude[0, 0, 0] = 0.0
    return np.asarray(amplitude / np.sqrt((times * amplitude**2).sum() / side**3))


def coloured(white: Floats, slope: float) -> Floats:
    """Return white noise (z, y, x) filtered to a power-law spectrum of unit variance.

    The mean of each cube is 0; its variance is 1 on the average over realisations.
    """
    return np.asarray(irfftn(rfftn(white) * amplitudes(white.shape[0], slope), s=white.shape))


def density(field: Floats, rms: float, *, lognormal: bool) -> Floats:
    """Return the density over its mean, from a field of unit variance.

    Parameters
    ----------
    field : array
        Gaussian of unit variance.
    rms : float
        Root mean square of the density contrast.
    lognormal : bool
        The exponential of the field, always positive (Coles & Jones 1991, MNRAS 248, 1);
        otherwise 1 + rms * field, which falls below 0 where the field does below -1 / rms.
    """
    if not lognormal:
        return np.asarray(1 + rms * field)
    variance = np.log1p(rms**2)
    return exponential(np.sqrt(variance) * field - variance / 2)
