"""Masks: the band along the equator in which the Galaxy outshines what lies behind it."""

import numpy as np
from numpy.typing import NDArray

from skybench.generators.arrays import Floats
from skybench.generators.sphere.healpix import rings


def band(latitude: Floats, nside: int) -> NDArray[np.bool_]:
    """Return where pixels are masked: their centres lie nearer to the equator than a latitude.

    Parameters
    ----------
    latitude : (sample,) array
        In degrees; 0 masks nothing.
    nside : int

    Returns
    -------
    (sample, pixel) bool array, RING order
    """
    on = rings(nside)
    covered = np.abs(on.z) < np.sin(np.deg2rad(latitude))[:, None]
    return np.asarray(np.repeat(covered, on.count, axis=1))


def widest(nside: int) -> float:
    """Return the latitude of the northernmost pixels: a band beyond it leaves nothing."""
    return float(np.rad2deg(np.arcsin(rings(nside).z[0])))
