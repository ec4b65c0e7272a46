"""Single objects: a value that can be drawn, on an image or another form.

Parameters that are not given are drawn from the profile's default distributions by the
seed, once, when the object is made; they are then as visible as the given ones.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skybench.errors import ParameterError
from skybench.generators.profiles import Profile
from skybench.generators.random_streams import uniforms
from skybench.generators.recipe import evaluation_order
from skybench.generators.schema import VARIABLES, variable

_PLACE = {"x": "source_x", "y": "source_y"}


@dataclass(frozen=True, kw_only=True)
class DrawnObject:
    """An object of some profile; each family has subclasses that can be drawn.

    Every field but ``seed`` is a number that the table of variables knows, by its own name
    or by the one in `names`.

    Parameters
    ----------
    seed : int
        Draws the parameters that are not given.
    """

    profile: ClassVar[Profile]
    names: ClassVar[dict[str, str]] = {}

    seed: int = 0

    def __post_init__(self) -> None:
        """Check what was given against its domain, then draw the rest."""
        for name in sorted({f.name for f in fields(self)} - {"seed"}):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, checked(name, value, self.names))
        for name, value in self._drawn().items():
            object.__setattr__(self, name, value)

    def _drawn(self) -> dict[str, float]:
        defaults = self.profile.defaults
        drawn: dict[str, NDArray[np.float64]] = {}
        for name in evaluation_order(defaults):
            given = getattr(self, name)
            uniform = uniforms(self.seed, f"object.{self.profile.name}.{name}", 0, 1)
            if given is None:
                drawn[name] = defaults[name].quantile(uniform, drawn)
            else:
                drawn[name] = np.array([given])
        return {name: float(values[0]) for name, values in drawn.items()}

    def _own(self) -> dict[str, float]:
        """Return the parameters of the profile, derived ones included."""
        own = {name: np.array([getattr(self, name)]) for name in self.profile.defaults}
        own |= self.profile.derive(own)
        return {name: float(values[0]) for name, values in own.items()}


@dataclass(frozen=True, kw_only=True)
class SingleObject(DrawnObject):
    """A source and its position on an image.

    Parameters
    ----------
    x, y : float, optional
        Position in pixels, (0, 0) the centre of the first one; the image's middle if absent.
    seed : int
        Draws the parameters that are not given.
    """

    names: ClassVar[dict[str, str]] = _PLACE

    x: float | None = None
    y: float | None = None

    def parameters(self, shape: tuple[int, int]) -> dict[str, float]:
        """Return every parameter by its name in the schema, derived ones included.

        Raises
        ------
        ParameterError
            The shape is not one of an image.
        """
        if not (
            isinstance(shape, Sequence)
            and len(shape) == len(_PLACE)
            and all(isinstance(side, Integral) and side > 0 for side in shape)
        ):
            msg = f"shape must be rows and columns like (28, 28), got {shape!r}."
            raise ParameterError(msg)
        middle = {"x": (shape[1] - 1) / 2, "y": (shape[0] - 1) / 2}
        named = {
            row: middle[name] if name in middle and getattr(self, name) is None else value
            for name, row in self.names.items()
            for value in (getattr(self, name),)
        }
        return named | self._own()

    def _dataset(self, shape: tuple[int, int]) -> xr.Dataset:
        """Return the parameters as coordinates of one sample with one source."""
        coordinates = {
            name: (dims, np.full((1,) * len(dims), value))
            for name, value in self.parameters(shape).items()
            for dims in (VARIABLES[name].dims,)
        }
        kind = variable("kind", [[self.profile.code]])
        return xr.Dataset(coords={"kind": kind, **coordinates})

    def _labelled(self, image: NDArray[Any], shape: tuple[int, int], units: str) -> xr.DataArray:
        """Return an image with the parameters as coordinates."""
        coordinates = scalars(self.parameters(shape))
        attributes = {"units": units, "long_name": self.profile.name}
        return xr.DataArray(image, dims=("y", "x"), coords=coordinates, attrs=attributes)


def scalars(values: Mapping[str, float]) -> dict[str, xr.Variable]:
    """Return values as coordinates without dimensions, attributes included."""
    return {n: xr.Variable((), value, VARIABLES[n].attributes()) for n, value in values.items()}


def checked(name: str, value: object, names: Mapping[str, str] | None = None) -> float:
    """Return a number as a float if it is in the domain of its variable.

    Raises
    ------
    ParameterError
        It is no finite number, or outside the domain.
    """
    domain = VARIABLES[(names or {}).get(name, name)].domain
    number = _number(value)
    if not np.isfinite(number) or not domain.contains(number):
        got = repr(value) if np.isnan(number) else f"{number:g}"
        msg = f"{name} must be a finite number in {domain}, got {got}."
        raise ParameterError(msg)
    return number


def _number(value: object) -> float:
    """Return any number, xarray scalars included, as a float; NaN for what is none."""
    if isinstance(value, str | bytes | bool):
        return np.nan
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return np.nan
