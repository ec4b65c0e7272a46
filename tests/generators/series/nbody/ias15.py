"""The path of one system by rebound's IAS15, which shares nothing with ours."""

import numpy as np
import pytest


def followed_by_ias15(position, velocity, mass, times, softening=0.0):
    """Return the path, (time, body, axis).

    Parameters
    ----------
    position, velocity : (body, axis) arrays
    mass : (body,) array
    times : (time,) array
    softening : float
    """
    rebound = pytest.importorskip("rebound")
    simulation = rebound.Simulation()
    simulation.integrator, simulation.softening = "ias15", softening
    axes = position.shape[1]
    for m, place, speed in zip(mass, position, velocity, strict=True):
        start = zip(
            ("x", "y", "z")[:axes] + ("vx", "vy", "vz")[:axes], [*place, *speed], strict=True
        )
        simulation.add(m=float(m), **{name: float(value) for name, value in start})
    path = []
    for time in times:
        simulation.integrate(float(time))
        path.append([particle.xyz[:axes] for particle in simulation.particles])
    return np.array(path)
