"""What datasets of light curves may hold that no star alone has."""

from skybench.generators.schema import COMMON
from skybench.generators.series.instants import TIME, TIME_BITS
from skybench.generators.variable import (
    EXPECTED_BITS,
    POSITIVE,
    Interval,
    Variable,
    of_sample,
    table,
)

FRACTION = Interval(0, 1)
DAYS = Interval(1e-3, 1e5)

FLUX_BITS = 16
"""Kept of a relative flux: 8e-6, a tenth of the smallest error that a recipe may ask for."""

VOCABULARY = COMMON | table(
    TIME,
    Variable(
        name="observation_time",
        dims=("sample", "time"),
        dtype="float64",
        long_name="instants of the observations since the start",
        units="day",
        bits=TIME_BITS,
    ),
    Variable(
        name="relative_flux",
        dims=("sample", "time"),
        dtype="float32",
        long_name="observed flux over that of the quiet star",
        units="1",
        bits=FLUX_BITS,
    ),
    Variable(
        name="relative_flux_error",
        dims=("sample", "time"),
        dtype="float32",
        long_name="standard deviation of the measurement of relative_flux",
        units="1",
        bits=EXPECTED_BITS,
    ),
    Variable(
        name="expected_relative_flux",
        dims=("sample", "time"),
        dtype="float32",
        long_name="flux over that of the quiet star, without any noise",
        units="1",
        bits=FLUX_BITS,
    ),
    of_sample("period", "period of the variation", units="day", domain=DAYS),
    of_sample(
        "epoch",
        "instant of an eclipse's middle, of the peak, or of the first harmonic's maximum",
        units="day",
        domain=Interval(-1e5, 1e5),
    ),
    of_sample(
        "radius_ratio",
        "radius of the planet or the smaller star over that of the star",
        domain=FRACTION,
    ),
    of_sample(
        "semi_major_axis_ratio",
        "semi-major axis over the radius of the star",
        domain=Interval(2, 1e4),
    ),
    of_sample(
        "impact_parameter",
        "distance of both centres in mid-eclipse over the radius of the star",
        domain=Interval(0, 2),
    ),
    of_sample("limb_darkening_u1", "linear limb darkening", domain=FRACTION),
    of_sample("limb_darkening_u2", "quadratic limb darkening", domain=Interval(-0.5, 1)),
    of_sample(
        "pulsation_amplitude", "amplitude of the first harmonic", units="mag", domain=Interval(0, 2)
    ),
    of_sample("fourier_r21", "second over first harmonic's amplitude", domain=FRACTION),
    of_sample("fourier_r31", "third over first harmonic's amplitude", domain=FRACTION),
    of_sample("fourier_phi21", "phase of the second harmonic less twice the first's", units="rad"),
    of_sample("fourier_phi31", "phase of the third harmonic less thrice the first's", units="rad"),
    of_sample(
        "peak_amplitude",
        "flux at the peak above that of the quiet star, over the latter",
        domain=Interval(0, 1e4),
    ),
    of_sample(
        "photometric_error",
        "median standard deviation of a measurement of relative flux",
        domain=Interval(1e-4, 10, or_zero=True),
    ),
    of_sample(
        "red_noise_amplitude",
        "standard deviation of the star's own random variation",
        domain=Interval(0, 10),
    ),
    of_sample(
        "red_noise_timescale",
        "time in which the random variation forgets itself to 1/e",
        units="day",
        domain=POSITIVE,
    ),
    of_sample(
        "gap_start", "begin of the gap in the observations", units="day", domain=Interval(0, 1e5)
    ),
    of_sample("gap_length", "length of the gap; 0 for none", units="day", domain=Interval(0, 1e5)),
)
