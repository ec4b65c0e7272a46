"""What datasets of N-body systems may hold that no system alone has, in units with G = 1."""

from skybench.generators.schema import COMMON
from skybench.generators.series.instants import TIME, TIME_BITS
from skybench.generators.variable import (
    EXPECTED_BITS,
    SAMPLE,
    Interval,
    Variable,
    of_sample,
    table,
)

MASS = Interval(1e-6, 1e6)
LENGTH = Interval(1e-3, 1e6)
ECCENTRICITY = Interval(0, 0.99)

START_BITS = 23
"""Mantissa bits kept of the start, which stores hold in whole as the first instant: all that
follows can be computed from it again. Later instants are kept to ``EXPECTED_BITS``."""

VOCABULARY = COMMON | table(
    TIME,
    Variable(
        name="position",
        dims=("sample", "time", "body", "axis"),
        dtype="float32",
        long_name="positions of the bodies, in units with G = 1",
        units="1",
        bits=START_BITS,
    ),
    Variable(
        name="velocity",
        dims=("sample", "time", "body", "axis"),
        dtype="float32",
        long_name="velocities of the bodies, in units with G = 1",
        units="1",
        bits=START_BITS,
    ),
    Variable(
        name="kinetic_energy",
        dims=("sample", "time"),
        dtype="float32",
        long_name="kinetic energy of all bodies, in units with G = 1",
        units="1",
        bits=EXPECTED_BITS,
    ),
    Variable(
        name="potential_energy",
        dims=("sample", "time"),
        dtype="float32",
        long_name="softened potential energy of all pairs, in units with G = 1",
        units="1",
        bits=EXPECTED_BITS,
    ),
    Variable(
        name="trusted_until",
        dims=SAMPLE,
        dtype="float64",
        long_name="time until which the path is the system's own, to 1e-3 of its size at the start",
        units="1",
        bits=TIME_BITS,
    ),
    Variable(
        name="body_mass",
        dims=("sample", "body"),
        dtype="float32",
        long_name="masses of the bodies",
        units="1",
    ),
    of_sample("primary_mass", "mass of the first body", units="1", domain=MASS),
    of_sample("secondary_mass", "mass of the second body", units="1", domain=MASS),
    of_sample("tertiary_mass", "mass of the third body", units="1", domain=MASS),
    of_sample(
        "tertiary_mass_ratio",
        "mass of the third body over that of the others",
        domain=Interval(1e-3, 1e3),
    ),
    of_sample("semi_major_axis", "semi-major axis of the (inner) orbit", units="1", domain=LENGTH),
    of_sample("eccentricity", "eccentricity of the (inner) orbit", domain=ECCENTRICITY),
    of_sample("mean_anomaly", "mean anomaly of the (inner) orbit at the start", units="degree"),
    of_sample(
        "pericentre_angle",
        "direction of the pericentre of the (inner) orbit in its plane",
        units="degree",
    ),
    of_sample(
        "system_inclination",
        "tilt of the system's plane about the x axis",
        units="degree",
        domain=Interval(0, 180),
    ),
    of_sample("orientation", "turn of the system about the z axis, after the tilt", units="degree"),
)
