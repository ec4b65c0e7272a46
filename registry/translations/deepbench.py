"""DeepBench's collections as recipes.

A configuration makes the same image again and again, with ``parameter_noise`` on top; a recipe
draws each sample anew. What is left out DeepBench draws once, when it is imported; here it is drawn
for each sample. Pixels of DeepBench are of brightness about 1, those of the sky here electrons: 1
becomes 1000 electrons. Written for DeepBench 0.2.3.
"""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import gamma

from skybench.errors import RecipeError
from skybench.generators.families import FAMILIES
from skybench.generators.sky.sersic_profile import b_n
from skybench.generators.suggestion import unknown
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

BRIGHTNESS = 1000.0
"""Electrons of a pixel that DeepBench gives the brightness 1."""

_BLUR = 0.7
"""Sigma in pixels of the Gaussian that every object of DeepBench's sky is blurred by."""

_FWHM_OF_SIGMA = 2 * math.sqrt(2 * math.log(2))

Sources = dict[str, dict[str, Any]]


def from_deepbench(path: Path) -> Translation:
    """Return the recipe that comes nearest to a configuration of DeepBench's ``Collection``.

    Parameters
    ----------
    path : Path
        YAML with ``object_type``, ``object_name``, ``total_runs``, ``image_parameters`` and
        ``object_parameters``.

    Raises
    ------
    RecipeError
        It is no such file, or asks for what cannot be drawn.
    """
    config = Foreign.read(path)
    kind = config.get("object_type")
    if kind not in _TYPES:
        msg = f"{path}: object_type: {unknown('object_type', str(kind), _TYPES)}"
        raise RecipeError(msg)
    family, made = _TYPES[kind](config)
    config.became("object_type", f"family {family}")
    config.became("object_name", f"family {family}")
    header = {"family": family, "name": name_of(str(config.get("name") or path.stem))}
    config.became("name", f"name {header['name']}")
    for key, ours, default in (("seed", "seed", 0), ("total_runs", "samples", 1000)):
        header[ours] = config.get(key, default)
        config.became(key, f"{ours} {header[ours]}")
    sources = made["sources"]
    task = {"task": "multilabel"} if len(sources) > 1 else {"task": "regression"} | _target(sources)
    return translation(config, header | task | made, _NOTES[family])


def _target(sources: Sources) -> dict[str, list[str]]:
    """Return what a regression asks for: what varies, else anything, to be replaced."""
    (source,) = sources.values()
    varying = [key for key, value in source.items() if isinstance(value, Mapping)]
    return {"targets": [*varying, *(key for key in source if key != "profile")][:1]}


_SKY_NOTES = (
    "Each source is drawn anew for each sample; DeepBench repeats one image, with parameter_noise.",
    f"A brightness of 1 is {BRIGHTNESS:g} electrons. There is one PSF for all sources of an image.",
)
_NOTES = {
    "sky": _SKY_NOTES,
    "geometric": (
        _SKY_NOTES[0],
        "DeepBench counts its x along the rows: angles are turned, so that pictures are the same.",
    ),
    "pendulum": (_SKY_NOTES[0],),
}


def _noisy(config: Foreign, place: str, otherwise: Value) -> Value:
    """Return the number at a place, with parameter_noise where DeepBench adds it."""
    if config.get(place) is None:
        return otherwise
    value, noise = config.number(place, 0.0), config.number("parameter_noise", 0.0)
    if noise:
        config.became(
            "parameter_noise", "uniform distributions, this wide, of the parameters below"
        )
    return uniform(value, value + noise)


def _sky(config: Foreign) -> tuple[str, dict[str, Any]]:
    shape = _shape(config, "image_parameters.image_shape")
    scaled = config.get("image_parameters.scale", True)
    config.became("image_parameters.scale", "fluxes whose brightest pixel has 1000 electrons")
    kinds = config.get("object_parameters")
    if not isinstance(kinds, Mapping) or not kinds:
        msg = f"{config.file}: object_parameters must name the objects, such as star"
        raise RecipeError(msg)
    places = {name: f"object_parameters.{name}" for name in kinds}
    return "sky", _images(config, shape, places, scaled=bool(scaled))


