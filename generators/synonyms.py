"""What others call our parameters: hints for those who come from other tools and papers."""

from collections.abc import Iterable
from typing import NamedTuple

from skybench.generators.suggestion import unknown


class _Meaning(NamedTuple):
    """Our words for it, the nearest first; how to convert; where recipes say what is elsewhere."""

    words: tuple[str, ...]
    how: str = ""
    place: str = ""


_AXIS_RATIO = _Meaning(("axis_ratio",))
_ELLIPTICITY = _Meaning(
    ("axis_ratio",), "1 - e where e = 1 - b/a, (1 - e) / (1 + e) where e = (a - b) / (a + b)"
)
_RADIUS = _Meaning(
    ("half_light_radius",),
    "in pixels along the major axis; one that is circularised is divided by sqrt(axis_ratio)",
)
_SCALE = _Meaning(("half_light_radius",), "1.678 times the scale length of an exponential disc")
_ANGLE = _Meaning(("position_angle",), "in degrees, counter-clockwise from +x")
_INDEX = _Meaning(("sersic_index",))
_MAGNITUDE = _Meaning(
    ("flux",), "10 ** (0.4 * (zeropoint - magnitude)) electrons; image.zeropoint is 25 unless said"
)
_FLUX = _Meaning(("flux", "brightness"), "the total, not that of a pixel")
_SEEING = _Meaning(
    ("psf_fwhm", "fwhm"),
    "in pixels: arcseconds over the pixel scale, or 2.355 times the sigma of a Gaussian",
    "psf.fwhm",
)
_BETA = _Meaning(("beta",), "the exponent of a Moffat, astropy's alpha", "psf.beta")
_SKY = _Meaning(("sky_level",), "in electrons a pixel", "noise.sky_level")
_READ_NOISE = _Meaning(("read_noise",), "in electrons", "noise.read_noise")
_ZEROPOINT = _Meaning(("zeropoint",), "the AB magnitude of one electron", "image.zeropoint")
_SCALE_OF_PIXELS = _Meaning(("pixel_scale_arcsec",), "", "image.pixel_scale_arcsec")
_SHAPE = _Meaning(("shape",), "[rows, columns]", "image.shape")
_SAMPLES = _Meaning(("samples",))
_COUNT = _Meaning(("count",), "", "scene.count")
_ARMS = _Meaning(("arm_count",))
_X, _Y = (_Meaning((axis, f"source_{axis}"), "in pixels", "scene.placement") for axis in "xy")


def _sersic(index: str) -> _Meaning:
    return _Meaning(("sersic",), f"with sersic_index {index}")


_MEANINGS: dict[str, _Meaning] = {
    word: meaning
    for words, meaning in (
        ("q ba b_a axisratio axis_rat minor_to_major", _AXIS_RATIO),
        ("e ellip ellipse ellipticity eccentricity flattening", _ELLIPTICITY),
        ("r re r_e reff r_eff hlr r_half rhalf radius effective_radius r_sersic", _RADIUS),
        ("scale_radius scale_length disk_scale_length disc_scale_length r_d rd", _SCALE),
        ("pa theta phi angle orientation rotation", _ANGLE),
        ("n nser n_ser sersic_n n_sersic sersic", _INDEX),
        ("mag magnitude abmag mag_ab m", _MAGNITUDE),
        ("amplitude amp intensity luminosity counts", _FLUX),
        ("seeing fwhm_psf psf_size psf_sigma", _SEEING),
        ("moffat_beta moffat_alpha alpha", _BETA),
        ("sky background bkg bg sky_background", _SKY),
        ("readnoise rn ron read_out_noise readout_noise", _READ_NOISE),
        ("zp zero_point magzero mag_zero magzpt", _ZEROPOINT),
        ("pixscale pix_scale plate_scale", _SCALE_OF_PIXELS),
        ("size image_size image_shape stamp_size npix dimensions image_dimensions", _SHAPE),
        ("n_samples num_samples nsamples n_images num_images total_runs", _SAMPLES),
        ("n_sources num_sources nobjects n_objects", _COUNT),
        ("n_arms narms arms winding_number", _ARMS),
        ("x0 x_0 xc x_c center_x centre_x", _X),
        ("y0 y_0 yc y_c center_y centre_y", _Y),
        ("random_seed rng_seed", _Meaning(("seed",))),
        ("type kind object model", _Meaning(("profile",))),
        ("exponential exp disk disc", _sersic("1")),
        ("devaucouleurs de_vaucouleurs dev devauc", _sersic("4")),
        ("gauss gaussian", _sersic("0.5, which is a Gaussian")),
        ("galaxy elliptical early_type", _sersic("4 of an elliptical galaxy")),
        ("point point_source psf moffat delta deltafunction", _Meaning(("star",))),
        ("spiral_galaxy late_type", _Meaning(("spiral",))),
        ("square box", _Meaning(("rectangle",))),
        ("triangle hexagon regular_polygon", _Meaning(("polygon",))),
    )
    for word in words.split()
}


def unknown_word(what: str, name: str, allowed: Iterable[str]) -> str:
    """Return a message as `unknown` does, which knows what other tools call a thing.

    Examples
    --------
    >>> unknown_word("parameter of sersic", "n", ["flux", "sersic_index"])
    "unknown parameter of sersic 'n'; write 'sersic_index'. It can be flux, sersic_index."
    """
    known = tuple(allowed)
    meaning = _MEANINGS.get(name.lower(), _Meaning(()))
    ours = next((f"write {word!r}" for word in meaning.words if word in known), "")
    ours = ours or (meaning.place and f"a recipe says it in {meaning.place}")
    if not ours:
        return unknown(what, name, known)
    how = f" ({meaning.how})" if meaning.how else ""
    return f"unknown {what} {name!r}; {ours}{how}. It can be {', '.join(sorted(known))}."
