"""Hierarchical triples: a close pair, and a third body on a wide orbit about it.

How wide is drawn in units of the widest orbit that is thought unstable, so that triples
on both sides of the limit are one number apart.
"""

from collections.abc import Mapping

import numpy as np

from skybench.generators.distributions import LogUniform, Uniform
from skybench.generators.series.nbody import orbit
from skybench.generators.series.nbody.orbit import Floats, State, Vectors
from skybench.generators.series.nbody.system import TURNED, System, Uniforms


def critical_ratio(outer_mass_ratio: Floats, eccentricity: Floats, inclination: Floats) -> Floats:
    """Return the outer pericentre, in inner semi-major axes, below which a triple is unstable.

    2.8 [(1 + q) (1 + e) / sqrt(1 - e)]^(2/5) (1 - 0.3 i / 180 degrees)

    Parameters
    ----------
    outer_mass_ratio : array
        Mass of the third body over that of the pair, q.
    eccentricity : array
        Of the outer orbit, e.
    inclination : array
        Between both orbits in degrees, i.

    References
    ----------
    Mardling & Aarseth (2001), MNRAS 321, 398, equation 90.
    """
    shape = (1 + outer_mass_ratio) * (1 + eccentricity) / np.sqrt(1 - eccentricity)
    return np.asarray(2.8 * shape**0.4 * (1 - 0.3 * inclination / 180))


def widen(systems: Mapping[str, Floats]) -> dict[str, Floats]:
    """Return the outer semi-major axis that has the drawn ratio to the limit of stability."""
    eccentricity = systems["outer_eccentricity"]
    pair = systems["primary_mass"] + systems["secondary_mass"]
    critical = critical_ratio(
        systems["tertiary_mass"] / pair, eccentricity, systems["mutual_inclination"]
    )
    pericentre = systems["stability_ratio"] * critical * systems["semi_major_axis"]
    return {"outer_semi_major_axis": np.asarray(pericentre / (1 - eccentricity))}


def place(systems: Mapping[str, Floats], bodies: int, uniforms: Uniforms) -> State:
    """Return the bodies at the start: the outer orbit in the xy plane, the inner one tilted."""
    first, second, third = (systems[f"{n}_mass"] for n in ("primary", "secondary", "tertiary"))
    inner = orbit.relative(
        first + second,
        systems["semi_major_axis"],
        systems["eccentricity"],
        systems["mean_anomaly"],
        systems["pericentre_angle"],
    )
    tilt = np.deg2rad(systems["mutual_inclination"])
    inner = Vectors(*(orbit.about_x(v, tilt) for v in inner))
    outer = orbit.relative(
        first + second + third,
        systems["outer_semi_major_axis"],
        systems["outer_eccentricity"],
        systems["outer_mean_anomaly"],
        systems["outer_pericentre_angle"],
    )
    middle, far = orbit.pair(outer, first + second, third)
    one, other = orbit.pair(inner, first, second)
    position, velocity = (
        np.stack([m + a, m + b, f]) for m, f, a, b in zip(middle, far, one, other, strict=True)
    )
    return State(position, velocity, np.stack([first, second, third]))


SYSTEM = System(
    name="triple",
    code=2,
    summary="Hierarchical triple, its outer orbit wider or narrower than stability demands.",
    formula="outer pericentre = stability_ratio x 2.8 a [(1 + q) (1 + e) / sqrt(1 - e)]^0.4 "
    "(1 - 0.3 i / 180)",
    reference="Mardling & Aarseth (2001), MNRAS 321, 398, equation 90",
    accuracy="leapfrog: the energy's error stays below the recipe's tolerance",
    example="Triple(stability_ratio=1.3, seed=4).render(50).position",
    defaults={
        "primary_mass": Uniform(distribution="uniform", low=0.5, high=1),
        "secondary_mass": Uniform(distribution="uniform", low=0.3, high=0.5),
        "tertiary_mass": Uniform(distribution="uniform", low=0.3, high=1),
        "semi_major_axis": Uniform(distribution="uniform", low=0.9, high=1.1),
        "eccentricity": Uniform(distribution="uniform", low=0, high=0.3),
        "mean_anomaly": Uniform(distribution="uniform", low=0, high=360),
        "pericentre_angle": Uniform(distribution="uniform", low=0, high=360),
        "stability_ratio": LogUniform(distribution="log_uniform", low=1.2, high=2),
        "outer_eccentricity": Uniform(distribution="uniform", low=0, high=0.4),
        "outer_mean_anomaly": Uniform(distribution="uniform", low=0, high=360),
        "outer_pericentre_angle": Uniform(distribution="uniform", low=0, high=360),
        "mutual_inclination": Uniform(distribution="uniform", low=0, high=30),
        **TURNED,
    },
    derive=widen,
    derived=("outer_semi_major_axis",),
    bodies=3,
    place=place,
)