def _astro(config: Foreign) -> tuple[str, dict[str, Any]]:
    """Translate a single object, whose parameters stand where those of the image else are."""
    word = str(config.get("object_name")).removesuffix("Object")
    name = {"SpiralGalaxy": "spiral_galaxy"}.get(word, word.lower())
    return "sky", _images(config, _shape(config, "image_parameters.image_dimensions"), {name: ""})


def _images(
    config: Foreign, shape: list[int], places: Mapping[str, str], *, scaled: bool = False
) -> dict[str, Any]:
    psf = _psf(config, places)
    sources: Sources = {}
    for name, place in places.items():
        if name not in _SKY_OBJECTS:
            msg = f"{config.file}: {unknown('object of the sky', name, _SKY_OBJECTS)}"
            raise RecipeError(msg)
        instance = f"{place}.instance" if place else "image_parameters"
        profile, parameters, amount = _SKY_OBJECTS[name](config, instance)
        amplitude = 1.0 if scaled else config.number(f"{instance}.amplitude", 1.0)
        if amount is None or scaled:
            amount = _flux_of_peak(profile, parameters, psf, shape)
        flux = float(f"{amplitude * amount:.6g}")
        config.became(f"{instance}.amplitude", f"sources.{name}.flux {flux:g}")
        if config.number(f"{instance}.noise_level", 0.0):
            why = "counts of a Poisson, added before the blur; noise.sky_level is the nearest"
            config.lost(f"{instance}.noise_level", why)
        else:
            config.became(f"{instance}.noise_level", "no noise of a source")
        _centre(config, f"{place}.object" if place else "object_parameters", alone=len(places) == 1)
        sources[name] = {"profile": profile, "flux": flux, **parameters}
    placement = {"placement": {"fill": 0}}
    return {
        "image": {"shape": shape},
        "psf": psf,
        "noise": _noise(config),
        "scene": {"count": len(sources)} | ({} if len(sources) > 1 else placement),
        "sources": sources,
    }


def _psf(config: Foreign, places: Mapping[str, str]) -> dict[str, Any]:
    blur = _BLUR * _FWHM_OF_SIGMA
    if "star" not in places:
        return {"fwhm": round(blur, 4), "profile": "gaussian"}
    place = places["star"]
    at = f"{place}.instance.radius" if place else "image_parameters.radius"
    alpha_at = f"{place}.object.alpha" if place else "object_parameters.alpha"
    radius, alpha = config.number(at, 1.0), config.number(alpha_at, 1.0)
    fwhm = math.hypot(2 * radius * math.sqrt(2 ** (1 / alpha) - 1), blur)
    beta = alpha if alpha > 1 else 3.0
    config.became(at, f"psf.fwhm {fwhm:.4g}, the blur of 0.7 pixels included")
    told = f"psf.beta {beta:g}"
    config.became(alpha_at, told if alpha > 1 else f"{told}: with {alpha:g} the light is infinite")
    return {"fwhm": round(fwhm, 4), "beta": beta}


def _noise(config: Foreign) -> dict[str, Any]:
    level = config.number("image_parameters.object_noise_level", 0.0)
    kind = config.get("image_parameters.object_noise_type", "gaussian")
    sigma = (math.sqrt(level) if kind == "poisson" else level) * BRIGHTNESS
    config.became("image_parameters.object_noise_level", f"noise.read_noise {sigma:g}")
    config.became("image_parameters.object_noise_type", "noise.read_noise, which is Gaussian")
    return {"sky_level": 0, "read_noise": sigma, "shot": False}


def _centre(config: Foreign, place: str, *, alone: bool) -> None:
    for axis in ("center_x", "center_y"):
        if alone:
            config.became(f"{place}.{axis}", "scene.placement.fill 0, the middle of the image")
        else:
            config.lost(f"{place}.{axis}", "several sources lie anywhere; see scene.placement")


def _star(config: Foreign, place: str) -> tuple[str, dict[str, Value], float | None]:
    return "star", {}, None


