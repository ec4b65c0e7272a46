"""What datasets of density cubes may hold that no object alone has."""

from skybench.generators.schema import COMMON
from skybench.generators.variable import (
    EXPECTED_BITS,
    Interval,
    Variable,
    of_sample,
    of_source,
    table,
)

VOCABULARY = COMMON | table(
    Variable(
        name="density",
        dims=("sample", "z", "y", "x"),
        dtype="float32",
        units="1",
        long_name="density in a voxel over the mean of the field",
        bits=EXPECTED_BITS,
    ),
    of_sample("halo_count", "number of halos in the box", dtype="int8", domain=Interval(0, 64)),
    of_sample(
        "field_rms",
        "root mean square of the density contrast of the field in a voxel",
        domain=Interval(0, 10),
    ),
    of_sample(
        "field_slope",
        "exponent of the power spectrum of the field in the wavenumber",
        domain=Interval(-6, 4),
    ),
    of_source("source_z", "position along z; pixel 0 has its centre at 0", units="pixel"),
)
