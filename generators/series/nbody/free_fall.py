"""Three bodies let go from rest: Burrau's Pythagorean problem and its neighbours."""

from collections.abc import Mapping

import numpy as np

from skybench.generators.distributions import Constant, Uniform
from skybench.generators.series.nbody import orbit
from skybench.generators.series.nbody.orbit import Floats, State
from skybench.generators.series.nbody.system import TURNED, System, Uniforms


def place(systems: Mapping[str, Floats], bodies: int, uniforms: Uniforms) -> State:
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


SYSTEM = System(
    name="free_fall",
    code=3,
    summary="Three bodies released from rest at the corners of a triangle; most end in chaos.",
    formula="corners (-1/2, 0), (1/2, 0) and (apex_x, apex_y) in units of base_length; Burrau: "
    "masses 3, 4, 5, base 5, apex (0.14, 0.48)",
    reference="Burrau (1913), AN 195, 113; Agekyan & Anosova (1967), AZh 44, 1261",
    accuracy="leapfrog: the energy's error stays below the recipe's tolerance",
    example="FreeFall(seed=2).render(25, softening=0.1).position",
    defaults={
        "primary_mass": Constant(value=1),
        "secondary_mass": Uniform(distribution="uniform", low=0.6, high=1),
        "tertiary_mass": Uniform(distribution="uniform", low=0.6, high=1),
        "base_length": Uniform(distribution="uniform", low=2, high=3),
        "apex_x": Uniform(distribution="uniform", low=0, high=0.3),
        "apex_y": Uniform(distribution="uniform", low=0.2, high=0.8),
        **TURNED,
    },
    bodies=3,
    place=place,
)
