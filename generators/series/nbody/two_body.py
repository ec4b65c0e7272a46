"""Two bodies on an ellipse about their centre of mass: the system whose answer is known."""

from collections.abc import Mapping

import numpy as np

from skybench.generators.distributions import Constant, LogUniform, Uniform
from skybench.generators.series.nbody import orbit
from skybench.generators.series.nbody.orbit import Floats, State
from skybench.generators.series.nbody.system import TURNED, System, Uniforms


def place(systems: Mapping[str, Floats], bodies: int, uniforms: Uniforms) -> State:
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


SYSTEM = System(
    name="two_body",
    code=1,
    summary="Two bodies on a Kepler ellipse of any eccentricity up to 0.99.",
    formula="r = a (1 - e cos E), E - e sin E = 2 pi t / P, P = 2 pi sqrt(a^3 / (m1 + m2)), G = 1",
    reference="Kepler (1609); solved as in Danby (1987), Celestial Mechanics 40, 303",
    accuracy="Kepler's equation to 1e-13 radian; then the leapfrog, whose error falls as step^2",
    example="TwoBodies(secondary_mass=0.3, eccentricity=0.6).render(12).position",
    defaults={
        "primary_mass": Constant(value=1),
        "secondary_mass": LogUniform(distribution="log_uniform", low=0.1, high=1),
        "semi_major_axis": Uniform(distribution="uniform", low=0.8, high=1.2),
        "eccentricity": Uniform(distribution="uniform", low=0, high=0.6),
        "mean_anomaly": Uniform(distribution="uniform", low=0, high=360),
        "pericentre_angle": Uniform(distribution="uniform", low=0, high=360),
        **TURNED,
    },
    bodies=2,
    place=place,
)
