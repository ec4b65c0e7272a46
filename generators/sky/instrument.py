"""Instruments: telescopes, cameras and surveys by name, and what images of theirs are like.

An instrument is a file of published numbers, with their sources. What follows from them, for the
sum of all exposures of n pixels, is the ordinary content of a recipe, in pixels and electrons:

    zeropoint = zeropoint_1s + 2.5 log10(T),    sky_level = 10^(0.4 (zeropoint - sky)) scale^2,
    read_noise = read_noise_1 sqrt(exposures),  fwhm = fwhm_arcsec / scale,

T being exposures times exposure_time. It is laid under what the recipe says itself and recorded
with it, so that a recorded recipe needs no instrument any more.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal

import numpy as np
import yaml
from pydantic import BeforeValidator, Field, ValidationError
from scipy.special import j1

from skybench.errors import RecipeError
from skybench.generators.arrays import Floats
from skybench.generators.distributions import NUMBER, Finite, Positive
from skybench.generators.plain_text import PlainLine
from skybench.generators.recipe import Name, Part
from skybench.generators.sky import moffat
from skybench.generators.sky.noise import ROUNDING
from skybench.generators.sky.psf_transform import PROFILES, TRANSFORMED, Airy, Kolmogorov
from skybench.generators.suggestion import unknown

SIGMAS = 5
"""How many times the noise of an aperture the light in it is, at the depth."""

MOFFAT_BETA = 3.0
"""Exponent of Moffats that are given none."""

_PRIMARY = "r"

_FARTHEST, _STEPS = 20.0, 20_000
"""Frequency times the FWHM up to which transforms are summed, and in how many steps."""

Count = Annotated[int, NUMBER, Field(ge=1, le=10_000)]


class InstrumentBand(Part):
    """A band: AB magnitude of an electron a second, sky a square arcsecond, seeing in arcseconds.

    ``depth`` is the published one, at 5 sigma. ``exposures`` and ``exposure_time`` are given
    where they are not those of the instrument.
    """

    zeropoint: Finite
    sky: Finite
    fwhm: Positive
    depth: Finite
    exposures: Count | None = None
    exposure_time: Positive | None = None


class InstrumentPsf(Part):
    """The profile of the PSF."""

    profile: Literal["moffat", "kolmogorov", "airy"]
    beta: Positive | None = None
    obscuration: Annotated[Finite, Field(ge=0, le=0.9)] | None = None

    @property
    def exponent(self) -> float:
        """Return ``psf_beta``."""
        own = PROFILES[self.profile]
        return (self.beta or MOFFAT_BETA) if own is None else own


class Instrument(Part):
    """A telescope, its camera and the exposures of a survey.

    ``read_noise`` and ``full_well`` are electrons of one exposure, ``exposure_time`` seconds,
    ``gain`` electrons a count, ``aperture_arcsec`` the diameter that depths are told for.
    """

    title: PlainLine
    pixel_scale_arcsec: Positive
    exposures: Count
    exposure_time: Positive
    gain: Positive
    read_noise: Annotated[Finite, Field(ge=0)]
    full_well: Positive
    psf: InstrumentPsf
    aperture_arcsec: Positive
    depth_source: PlainLine
    sources: dict[str, PlainLine]
    bands: dict[str, InstrumentBand]

    def seconds(self, band: str) -> float:
        """Return the whole exposure in a band."""
        own = self.bands[band]
        return (own.exposures or self.exposures) * (own.exposure_time or self.exposure_time)

    def zeropoint(self, band: str) -> float:
        """Return the AB magnitude of one electron in the whole exposure."""
        return float(self.bands[band].zeropoint + 2.5 * np.log10(self.seconds(band)))

    def fwhm(self, band: str) -> float:
        """Return the FWHM of the PSF in pixels."""
        return self.bands[band].fwhm / self.pixel_scale_arcsec

    def sky_level(self, band: str) -> float:
        """Return the electrons of the sky in a pixel."""
        below = self.zeropoint(band) - self.bands[band].sky
        return float(10 ** (0.4 * below) * self.pixel_scale_arcsec**2)

    def total_read_noise(self, band: str) -> float:
        """Return the standard deviation of the read noise of all exposures, in electrons."""
        return float(self.read_noise * np.sqrt(self.bands[band].exposures or self.exposures))

    def depth(self, band: str) -> float:
        """Return the AB magnitude of a star whose light in the aperture is 5 times its noise.

        The noise is that of the sky and the read-out, as scatter in empty apertures shows it.
        """
        radius = self.aperture_arcsec / 2 / self.pixel_scale_arcsec
        variance = self.sky_level(band) + self.total_read_noise(band) ** 2 + ROUNDING
        noise = np.sqrt(_pixels_squared(radius) * variance)
        seen = SIGMAS * noise / self.enclosed(band, radius)
        return float(self.zeropoint(band) - 2.5 * np.log10(seen))

    def enclosed(self, band: str, radius: float) -> float:
        """Return the share of a star's light that an aperture of a radius in pixels sums up."""
        fwhm = self.fwhm(band)
        step = _FARTHEST / fwhm / _STEPS
        k = np.asarray((np.arange(_STEPS) + 0.5) * step, np.float64)
        # Both the star's light and the aperture are those of whole pixels, of variance 1/12 each.
        light = self._transform(k, fwhm) * np.exp(-(k**2) / 12)
        # All the light within a radius is the integral of T(k) R J1(k R) dk.
        return float(np.sum(light * radius * j1(k * radius)) * step)

    def _transform(self, k: Floats, fwhm: float) -> Floats:
        """Return the transform of the PSF."""
        if self.psf.profile == "moffat":
            shape = np.array([1 / self.psf.exponent])
            return np.asarray(moffat.transforms().evaluate(shape, np.log(k * fwhm)[None])[0])
        if self.psf.profile == "kolmogorov":
            return Kolmogorov(fwhm=fwhm).optical(k)
        return Airy(fwhm=fwhm, obscuration=self.psf.obscuration or 0.0).optical(k)


