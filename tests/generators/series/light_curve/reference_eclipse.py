"""The light that a disc blocks of another, ring by ring, by adaptive quadrature."""

from itertools import pairwise

import numpy as np
from scipy.integrate import quad
from series.light_curve.reference_light_curves import brightness


def share(separation, radius_ratio, u1=0.0, u2=0.0):
    """Return the blocked share of a star of radius 1 with quadratic limb darkening.

    The angle that is hidden of a ring comes from the law of cosines.
    """
    d, k = separation, radius_ratio

    def ring(r):
        return r * hidden(r, d, k) * brightness(np.sqrt(max(1 - r * r, 0.0)), u1, u2)

    def turned(a, b):
        """Integrate in an angle, in which both ends are smooth."""
        middle, half = (a + b) / 2, (b - a) / 2
        return quad(
            lambda t: ring(middle - half * np.cos(t)) * half * np.sin(t),
            0,
            np.pi,
            epsabs=1e-13,
            epsrel=1e-12,
            limit=200,
        )[0]

    cuts = sorted({0.0, 1.0, *(min(max(c, 0.0), 1.0) for c in (abs(d - k), d + k))})
    light = sum(turned(a, b) for a, b in pairwise(cuts) if hidden((a + b) / 2, d, k) > 0)
    return light / (1 - u1 / 3 - u2 / 6)


def hidden(r, d, k):
    """Return twice the share of a ring that is hidden."""
    if r + d <= k:
        return 2.0
    if r <= d - k or r >= d + k or r == 0 or d == 0:
        return 0.0
    return 2 * np.arccos(np.clip((d * d + r * r - k * k) / (2 * d * r), -1, 1)) / np.pi
