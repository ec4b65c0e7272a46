"""Objects: what skybench draws, each a class in one file that says once what it is.

    class Ring(SkyObject):
        '''Ring galaxy: a ring of log-normal profile around a gap and a Sersic core.'''

        code = 4
        formula = "I(r) = …"
        flux: float = parameter(default=log_uniform(1e4, 1e5))
        ring_width: float = parameter(
            "standard deviation of ln r of the ring's light",
            units=None,
            domain=Interval(0.05, 0.5),
            default=uniform(0.12, 0.25),
        )

Of a word of the family's vocabulary, such as ``flux``, only the default is said; a parameter that
the object alone has brings meaning, unit and domain. The constructor, the variables, the defaults,
the object's word in recipes and the rest of its docstring follow.
"""

import dataclasses
import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import takewhile
from numbers import Integral
from typing import TYPE_CHECKING, Any, ClassVar, Self, dataclass_transform

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from typing_extensions import override

from skybench.errors import ExtensionError, ParameterError, UnknownParameterError
from skybench.generators.arrays import Parameters
from skybench.generators.declaration import (
    UNSTATED,
    Declaration,
    declaration,
    parameter,
    place_of,
    setting,
)
from skybench.generators.distributions import Distribution, described
from skybench.generators.domains import checked, evaluation_order, outside_domains
from skybench.generators.quantities import PIXEL, arcsec_a_pixel, on_pixels, quantity
from skybench.generators.random_streams import uniforms
from skybench.generators.recipe_errors import refuse
from skybench.generators.schema import COMMON, variable
from skybench.generators.suggestion import unknown
from skybench.generators.synonyms import unknown_word
from skybench.generators.variable import POSITIVE, SOURCE, Variable, of_sample

if TYPE_CHECKING:
    from astropy.units import Quantity


def _settings(cls: "type[DrawnObject]", said: Mapping[str, Declaration]) -> dict[str, Variable]:
    return {n: _word(cls, n, d.variable) for n, d in said.items() if d.variable is not None}


def _variable(cls: "type[DrawnObject]", name: str, said: Declaration) -> Variable:
    """Return the variable that a field declares, or the word that it takes."""
    known = {**cls.vocabulary, **cls.variables}
    if said.long_name is None:
        return cls.variables[name] if name in cls.variables else _word(cls, name, name)
    if name in known:
        msg = (
            f"{place_of(cls, name)}: {name} has its meaning already, {known[name].long_name!r}; "
            "leave it out here, or choose another name."
        )
        raise ExtensionError(msg)
    if said.units == UNSTATED:
        msg = f"{place_of(cls, name)}: say the units of {name}; units=None where it has none."
        raise ExtensionError(msg)
    return Variable(
        name=name,
        dims=cls.dims,
        dtype="float32",
        long_name=said.long_name,
        units=said.units,
        domain=said.domain,
        bits=said.bits,
    )


def _word(cls: "type[DrawnObject]", field: str, word: str) -> Variable:
    if word not in cls.vocabulary:
        hint = unknown(f"word of the family {cls.family}", word, cls.vocabulary)
        msg = f"{place_of(cls, field)}: {hint} Or give its meaning, units and domain here."
        raise ExtensionError(msg)
    return cls.vocabulary[word]


def _check_defaults(cls: "type[DrawnObject]") -> None:
    try:
        refuse(outside_domains(cls.defaults, cls.variables))
    except ValueError as error:
        msg = f"{place_of(cls, str(error).split()[0].rstrip(':'))}: default: {error}"
        raise ExtensionError(msg) from error


@cache
def _constructor_words(constructor: Callable[..., None]) -> frozenset[str]:
    return frozenset(inspect.signature(constructor).parameters) - {"self"}


