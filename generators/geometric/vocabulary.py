"""What datasets of geometric images may hold that no shape alone has."""

from skybench.generators.schema import AXIS_RATIO, COMMON, POSITION_ANGLE
from skybench.generators.variable import EXPECTED_BITS, Interval, of_sample, of_source, table

LARGEST = 1e4
"""Pixels: a bound on sizes, five times the largest image."""

SIZE = Interval(0, LARGEST, open_low=True)

VOCABULARY = COMMON | table(
    AXIS_RATIO,
    POSITION_ANGLE,
    of_sample(
        "blur_sigma",
        "standard deviation of the Gaussian blur; 0 is none",
        units="pixel",
        domain=Interval(0, 50),
    ),
    of_sample(
        "noise_sigma",
        "standard deviation of the additive Gaussian noise; 0 is none",
        domain=Interval(0, 1e6),
    ),
    of_source(
        "brightness",
        "value of the shape's pixels",
        # As many bits as pixels keep, so that they hold the very same value.
        bits=EXPECTED_BITS,
        domain=Interval(0, 1e5),
    ),
    of_source(
        "radius",
        "radius to the boundary; of an ellipse along the major axis, of a polygon to a vertex",
        units="pixel",
        domain=SIZE,
    ),
    of_source("line_width", "width across a line or an arc", units="pixel", domain=SIZE),
    of_source(
        "thickness",
        "thickness of an outline, inwards from the boundary; 0 is solid",
        units="pixel",
        domain=Interval(0, LARGEST),
    ),
)
