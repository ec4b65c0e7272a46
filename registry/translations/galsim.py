"""GalSim's configurations as recipes.

Sizes in arcseconds become pixels, fluxes electrons, ellipticities axis ratios; radii that GalSim
circularises become those along the major axis.

References
----------
Rowe et al. (2015), Astronomy and Computing 10, 121; https://galsim-developers.github.io/GalSim
"""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from skybench.errors import RecipeError
from skybench.registry.translations.foreign import (
    Foreign,
    Translation,
    Value,
    middle,
    name_of,
    through,
    times,
    translation,
    uniform,
)

_EXPONENTIAL = 1.678346990
"""Half-light radius over scale length of an exponential disc."""

_GAUSSIAN = math.sqrt(2 * math.log(2))
"""Half-light radius, and half the FWHM, over sigma of a Gaussian."""

_KOLMOGOROV_BETA = 4.765
"""Of the Moffat that is nearest to a Kolmogorov profile (Trujillo et al. 2001)."""


class _NotTranslatable(Exception):
    """A value has no counterpart; the message says why."""


def from_galsim(path: Path) -> Translation:
    """Return the recipe that comes nearest to a configuration of GalSim.

    Parameters
    ----------
    path : Path
        YAML with ``gal``, ``psf``, ``image`` and ``output`` as ``galsim config.yaml`` runs it.

    Raises
    ------
    RecipeError
        It is no such file, or asks for what cannot be drawn.
    """
    config = Foreign.read(path)
    if not isinstance(config.get("gal"), Mapping) and not isinstance(config.get("psf"), Mapping):
        msg = f"{path} is no configuration of GalSim: it has neither gal nor psf."
        raise RecipeError(msg)
    scale = _scale(config)
    image = _image(config, scale)
    sources = _Galaxies(config, scale).sources()
    psf = _psf(config, scale)
    task = _task(sources, image["scene"]["count"])
    header = {"family": "sky", "name": name_of(path.stem), "seed": _seed(config)}
    header["samples"] = _samples(config)
    noise = {"noise": _noise(config, scale)}
    return translation(config, header | task | image | psf | noise | {"sources": sources}, _NOTES)


_NOTES = (
    "Random numbers are skybench's own: the images are of the same kind, not the same pixels.",
    "Catalogues of GalSim have no counterpart: write distributions in their place.",
)


def _task(sources: Mapping[str, Any], count: int) -> dict[str, Any]:
    if len(sources) > 1:
        return {"task": "multilabel" if count > 1 else "classification"}
    (source,) = sources.values()
    varying = [key for key, value in source.items() if isinstance(value, Mapping)]
    return {"task": "regression"} | ({} if varying else {"targets": ["flux"]})


def _scale(config: Foreign) -> float:
    if config.get("image.pixel_scale") is None:
        return 1.0
    scale = config.number("image.pixel_scale", 1.0)
    config.became("image.pixel_scale", f"image.pixel_scale_arcsec {scale:g}")
    return scale


def _seed(config: Foreign) -> int:
    seed = config.get("image.random_seed", 0)
    seed = seed[0] if isinstance(seed, list) and seed else seed
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        config.lost("image.random_seed", "it is not one whole number; the seed is 0")
        return 0
    config.became("image.random_seed", f"seed {seed}")
    return seed


def _whole(config: Foreign, place: str, otherwise: int) -> int:
    """Return the whole number at a place, else what is taken in its stead, and tell of it."""
    given = config.get(place)
    return given if isinstance(given, int) and not isinstance(given, bool) else otherwise


def _samples(config: Foreign) -> int:
    """Return how many stamps or scenes GalSim makes."""
    places = ("output.nfiles", "output.nimages", "image.nx_tiles", "image.ny_tiles")
    samples = math.prod(_whole(config, place, 1) for place in places)
    for place in places:
        config.became(place, f"samples {samples}")
    for key in ("dir", "file_name", "type"):
        if config.get(f"output.{key}") is not None:
            config.lost(f"output.{key}", "skybench build names the files")
    return samples


def _image(config: Foreign, scale: float) -> dict[str, Any]:
    kind = config.get("image.type", "Single")
    own = "stamp_" if kind == "Tiled" else ""
    side = _whole(config, f"image.{own}size", 64)
    shape = [_whole(config, f"image.{own}{axis}size", side) for axis in "yx"]
    for key in ("size", "xsize", "ysize"):
        config.became(f"image.{own}{key}", f"image.shape {shape}")
    scattered = kind == "Scattered"
    count = _whole(config, "image.nobjects", 1) if scattered else 1
    config.became("image.nobjects", f"scene.count {count}")
    config.became("image.type", "sources anywhere" if scattered else "one source in the middle")
    placement = {} if scattered else {"placement": {"fill": 0}}
    return {
        "image": {"shape": shape, "pixel_scale_arcsec": scale},
        "scene": {"count": count} | placement,
    }


