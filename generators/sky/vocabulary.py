"""What datasets of sky images may hold that no object alone has."""

from skybench.generators.schema import AXIS_RATIO, COMMON, POSITION_ANGLE
from skybench.generators.variable import (
    EXPECTED_BITS,
    Interval,
    OneOf,
    Variable,
    of_sample,
    of_source,
    table,
)

ELECTRONS = Interval(0, 1e9)
"""What the int32 of an image holds, twice over."""

FLUX = Interval(0, 1e12)
"""Light that is spread over many pixels may be more."""

INDEX = Interval(0.3, 8)
"""Those that the tables of `sersic_profile` hold."""

VOCABULARY = COMMON | table(
    Variable(
        name="image",
        dims=("sample", "y", "x"),
        dtype="int32",
        units="electron",
        long_name="observed image, sky subtracted",
    ),
    Variable(
        name="expected",
        dims=("sample", "y", "x"),
        dtype="float32",
        units="electron",
        long_name="image without noise, sky subtracted",
        bits=EXPECTED_BITS,
    ),
    Variable(
        name="light",
        dims=("sample", "source", "y", "x"),
        dtype="float32",
        units="electron",
        long_name="image of each source alone, without noise",
        bits=EXPECTED_BITS,
    ),
    Variable(
        name="ivar",
        dims=("sample", "y", "x"),
        dtype="float32",
        units="electron-2",
        long_name="inverse variance of the noise; 0 where the pixel is masked",
        bits=EXPECTED_BITS,
    ),
    Variable(
        name="mask",
        dims=("sample", "y", "x"),
        dtype="uint8",
        long_name="what is wrong with the pixel, a bit each; 0 is nothing",
    ),
    Variable(name="band", dims=("band",), dtype="int8", long_name="band"),
    Variable(
        name="zeropoint",
        dims=("band",),
        dtype="float32",
        units="mag",
        long_name="AB magnitude of one electron",
    ),
    of_sample(
        "psf_fwhm",
        "full width at half maximum of the point-spread function; 0 is none",
        units="pixel",
        # A sharper Moffat falls between the points of the pixel integral.
        domain=Interval(0.05, 100, or_zero=True),
    ),
    of_sample(
        "psf_beta",
        "Moffat exponent of the point-spread function",
        # There it is the Gaussian, to 1e-7 of the peak.
        domain=Interval(1, 1e6, open_low=True),
    ),
    of_sample(
        "psf_profile",
        "profile of the point-spread function: 1 is Kolmogorov turbulence, 2 a mirror's (Airy)",
        dtype="int8",
        domain=OneOf(values=(1, 2)),
    ),
    of_sample(
        "psf_obscuration",
        "diameter of what stands before the mirror over the mirror's own",
        domain=Interval(0, 0.9),
    ),
    Variable(
        name="psf_image",
        dims=("psf_y", "psf_x"),
        dtype="float32",
        long_name="image of the point-spread function, pixel included, of sum 1",
    ),
    Variable(
        name="psf_y",
        dims=("psf_y",),
        dtype="float32",
        units="pixel",
        long_name="distance from the star along y",
    ),
    Variable(
        name="psf_x",
        dims=("psf_x",),
        dtype="float32",
        units="pixel",
        long_name="distance from the star along x",
    ),
    of_sample("spike_count", "arms of the diffraction spikes", domain=OneOf(values=(4, 6, 8))),
    of_sample(
        "spike_fraction", "share of all light in diffraction spikes", domain=Interval(0, 0.5)
    ),
    of_sample(
        "spike_length",
        "distance over which diffraction spikes fall by e",
        units="pixel",
        domain=Interval(0.5, 500),
    ),
    of_sample("spike_angle", "angle of the first diffraction spike", units="degree"),
    of_sample("sky_level", "mean sky in a pixel", units="electron", domain=ELECTRONS),
    of_sample(
        "sky_gradient",
        "difference of the sky from one side of the image to the other, over its mean",
        domain=Interval(0, 1),
    ),
    of_sample(
        "sky_angle",
        "direction in which the sky grows, counter-clockwise from +x",
        units="degree",
    ),
    of_sample(
        "sky_residual",
        "standard deviation of smooth waves that are left of the sky, over its mean",
        domain=Interval(0, 0.25),
    ),
    of_sample(
        "read_noise",
        "standard deviation of the read noise",
        units="electron",
        domain=Interval(0, 1e6),
    ),
    of_source("flux", "total flux", units="electron", domain=FLUX),
    of_source(
        "half_light_radius",
        "half-light radius along the major axis (of the disc, where there is a bulge)",
        units="pixel",
        domain=Interval(0, 500, open_low=True),
    ),
    of_source("sersic_index", "Sersic index", domain=INDEX),
    AXIS_RATIO,
    POSITION_ANGLE,
    of_source("bulge_fraction", "share of the flux in the bulge", domain=Interval(0, 1)),
    of_source(
        "bulge_radius_ratio",
        "half-light radius of the bulge over that of the disc",
        domain=Interval(0.02, 1),
    ),
    of_source("bulge_sersic_index", "Sersic index of the bulge", domain=INDEX),
    of_source("bulge_axis_ratio", "minor over major axis of the bulge", domain=Interval(0.05, 1)),
    of_source("bar_fraction", "share of the disc's flux in its bar", domain=Interval(0, 1)),
    of_source(
        "bar_length_ratio",
        "half length of the bar over the half-light radius of the disc",
        domain=Interval(0.1, 4),
    ),
    of_source(
        "bar_axis_ratio",
        "minor over major axis of the bar within the disc",
        domain=Interval(0.05, 1),
    ),
    of_source(
        "bar_angle",
        "angle of the bar within the disc, from the disc's major axis",
        units="degree",
    ),
    of_source(
        "signal_to_noise",
        "signal to noise of the source within the pixels that hold half its light",
        bits=EXPECTED_BITS,
    ),
    of_source(
        "feature_signal_to_noise",
        "signal to noise of what tells the source from its smooth twin",
        bits=EXPECTED_BITS,
    ),
    Variable(
        name="vote_probability",
        dims=("sample", "class"),
        dtype="float32",
        long_name="probability that a simulated volunteer says the class",
    ),
    Variable(
        name="vote_fraction",
        dims=("sample", "class"),
        dtype="float32",
        long_name="share of the simulated volunteers who said the class",
    ),
)
