"""What datasets of pendulums may hold that no pendulum alone has."""

from skybench.generators.schema import COMMON
from skybench.generators.series.instants import TIME
from skybench.generators.variable import EXPECTED_BITS, Interval, Variable, of_sample, table

VOCABULARY = COMMON | table(
    TIME,
    Variable(
        name="angle",
        dims=("sample", "time"),
        dtype="float32",
        long_name="angle from the vertical, counted on through full turns",
        units="rad",
        bits=EXPECTED_BITS,
    ),
    Variable(
        name="angular_velocity",
        dims=("sample", "time"),
        dtype="float32",
        long_name="angular velocity",
        units="rad/s",
        bits=EXPECTED_BITS,
    ),
    Variable(
        name="observed_angle",
        dims=("sample", "time"),
        dtype="float32",
        long_name="angle with the noise of its measurement",
        units="rad",
        bits=EXPECTED_BITS,
    ),
    of_sample("pendulum_length", "length of the pendulum", units="m", domain=Interval(1e-3, 1e3)),
    of_sample("gravity", "acceleration of gravity", units="m/s^2", domain=Interval(1e-3, 1e3)),
    of_sample(
        "initial_angle",
        "angle from the vertical at the start",
        units="rad",
        # Within a degree of the top a pendulum stays there for as long as rounding lets it.
        domain=Interval(-3.12, 3.12),
    ),
    of_sample(
        "initial_angular_velocity",
        "angular velocity at the start",
        units="rad/s",
        domain=Interval(-100, 100),
    ),
    of_sample(
        "natural_frequency",
        "angular frequency of small swings, sqrt(gravity / length)",
        units="rad/s",
    ),
    of_sample(
        "angle_noise",
        "standard deviation of the measured angle",
        units="rad",
        domain=Interval(0, 10),
    ),
)
