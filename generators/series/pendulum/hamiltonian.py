"""Pendulums step by step: symplectic without friction, and with it still to eighth order.

A step is drift and kick as in the leapfrog, friction in between, seventeen times after Kahan and
Li. The sine is a polynomial and the friction a ratio of polynomials: sums, products and
ratios are rounded alike on every processor, so that thousands of steps are, too.
"""

from math import factorial, pi

import numpy as np
from numpy.typing import NDArray

from skybench.errors import ParameterError
from skybench.generators.arrays import Floats, Parameters
from skybench.generators.declaration import parameter
from skybench.generators.distributions import log_uniform
from skybench.generators.series.pendulum.pendulum_object import (
    Motion,
    PendulumObject,
    natural_frequency,
)
from skybench.generators.variable import Interval

_TURN_OF_A_STEP = 0.5
"""Largest phase, in radians, that a step may cover."""

_MOST_STEPS = 2048

_HALF = (
    0.13020248308889008087881763,
    0.56116298177510838456196441,
    -0.38947496264484728640807860,
    0.15884190655515560089621075,
    -0.39590389413323757733623154,
    0.18453964097831570709183254,
    0.25837438768632204729397911,
    0.29501172360931029887096624,
)
_PARTS = (*_HALF, 1 - 2 * sum(_HALF), *reversed(_HALF))
"""Kahan & Li (1997), Mathematics of Computation 66, 1089, table 6: seventeen steps of second
order make one of eighth."""

_SINE = [(-1) ** i / factorial(2 * i + 1) for i in range(10)]


def sine(angle: Floats) -> Floats:
    """Return the sine from sums and products alone, within 1e-15 and 1e-15 a turn.

    Parameters
    ----------
    angle : array
        Radians.
    """
    folded = angle - 2 * pi * np.rint(angle / (2 * pi))
    size = np.abs(folded)
    # sin(pi - x) = sin(x): the series is needed up to a right angle only.
    size = np.minimum(size, pi - size)
    square = size * size
    series = np.full_like(size, _SINE[-1])
    for term in reversed(_SINE[:-1]):
        series *= square
        series += term
    return np.asarray(np.copysign(series * size, folded))


def _kept(friction: Floats) -> Floats:
    """Return exp(-friction) for small friction, as a ratio of polynomials (Pade)."""
    even = 1 + friction * friction / 12
    return np.asarray((even - friction / 2) / (even + friction / 2))


def step_counts(pendulums: Parameters, interval: float) -> NDArray[np.int64]:
    """Return the steps from one instant to the next: a power of two for each pendulum.

    Raises
    ------
    ParameterError
        If there would be more than 2048.
    """
    frequency = natural_frequency(pendulums)
    fastest = 2 * frequency + np.abs(pendulums["initial_angular_velocity"]) + _damping(pendulums)
    needed = fastest * interval / _TURN_OF_A_STEP
    if needed.size and needed.max() > _MOST_STEPS:
        worst = needed.argmax()
        msg = (
            f"a pendulum with natural_frequency {frequency[worst]:g} rad/s cannot be followed over "
            f"{interval:g} s from one output to the next; raise outputs or shorten duration."
        )
        raise ParameterError(msg)
    _, exponent = np.frexp(needed)
    return np.asarray(2 ** np.maximum(exponent, 0), dtype=np.int64)


def _damping(pendulums: Parameters) -> Floats:
    none = np.zeros_like(pendulums["gravity"])
    return pendulums.get("damping", none)


class HamiltonianPendulum(PendulumObject):
    """Pendulum without friction, by a symplectic integration of Hamilton's equations."""

    code = 2
    formula = "H = p^2 / 2 - (g / L) cos(angle), p the angular velocity; eighth-order composition"
    reference = "Kahan & Li (1997), Mathematics of Computation 66, 1089"
    accuracy = "elliptic functions to thirty digits (mpmath)"
    example = (
        "HamiltonianPendulum(pendulum_length=1, initial_angle=0, "
        "initial_angular_velocity=6.3).render(10).angle"
    )

    @staticmethod
    def move(pendulums: Parameters, times: Floats) -> Motion:
        """Return the motion of pendulums with or without friction.

        Parameters
        ----------
        pendulums : mapping of (pendulum,) arrays
        times : (time,) array
            Seconds, even and from 0.
        """
        interval = float(times[1] - times[0])
        counts = step_counts(pendulums, interval)
        motion = Motion(*(np.empty((counts.size, times.size)) for _ in Motion._fields))
        for count in np.unique(counts):
            mine = np.flatnonzero(counts == count)
            some = {name: values[mine] for name, values in pendulums.items()}
            for whole, part in zip(
                motion, _stepped(some, times.size, interval, int(count)), strict=True
            ):
                whole[mine] = part
        return motion


class DampedPendulum(HamiltonianPendulum):
    """Pendulum with friction proportional to its velocity."""

    code = 3
    formula = "angle'' = -(g / L) sin(angle) - damping angle'"
    reference = (
        "Kahan & Li (1997), Mathematics of Computation 66, 1089; friction as a flow between kicks"
    )
    accuracy = "an integration at 1e-13 (DOP853)"
    example = "DampedPendulum(initial_angle=2.5, damping=0.2).render(20).angle"

    damping: float = parameter(
        "rate at which friction slows the pendulum: deceleration over angular velocity",
        units="1/s",
        domain=Interval(0, 100),
        after="initial_angular_velocity",
        default=log_uniform(0.01, 0.5),
    )


def _stepped(pendulums: Parameters, outputs: int, interval: float, count: int) -> Motion:
    angle = pendulums["initial_angle"].copy()
    velocity = pendulums["initial_angular_velocity"].copy()
    square = pendulums["gravity"] / pendulums["pendulum_length"]
    damping = _damping(pendulums)
    parts = [part * interval / count for part in _PARTS]
    kept = [_kept(damping * part / 2) for part in parts]
    motion = Motion(*(np.empty((angle.size, outputs)) for _ in Motion._fields))
    pull = square * sine(angle)
    for output in range(outputs):
        for _ in range(count if output else 0):
            for part, left in zip(parts, kept, strict=True):
                velocity *= left
                velocity -= (part / 2) * pull
                angle += part * velocity
                pull = square * sine(angle)
                velocity -= (part / 2) * pull
                velocity *= left
        motion.angle[:, output] = angle
        motion.angular_velocity[:, output] = velocity
    return motion
