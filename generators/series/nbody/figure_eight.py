"""The figure eight: three equal masses that follow each other on one closed curve."""

from collections.abc import Mapping

import numpy as np

from skybench.generators.distributions import Constant, Uniform
from skybench.generators.series.nbody import orbit
from skybench.generators.series.nbody.orbit import Floats, State
from skybench.generators.series.nbody.system import TURNED, System, Uniforms

PERIOD = 6.32591398
"""Of the orbit with unit masses and unit length scale; it grows as length^(3/2) / mass^(1/2)."""

_CORNER = (0.97000436, -0.24308753, 0.0)
_MIDDLE_VELOCITY = (-0.93240737, -0.86473146, 0.0)


def place(systems: Mapping[str, Floats], bodies: int, uniforms: Uniforms) -> State:
    """Return the bodies in line, the third halfway between the others."""
    mass, length = systems["primary_mass"], systems["length_scale"]
    speed = systems["velocity_factor"] * np.sqrt(mass / length)
    corner = np.asarray(_CORNER)[:, None] * length
    middle = np.asarray(_MIDDLE_VELOCITY)[:, None] * speed
    position = np.stack([corner, -corner, np.zeros_like(corner)])
    velocity = np.stack([-middle / 2, -middle / 2, middle])
    lightened = mass * systems["tertiary_mass_ratio"]
    return orbit.centred(State(position, velocity, np.stack([mass, mass, lightened])))


SYSTEM = System(
    name="figure_eight",
    code=4,
    summary="Three equal masses chasing each other on a figure eight, disturbed at will.",
    formula="start (x, y) = +-(0.97000436, -0.24308753) and 0; period 6.32591398 for unit masses",
    reference="Chenciner & Montgomery (2000), Annals of Mathematics 152, 881",
    accuracy="returns to its start after a period within 2e-7 + the leapfrog's error",
    example="FigureEight(orientation=30).render(6.3).position",
    defaults={
        "primary_mass": Constant(value=1),
        "tertiary_mass_ratio": Constant(value=1),
        "length_scale": Uniform(distribution="uniform", low=0.9, high=1.1),
        "velocity_factor": Uniform(distribution="uniform", low=0.99, high=1.01),
        **TURNED,
    },
    bodies=3,
    place=place,
)
