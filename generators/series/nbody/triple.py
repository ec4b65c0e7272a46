"""Hierarchical triples: a close pair, and a third body on a wide orbit about it.

How wide is drawn in units of the widest orbit that is thought unstable, so that triples
on both sides of the limit are one number apart.
"""

import numpy as np

from skybench.generators.arrays import Floats, Parameters
from skybench.generators.declaration import derived, parameter
from skybench.generators.distributions import log_uniform, uniform
from skybench.generators.series.nbody import orbit
from skybench.generators.series.nbody.body_system import Uniforms
from skybench.generators.series.nbody.orbit import State, Vectors
from skybench.generators.series.nbody.two_bodies import TwoBodies
from skybench.generators.series.nbody.vocabulary import ECCENTRICITY
from skybench.generators.variable import Interval


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


class Triple(TwoBodies):
    """Hierarchical triple, its outer orbit wider or narrower than stability demands."""

    code = 2
    formula = (
        "outer pericentre = stability_ratio x 2.8 a [(1 + q) (1 + e) / sqrt(1 - e)]^0.4 "
        "(1 - 0.3 i / 180)"
    )
    reference = "Mardling & Aarseth (2001), MNRAS 321, 398, equation 90"
    accuracy = "rebound's IAS15 from the same start, until trusted_until"
    example = "Triple(stability_ratio=1.3, seed=4).render(50).position"
    bodies = 3

    primary_mass: float = parameter(default=uniform(0.5, 1))
    secondary_mass: float = parameter(default=uniform(0.3, 0.5))
    tertiary_mass: float = parameter(default=uniform(0.3, 1))
    semi_major_axis: float = parameter(default=uniform(0.9, 1.1))
    eccentricity: float = parameter(default=uniform(0, 0.3))
    mean_anomaly: float = parameter(default=uniform(0, 360))
    pericentre_angle: float = parameter(default=uniform(0, 360))
    stability_ratio: float = parameter(
        "outer pericentre over the widest that is unstable (Mardling & Aarseth 2001)",
        units=None,
        domain=Interval(0.1, 100),
        default=log_uniform(1.2, 2),
    )
    outer_semi_major_axis = derived("semi-major axis of the outer orbit", units="1")
    outer_eccentricity: float = parameter(
        "eccentricity of the outer orbit", units=None, domain=ECCENTRICITY, default=uniform(0, 0.4)
    )
    outer_mean_anomaly: float = parameter(
        "mean anomaly of the outer orbit at the start", units="degree", default=uniform(0, 360)
    )
    outer_pericentre_angle: float = parameter(
        "direction of the pericentre of the outer orbit", units="degree", default=uniform(0, 360)
    )
    mutual_inclination: float = parameter(
        "angle between the planes of the inner and the outer orbit",
        units="degree",
        domain=Interval(0, 180),
        default=uniform(0, 30),
    )

    @staticmethod
    def place(systems: Parameters, bodies: int, uniforms: Uniforms) -> State:
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

    @staticmethod
    def derive(parameters: Parameters) -> Parameters:
        """Return the outer semi-major axis that has the drawn ratio to the limit of stability."""
        eccentricity = parameters["outer_eccentricity"]
        pair = parameters["primary_mass"] + parameters["secondary_mass"]
        critical = critical_ratio(
            parameters["tertiary_mass"] / pair, eccentricity, parameters["mutual_inclination"]
        )
        pericentre = parameters["stability_ratio"] * critical * parameters["semi_major_axis"]
        return {"outer_semi_major_axis": np.asarray(pericentre / (1 - eccentricity))}
