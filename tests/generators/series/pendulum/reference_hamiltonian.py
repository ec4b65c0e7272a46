"""Pendulums step by step, as the kernel has them, in numpy and to be read."""

from functools import reduce
from operator import add

import numpy as np

from skybench.generators.native.library import kernel

HALF = (
    0.13020248308889008087881763,
    0.56116298177510838456196441,
    -0.38947496264484728640807860,
    0.15884190655515560089621075,
    -0.39590389413323757733623154,
    0.18453964097831570709183254,
    0.25837438768632204729397911,
    0.29501172360931029887096624,
)
PARTS = (*HALF, 1 - 2 * reduce(add, HALF), *reversed(HALF))
"""Kahan & Li (1997), Mathematics of Computation 66, 1089, table 6."""


def follow(angle, velocity, square, damping, interval, count, outputs):
    """Return angles and velocities (pendulum, time) from (pendulum,) arrays.

    Parameters
    ----------
    square : array
        Of the natural frequency.
    count : int
        Steps from one instant to the next.
    """
    parts = [part * (interval / count) for part in PARTS]
    kept = [kept_of(damping * part / 2) for part in parts]
    pull = square * sine(angle)
    angles, velocities = [angle], [velocity]
    for _ in range(1, outputs):
        for _ in range(count):
            for part, left in zip(parts, kept, strict=True):
                velocity = velocity * left - part / 2 * pull
                angle = angle + part * velocity
                pull = square * sine(angle)
                velocity = (velocity - part / 2 * pull) * left
        angles.append(angle)
        velocities.append(velocity)
    return np.stack(angles, -1), np.stack(velocities, -1)


def kept_of(friction):
    """Return exp(-friction) for little friction, as a ratio of polynomials (Pade)."""
    even = 1 + friction * friction / 12
    return (even - friction / 2) / (even + friction / 2)


def sine(angle):
    """Return the sine that is the same on every processor."""
    result, cosine = np.empty((2, angle.size))
    kernel("sine_cosine")(angle, result, cosine)
    return result
