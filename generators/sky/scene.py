"""Single objects together on one image: ``star + galaxy``, or ``Scene([star, galaxy, shape])``."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import xarray as xr

from skybench.errors import ParameterError
from skybench.generators.arrays import Floats
from skybench.generators.domains import checked
from skybench.generators.drawn_object import ImageObject
from skybench.generators.schema import variable
from skybench.generators.sky.noise import Noise, observe
from skybench.generators.sky.vocabulary import VOCABULARY
from skybench.generators.suggestion import unknown

Shape = tuple[int, int]

_IMAGES: dict[str, Callable[[Any, Shape], xr.DataArray]] = {
    "sky": lambda part, shape: part.render(shape),
    "geometric": lambda part, shape: part.render(shape, antialias=True),
}
"""How objects of the families that a scene may hold are drawn alone, as in sky recipes."""

_SHARED = ("fwhm", "beta")
"""What the sky objects of a scene have alike: the PSF."""


class Summand:
    """What becomes a `Scene` when something is added to it."""

    def __add__(self, other: object) -> "Scene":
        """Return both on one image."""
        return _together(self, other)

    def __radd__(self, other: object) -> "Scene":
        """Return both on one image, the other first: a plane shape, which cannot be added to."""
        return _together(other, self)


@dataclass(frozen=True, init=False)
class Scene(Summand):
    """Objects of the sky, and plane shapes, on one image: the sum of what each is alone.

    Each lies where its ``x`` and ``y`` say, else in the middle. Objects of the sky have one PSF;
    the ``brightness`` of shapes is in electrons a pixel, and they are sharp, as in sky recipes.

    Parameters
    ----------
    parts : iterable of objects, or of scenes
        In the order of the dimension ``source``.

    Raises
    ------
    ParameterError
        There are none, one is neither of the sky nor a plane shape, or they differ in PSF or
        pixel scale.

    Examples
    --------
    >>> from skybench.generators import Circle, Scene, Sersic, Star
    >>> star, galaxy = Star(flux=1e4, x=8, y=12), Sersic(flux=2e4, x=20, y=15)
    >>> both = star + galaxy
    >>> bool((both.render() == star.render() + galaxy.render()).all())
    True
    >>> Scene([both, Circle(radius=3, brightness=50)]).render((32, 32)).sizes
    Frozen({'y': 32, 'x': 32})
    """

    parts: tuple[ImageObject, ...]

    def __init__(self, parts: Iterable["ImageObject | Scene"]) -> None:
        flat: list[ImageObject] = []
        for part in parts:
            flat += part.parts if isinstance(part, Scene) else (part,)
        _check(flat)
        object.__setattr__(self, "parts", tuple(flat))

    def parameters(self, shape: Shape) -> xr.Dataset:
        """Return what each part is on an image of a shape.

        Returns
        -------
        xr.Dataset
            Coordinates on ``source``: ``kind``, and every parameter by its name in datasets, NaN
            where a part has none.
        """
        told = [part.parameters(shape) for part in self.parts]
        rows = {name: row for part in self.parts for name, row in _variables(part).items()}
        coordinates: dict[str, Any] = {"kind": ("source", [part.name for part in self.parts])}
        for name in dict.fromkeys(name for one in told for name in one):
            values = [one.get(name, np.nan) for one in told]
            coordinates[name] = ("source", values, rows[name].attributes())
        return xr.Dataset(coords=coordinates)

    def render(self, shape: Shape = (28, 28)) -> xr.DataArray:
        """Return the noise-free image.

        Parameters
        ----------
        shape : (ny, nx)
            Pixels of the image.

        Returns
        -------
        (y, x) float64 DataArray, electrons
            The images of the parts, added up in their order.
        """
        return self._labelled(self._light(shape))

    def observe(
        self,
        shape: Shape = (28, 28),
        *,
        sky_level: float = 100.0,
        read_noise: float = 5.0,
        noise_seed: int = 0,
    ) -> xr.DataArray:
        """Return a noisy, sky-subtracted image: (y, x) int32 DataArray, electrons.

        Parameters
        ----------
        shape, sky_level, read_noise, noise_seed
            As for a single object, such as `Star`.
        """
        image, levels = observed(self._light(shape), sky_level, read_noise, noise_seed)
        return self._labelled(image).assign_coords(levels)

    def _light(self, shape: Shape) -> Floats:
        first, *others = (_IMAGES[part.family](part, shape).values for part in self.parts)
        for other in others:
            first = first + other
        return np.asarray(first)

    def _labelled(self, image: np.ndarray[Any, Any]) -> xr.DataArray:
        name = " + ".join(part.name for part in self.parts)
        return xr.DataArray(image, dims=("y", "x"), attrs={"units": "electron", "long_name": name})


def observed(
    light: Floats, sky_level: float, read_noise: float, noise_seed: int
) -> tuple[np.ndarray[Any, Any], dict[str, xr.Variable]]:
    """Return one (y, x) image with noise, and its levels as coordinates without dimensions.

    Raises
    ------
    ParameterError
        A level is outside its domain, or a pixel holds more electrons than an int32.
    """
    levels = {
        name: checked(name, value, VOCABULARY[name])
        for name, value in (("sky_level", sky_level), ("read_noise", read_noise))
    }
    noise = Noise()  # its levels are those of the sample
    own = {name: VOCABULARY[name].holding([value]) for name, value in levels.items()}
    own["sample_id"] = variable("sample_id", [0])
    image = observe(light[None], xr.Dataset(coords=own), noise, noise_seed)[0]
    return image, {
        name: xr.Variable((), value, VOCABULARY[name].attributes())
        for name, value in levels.items()
    }


def _together(first: object, second: object) -> Scene:
    if isinstance(first, ImageObject | Scene) and isinstance(second, ImageObject | Scene):
        return Scene((first, second))
    return cast(Scene, NotImplemented)  # as Python wants it, which then tells both types


def _variables(part: ImageObject) -> dict[str, Any]:
    return {**part.vocabulary, **part.variables}


def _check(parts: list[ImageObject]) -> None:
    if not parts:
        msg = "a scene needs one object at least, such as Scene([Star()])."
        raise ParameterError(msg)
    for place, part in enumerate(parts):
        if getattr(part, "family", None) not in _IMAGES or not isinstance(part, ImageObject):
            what = getattr(part, "family", type(part).__name__)
            msg = f"object {place} of a scene: " + unknown("family", str(what), _IMAGES)
            raise ParameterError(msg)
    _check_alike([part for part in parts if part.family == "sky"], _SHARED)
    _check_alike([part for part in parts if part.pixel_scale is not None], ("pixel_scale",))


def _check_alike(parts: list[ImageObject], names: tuple[str, ...]) -> None:
    for name in names:
        for part in parts[1:]:
            first, other = getattr(parts[0], name), getattr(part, name)
            if other != first:
                msg = (
                    f"a scene has one {name}, but its {parts[0].name} has {first:g} and its "
                    f"{part.name} {other:g}; give both the same."
                )
                raise ParameterError(msg)
