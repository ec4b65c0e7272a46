"""The variables of density cubes."""

from skybench.generators.variable import (
    EXPECTED_BITS,
    Interval,
    Variable,
    of_sample,
    of_source,
    table,
)

AXIS_RATIO = Interval(low=0.2, high=1)

VARIABLES = table(
    Variable(
        name="density",
        dims=("sample", "z", "y", "x"),
        dtype="float32",
        units="1",
        long_name="density in a voxel over the mean of the field",
        bits=EXPECTED_BITS,
    ),
    of_sample(
        "halo_count", "number of halos in the box", dtype="int8", domain=Interval(low=0, high=64)
    ),
    of_sample(
        "field_rms",
        "root mean square of the density contrast of the field in a voxel",
        domain=Interval(low=0, high=10),
    ),
    of_sample(
        "field_slope",
        "exponent of the power spectrum of the field in the wavenumber",
        domain=Interval(low=-6, high=4),
    ),
    of_source("source_z", "position along z; pixel 0 has its centre at 0", units="pixel"),
    of_source(
        "halo_mass",
        "mass within the mean density of 200 times the mean of the universe",
        units="solMass",
        domain=Interval(low=0, open_low=True, high=1e20),
    ),
    of_source(
        "halo_concentration",
        "truncation radius over scale radius",
        domain=Interval(low=0.1, high=1e4),
    ),
    of_source("second_axis_ratio", "second axis of the halo over the first", domain=AXIS_RATIO),
    of_source("third_axis_ratio", "third axis of the halo over the first", domain=AXIS_RATIO),
    of_source(
        "axis_azimuth",
        "angle of the first axis about z, counter-clockwise from +x",
        units="degree",
    ),
    of_source(
        "axis_cosine",
        "cosine of the angle between the first axis and +z",
        domain=Interval(low=-1, high=1),
    ),
    of_source("axis_roll", "turn of the halo about its first axis", units="degree"),
)