def _galaxy(config: Foreign, place: str) -> tuple[str, dict[str, Value], float | None]:
    size = _noisy(config, f"{place}.radius", 25.0)
    index = _noisy(config, f"{place}.n", 1.0)
    ratio = through(_noisy(config, f"{place}.ellipse", uniform(0.1, 0.9)), lambda e: 1 - e)
    angle = times(_noisy(config, f"{place}.theta", uniform(-1.5, 1.5)), 180 / math.pi)
    config.became(f"{place}.radius", "half_light_radius, along the major axis in both")
    config.became(f"{place}.n", "sersic_index")
    config.became(f"{place}.ellipse", "axis_ratio, 1 - ellipse")
    config.became(f"{place}.theta", "position_angle, in degrees")
    parameters = {
        "half_light_radius": size,
        "sersic_index": index,
        "axis_ratio": ratio,
        "position_angle": angle,
    }
    return "sersic", parameters, BRIGHTNESS * _light(middle(size), middle(index), middle(ratio))


def _light(radius: float, index: float, axis_ratio: float) -> float:
    """Return the flux of a Sersic profile of brightness 1 at the half-light radius."""
    b = b_n(np.array([index])).item()
    inside = 2 * math.pi * index * math.exp(b) * b ** (-2 * index) * gamma(2 * index)
    return float(inside * axis_ratio * radius**2)


def _spiral(config: Foreign, place: str) -> tuple[str, dict[str, Value], float | None]:
    pitch = _noisy(config, f"{place}.spiral_pitch", 0.2)
    config.became(f"{place}.radius", "half_light_radius; DeepBench's is a scale of the arms")
    config.became(f"{place}.winding_number", "arm_count")
    told = "pitch_angle in degrees, 90 less the angle: DeepBench winds by its cotangent"
    config.became(f"{place}.spiral_pitch", told)
    config.lost(f"{place}.arm_thickness", "arm_sharpness is the nearest")
    parameters: dict[str, Value] = {
        "half_light_radius": _noisy(config, f"{place}.radius", 25.0),
        "arm_count": int(config.number(f"{place}.winding_number", 2)),
        "pitch_angle": through(pitch, lambda angle: 90 - math.degrees(angle)),
        "axis_ratio": 1.0,
    }
    return "spiral", parameters, None


_SKY_OBJECTS: dict[str, Callable[[Foreign, str], tuple[str, dict[str, Value], float | None]]] = {
    "star": _star,
    "galaxy": _galaxy,
    "spiral_galaxy": _spiral,
}
"""Objects by DeepBench's words: profile, parameters, and the flux of an amplitude of 1 if known."""


def _flux_of_peak(
    profile: str, parameters: Mapping[str, Value], psf: Mapping[str, Any], shape: list[int]
) -> float:
    """Return the flux that puts the electrons of a brightness of 1 into the brightest pixel."""
    kind: Any = FAMILIES["sky"].objects[profile]
    beta = psf.get("beta", 1e6)
    typical = {key: middle(value) for key, value in parameters.items()}
    alone = kind(flux=1.0, fwhm=psf["fwhm"], beta=beta, **typical).render(tuple(shape))
    return BRIGHTNESS / float(alone.max())


def _shapes(config: Foreign) -> tuple[str, dict[str, Any]]:
    shape = _shape(config, "image_parameters.image_shape")
    kinds = config.get("object_parameters")
    kinds = kinds if isinstance(kinds, Mapping) else {}
    sources: Sources = {}
    for name in kinds:
        if name not in _SHAPES:
            msg = f"{config.file}: {unknown('shape', str(name), _SHAPES)}"
            raise RecipeError(msg)
        sources[name] = _SHAPES[name](_Shape(config, f"object_parameters.{name}"))
    level = config.number("image_parameters.object_noise_level", 0.0)
    config.became("image_parameters.object_noise_level", f"noise {level:g}")
    config.became("image_parameters.object_noise_type", "noise, which is Gaussian")
    scene: dict[str, Any] = {"count": len(sources)}
    if len(sources) == 1:
        scene["placement"] = {"fill": 0}
    made = {"image": {"shape": shape}, "combine": "sum", "noise": level, "scene": scene}
    return "geometric", made | {"sources": sources}


