"""What a class of objects says of a field, in the field's place.

Descriptors that type checkers know as field specifiers: an editor completes the constructor, and an
attribute is a number, since after construction a parameter that was not given has been drawn.
"""

import dataclasses
import inspect
import re
from pathlib import Path
from typing import Any

from skybench.generators.distributions import Constant, Distribution
from skybench.generators.variable import PARAMETER_BITS, REAL, Interval, OneOf

_DECLARED = "skybench"
UNSTATED = "unstated"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Declaration:
    """What a field says of itself."""

    long_name: str | None = None
    units: str | None = UNSTATED
    domain: Interval | OneOf = REAL
    bits: int = PARAMETER_BITS
    after: str | None = None
    default: Distribution | None = None
    variable: str | None = None
    switch: str | None = None


def parameter(
    long_name: str | None = None,
    *,
    default: Distribution | float,
    units: str | None = UNSTATED,
    domain: Interval | OneOf = REAL,
    bits: int = PARAMETER_BITS,
    after: str | None = None,
    switch: str | None = None,
) -> Any:
    """Declare a parameter of an object, drawn from ``default`` where it is not given.

    Parameters
    ----------
    long_name : str, optional
        Meaning of a parameter that is no word of the family's vocabulary; then ``units`` (None
        for a number without any) must be said, and ``domain`` may.
    default : Distribution or float
    bits : int
        Mantissa bits kept.
    after : str, optional
        The variable that this one, and those that follow it in the class, stand behind in datasets;
        else they stand at the end.
    switch : str, optional
        The parameter, this one or another, that a recipe must give for this one to be drawn and
        recorded: at the default 0 of the switch it has no effect, and recipes know nothing of it.
    """
    drawn = Constant(value=default) if isinstance(default, int | float) else default
    said = Declaration(
        long_name=long_name,
        units=units,
        domain=domain,
        bits=bits,
        after=after,
        default=drawn,
        switch=switch,
    )
    return dataclasses.field(default=None, metadata={_DECLARED: said})


def derived(
    long_name: str | None = None,
    *,
    units: str | None = UNSTATED,
    domain: Interval | OneOf = REAL,
    after: str | None = None,
) -> Any:
    """Declare what follows from the parameters and is recorded beside them; see `parameter`."""
    return Derived(Declaration(long_name=long_name, units=units, domain=domain, after=after))


class Derived:
    """A number that follows from the parameters, as an attribute of an object."""

    def __init__(self, said: Declaration) -> None:
        self.said = said

    def __set_name__(self, owner: type, name: str) -> None:
        """Learn the name under which it is derived."""
        self.name = name

    def __get__(self, one: Any, owner: type | None = None) -> Any:
        """Return its value for an object."""
        return self if one is None else one.all_parameters()[self.name]


def setting(variable: str, *, default: float | None) -> Any:
    """Declare a field that recipes say elsewhere, such as a PSF or a position.

    Parameters
    ----------
    variable : str
        Word of the family's vocabulary that the field has the meaning and domain of.
    default : float or None
        None for what follows from the image, such as its middle.
    """
    return dataclasses.field(default=default, metadata={_DECLARED: Declaration(variable=variable)})


def place_of(cls: type, field: str | None = None) -> str:
    """Return where a class, or one of its fields, is written: file and line, for messages."""
    try:
        lines, first = inspect.getsourcelines(cls)
        file = Path(inspect.getsourcefile(cls) or "")
    except (OSError, TypeError):
        return f"{cls.__module__}.{cls.__qualname__}"
    found = (i for i, line in enumerate(lines) if field and re.match(rf"\s+{field}\b", line))
    what = cls.__qualname__ + (f".{field}" if field else "")
    return f"{what} ({'/'.join(file.parts[-2:])}, line {first + next(found, 0)})"


def declaration(value: object) -> Declaration | None:
    """Return what a value in a class body declares, None where that is nothing."""
    if isinstance(value, dataclasses.Field):
        value = value.metadata.get(_DECLARED)
    if isinstance(value, Derived):
        value = value.said
    return value if isinstance(value, Declaration) else None
