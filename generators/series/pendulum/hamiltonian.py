"""Pendulums step by step: symplectic without friction, and with it still to eighth order.

A step of the kernel is drift and kick as in the leapfrog, friction in between, seventeen times
after Kahan and Li. Its sine is a polynomial and its friction a ratio of polynomials: sums, products
and ratios are rounded alike on every processor, so that thousands of steps are, too.
"""

import numpy as np
from numpy.typing import NDArray

from skybench.errors import ParameterError
from skybench.generators.arrays import Floats, Parameters
from skybench.generators.declaration import parameter
from skybench.generators.distributions import log_uniform
from skybench.generators.native.library import kernel
from skybench.generators.series.pendulum.pendulum_object import (
    Motion,
    PendulumObject,
    natural_frequency,
)
from skybench.generators.variable import Interval

_pendulum = kernel("pendulum")

_TURN_OF_A_STEP = 0.5
"""Largest phase, in radians, that a step may cover."""

_MOST_STEPS = 2048


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
            part = _stepped(some, times.size, interval, int(count))
            for whole, values in zip(motion, part, strict=True):
                whole[mine] = values
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
    angle = pendulums["initial_angle"]
    motion = Motion(*(np.empty((angle.size, outputs)) for _ in Motion._fields))
    _pendulum(
        angle,
        pendulums["initial_angular_velocity"],
        pendulums["gravity"] / pendulums["pendulum_length"],
        _damping(pendulums),
        interval,
        count,
        outputs,
        *motion,
    )
    return motion
