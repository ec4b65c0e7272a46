"""Many small systems of bodies at once, by Taylor series of order 16 and steps of their own.

Each system goes on as far at a time as its series converges: long steps while its bodies are
apart, short ones where two meet. What lies between is the series itself, so that outputs cost no
steps. The kernel uses only operations that IEEE 754 rounds correctly on every processor: even a
chaotic system ends in the same bits everywhere, whatever systems it is computed with.
"""

from typing import NamedTuple

import numpy as np

from skybench.generators.arrays import Floats, Integers
from skybench.generators.native.library import kernel
from skybench.generators.series.nbody.orbit import State

FOLLOWED, MET, TOO_MANY_STEPS = range(3)
"""How it ended: at the last instant, where bodies met, or where the steps were used up."""

_LANES = 8
"""Systems side by side, where the kernel's registers are widest."""

_OF_A_BODY, _OF_A_PAIR = 64, 76
"""Numbers that the kernel keeps of each, a lane."""


class Track(NamedTuple):
    """Positions and velocities, (system, time, body, axis) each; steps and outcomes, (system,)."""

    position: Floats
    velocity: Floats
    steps: Integers
    outcome: Integers


class Energies(NamedTuple):
    """Kinetic and potential energy over time, (system, time) each."""

    kinetic: Floats
    potential: Floats


def integrate(
    state: State,
    instants: Floats,
    *,
    softening: float,
    most_steps: int = 1_000_000,
    stretch: float = 1.0,
) -> Track:
    """Return the motion of self-gravitating bodies, with G = 1.

    The acceleration of body i is the sum over j of m_j d / (d.d + softening^2)^(3/2), d
    pointing from i to j (Plummer softening). The last term of a step's series is at most 1e-16
    of the largest coordinate at the start.

    Parameters
    ----------
    state : State
        The start, in two or three dimensions.
    instants : (time,) float64 array
        Of the outputs, ascending from 0.
    softening : float
        Length below which the pull of two bodies weakens; 0 for point masses.
    most_steps : int
        After which a system is left.
    stretch : float
        Steps over those of the tolerance; their errors grow as its 16th power.

    Returns
    -------
    Track
        NaN from where a system met or was left.

    References
    ----------
    Biscani & Izzo (2021), MNRAS 504, 2614; Jorba & Zou (2005), Experimental Mathematics 14, 99.
    """
    bodies, dimensions, systems = state.position.shape
    track = Track(
        *(np.full((systems, instants.size, bodies, dimensions), np.nan) for _ in range(2)),
        *(np.zeros(systems, dtype=np.int64) for _ in range(2)),
    )
    pairs = bodies * (bodies - 1) // 2
    kernel("nbody")(
        *(np.ascontiguousarray(np.moveaxis(part, -1, 0)) for part in state),
        instants,
        bodies,
        dimensions,
        softening,
        stretch,
        most_steps,
        np.empty(_LANES * (_OF_A_BODY * bodies + _OF_A_PAIR * pairs)),
        *track,
    )
    return track


def energies(track: Track, mass: Floats, softening: float) -> Energies:
    """Return the energies of the systems over time; their sum is what is conserved.

    The potential energy is minus the sum over pairs of m_i m_j / (d.d + softening^2)^(1/2).

    Parameters
    ----------
    track : Track
    mass : (body, system) float64 array
    softening : float
    """
    systems, outputs, bodies, dimensions = track.position.shape
    energy = Energies(*(np.empty((systems, outputs)) for _ in Energies._fields))
    kernel("nbody_energies")(
        *(np.ascontiguousarray(part) for part in (track.position, track.velocity, mass.T)),
        bodies,
        dimensions,
        softening,
        *energy,
    )
    return energy
