"""The pendulum without friction, exactly: Jacobi's elliptic functions.

Near the top all depends on 1 - k^2, which is lost where only k^2 is handed on, as to
`scipy.special.ellipj`. It is computed from the start by itself and kept beside k^2.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import ellipkm1, elliprf

from skybench.errors import ParameterError
from skybench.generators.arrays import Floats, Parameters
from skybench.generators.declaration import derived
from skybench.generators.series.pendulum.pendulum_object import (
    Motion,
    PendulumObject,
    natural_frequency,
)

_MEANS = 10
"""Of arithmetic and geometric means: enough for every 1 - k^2 that float64 can tell from 0."""


class _Modulus(NamedTuple):
    """Of a pendulum: k^2, which is 1 where it just reaches the top, and 1 - k^2.

    ``sine`` and ``cosine`` are of half the angle at the start, ``speed`` is the velocity there
    over twice the natural frequency.
    """

    sine: Floats
    cosine: Floats
    speed: Floats
    square: Floats
    rest: Floats


def _modulus(pendulums: Parameters) -> _Modulus:
    half = pendulums["initial_angle"] / 2
    speed = pendulums["initial_angular_velocity"] / (2 * natural_frequency(pendulums))
    sine, cosine = np.sin(half), np.cos(half)
    # Not 1 less the square, which would lose the digits that count near the top.
    return _Modulus(sine, cosine, speed, sine**2 + speed**2, (cosine - speed) * (cosine + speed))


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
    swings = modulus.rest > 0
    square = np.where(swings, 1, modulus.square)
    rest = np.where(swings, modulus.rest, -modulus.rest / square)
    turns = np.where(swings, 4, 2 / np.sqrt(square))
    return np.asarray(turns * ellipkm1(rest) / frequency)


class Pendulum(PendulumObject):
    """Pendulum without friction, of any amplitude, exactly; it may go over the top."""

    code = 1
    formula = "angle'' = -(g / L) sin(angle); sin(angle / 2) = k sn(w t + u, k), w = sqrt(g / L)"
    reference = "Whittaker, Analytical Dynamics (1937), section 44; DLMF 22.19(i)"
    accuracy = "elliptic functions to thirty digits (mpmath)"
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
        swings = modulus.rest > 0
        motion = Motion(*(np.empty((swings.size, times.size)) for _ in Motion._fields))
        for mine, moved in ((swings, _swing), (~swings, _turn)):
            parts = _Modulus(*(part[mine, None] for part in modulus))
            for whole, part in zip(motion, moved(parts, frequency[mine, None], times), strict=True):
                whole[mine] = part
        return motion

    @staticmethod
    def derive(parameters: Parameters) -> Parameters:
        """Return the natural frequency and the period."""
        return {
            "natural_frequency": natural_frequency(parameters),
            "swing_period": period(parameters),
        }


def _swing(modulus: _Modulus, frequency: Floats, times: Floats) -> Motion:
    k = np.sqrt(modulus.square)
    # At rest at the bottom there is neither phase nor amplitude.
    sine, cosine = (
        np.divide(part, k, where=k > 0, out=np.zeros_like(k))
        for part in (modulus.sine, modulus.speed)
    )
    start = sine * elliprf(cosine**2, modulus.cosine**2, 1)
    back = np.copysign(2 * _quarter(modulus.rest), sine) - start
    phase = np.where(cosine < 0, back, start)
    amplitude = _amplitude(phase + frequency * times, modulus.rest)
    sn, cn = np.sin(amplitude), np.cos(amplitude)
    dn = np.sqrt(cn**2 + modulus.rest * sn**2)
    return Motion(2 * np.arctan2(k * sn, dn), 2 * frequency * k * cn)


def _turn(modulus: _Modulus, frequency: Floats, times: Floats) -> Motion:
    rest = -modulus.rest / modulus.square
    rate = frequency * np.copysign(np.sqrt(modulus.square), modulus.speed)
    start = elliprf(modulus.cosine**2, modulus.speed**2 / modulus.square, 1) * modulus.sine
    amplitude = _amplitude(start + rate * times, rest)
    dn = np.sqrt(np.cos(amplitude) ** 2 + rest * np.sin(amplitude) ** 2)
    return Motion(2 * amplitude, 2 * rate * dn)


def _quarter(rest: Floats) -> Floats:
    """Return K, a quarter of the period of sn, from 1 - k^2."""
    return np.asarray(ellipkm1(rest))


def _amplitude(argument: Floats, rest: Floats) -> Floats:
    """Return am(u, k) from 1 - k^2, by arithmetic and geometric means (DLMF 22.20.5)."""
    half_turns = np.rint(argument / (2 * _quarter(rest)))
    mean, other, ratios = np.ones_like(rest), np.sqrt(rest), []
    for _ in range(_MEANS):
        half_apart = (mean - other) / 2
        mean, other = (mean + other) / 2, np.sqrt(mean * other)
        ratios.append(half_apart / mean)
    amplitude = 2.0**_MEANS * mean * (argument - 2 * _quarter(rest) * half_turns)
    for ratio in reversed(ratios):
        amplitude = (amplitude + np.arcsin(ratio * np.sin(amplitude))) / 2
    return np.asarray(amplitude + np.pi * half_turns)