class _Shape:
    """The parameters of a shape, which DeepBench reads in ``instance`` and shows in ``object``."""

    def __init__(self, config: Foreign, place: str) -> None:
        self.config, self.place = config, place

    def at(self, name: str) -> str:
        own = f"{self.place}.instance.{name}"
        return own if self.config.get(own) is not None else f"{self.place}.object.{name}"

    def value(self, name: str, otherwise: Value, became: str) -> Value:
        self.config.became(self.at(name), became)
        return _noisy(self.config, self.at(name), otherwise)

    def pair(self, name: str) -> tuple[float, float] | None:
        given = self.config.get(self.at(name))
        if not isinstance(given, list) or len(given) != 2:
            return None
        return float(given[0]), float(given[1])

    def outline(self) -> dict[str, Value]:
        """Return the thickness, and tell of what all shapes have."""
        filled = bool(self.config.get(self.at("fill"), False))
        self.config.became(self.at("fill"), "thickness, 0 of what is filled")
        width = self.value("line_width", 1.0, "thickness, and sides that are as much longer")
        self.lose_centre()
        return {"thickness": 0.0 if filled else width}

    def lose_centre(self) -> None:
        if self.config.get(self.at("center")) is not None:
            why = "one shape lies in the middle of the image, several anywhere"
            self.config.lost(self.at("center"), why)

    def turned(self, name: str, less: float = 0.0) -> Value:
        angle = self.value(name, 0.0, "position_angle, as pictures show it")
        return through(angle, lambda degrees: (90 - less - degrees) % 360)


_DEFAULT_SIDE = uniform(10.0, 16.0)
_DEFAULT_RADIUS = uniform(8.0, 12.0)


def _rectangle(shape: _Shape) -> dict[str, Any]:
    line = shape.config.number(shape.at("line_width"), 1.0)
    sides = {
        side: through(shape.value(side, _DEFAULT_SIDE, side), lambda length: length + line)
        for side in ("width", "height")
    }
    angle = {"position_angle": shape.turned("angle")}
    return {"profile": "rectangle", **sides, **angle, **shape.outline()}


def _ellipse(shape: _Shape) -> dict[str, Any]:
    sides = [shape.value(s, _DEFAULT_SIDE, "radius, axis_ratio") for s in ("width", "height")]
    width, height = (middle(side) for side in sides)
    longer = max(sides, key=middle)
    return {
        "profile": "ellipse",
        "radius": times(longer, 0.5),
        "axis_ratio": round(min(width, height) / max(width, height), 6),
        "position_angle": shape.turned("angle", 0.0 if width >= height else 90.0),
        **shape.outline(),
    }


def _polygon(shape: _Shape) -> dict[str, Any]:
    turn = uniform(0.0, math.tau)
    radians = shape.value("angle", turn, "position_angle; matplotlib takes it for radians")
    shape.config.became(shape.at("vertices"), "side_count")
    return {
        "profile": "polygon",
        "radius": shape.value("radius", _DEFAULT_RADIUS, "radius"),
        "side_count": int(shape.config.number(shape.at("vertices"), 3)),
        "position_angle": through(radians, lambda angle: -math.degrees(angle)),
        **shape.outline(),
    }


def _arc(shape: _Shape) -> dict[str, Any]:
    first = middle(shape.value("theta1", 22.5, "position_angle and opening_angle"))
    last = middle(shape.value("theta2", 102.5, "position_angle and opening_angle"))
    shape.lose_centre()
    return {
        "profile": "arc",
        "radius": shape.value("radius", _DEFAULT_RADIUS, "radius"),
        "line_width": shape.value("line_width", 1.0, "line_width"),
        "position_angle": (90 - (first + last) / 2) % 360,
        "opening_angle": (last - first) % 360 or 360.0,
    }


def _line(shape: _Shape) -> dict[str, Any]:
    start, end = shape.pair("start") or (5.0, 5.0), shape.pair("end") or (20.0, 20.0)
    along, across = end[0] - start[0], end[1] - start[1]
    length = math.hypot(along, across)
    for name in ("start", "end"):
        shape.config.became(shape.at(name), "length and position_angle; the place is lost")
    return {
        "profile": "line",
        "length": float(f"{length:.6g}"),
        "line_width": shape.value("line_width", 1.0, "line_width"),
        "position_angle": float(f"{math.degrees(math.atan2(along, across)) % 180:.6g}"),
    }


