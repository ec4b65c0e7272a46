"""Many small systems of bodies at once, by the leapfrog in its kick-drift-kick form.

Only additions, multiplications, divisions and square roots are used, one numpy function
each. IEEE 754 rounds those correctly on every processor, so even a chaotic system ends
in the same bits everywhere, and in the same bits whatever systems it is computed with.

Arrays are (body, axis, system): the systems lie side by side in memory, and every numpy
call works on all of them. The momentum is what is kicked, for the pull of a pair is then
one product that is added to one body and taken from the other.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from skybench.generators.arrays import Floats


class Track(NamedTuple):
    """Positions and velocities over time, (time, body, axis, system) each."""

    position: Floats
    velocity: Floats


class Energies(NamedTuple):
    """Kinetic and potential energy over time, (time, system) each."""

    kinetic: Floats
    potential: Floats


class _Ring(NamedTuple):
    """The pairs of each body with the one ``apart`` places further round the circle."""

    apart: int
    pairs: int
    product: Floats


def integrate(
    position: Floats,
    velocity: Floats,
    mass: Floats,
    *,
    step: float,
    every: int,
    outputs: int,
    softening: float,
) -> Track:
    """Return the motion of self-gravitating bodies, with G = 1.

    The acceleration of body i is the sum over j of m_j d / (d.d + softening^2)^(3/2), d
    pointing from i to j (Plummer softening). The error of the energy is bounded and falls
    as step^2; momentum and angular momentum are kept to rounding errors.

    Parameters
    ----------
    position, velocity : (body, axis, system) float64 arrays
        The start, in two or three dimensions.
    mass : (body, system) float64 array
        Above 0.
    step : float
        Length of a step; negative integrates backwards.
    every : int
        Steps from one output to the next.
    outputs : int
        Instants that are returned, the start among them.
    softening : float
        Length below which the pull of two bodies weakens; 0 for point masses.

    Returns
    -------
    Track
        Not finite from where two point masses met.

    References
    ----------
    Quinn et al. (1997), arXiv:astro-ph/9710043, equation 12.
    """
    motion = _Motion(position, velocity, mass, step, softening)
    track = Track(*(np.empty((outputs, *position.shape)) for _ in Track._fields))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for output in range(outputs):
            if output:
                motion.advance(every)
            track.position[output] = motion.place
            np.divide(motion.momentum, mass[:, None], out=track.velocity[output])
    return track


class _Motion:
    """The state of all systems, and the arrays that every step works in."""

    def __init__(
        self, position: Floats, velocity: Floats, mass: Floats, step: float, softening: float
    ) -> None:
        bodies = position.shape[0]
        half = bodies // 2
        # The first bodies again after the last: a ring of pairs is then one subtraction.
        self._circle = np.concatenate([position, position[:half]])
        self.place = self._circle[:bodies]
        self._again = self._circle[bodies:]
        self.momentum = velocity * mass[:, None]
        self._drift = (step / mass)[:, None]
        self._rings = list(_rings(mass, step))
        self._softening = softening * softening
        self._apart, self._squares = np.empty_like(position), np.empty_like(position)
        self._distance, self._pull = np.empty_like(mass), np.empty_like(mass)

    def advance(self, steps: int) -> None:
        """Go ``steps`` steps on; the half kicks that meet between two steps are one."""
        self._kick(0.5)
        for _ in range(steps - 1):
            self._move()
            self._kick(1.0)
        self._move()
        self._kick(0.5)

    def _move(self) -> None:
        np.multiply(self.momentum, self._drift, out=self._apart)
        np.add(self.place, self._apart, out=self.place)
        self._again[:] = self.place[: self._again.shape[0]]

    def _kick(self, part: float) -> None:
        momentum = self.momentum
        for ring in self._rings:
            force = self._force(ring, part)
            wrapped = max(ring.pairs + ring.apart - momentum.shape[0], 0)
            straight = ring.pairs - wrapped
            to = momentum[ring.apart : ring.apart + straight]
            np.add(momentum[: ring.pairs], force, out=momentum[: ring.pairs])
            np.subtract(to, force[:straight], out=to)
            if wrapped:
                np.subtract(momentum[:wrapped], force[straight:], out=momentum[:wrapped])

    def _force(self, ring: _Ring, part: float) -> Floats:
        """Return the momentum that passes to each body of the ring in a part of a step."""
        rows = slice(ring.pairs)
        apart, squares = self._apart[rows], self._squares[rows]
        distance, pull = self._distance[rows], self._pull[rows]
        np.subtract(self._circle[ring.apart : ring.apart + ring.pairs], self.place[rows], out=apart)
        np.multiply(apart, apart, out=squares)
        np.add(squares[:, 0], squares[:, 1], out=pull)
        if squares.shape[1] == 3:
            np.add(pull, squares[:, 2], out=pull)
        np.add(pull, self._softening, out=pull)
        np.sqrt(pull, out=distance)
        np.multiply(pull, distance, out=pull)
        np.divide(ring.product, pull, out=pull)
        if part != 1:
            np.multiply(pull, part, out=pull)
        return np.multiply(apart, pull[:, None], out=apart)


def _rings(mass: Floats, step: float) -> Iterator[_Ring]:
    """Yield every pair of bodies once: neighbours, then those two places apart, and so on."""
    bodies = mass.shape[0]
    circle = np.concatenate([mass, mass])
    for apart in range(1, bodies // 2 + 1):
        pairs = apart if 2 * apart == bodies else bodies
        yield _Ring(apart, pairs, mass[:pairs] * circle[apart : apart + pairs] * step)


def energies(track: Track, mass: Floats, softening: float) -> Energies:
    """Return the energies of the systems over time; their sum is what is conserved.

    The potential energy is minus the sum over pairs of m_i m_j / (d.d + softening^2)^(1/2).

    Parameters
    ----------
    track : Track
    mass : (body, system) float64 array
    softening : float
    """
    outputs, bodies, _, systems = track.position.shape
    kinetic, potential = np.zeros((outputs, systems)), np.zeros((outputs, systems))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for one in range(bodies):
            kinetic += 0.5 * mass[one] * _squared(track.velocity[:, one])
            for other in range(one):
                apart = track.position[:, one] - track.position[:, other]
                distance = np.sqrt(_squared(apart) + softening * softening)
                potential -= mass[one] * mass[other] / distance
    return Energies(kinetic, potential)


def _squared(vectors: Floats) -> Floats:
    """Return the squared lengths, always summed in the order of the axes."""
    total = vectors[:, 0] * vectors[:, 0]
    for axis in range(1, vectors.shape[1]):
        total = total + vectors[:, axis] * vectors[:, axis]
    return total
