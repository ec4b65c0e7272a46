"""The pendulum without friction, exactly: Jacobi's elliptic functions."""

from typing import NamedTuple

import numpy as np
from scipy.special import ellipj, ellipkinc, ellipkm1

from skybench.errors import ParameterError
from skybench.generators.arrays import Floats, Parameters
from skybench.generators.declaration import derived
from skybench.generators.series.pendulum.pendulum_object import (
    Motion,
    PendulumObject,
    natural_frequency,
)


class _Modulus(NamedTuple):
    """Of a pendulum: k^2, which is 1 where it just reaches the top, and 1 - k^2."""

    sine: Floats
    speed: Floats
    square: Floats
    rest: Floats


def _modulus(pendulums: Parameters) -> _Modulus:
    half = pendulums["initial_angle"] / 2
    speed = pendulums["initial_angular_velocity"] / (2 * natural_frequency(pendulums))
    sine, cosine = np.sin(half), np.cos(half)
    # Not 1 less the square, which would lose the digits that count near the top.
    return _Modulus(sine, speed, sine**2 + speed**2, (cosine - speed) * (cosine + speed))


def period(pendulums: Parameters) -> Floats:
    """Return the time of a full swing, or of a full turn where it goes over the top, in seconds.

    4 K(k) / w for a swing and 2 K(1/k) / (k w) for a turn, where k^2 = sin^2(angle / 2) +
    (velocity / 2w)^2 at the start, w = sqrt(g / L), and K is the complete elliptic integral.

    Raises
    ------
    ParameterError
        If the pendulum just reaches the top, and stays there.
    """
    modulus, frequency = _modulus(pendulums), natural_frequency(pendulums)
    stuck = np.flatnonzero(modulus.rest == 0)
    if stuck.size:
        angle, velocity = (
            pendulums[n][stuck[0]] for n in ("initial_angle", "initial_angular_velocity")
        )
        msg = (
            f"a pendulum with initial_angle {angle:g} and initial_angular_velocity {velocity:g} "
            "just reaches the top and has no period; change either a little."
        )
        raise ParameterError(msg)
    swings = modulus.square < 1
    square = np.where(swings, 1, modulus.square)
    rest = np.where(swings, modulus.rest, -modulus.rest / square)
    turns = np.where(swings, 4, 2 / np.sqrt(square))
    return np.asarray(turns * ellipkm1(rest) / frequency)


class Pendulum(PendulumObject):
    """Pendulum without friction, of any amplitude, exactly; it may go over the top."""

    code = 1
    formula = "angle'' = -(g / L) sin(angle); sin(angle / 2) = k sn(w t + u, k), w = sqrt(g / L)"
    reference = "Whittaker, Analytical Dynamics (1937), section 44; DLMF 22.19(i)"
    accuracy = "1e-9 radian against an integration at 1e-12"
    example = "Pendulum(initial_angle=2.8).render(12).angle"

    swing_period = derived("time of a full swing without friction, or of a full turn", units="s")

    @staticmethod
    def move(pendulums: Parameters, times: Floats) -> Motion:
        """Return sin(angle / 2) = k sn(w t + u, k) for a swing, angle = 2 am for a turn, as motion.

        Parameters
        ----------
        pendulums : mapping of (pendulum,) arrays
        times : (time,) array
            Seconds since the start.
        """
        modulus, frequency = _modulus(pendulums), natural_frequency(pendulums)
        swings = modulus.square < 1
        motion = Motion(*(np.empty((swings.size, times.size)) for _ in Motion._fields))
        for mine, moved in ((swings, _swing), (~swings, _turn)):
            some = {name: values[mine, None] for name, values in pendulums.items()}
            parts = _Modulus(*(part[mine, None] for part in modulus))
            for whole, part in zip(
                motion, moved(some, parts, frequency[mine, None], times), strict=True
            ):
                whole[mine] = part
        return motion

    @staticmethod
    def derive(parameters: Parameters) -> Parameters:
        """Return the natural frequency and the period."""
        return {
            "natural_frequency": natural_frequency(parameters),
            "swing_period": period(parameters),
        }


def _swing(pendulums: Parameters, modulus: _Modulus, frequency: Floats, times: Floats) -> Motion:
    phase = ellipkinc(np.arctan2(modulus.sine, modulus.speed), modulus.square)
    sn, cn, _, _ = ellipj(phase + frequency * times, modulus.square)
    k = np.sqrt(modulus.square)
    return Motion(2 * np.arcsin(k * sn), 2 * frequency * k * cn)


def _turn(pendulums: Parameters, modulus: _Modulus, frequency: Floats, times: Floats) -> Motion:
    way = np.sign(modulus.speed)
    rate = way * frequency * np.sqrt(modulus.square)
    phase = ellipkinc(pendulums["initial_angle"] / 2, 1 / modulus.square)
    _, _, dn, amplitude = ellipj(phase + rate * times, 1 / modulus.square)
    return Motion(2 * amplitude, 2 * rate * dn)
