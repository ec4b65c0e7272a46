"""Two bodies on an ellipse about their centre of mass: the system whose answer is known."""

import numpy as np

from skybench.generators.arrays import Parameters
from skybench.generators.declaration import parameter
from skybench.generators.distributions import log_uniform, uniform
from skybench.generators.series.nbody import orbit
from skybench.generators.series.nbody.body_system import TurnedSystem, Uniforms
from skybench.generators.series.nbody.orbit import State


class TwoBodies(TurnedSystem):
    """Two bodies on a Kepler ellipse of any eccentricity up to 0.99."""

    code = 1
    former_names = ("two_body",)
    formula = "r = a (1 - e cos E), E - e sin E = 2 pi t / P, P = 2 pi sqrt(a^3 / (m1 + m2)), G = 1"
    reference = "Kepler (1609); solved as in Danby (1987), Celestial Mechanics 40, 303"
    accuracy = "rebound's IAS15 from the same start"
    example = "TwoBodies(secondary_mass=0.3, eccentricity=0.6).render(12).position"
    bodies = 2

    primary_mass: float = parameter(default=1)
    secondary_mass: float = parameter(default=log_uniform(0.1, 1))
    semi_major_axis: float = parameter(default=uniform(0.8, 1.2))
    eccentricity: float = parameter(default=uniform(0, 0.6))
    mean_anomaly: float = parameter(default=uniform(0, 360))
    pericentre_angle: float = parameter(default=uniform(0, 360))

    @staticmethod
    def place(systems: Parameters, bodies: int, uniforms: Uniforms) -> State:
        """Return the bodies at the start, in their centre of mass, the orbit in the xy plane."""
        first, second = systems["primary_mass"], systems["secondary_mass"]
        apart = orbit.relative(
            first + second,
            systems["semi_major_axis"],
            systems["eccentricity"],
            systems["mean_anomaly"],
            systems["pericentre_angle"],
        )
        both = orbit.pair(apart, first, second)
        position, velocity = (np.stack(vectors) for vectors in zip(*both, strict=True))
        return State(position, velocity, np.stack([first, second]))