def _snake_case(name: str) -> str:
    """Return ``rr_lyrae`` for ``RRLyrae``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def _documented(cls: "type[DrawnObject]") -> str:
    """Return the docstring with formula, parameters and source in numpydoc's sections."""
    fields = [*cls.variables.items(), *cls.settings.items()]
    parameters = "".join(
        f"{name} : float\n    {_described(cls, name, row)}\n"
        for name, row in fields
        if name not in cls.derived
    )
    others = "".join(f"{name}\n    {text}\n" for name, text in cls.arguments.items())
    return (
        f"{inspect.cleandoc(cls.__doc__ or '')}\n\n{cls.formula}\n\nParameters\n----------\n"
        f"{parameters}{others}\n"
        f"References\n----------\n{cls.reference}\n"
    )


def _described(cls: "type[DrawnObject]", name: str, row: Variable) -> str:
    units = f", in {row.units}" if row.units else ""
    default = f"; default {described(cls.defaults[name])}" if name in cls.defaults else ""
    return f"{row.long_name}{units}, {row.domain}{default}"


@dataclass_transform(
    kw_only_default=True,
    frozen_default=True,
    field_specifiers=(dataclasses.field, parameter, setting),
)
class _Declared:
    """Makes every subclass a frozen dataclass; type checkers read its fields as such."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        dataclasses.dataclass(frozen=True, kw_only=True)(cls)


class DrawnObject(_Declared):
    """An object that can be drawn.

    Each family has a base class, which says how its objects are drawn alone; use one of the
    subclasses of that. Fields are checked against their domains when an object is made, and
    parameters that are not given are drawn by the seed, once: they are then as visible as others.
    An astropy Quantity is taken in any unit of its kind, and kept as a number in the parameter's.
    ``render`` gives float64 as computed, of every family: only what a dataset stores is rounded.

    Attributes
    ----------
    family : str
        Key ``family`` of the recipes that can name it.
    vocabulary : mapping
        The family's shared variables by name.
    dims : tuple of str
        Of its parameters in a dataset.
    code : int
        In the ``kind`` coordinate; never used again within a family.
    formula, reference : str
        What is drawn, in a line or two of plain text, and where it is from.
    accuracy : str
        What its error is measured against; docs/accuracy.md has the figures.
    example : str
        A Python expression that draws one, with the names of `skybench.generators` and
        `skybench.generate`; the documentation shows it and the picture it makes.
    former_names : tuple of str
        Words by which recipes of published versions name it, the oldest first.
    name, summary : str
        Its word in recipes, that of the class in small letters; the first paragraph of its
        docstring.
    variables : mapping
        Its parameters and what is derived from them, by name, in the order of the class.
    defaults : mapping
        Every parameter with the distribution used where a recipe is silent.
    derived : tuple of str
        Names of what follows from the parameters.
    settings : mapping
        Other fields by name, and the variables whose meaning they have.
    after : mapping
        Names of parameters, and the variables that they stand behind in datasets.
    switches : mapping
        Names of parameters, and the parameter that switches each on where a recipe gives it.
    arguments : mapping
        What else its constructor takes, for its docstring.

    Parameters
    ----------
    seed : int
        Draws the parameters that are not given.
    """

    family: ClassVar[str]
    vocabulary: ClassVar[Mapping[str, Variable]] = COMMON
    dims: ClassVar[tuple[str, ...]] = SOURCE

    code: ClassVar[int]
    formula: ClassVar[str]
    reference: ClassVar[str]
    accuracy: ClassVar[str]
    example: ClassVar[str]
    former_names: ClassVar[tuple[str, ...]] = ()

    name: ClassVar[str]
    summary: ClassVar[str]
    variables: ClassVar[Mapping[str, Variable]] = {}
    defaults: ClassVar[Mapping[str, Distribution]] = {}
    derived: ClassVar[tuple[str, ...]] = ()
    settings: ClassVar[Mapping[str, Variable]] = {}
    after: ClassVar[Mapping[str, str]] = {}
    switches: ClassVar[Mapping[str, str]] = {}
    arguments: ClassVar[Mapping[str, str]] = {
        "seed : int": "Draws the parameters that are not given."
    }

    seed: int = 0

    def __init_subclass__(cls) -> None:
        """Read what the fields say, and derive the rest from it."""
        said = {n: d for n, value in vars(cls).items() if (d := declaration(value)) is not None}
        super().__init_subclass__()
        cls.name = _snake_case(cls.__name__)
        cls.former_names = vars(cls).get("former_names", ())
        cls.summary = " ".join(takewhile(str.strip, (cls.__doc__ or "").strip().splitlines()))
        cls.settings = {**cls.settings, **_settings(cls, said)}
        said = {n: d for n, d in said.items() if d.variable is None}
        cls.variables = {**cls.variables, **{n: _variable(cls, n, d) for n, d in said.items()}}
        cls.defaults = {**cls.defaults, **{n: d.default for n, d in said.items() if d.default}}
        cls.derived = tuple(n for n in cls.variables if n not in cls.defaults)
        cls.after = {**cls.after, **{n: d.after for n, d in said.items() if d.after}}
        cls.switches = {**cls.switches, **{n: d.switch for n, d in said.items() if d.switch}}
        if "code" in vars(cls):
            _check_defaults(cls)
            cls.__doc__ = _documented(cls)

    def __new__(cls, *args: Any, **parameters: Any) -> Self:
        """Refuse a parameter that there is not, in words."""
        words = _constructor_words(cls.__init__)
        for name in sorted(parameters.keys() - words):
            msg = unknown_word(f"parameter of {cls.__name__}", name, words)
            raise UnknownParameterError(msg)
        return super().__new__(cls)

    def __post_init__(self) -> None:
        """Check what was given against its domain, then draw the rest."""
        for name, row in sorted(self._fields().items()):
            value = None if name in self.derived else getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, checked(name, value, row))
        for name, value in self._drawn().items():
            object.__setattr__(self, name, value)

    @classmethod
    def _fields(cls) -> dict[str, Variable]:
        return {**cls.variables, **cls.settings}

    def _drawn(self) -> dict[str, float]:
        drawn: Parameters = {}
        for name in evaluation_order(self.defaults):
            given = getattr(self, name)
            if given is None:
                stream = f"object.{self.oldest_name()}.{name}"
                uniform = uniforms(self.seed, stream, 0, 1)
                drawn[name] = self.defaults[name].quantile(uniform, drawn)
            else:
                drawn[name] = np.array([given])
        return {name: float(values[0]) for name, values in drawn.items()}

    @staticmethod
    def derive(parameters: Parameters) -> Parameters:
        """Return what follows from the parameters of m objects and is recorded beside them."""
        return {}

    @classmethod
    def oldest_name(cls) -> str:
        """Return the word that names the object's random streams, which never change."""
        return (*cls.former_names, cls.name)[0]

    def all_parameters(self) -> dict[str, float]:
        """Return the parameters of the object, derived ones included."""
        own = {name: np.array([getattr(self, name)]) for name in self.defaults}
        own |= self.derive(own)
        return {name: float(values[0]) for name, values in own.items()}

    def quantity(self, name: str, unit: object = None) -> "Quantity":
        """Return a parameter, or what is derived from them, as an astropy Quantity.

        Parameters
        ----------
        name : str
            As the constructor has it.
        unit : str or astropy.units.Unit, optional
            Of the result. Default: that of the parameter. An angle for a length in pixels needs
            an object that was given its ``pixel_scale``.

        Raises
        ------
        ParameterError
            There is no such parameter, or it has no value before the object is drawn.
        astropy.units.UnitConversionError
            It cannot be converted to the unit.

        Examples
        --------
        >>> from skybench.generators import Star
        >>> Star(flux=1e4, fwhm=3).quantity("fwhm")
        <Quantity 3. pix>
        """
        return self._quantity(name, unit, None)

    def _quantity(self, name: str, unit: object, pixel_scale: float | None) -> "Quantity":
        fields = self._fields()
        if name not in fields:
            raise ParameterError(unknown(f"parameter of a {self.name}", name, fields))
        if getattr(self, name) is None:
            msg = f"{name} follows from the image; give it to the {self.name}, or render that first"
            raise ParameterError(msg)
        return quantity(getattr(self, name), fields[name].units, unit, pixel_scale)

    def _labels(self, values: Mapping[str, float]) -> dict[str, xr.Variable]:
        """Return values as coordinates without dimensions, attributes included."""
        rows = {**self.vocabulary, **self.variables}
        return {n: xr.Variable((), value, rows[n].attributes()) for n, value in values.items()}