def _noise(config: Foreign, scale: float) -> dict[str, Any]:
    """Return noise in electrons, from that of GalSim in counts."""
    place = "image.noise"
    gain = config.number(f"{place}.gain", 1.0)
    sky = _sky_level(config, scale) * gain
    kind = config.get(f"{place}.type", "Poisson") if config.get(place) is not None else None
    if kind == "Gaussian":
        variance = config.get(f"{place}.variance")
        sigma = math.sqrt(variance) if variance is not None else config.number(f"{place}.sigma", 0)
        config.became(place, f"noise.read_noise {sigma:g}, without shot noise")
        return {"sky_level": 0, "read_noise": float(sigma), "shot": False}
    if kind in ("Poisson", "CCD"):
        read = config.number(f"{place}.read_noise", 0.0)
        config.became(place, f"shot noise, noise.sky_level {sky:g}, noise.read_noise {read:g}")
        return {"sky_level": sky, "read_noise": read}
    if kind is not None:
        config.lost(place, f"noise of the type {kind} is not drawn; there is none")
    return {"sky_level": sky, "read_noise": 0, "scale": 0}


def _sky_level(config: Foreign, scale: float) -> float:
    sky = 0.0
    for block in ("image", "image.noise"):
        sky += config.number(f"{block}.sky_level", 0.0) * scale**2
        sky += config.number(f"{block}.sky_level_pixel", 0.0)
    for key in ("sky_level", "sky_level_pixel"):
        config.became(f"image.{key}", f"noise.sky_level {sky:g}, which is subtracted here")
    return float(sky)


def _psf(config: Foreign, scale: float) -> dict[str, Any]:
    kind = config.get("psf.type")
    if kind is None:
        return {"psf": {"fwhm": 0}}
    fwhm = _fwhm(config, kind)
    if fwhm is None:
        config.lost(
            "psf", f"a PSF of the type {kind}, or so sized, is not drawn; there is a Moffat"
        )
        return {}
    psf: dict[str, Any] = {"fwhm": times(fwhm, 1 / scale)}
    if kind == "Moffat":
        psf["beta"] = _known(config.get("psf.beta")) or 3.0
    elif kind == "Kolmogorov":
        psf["beta"] = _KOLMOGOROV_BETA
    else:
        psf["profile"] = "gaussian"
    config.became("psf.type", "psf.profile, a Gaussian or a Moffat")
    for key in ("fwhm", "half_light_radius", "scale_radius", "sigma"):
        config.became(f"psf.{key}", "psf.fwhm, in pixels")
    config.became("psf.beta", "psf.beta")
    for key in ("ellip", "shear", "trunc", "flux"):
        if config.get(f"psf.{key}") is not None:
            config.lost(f"psf.{key}", "the PSF is round, of unit flux and not truncated")
    return {"psf": psf}


def _fwhm(config: Foreign, kind: str) -> Value | None:
    """Return the full width at half maximum in arcseconds; None where it cannot be told."""
    factors: dict[str, Callable[[float], float]] = {"fwhm": lambda beta: 1.0}
    if kind == "Gaussian":
        factors |= {"sigma": lambda _: 2 * _GAUSSIAN, "half_light_radius": lambda _: 2.0}
    if kind == "Moffat":
        factors |= {
            "scale_radius": lambda beta: 2 * math.sqrt(2 ** (1 / beta) - 1),
            "half_light_radius": lambda beta: (
                2 * math.sqrt((2 ** (1 / beta) - 1) / (2 ** (1 / (beta - 1)) - 1))
            ),
        }
    if kind not in ("Gaussian", "Moffat", "Kolmogorov"):
        return None
    beta = middle(_known(config.get("psf.beta")) or 3.0)
    for key, factor in factors.items():
        if (size := _known(config.get(f"psf.{key}"))) is not None:
            return times(size, factor(beta))
    return None


