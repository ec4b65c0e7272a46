"""The variables of sky images."""

from dataclasses import replace

from skybench.generators.variable import (
    EXPECTED_BITS,
    POSITIVE,
    SOURCE,
    Interval,
    OneOf,
    Variable,
    of_sample,
    of_source,
    table,
)

ELECTRONS = Interval(low=0, high=1e9)
"""What the int32 of an image holds, twice over."""

_SOURCES = table(
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
        domain=Interval(low=0.05, high=100, or_zero=True),
    ),
    of_sample(
        "psf_beta",
        "Moffat exponent of the point-spread function",
        # There it is the Gaussian, to 1e-7 of the peak.
        domain=Interval(low=1, open_low=True, high=1e6),
    ),
    of_sample("sky_level", "mean sky in a pixel", units="electron", domain=ELECTRONS),
    of_sample(
        "read_noise",
        "standard deviation of the read noise",
        units="electron",
        domain=Interval(low=0, high=1e6),
    ),
    of_source("flux", "total flux", units="electron", domain=ELECTRONS),
    of_source(
        "half_light_radius",
        "half-light radius along the major axis (of the disc, where there is a bulge)",
        units="pixel",
        domain=Interval(low=0, open_low=True, high=500),
    ),
    of_source("sersic_index", "Sersic index", domain=Interval(low=0.5, high=6)),
    of_source("axis_ratio", "minor over major axis", domain=Interval(low=0.05, high=1)),
    of_source(
        "position_angle", "angle of the major axis, counter-clockwise from +x", units="degree"
    ),
    of_source("bulge_fraction", "share of the flux in the bulge", domain=Interval(low=0, high=1)),
    of_source(
        "bulge_radius_ratio",
        "half-light radius of the bulge over that of the disc",
        domain=Interval(low=0.02, high=1),
    ),
    of_source("bulge_sersic_index", "Sersic index of the bulge", domain=Interval(low=0.5, high=6)),
    of_source("arm_count", "number of spiral arms", domain=OneOf(values=tuple(range(1, 9)))),
    of_source("arm_winding", "winding N of the arms (Ringermacher & Mead 2009)", domain=POSITIVE),
    of_source(
        "arm_bulge_ratio",
        "bar-to-arm parameter B of the arms",
        domain=Interval(low=0.01, high=100),
    ),
    of_source(
        "arm_radius_ratio",
        "scale A of the arms over the half-light radius",
        domain=Interval(low=0.01, high=10),
    ),
    of_source(
        "pitch_angle",
        "pitch of the arms at the half-light radius",
        units="degree",
        domain=Interval(low=0, open_low=True, high=90, open_high=True),
    ),
    of_source("arm_angle", "rotation of the arms within the disc", units="degree"),
    of_source(
        "arm_handedness",
        "+1: arms turn counter-clockwise outwards, -1: clockwise",
        domain=OneOf(values=(-1, 1)),
    ),
    of_source(
        "arm_contrast",
        "depth of the arms: 0 smooth, 1 dark between",
        domain=Interval(low=0, high=1),
    ),
    of_source(
        "arm_sharpness", "narrowness of the arms", domain=Interval(low=0, open_low=True, high=20)
    ),
    of_source(
        "bulge_axis_ratio",
        "minor over major axis of the bulge",
        domain=Interval(low=0.05, high=1),
    ),
    of_source(
        "ring_width",
        "width of a ring: standard deviation of ln r of its light",
        domain=Interval(low=0.05, high=0.5),
    ),
    of_source(
        "inclination",
        "inclination of the disc: 0 is face-on, 90 edge-on",
        units="degree",
        domain=Interval(low=0, high=90),
    ),
    of_source(
        "scale_height_ratio",
        "scale height of the disc over its half-light radius",
        domain=Interval(low=0.01, high=1),
    ),
    of_source(
        "flux_ratio",
        "flux of the companion over that of the first galaxy",
        domain=Interval(low=0.05, high=1),
    ),
    of_source(
        "separation_ratio",
        "distance of the companion over the half-light radius of the first galaxy",
        domain=Interval(low=0, high=10),
    ),
    of_source(
        "separation_angle",
        "direction of the companion from the first galaxy, counter-clockwise from +x",
        units="degree",
    ),
    of_source(
        "companion_axis_ratio",
        "minor over major axis of the companion",
        domain=Interval(low=0.05, high=1),
    ),
    of_source(
        "companion_position_angle",
        "angle of the companion's major axis, counter-clockwise from +x",
        units="degree",
    ),
    of_source(
        "tail_fraction",
        "share of the flux in tidal tails and the bridge",
        domain=Interval(low=0, high=0.6),
    ),
    of_source(
        "tail_length_ratio",
        "length of a tidal tail over the half-light radius of its galaxy",
        domain=Interval(low=0, high=8),
    ),
    of_source(
        "tail_curl",
        "turn of a tidal tail from root to tip, positive counter-clockwise",
        units="degree",
        domain=Interval(low=-360, high=360),
    ),
    of_source(
        "arm_patchiness",
        "depth of the patches of a disc in what its arms leave smooth",
        domain=Interval(low=0, high=1),
    ),
    of_source(
        "knot_count",
        "number of star-forming knots",
        domain=OneOf(values=tuple(range(65))),
    ),
    of_source(
        "knot_fraction",
        "share of the disc's flux in star-forming knots",
        domain=Interval(low=0, high=0.5),
    ),
    of_source(
        "knot_radius_ratio",
        "standard deviation of a knot over the half-light radius of the disc",
        domain=Interval(low=0.005, high=0.3),
    ),
    of_source(
        "pattern_seed",
        "whole part: seed of the places of knots and patches",
        domain=Interval(low=0, high=65536),
    ),
    of_source(
        "einstein_radius",
        "Einstein radius of the lens: its circle has the area within which kappa averages 1",
        units="pixel",
        domain=Interval(low=0, high=500),
    ),
    of_source(
        "shear", "strength of the external shear on a lens", domain=Interval(low=0, high=0.5)
    ),
    of_source(
        "shear_angle",
        "direction in which the external shear stretches images, counter-clockwise from +x",
        units="degree",
    ),
    of_source(
        "lensed_offset_x",
        "position of the lensed galaxy, as it would be without the lens, along x from the lens",
        units="pixel",
        domain=Interval(low=-1e4, high=1e4),
    ),
    of_source(
        "lensed_offset_y",
        "position of the lensed galaxy, as it would be without the lens, along y from the lens",
        units="pixel",
        domain=Interval(low=-1e4, high=1e4),
    ),
    of_source(
        "lensed_flux",
        "total flux of the lensed galaxy, as it would be without the lens",
        units="electron",
        domain=ELECTRONS,
    ),
    of_source(
        "lensed_half_light_radius",
        "half-light radius of the lensed galaxy along its major axis, without the lens",
        units="pixel",
        domain=Interval(low=0.01, high=500),
    ),
    of_source(
        "lensed_sersic_index",
        "Sersic index of the lensed galaxy",
        domain=Interval(low=0.5, high=6),
    ),
    of_source(
        "lensed_axis_ratio",
        "minor over major axis of the lensed galaxy, without the lens",
        domain=Interval(low=0.05, high=1),
    ),
    of_source(
        "lensed_position_angle",
        "angle of the lensed galaxy's major axis, counter-clockwise from +x, without the lens",
        units="degree",
    ),
    of_source(
        "arc_radius",
        "radius of the ring that an arc of light is a stretch of",
        units="pixel",
        domain=Interval(low=0, open_low=True, high=500),
    ),
    of_source(
        "arc_width",
        "full width at half maximum across an arc of light",
        units="pixel",
        domain=Interval(low=0.05, high=100),
    ),
    of_source(
        "arc_opening",
        "angle that an arc of light subtends at the centre of its ring",
        units="degree",
        domain=Interval(low=1, high=360),
    ),
    of_source(
        "arc_direction",
        "direction from the centre of the ring to the middle of an arc of light",
        units="degree",
    ),
)

FLUXES = tuple(
    row.name for row in _SOURCES.values() if row.units == "electron" and row.dims == SOURCE
)
"""Parameters that differ from band to band: electrons of a source."""


def in_bands(name: str) -> str:
    """Return the name of the variable that holds a flux in each band."""
    return f"{name}_band"


VARIABLES = _SOURCES | table(
    *(
        replace(
            _SOURCES[name],
            name=in_bands(name),
            dims=(*SOURCE, "band"),
            long_name=f"{_SOURCES[name].long_name} in each band",
        )
        for name in FLUXES
    )
)
