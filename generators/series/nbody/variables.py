"""The variables of N-body systems, in units with G = 1."""

from skybench.generators.variable import EXPECTED_BITS, Interval, Variable, of_sample, table

MASS = Interval(low=1e-6, high=1e6)
LENGTH = Interval(low=1e-3, high=1e6)
ECCENTRICITY = Interval(low=0, high=0.99)

VARIABLES = table(
    Variable(
        name="position",
        dims=("sample", "time", "body", "axis"),
        dtype="float32",
        long_name="positions of the bodies, in units with G = 1",
        units="1",
        bits=EXPECTED_BITS,
    ),
    Variable(
        name="velocity",
        dims=("sample", "time", "body", "axis"),
        dtype="float32",
        long_name="velocities of the bodies, in units with G = 1",
        units="1",
        bits=EXPECTED_BITS,
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
        domain=Interval(low=1e-3, high=1e3),
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
        domain=Interval(low=0, high=180),
    ),
    of_sample("orientation", "turn of the system about the z axis, after the tilt", units="degree"),
    of_sample(
        "stability_ratio",
        "outer pericentre over the widest that is unstable (Mardling & Aarseth 2001)",
        domain=Interval(low=0.1, high=100),
    ),
    of_sample("outer_semi_major_axis", "semi-major axis of the outer orbit", units="1"),
    of_sample("outer_eccentricity", "eccentricity of the outer orbit", domain=ECCENTRICITY),
    of_sample("outer_mean_anomaly", "mean anomaly of the outer orbit at the start", units="degree"),
    of_sample(
        "outer_pericentre_angle", "direction of the pericentre of the outer orbit", units="degree"
    ),
    of_sample(
        "mutual_inclination",
        "angle between the planes of the inner and the outer orbit",
        units="degree",
        domain=Interval(low=0, high=180),
    ),
    of_sample(
        "base_length", "distance of the first two bodies at the start", units="1", domain=LENGTH
    ),
    of_sample(
        "apex_x",
        "third body along the base from its middle, in base lengths",
        domain=Interval(low=-10, high=10),
    ),
    of_sample(
        "apex_y",
        "third body's height over the base, in base lengths",
        domain=Interval(low=-10, high=10),
    ),
    of_sample("length_scale", "size of the figure eight", units="1", domain=LENGTH),
    of_sample(
        "velocity_factor",
        "speeds over those of the periodic figure eight",
        domain=Interval(low=0, high=2),
    ),
    of_sample("total_mass", "mass of all bodies", units="1", domain=MASS),
    of_sample("cluster_radius", "Plummer radius of the cluster", units="1", domain=LENGTH),
    of_sample(
        "virial_ratio",
        "kinetic over minus potential energy at the start; 0.5 is balance",
        domain=Interval(low=0, high=10),
    ),
)
