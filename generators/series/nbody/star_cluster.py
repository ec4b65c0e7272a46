"""Star clusters: bodies of equal mass drawn from a Plummer sphere, hot, cold or in balance."""

import numpy as np
from scipy.special import betaincinv

from skybench.generators.arrays import Floats, Parameters
from skybench.generators.declaration import parameter
from skybench.generators.distributions import uniform
from skybench.generators.series.nbody import orbit
from skybench.generators.series.nbody.body_system import BodySystem, Uniforms
from skybench.generators.series.nbody.orbit import State
from skybench.generators.series.nbody.vocabulary import LENGTH, MASS
from skybench.generators.variable import Interval

_MASS_WITHIN = 0.99
"""The outermost hundredth of the mass, which reaches to infinity, is left out."""

_UNIFORMS = 6
"""Random numbers of a body: radius, speed, and two directions."""


class StarCluster(BodySystem):
    """Cluster of equal masses: a Plummer sphere in, below or above virial balance."""

    code = 5
    former_names = ("cluster",)
    formula = (
        "density ~ (1 + r^2 / a^2)^(-5/2), speeds ~ v^2 (1 - v^2 / v_esc^2)^(7/2); scaled so "
        "that T = virial_ratio x |W|"
    )
    reference = "Plummer (1911), MNRAS 71, 460; Aarseth, Henon & Wielen (1974), A&A 37, 183"
    accuracy = "rebound's IAS15 from the same start, until trusted_until"
    example = "StarCluster(virial_ratio=0.5).render(4, softening=0.1, bodies=8).position"

    total_mass: float = parameter("mass of all bodies", units="1", domain=MASS, default=1)
    cluster_radius: float = parameter(
        "Plummer radius of the cluster", units="1", domain=LENGTH, default=uniform(0.5, 0.7)
    )
    virial_ratio: float = parameter(
        "kinetic over minus potential energy at the start; 0.5 is balance",
        units=None,
        domain=Interval(0, 10),
        default=uniform(0.1, 0.9),
    )

    @staticmethod
    def place(systems: Parameters, bodies: int, uniforms: Uniforms) -> State:
        """Return the bodies in their centre of mass, their speeds scaled to the virial ratio.

        The virial ratio is the kinetic energy over minus the potential energy of point masses:
        0.5 in balance.
        """
        drawn = uniforms(_UNIFORMS * bodies).T.reshape(_UNIFORMS, bodies, -1)
        share = (_MASS_WITHIN * drawn[0]) ** (2 / 3)
        squared = share / (1 - share)
        # The distribution function (-E)^(7/2) makes (speed / escape speed)^2 a beta variable.
        speed = np.sqrt(2 * betaincinv(1.5, 4.5, drawn[1])) / (1 + squared) ** 0.25
        mass = np.broadcast_to(systems["total_mass"] / bodies, share.shape).copy()
        state = orbit.centred(
            State(
                _direction(drawn[2], drawn[3])
                * (systems["cluster_radius"] * np.sqrt(squared))[:, None],
                _direction(drawn[4], drawn[5]) * speed[:, None],
                mass,
            )
        )
        kinetic, potential = _energies(state)
        factor = np.sqrt(-systems["virial_ratio"] * potential / kinetic)
        return State(state.position, state.velocity * factor, mass)


def _direction(height: Floats, turn: Floats) -> Floats:
    """Return unit vectors (body, axis, system), even over the sphere."""
    z = 2 * height - 1
    across = np.sqrt(1 - z * z)
    sine, cosine = orbit.sine_cosine(2 * np.pi * turn)
    return np.stack([across * cosine, across * sine, z], 1)


def _energies(state: State) -> tuple[Floats, Floats]:
    kinetic, potential = np.zeros(state.mass.shape[1]), np.zeros(state.mass.shape[1])
    for one, mass in enumerate(state.mass):
        kinetic += 0.5 * mass * _square(state.velocity[one])
        for other in range(one):
            apart = np.sqrt(_square(state.position[one] - state.position[other]))
            potential -= mass * state.mass[other] / apart
    return kinetic, potential


def _square(vectors: Floats) -> Floats:
    x, y, z = vectors
    return np.asarray(x * x + y * y + z * z)