class _Galaxies:
    """The sources of a configuration: one galaxy, or each of a list."""

    def __init__(self, config: Foreign, scale: float) -> None:
        self.config, self.scale = config, scale

    def sources(self) -> dict[str, dict[str, Any]]:
        """Return the sources by name."""
        config = self.config
        if config.get("gal.type") == "List":
            items = config.get("gal.items")
            if not isinstance(items, list) or not all(isinstance(i, Mapping) for i in items):
                msg = f"{config.file}: gal.items must list galaxies, each a mapping with a type"
                raise RecipeError(msg)
            config.became("gal.type", "a source each")
            places = {f"gal.items.{i}": item for i, item in enumerate(items)}
        else:
            places = {"gal": config.get("gal", {"type": "DeltaFunction"})}
        made = [self._source(galaxy) for galaxy in places.values()]
        for place, galaxy in places.items():
            self._tell(place, galaxy)
        counts: dict[str, int] = {}
        sources = {}
        for kind, source in made:
            counts[kind] = counts.get(kind, 0) + 1
            sources[kind if counts[kind] == 1 else f"{kind}_{counts[kind]}"] = source
        return sources

    def _tell(self, at: str, galaxy: Mapping[str, Any]) -> None:
        """Tell what became of each value of a galaxy."""
        for key, value in galaxy.items():
            place = f"{at}.{key}"
            if key not in _KEYS:
                self.config.lost(place, _LOST.get(key, "sources have no such parameter"))
                continue
            read: Callable[[Any], Any] = _READ.get(key, _value)
            try:
                read(value)
            except _NotTranslatable as error:
                self.config.lost(place, f"{error}; skybench's default is drawn")
            else:
                self.config.became(place, _KEYS[key])

    def _source(self, galaxy: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        kind = str(galaxy.get("type"))
        if kind in ("DeltaFunction", "None"):
            return "star", {"profile": "star"} | self._flux(galaxy)
        if kind not in _INDEX:
            msg = (
                f"{self.config.file}: gal.type {kind} is not drawn; it can be "
                f"{', '.join([*_INDEX, 'DeltaFunction', 'List'])}."
            )
            raise RecipeError(msg)
        source: dict[str, Any] = {"profile": "sersic"} | self._flux(galaxy)
        index: Value | None = _INDEX[kind]
        if index is None:
            index = _known(galaxy.get("n"))
        if index is not None:
            source["sersic_index"] = index
        ratio, angle = self._ellipse(galaxy)
        if (radius := self._radius(galaxy, kind)) is not None:
            # GalSim's circle has the area of the ellipse.
            longer = times(radius, 1 / self.scale / math.sqrt(middle(ratio)))
            source["half_light_radius"] = longer
        source["axis_ratio"], source["position_angle"] = ratio, angle
        return kind.lower(), source

    def _flux(self, galaxy: Mapping[str, Any]) -> dict[str, Any]:
        gain = self.config.number("image.noise.gain", 1.0)
        flux = _known(galaxy.get("flux", 1.0))
        return {} if flux is None else {"flux": times(flux, gain)}

    def _ellipse(self, galaxy: Mapping[str, Any]) -> tuple[Value, Value]:
        try:
            return _axis_ratio(galaxy["ellip"]) if "ellip" in galaxy else (1.0, 0.0)
        except _NotTranslatable:
            return uniform(0.3, 1.0), uniform(0.0, 180.0)

    def _radius(self, galaxy: Mapping[str, Any], kind: str) -> Value | None:
        """Return the circularised half-light radius in arcseconds, None for the default."""
        factors = {"half_light_radius": 1.0}
        factors |= {"Exponential": {"scale_radius": _EXPONENTIAL}}.get(kind, {})
        if kind == "Gaussian":
            factors |= {"sigma": _GAUSSIAN, "fwhm": 0.5}
        for key, factor in factors.items():
            if (size := _known(galaxy.get(key))) is not None:
                return times(size, factor)
        return None


_INDEX: dict[str, float | None] = {
    "Sersic": None,
    "Exponential": 1.0,
    "DeVaucouleurs": 4.0,
    "Gaussian": 0.5,
}
"""GalSim's galaxies, which all are Sersic profiles, and their index where it is known."""

_KEYS = {
    "type": "profile, of galaxies sersic with its sersic_index",
    "n": "sersic_index",
    "flux": "flux, in electrons",
    "half_light_radius": "half_light_radius, in pixels along the major axis",
    "scale_radius": "half_light_radius, in pixels along the major axis",
    "sigma": "half_light_radius, in pixels along the major axis",
    "fwhm": "half_light_radius, in pixels along the major axis",
    "ellip": "axis_ratio and position_angle",
}
_LOST = {
    "shear": "sources are not sheared; give the shape by ellip",
    "signal_to_noise": "fluxes are given, not signals; see flux",
    "shift": "sources lie in the middle, or anywhere; see scene.placement",
    "trunc": "profiles are not truncated",
    "redshift": "sources have none",
}


def _value(raw: Any) -> Value:
    """Return a number or a random value of GalSim as recipes write it."""
    if isinstance(raw, int | float) and not isinstance(raw, bool):
        return float(raw)
    if not isinstance(raw, Mapping):
        msg = f"{str(raw)[:40]!r} is computed while GalSim runs"
        raise _NotTranslatable(msg)
    kind = raw.get("type")
    if kind not in _RANDOM:
        msg = f"a value of the type {kind} has no counterpart"
        raise _NotTranslatable(msg)
    return _RANDOM[kind](raw)


def _known(raw: Any) -> Value | None:
    """Return a value as recipes write it, None where that cannot be."""
    try:
        return _value(raw)
    except _NotTranslatable:
        return None


def _numbers(raw: Mapping[str, Any], *keys: str) -> list[float]:
    return [middle(_value(raw.get(key))) for key in keys]


def _random(raw: Mapping[str, Any]) -> Value:
    return uniform(*_numbers(raw, "min", "max"))


def _gaussian(raw: Mapping[str, Any]) -> Value:
    (sigma,) = _numbers(raw, "sigma")
    mean = middle(_value(raw.get("mean", 0.0)))
    low, high = (middle(_value(raw[k])) if k in raw else None for k in ("min", "max"))
    if low is None and high is None:
        return {"distribution": "normal", "mean": mean, "sigma": sigma}
    ends = {
        "low": mean - 6 * sigma if low is None else low,
        "high": mean + 6 * sigma if high is None else high,
    }
    return {"distribution": "truncated_normal", "mean": mean, "sigma": sigma, **ends}


def _list(raw: Mapping[str, Any]) -> Value:
    items = raw.get("items")
    if not isinstance(items, list) or not items:
        msg = "a list without items"
        raise _NotTranslatable(msg)
    return {"distribution": "choice", "values": [middle(_value(item)) for item in items]}


_RANDOM: dict[Any, Callable[[Mapping[str, Any]], Value]] = {
    "Random": _random,
    "RandomGaussian": _gaussian,
    "List": _list,
}


def _angle(raw: Any) -> Value:
    """Return an angle in degrees."""
    if isinstance(raw, Mapping) and raw.get("type") == "Random":
        return uniform(0.0, 180.0)
    if isinstance(raw, Mapping) and raw.get("type") in _UNITS:
        return times(_value(raw.get("theta")), _UNITS[raw["type"]])
    number, _, unit = str(raw).partition(" ")
    if unit.strip()[:3] not in _SHORT_UNITS:
        msg = f"{str(raw)[:40]!r} is no angle such as '30 deg'"
        raise _NotTranslatable(msg)
    try:
        return float(number) * _SHORT_UNITS[unit.strip()[:3]]
    except ValueError as error:
        msg = f"{str(raw)[:40]!r} is no angle such as '30 deg'"
        raise _NotTranslatable(msg) from error


_UNITS = {"Degrees": 1.0, "Radians": 180 / math.pi}
_SHORT_UNITS = {"deg": 1.0, "rad": 180 / math.pi, "hou": 15.0, "arc": 1 / 60}


def _axis_ratio(raw: Any) -> tuple[Value, Value]:
    """Return axis ratio and position angle of one of GalSim's ellipticities."""
    kind = raw.get("type") if isinstance(raw, Mapping) else None
    if kind in _BY_ANGLE:
        key, ratio = _BY_ANGLE[kind]
        return through(_value(raw.get(key)), ratio), _angle(raw.get("beta"))
    if kind in _BY_PARTS:
        first, second, ratio = _BY_PARTS[kind]
        parts = [middle(_value(raw.get(key, 0.0))) for key in (first, second)]
        angle = math.degrees(math.atan2(parts[1], parts[0]) / 2) % 180
        return through(math.hypot(*parts), ratio), angle
    msg = f"an ellipticity of the type {kind} has no counterpart"
    raise _NotTranslatable(msg)


def _of_distortion(e: float) -> float:
    return math.sqrt((1 - e) / (1 + e))


def _of_shear(g: float) -> float:
    return (1 - g) / (1 + g)


_BY_ANGLE: dict[Any, tuple[str, Callable[[float], float]]] = {
    "QBeta": ("q", lambda q: q),
    "EBeta": ("e", _of_distortion),
    "GBeta": ("g", _of_shear),
    "EtaBeta": ("eta", lambda eta: math.exp(-eta)),
}
_BY_PARTS: dict[Any, tuple[str, str, Callable[[float], float]]] = {
    "E1E2": ("e1", "e2", _of_distortion),
    "G1G2": ("g1", "g2", _of_shear),
}
"""Their keys, and the axis ratio q: e = (1 - q^2) / (1 + q^2), g = (1 - q) / (1 + q)."""

_READ: dict[str, Callable[[Any], Any]] = {"type": str, "ellip": _axis_ratio}
"""What reads a value of a galaxy that is no plain number."""
