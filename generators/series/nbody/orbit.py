"""Two bodies on an ellipse: Kepler's equation, and an orbit turned in space."""

from typing import NamedTuple

import numpy as np

from skybench.generators.arrays import Floats
from skybench.generators.native.library import kernel

_ITERATIONS = 8
"""Enough for every eccentricity up to 0.99; the same for all, so that no row sees another."""


class State(NamedTuple):
    """Positions and velocities of bodies, (body, axis, system) each, and masses (body, system)."""

    position: Floats
    velocity: Floats
    mass: Floats


class Vectors(NamedTuple):
    """A position and a velocity for each system, (axis, system) each."""

    position: Floats
    velocity: Floats


def sine_cosine(angle: Floats) -> tuple[Floats, Floats]:
    """Return sines and cosines with the same bits on every processor: motions start from them.

    Parameters
    ----------
    angle : array
        Radians, any turn.
    """
    folded = np.ascontiguousarray(np.remainder(angle, 2 * np.pi))
    sine, cosine = np.empty_like(folded), np.empty_like(folded)
    kernel("sine_cosine")(folded, sine, cosine)
    return sine, cosine


def eccentric_anomaly(mean_anomaly: Floats, eccentricity: Floats) -> Floats:
    """Return E of Kepler's equation M = E - e sin E, in radians.

    Parameters
    ----------
    mean_anomaly : array
        Radians, any turn.
    eccentricity : array
        0 to 0.99.

    References
    ----------
    Danby (1987), Celestial Mechanics 40, 303: the start and the quartic step.
    """
    mean = np.remainder(mean_anomaly + np.pi, 2 * np.pi) - np.pi
    anomaly = mean + 0.85 * eccentricity * np.sign(mean)
    for _ in range(_ITERATIONS):
        sine, cosine = (eccentricity * part for part in sine_cosine(anomaly))
        missing, slope = anomaly - sine - mean, 1 - cosine
        step = -missing / slope
        step = -missing / (slope + step * sine / 2)
        step = -missing / (slope + step * sine / 2 + step * step * cosine / 6)
        anomaly = anomaly + step
    return np.asarray(anomaly)


def relative(
    total_mass: Floats,
    semi_major_axis: Floats,
    eccentricity: Floats,
    mean_anomaly: Floats,
    pericentre_angle: Floats,
) -> Vectors:
    """Return where the second body is from the first, in the xy plane, with G = 1.

    Parameters
    ----------
    total_mass, semi_major_axis, eccentricity : (system,) arrays
    mean_anomaly : (system,) array
        Degrees, at the start.
    pericentre_angle : (system,) array
        Direction of the pericentre in degrees, counter-clockwise from +x.
    """
    anomaly = eccentric_anomaly(np.deg2rad(mean_anomaly), eccentricity)
    sine, cosine = sine_cosine(anomaly)
    minor = np.sqrt(1 - eccentricity**2)
    speed = np.sqrt(total_mass / semi_major_axis) / (1 - eccentricity * cosine)
    flat = np.zeros_like(sine)
    position = semi_major_axis * np.stack([cosine - eccentricity, minor * sine, flat])
    velocity = speed * np.stack([-sine, minor * cosine, flat])
    turn = np.deg2rad(pericentre_angle)
    return Vectors(about_z(position, turn), about_z(velocity, turn))


def about_z(vectors: Floats, angle: Floats) -> Floats:
    """Return vectors (..., axis, system) turned counter-clockwise about z by radians."""
    return _turned(vectors, angle, 0, 1)


def about_x(vectors: Floats, angle: Floats) -> Floats:
    """Return vectors (..., axis, system) turned counter-clockwise about x by radians."""
    return _turned(vectors, angle, 1, 2)


def _turned(vectors: Floats, angle: Floats, first: int, second: int) -> Floats:
    sin, cos = sine_cosine(angle)
    turned = vectors.copy()
    turned[..., first, :] = cos * vectors[..., first, :] - sin * vectors[..., second, :]
    turned[..., second, :] = sin * vectors[..., first, :] + cos * vectors[..., second, :]
    return turned


def pair(vectors: Vectors, first: Floats, second: Floats) -> tuple[Vectors, Vectors]:
    """Return both bodies as seen from their centre of mass."""
    share = second / (first + second)
    one = Vectors(*(-share * v for v in vectors))
    other = Vectors(*((1 - share) * v for v in vectors))
    return one, other


def centred(state: State) -> State:
    """Return the bodies as seen from their centre of mass, body after body summed."""
    total = state.mass[0]
    for mass in state.mass[1:]:
        total = total + mass
    position, velocity = (_less_mean(v, state.mass, total) for v in state[:2])
    return State(position, velocity, state.mass)


def _less_mean(vectors: Floats, mass: Floats, total: Floats) -> Floats:
    mean = vectors[0] * (mass[0] / total)
    for vector, m in zip(vectors[1:], mass[1:], strict=True):
        mean = mean + vector * (m / total)
    return np.asarray(vectors - mean)