_SHAPES: dict[str, Callable[[_Shape], dict[str, Any]]] = {
    "rectangle": _rectangle,
    "ellipse": _ellipse,
    "polygon": _polygon,
    "arc": _arc,
    "line": _line,
}


def _physics(config: Foreign) -> tuple[str, dict[str, Any]]:
    name = config.get("object_name")
    if name not in _PENDULUMS:
        msg = f"{config.file}: object_name: {unknown('object_name', str(name), _PENDULUMS)}"
        raise RecipeError(msg)
    source: dict[str, Any] = {"profile": _PENDULUMS[name]}
    for theirs, (ours, default) in _PENDULUM_WORDS.items():
        source[ours] = _spread(config, theirs, default)
        config.became(f"image_parameters.{theirs}", ours)
    if config.get("parameter_noise") is not None:
        config.lost("parameter_noise", "DeepBench adds it to the instants")
    planet = [config.get(f"image_parameters.{key}") for key in ("big_G_newton", "phi_planet")]
    if None not in planet:
        source["gravity"] = float(planet[0]) * float(planet[1])
        for key in ("big_G_newton", "phi_planet"):
            config.became(f"image_parameters.{key}", f"gravity {source['gravity']:g}")
    for key, why in _PENDULUM_LOST.items():
        if config.get(f"image_parameters.{key}") is not None:
            config.lost(f"image_parameters.{key}", why)
    return "pendulum", {"observation": _instants(config), "sources": {"pendulum": source}}


_PENDULUMS = {"Pendulum": "pendulum", "HamiltonianPendulum": "hamiltonian_pendulum"}
_PENDULUM_WORDS = {
    "pendulum_arm_length": ("pendulum_length", 1.0),
    "starting_angle_radians": ("initial_angle", 0.25),
    "acceleration_due_to_gravity": ("gravity", 9.8),
}
_PENDULUM_LOST = {
    "mass_pendulum_bob": "the motion does not depend on it",
    "coefficient_friction": "its friction is of another form; damped_pendulum has damping",
}


def _spread(config: Foreign, theirs: str, default: float) -> Value:
    """Return a parameter of a pendulum, with its noise in percent of DeepBench's: a share of it."""
    mean = config.number(f"image_parameters.{theirs}", default)
    place = f"image_parameters.noise_std_percent.{theirs}"
    sigma = abs(mean) * (config.get(place) or 0.0)
    config.became(place, "the width of a normal distribution, cut at four of them")
    if not sigma:
        return mean
    low, high = mean - 4 * sigma, mean + 4 * sigma
    return {
        "distribution": "truncated_normal",
        "mean": mean,
        "sigma": sigma,
        "low": low if mean < 0 or low > 0 or theirs == "starting_angle_radians" else mean * 1e-2,
        "high": high,
    }


def _instants(config: Foreign) -> dict[str, Any]:
    times_given = config.get("object_parameters.time", [0, 20])
    if not isinstance(times_given, list) or len(times_given) < 2:
        msg = f"{config.file}: object_parameters.time must list instants, such as [0, 1, 2]"
        raise RecipeError(msg)
    seconds = float(max(times_given) - min(times_given))
    told = f"observation: {len(times_given)} instants over {seconds:g} s, even and from 0"
    config.became("object_parameters.time", told)
    return {"duration": seconds, "outputs": len(times_given)}


def _shape(config: Foreign, place: str) -> list[int]:
    given = config.get(place)
    if not isinstance(given, list) or len(given) != 2 or not all(isinstance(n, int) for n in given):
        msg = f"{config.file}: {place} must be [rows, columns], got {given!r}"
        raise RecipeError(msg)
    config.became(place, f"image.shape {given}")
    return given


_TYPES: dict[str, Callable[[Foreign], tuple[str, dict[str, Any]]]] = {
    "sky": _sky,
    "shape": _shapes,
    "astro": _astro,
    "physics": _physics,
}
