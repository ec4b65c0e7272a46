"""Pendulums, against elliptic functions to thirty digits or a tight integration."""

import numpy as np
from accuracy.measure import Measure
from scipy.integrate import solve_ivp
from series.pendulum.reference_pendulum import angles

from skybench.generators import DampedPendulum, HamiltonianPendulum, Pendulum

OUTPUTS = 101
CHECKED = slice(None, None, 10)


def of_start(one):
    return one.initial_angle, one.initial_angular_velocity, one.gravity, one.pendulum_length


def undamped(one, duration=20.0):
    motion = one.render(duration, OUTPUTS).isel(time=CHECKED)
    truth = angles(*of_start(one), motion.time.values)
    return np.abs(motion.angle.values - truth).max()


def damped(one, duration=20.0):
    motion = one.render(duration, OUTPUTS).isel(time=CHECKED)
    angle, velocity, gravity, length = of_start(one)
    solved = solve_ivp(
        lambda _, y: [y[1], -gravity / length * np.sin(y[0]) - one.damping * y[1]],
        (0, duration),
        [angle, velocity],
        t_eval=motion.time.values,
        rtol=1e-13,
        atol=1e-13,
        method="DOP853",
    )
    return np.abs(motion.angle.values - solved.y[0]).max()


# Near the top: 1 - k^2 of 1e-5 for a length of 1 and a gravity of 9.81.
ENDS = {
    "pendulum_length": (0.05, 100.0),
    "gravity": (0.1, 30.0),
    "initial_angular_velocity": (-20.0, 6.26, 20.0),
    "duration": (100.0,),
}


def _measure(kind, error, **more):
    return Measure(kind=kind, scale="radian", error=error, ends=ENDS | more, combined=40)


MEASURES = (
    _measure(Pendulum, undamped),
    _measure(HamiltonianPendulum, undamped),
    _measure(DampedPendulum, damped, damping=(0.0, 0.01, 10.0)),
)
