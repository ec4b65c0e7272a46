"""The figure eight: three equal masses that follow each other on one closed curve."""

import numpy as np

from skybench.generators.arrays import Parameters
from skybench.generators.declaration import parameter
from skybench.generators.distributions import uniform
from skybench.generators.series.nbody import orbit
from skybench.generators.series.nbody.body_system import TurnedSystem, Uniforms
from skybench.generators.series.nbody.orbit import State
from skybench.generators.series.nbody.vocabulary import LENGTH
from skybench.generators.variable import Interval

PERIOD = 6.32591398
"""Of the orbit with unit masses and unit length scale; it grows as length^(3/2) / mass^(1/2)."""

_CORNER = (0.97000436, -0.24308753, 0.0)
_MIDDLE_VELOCITY = (-0.93240737, -0.86473146, 0.0)


class FigureEight(TurnedSystem):
    """Three equal masses chasing each other on a figure eight, disturbed at will."""

    code = 4
    formula = "start (x, y) = +-(0.97000436, -0.24308753) and 0; period 6.32591398 for unit masses"
    reference = "Chenciner & Montgomery (2000), Annals of Mathematics 152, 881"
    accuracy = (
        "returns to its start after a period within 2e-7, of the digits of the start; 5e-11 of the "
        "size over ten periods against IAS15, at twice the speed, too, where it flies apart"
    )
    example = "FigureEight(orientation=30).render(6.3).position"
    bodies = 3

    primary_mass: float = parameter(default=1)
    tertiary_mass_ratio: float = parameter(default=1)
    length_scale: float = parameter(
        "size of the figure eight", units="1", domain=LENGTH, default=uniform(0.9, 1.1)
    )
    velocity_factor: float = parameter(
        "speeds over those of the periodic figure eight",
        units=None,
        domain=Interval(0, 2),
        default=uniform(0.99, 1.01),
    )

    @staticmethod
    def place(systems: Parameters, bodies: int, uniforms: Uniforms) -> State:
        """Return the bodies in line, the third halfway between the others."""
        mass, length = systems["primary_mass"], systems["length_scale"]
        speed = systems["velocity_factor"] * np.sqrt(mass / length)
        corner = np.asarray(_CORNER)[:, None] * length
        middle = np.asarray(_MIDDLE_VELOCITY)[:, None] * speed
        position = np.stack([corner, -corner, np.zeros_like(corner)])
        velocity = np.stack([-middle / 2, -middle / 2, middle])
        lightened = mass * systems["tertiary_mass_ratio"]
        return orbit.centred(State(position, velocity, np.stack([mass, mass, lightened])))
