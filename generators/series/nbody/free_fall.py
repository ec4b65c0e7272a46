"""Three bodies let go from rest: Burrau's Pythagorean problem and its neighbours."""

import numpy as np

from skybench.generators.arrays import Parameters
from skybench.generators.declaration import parameter
from skybench.generators.distributions import uniform
from skybench.generators.series.nbody import orbit
from skybench.generators.series.nbody.body_system import TurnedSystem, Uniforms
from skybench.generators.series.nbody.orbit import State
from skybench.generators.series.nbody.vocabulary import LENGTH
from skybench.generators.variable import Interval


class FreeFall(TurnedSystem):
    """Three bodies released from rest at the corners of a triangle; most end in chaos."""

    code = 3
    formula = (
        "corners (-1/2, 0), (1/2, 0) and (apex_x, apex_y) in units of base_length; Burrau: "
        "masses 3, 4, 5, base 5, apex (0.14, 0.48)"
    )
    reference = "Burrau (1913), AN 195, 113; Agekyan & Anosova (1967), AZh 44, 1261"
    accuracy = "rebound's IAS15 from the same start, until trusted_until"
    example = "FreeFall(seed=2).render(25, softening=0.1).position"
    bodies = 3

    primary_mass: float = parameter(default=1)
    secondary_mass: float = parameter(default=uniform(0.6, 1))
    tertiary_mass: float = parameter(default=uniform(0.6, 1))
    base_length: float = parameter(
        "distance of the first two bodies at the start",
        units="1",
        domain=LENGTH,
        default=uniform(2, 3),
    )
    apex_x: float = parameter(
        "third body along the base from its middle, in base lengths",
        units=None,
        domain=Interval(-10, 10),
        default=uniform(0, 0.3),
    )
    apex_y: float = parameter(
        "third body's height over the base, in base lengths",
        units=None,
        domain=Interval(-10, 10),
        default=uniform(0.2, 0.8),
    )

    @staticmethod
    def place(systems: Parameters, bodies: int, uniforms: Uniforms) -> State:
        """Return the bodies at the ends of the base and at the apex, about their centre of mass."""
        base, zero = systems["base_length"], np.zeros_like(systems["base_length"])
        position = np.stack(
            [
                np.stack([-base / 2, zero, zero]),
                np.stack([base / 2, zero, zero]),
                np.stack([base * systems["apex_x"], base * systems["apex_y"], zero]),
            ]
        )
        mass = np.stack([systems[f"{n}_mass"] for n in ("primary", "secondary", "tertiary")])
        return orbit.centred(State(position, np.zeros_like(position), mass))