def _pixels_squared(radius: float) -> float:
    """Return the sum of the squared shares that pixels have of a circle, averaged over its places.

    It is the area that the circle shares with itself when it is moved from one point of a pixel
    to another.
    """
    nodes, weights = np.polynomial.legendre.leggauss(32)
    apart, likely = (nodes + 1) / 2, weights * (1 - nodes) / 2
    moved = np.minimum(np.hypot(apart, apart[:, None]) / (2 * radius), 1)
    shared = 2 * radius**2 * (np.arccos(moved) - moved * np.sqrt(1 - moved**2))
    return float(np.sum(shared * likely * likely[:, None]))


class Observation(Part):
    """An instrument that a recipe names, and where its exposures or bands are others."""

    name: Name
    bands: tuple[str, ...] | None = None
    exposures: Count | None = None
    exposure_time: Positive | None = None


def named_alone(asked: Any) -> Any:
    """Return what a recipe says of its instrument as a block: it may be a name alone."""
    return {"name": asked} if isinstance(asked, str) else asked


Observed = Annotated[
    Observation, BeforeValidator(named_alone, json_schema_input_type=Observation | str)
]
"""An observation, or the name of the instrument."""


def instruments() -> tuple[str, ...]:
    """Return the names of the instruments."""
    folder = files("skybench.generators") / "instruments"
    names = (file.name for file in folder.iterdir())
    return tuple(sorted(n.removesuffix(".yaml") for n in names if n.endswith(".yaml")))


@cache
def instrument(name: str) -> Instrument:
    """Return an instrument by its name.

    Raises
    ------
    RecipeError
        There is none of this name.
    """
    if name not in instruments():
        raise RecipeError(unknown("instrument", name, instruments()))
    file = files("skybench.generators") / "instruments" / f"{name}.yaml"
    return Instrument.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))


def seen_by(name: str, band: str | None) -> tuple[dict[str, float], tuple[float, float]]:
    """Return what coordinates say of an instrument's PSF in a band, and its sky and read noise.

    Raises
    ------
    RecipeError
        There is no such instrument, or it has no such band.
    """
    seen = instrument(name)
    band = next(iter(seen.bands)) if band is None else band
    if band not in seen.bands:
        raise RecipeError(f"{name}: " + unknown("band", band, seen.bands))
    own = seen.psf
    optics: dict[str, float] = {"psf_fwhm": seen.fwhm(band), "psf_beta": own.exponent}
    if own.profile in TRANSFORMED:
        optics["psf_profile"] = TRANSFORMED[own.profile]
    if own.obscuration is not None:
        optics["psf_obscuration"] = own.obscuration
    return optics, (seen.sky_level(band), seen.total_read_noise(band))


def chosen(asked: Observation) -> Instrument:
    """Return an instrument with the exposures that are asked for, in all of its bands."""
    whole = instrument(asked.name)
    own = {k: v for k in ("exposures", "exposure_time") if (v := getattr(asked, k)) is not None}
    bands = {name: band.model_copy(update=own) for name, band in whole.bands.items()}
    return whole.model_copy(update={**own, "bands": bands})


