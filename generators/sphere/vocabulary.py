"""What datasets of maps of the sphere may hold that no field alone has."""

from skybench.generators.schema import COMMON
from skybench.generators.variable import EXPECTED_BITS, Interval, Variable, of_sample, table

LARGEST = 1e6
"""Of any brightness, in units of the map: far within what a float32 holds."""

BRIGHTNESS = Interval(0, LARGEST)
SOURCE_BRIGHTNESS = Interval(0, LARGEST, open_low=True)

VOCABULARY = COMMON | table(
    Variable(
        name="sky_map",
        dims=("sample", "pixel"),
        dtype="float32",
        units="1",
        long_name="field at the pixel centres, 0 where masked",
        bits=EXPECTED_BITS,
    ),
    Variable(
        name="masked",
        dims=("sample", "pixel"),
        dtype="int8",
        long_name="1 where the pixel is masked",
    ),
    of_sample(
        "spectrum_amplitude",
        "square root of l (l + 1) C_l / 2 pi at the pivot multipole, in units of the map",
        domain=BRIGHTNESS,
    ),
    of_sample(
        "beam_fwhm",
        "full width at half maximum of the Gaussian beam; 0 is none",
        units="degree",
        domain=Interval(0, 60),
    ),
    of_sample(
        "pixel_noise",
        "standard deviation of the white noise of a pixel, in units of the map",
        domain=BRIGHTNESS,
    ),
    of_sample(
        "point_source_count",
        "number of point sources on the sphere",
        dtype="int32",
        domain=Interval(0, 10_000),
    ),
    of_sample(
        "point_source_slope",
        "exponent g of the number counts of point sources, N(> S) ~ S^-g",
        domain=Interval(0.2, 5),
    ),
    of_sample(
        "point_source_faintest",
        "least brightness of a point source, integrated over it, units of the map x degree2",
        domain=SOURCE_BRIGHTNESS,
    ),
    of_sample(
        "point_source_brightest",
        "largest brightness of a point source, integrated over it, units of the map x degree2",
        domain=SOURCE_BRIGHTNESS,
    ),
    of_sample(
        "mask_latitude",
        "half width of the masked band along the equator",
        units="degree",
        domain=Interval(0, 90, open_high=True),
    ),
)
