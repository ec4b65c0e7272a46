"""Red noise: a damped random walk, the star's own restlessness."""

import numpy as np

from skybench.generators.arrays import Floats


def damped_walk(normal: Floats, times: Floats, amplitude: Floats, timescale: Floats) -> Floats:
    """Return an Ornstein-Uhlenbeck process at any instants, exactly.

    x(t + h) = x(t) exp(-h / timescale) + amplitude sqrt(1 - exp(-2h / timescale)) n, with n
    a normal deviate: mean 0, the same variance throughout, correlation exp(-h / timescale).

    Parameters
    ----------
    normal : (star, time) array
        Independent normal deviates.
    times : (star, time) array
        Rising instants.
    amplitude, timescale : (star,) arrays
        Standard deviation; time to forget to 1/e.

    References
    ----------
    Kelly, Bechtold & Siemiginowska (2009), ApJ 698, 895, equations 1 to 5.
    """
    steps = np.diff(times, axis=1) / timescale[:, None]
    kept = np.exp(-steps)
    fresh = np.sqrt(-np.expm1(-2 * steps))
    walk = np.empty_like(normal)
    walk[:, 0] = normal[:, 0]
    for at in range(1, times.shape[1]):
        walk[:, at] = kept[:, at - 1] * walk[:, at - 1] + fresh[:, at - 1] * normal[:, at]
    return np.asarray(amplitude[:, None] * walk)