def laid_under(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return a recipe's content with that of the instrument that it names beneath it.

    Raises
    ------
    ValueError
        There is no such instrument, or it has no such band.
    """
    try:
        named = Observation.model_validate(named_alone(content.get("instrument")))
    except ValidationError:  # told in its place when all of the recipe is validated
        return dict(content)
    if not _are_names(_block(content, "image").get("bands") or ()):
        return dict(content)
    if named.name not in instruments():
        raise ValueError("instrument: " + unknown("instrument", named.name, instruments()))
    whole = _beneath(chosen(named), named, content)
    return _over(whole, content)


def lifted(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return a recorded recipe's content without what its instrument laid beneath it."""
    if content.get("instrument") is None:
        return dict(content)
    named = Observation.model_validate(content["instrument"])
    bare = {"image": {"bands": list(content.get("image", {}).get("bands", {}))}}
    return _less(content, _beneath(chosen(named), named, bare))


def _beneath(seen: Instrument, named: Observation, content: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an instrument says, in the words of a recipe."""
    image, psf, noise = (_block(content, key) for key in ("image", "psf", "noise"))
    names = list(image.get("bands") or named.bands or seen.bands)
    for name in names:
        if name not in seen.bands:
            raise ValueError("instrument.bands: " + unknown("band", name, seen.bands))
    wanted = (image.get("reference_band"), _PRIMARY, names[0])
    first = next(str(name) for name in wanted if name in names)
    own = {
        "fwhm": not any(key in psf for key in ("fwhm", "fwhm_arcsec")),
        "sky_level": "sky_level" not in noise,
        "read_noise": "read_noise" not in noise,
    }
    bands = {name: dict(_band(seen, name, own)) for name in names}
    return {
        "image": {
            "pixel_scale_arcsec": seen.pixel_scale_arcsec,
            "zeropoint": seen.zeropoint(first),
            "bands": bands,
        },
        "psf": {
            **({"fwhm": _constant(seen.fwhm(first))} if own["fwhm"] else {}),
            **{k: v for k, v in _profile(seen.psf).items() if "profile" not in psf},
        },
        "noise": {
            "sky_level": _constant(seen.sky_level(first)),
            "read_noise": _constant(seen.total_read_noise(first)),
        },
        "detector": {
            "full_well": seen.full_well
            * min(seen.bands[name].exposures or seen.exposures for name in names)
        },
    }


def _band(seen: Instrument, name: str, own: Mapping[str, bool]) -> Iterator[tuple[str, Any]]:
    """Yield the keys of a band: those that the recipe does not give for all bands."""
    yield "zeropoint", seen.zeropoint(name)
    values = seen.fwhm(name), seen.sky_level(name), seen.total_read_noise(name)
    for (key, is_own), value in zip(own.items(), values, strict=True):
        if is_own:
            yield key, _constant(value)


def _profile(psf: InstrumentPsf) -> dict[str, Any]:
    known = {"profile": psf.profile, "obscuration": psf.obscuration}
    beta = {} if psf.beta is None else {"beta": _constant(psf.beta)}
    return beta | {key: value for key, value in known.items() if value is not None}


def _constant(value: float) -> dict[str, Any]:
    """Return a number as recipes are recorded with it."""
    return {"distribution": "constant", "value": float(value)}


def _block(content: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return a block of a recipe; anything else in its place is told when it is validated."""
    block = content.get(key)
    return block if isinstance(block, Mapping) else {}


def _are_names(bands: Any) -> bool:
    """Tell whether a recipe's bands are names, each of them once."""
    listed = isinstance(bands, Mapping | list | tuple)
    return listed and all(isinstance(n, str) for n in bands) and len(set(bands)) == len(bands)


def _over(beneath: Mapping[str, Any], content: Mapping[str, Any]) -> dict[str, Any]:
    """Return content with what it does not say from beneath."""
    result = {**beneath, **content}
    for key, value in beneath.items():
        given = content.get(key)
        if key == "bands" and isinstance(given, list | tuple):
            given = {str(name): {} for name in given}
        if isinstance(value, Mapping) and isinstance(given, Mapping) and not _is_drawn(given):
            known = {k: v for k, v in given.items() if not (v is None and k in value)}
            result[key] = _over(value, known)
    return result


def _less(content: Mapping[str, Any], beneath: Mapping[str, Any]) -> dict[str, Any]:
    """Return content without what is the same beneath."""
    result = {}
    for key, value in content.items():
        under = beneath.get(key)
        if isinstance(value, Mapping) and isinstance(under, Mapping) and not _is_drawn(value):
            result[key] = _less(value, under)
        elif value != under:
            result[key] = value
    return result


def _is_drawn(value: Mapping[str, Any]) -> bool:
    return "distribution" in value
