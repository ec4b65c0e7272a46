"""The variables of maps of the sphere."""

from skybench.generators.variable import EXPECTED_BITS, Interval, Variable, of_sample, table

LARGEST = 1e6
"""Of any brightness, in units of the map: far within what a float32 holds."""

BRIGHTNESS = Interval(low=0, high=LARGEST)
SOURCE_BRIGHTNESS = Interval(low=0, open_low=True, high=LARGEST)

VARIABLES = table(
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
        "spectral_slope",
        "exponent of the power spectrum C_l in the multipole",
        domain=Interval(low=-6, high=3),
    ),
    of_sample(
        "spectrum_tilt",
        "exponent of l (l + 1) C_l in the multipole",
        domain=Interval(low=-4, high=5),
    ),
    of_sample(
        "acoustic_scale",
        "distance in multipole between acoustic peaks",
        domain=Interval(low=2, high=3000),
    ),
    of_sample(
        "acoustic_contrast",
        "height of the acoustic peaks over the smooth spectrum",
        domain=Interval(low=0, high=100),
    ),
    of_sample(
        "damping_scale",
        "multipole at which damping takes 1/e of the power",
        domain=Interval(low=1, high=1e5),
    ),
    of_sample("omega_m", "matter density over the critical", domain=Interval(low=0.05, high=1)),
    of_sample(
        "sigma8",
        "rms of linear matter fluctuations in spheres of 8 Mpc/h today",
        domain=Interval(low=0, high=5),
    ),
    of_sample(
        "source_redshift",
        "redshift of the lensed plane",
        domain=Interval(low=0.1, high=10),
    ),
    of_sample(
        "beam_fwhm",
        "full width at half maximum of the Gaussian beam; 0 is none",
        units="degree",
        domain=Interval(low=0, high=60),
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
        domain=Interval(low=0, high=10_000),
    ),
    of_sample(
        "point_source_slope",
        "exponent g of the number counts of point sources, N(> S) ~ S^-g",
        domain=Interval(low=0.2, high=5),
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
        domain=Interval(low=0, high=90, open_high=True),
    ),
)