_PIXEL_SCALE = of_sample("pixel_scale", "side of a pixel", units="arcsec", domain=POSITIVE)


class ImageObject(DrawnObject):
    """An object with a position on an image.

    Parameters
    ----------
    pixel_scale : float or Quantity, optional
        Arcseconds a pixel, by which parameters in pixels take angles, too. It changes no pixel
        and is no part of what the object is: it is not compared, and left out of the repr.
    """

    arguments: ClassVar[Mapping[str, str]] = {
        **DrawnObject.arguments,
        "pixel_scale : float, optional": "Arcseconds a pixel, by which lengths may be angles.",
    }

    x: float | None = setting("source_x", default=None)
    y: float | None = setting("source_y", default=None)
    pixel_scale: float | None = dataclasses.field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Turn angles into pixels, then check and draw as every object does."""
        if self.pixel_scale is not None:
            scale = checked("pixel_scale", arcsec_a_pixel(self.pixel_scale), _PIXEL_SCALE)
            object.__setattr__(self, "pixel_scale", scale)
        for name, row in self._fields().items():
            if row.units == PIXEL and name not in self.derived:
                length = on_pixels(name, getattr(self, name), self.pixel_scale)
                object.__setattr__(self, name, length)
        super().__post_init__()

    @override
    def quantity(self, name: str, unit: object = None) -> "Quantity":
        return self._quantity(name, unit, self.pixel_scale)

    def parameters(self, shape: tuple[int, int]) -> dict[str, float]:
        """Return every parameter by its name in datasets, derived ones included.

        Raises
        ------
        ParameterError
            The shape is not one of an image.
        """
        if not (
            isinstance(shape, Sequence)
            and len(shape) == 2
            and all(isinstance(side, Integral) and side > 0 for side in shape)
        ):
            msg = f"shape must be rows and columns like (28, 28), got {shape!r}."
            raise ParameterError(msg)
        middle = {"x": (shape[1] - 1) / 2, "y": (shape[0] - 1) / 2}
        placed = {n: getattr(self, n) for n in self.settings}
        placed |= {n: at for n, at in middle.items() if placed[n] is None}
        return {self.settings[n].name: value for n, value in placed.items()} | self.all_parameters()

    def _dataset(self, shape: tuple[int, int]) -> xr.Dataset:
        """Return the parameters as coordinates of one sample with one source."""
        rows = {**self.vocabulary, **self.variables}
        coordinates = {
            name: (rows[name].dims, np.full((1,) * len(rows[name].dims), value))
            for name, value in self.parameters(shape).items()
        }
        return xr.Dataset(coords={"kind": variable("kind", [[self.code]]), **coordinates})

    def _labelled(self, image: NDArray[Any], shape: tuple[int, int], units: str) -> xr.DataArray:
        """Return an image with the parameters as coordinates."""
        coordinates = self._labels(self.parameters(shape))
        attributes: dict[str, Any] = {"units": units, "long_name": self.name}
        if self.pixel_scale is not None:
            attributes["pixel_scale_arcsec"] = self.pixel_scale
        return xr.DataArray(image, dims=("y", "x"), coords=coordinates, attrs=attributes)


def columns(parameters: xr.Dataset, kind: type[DrawnObject], rows: NDArray[np.intp]) -> Parameters:
    """Return what one kind of object is drawn from, for some rows of (sample,) coordinates."""
    return {n: parameters[n].values[rows].astype(np.float64) for n in kind.variables}
