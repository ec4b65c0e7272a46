"""Whether values and distributions stay within the domains of their variables."""

from collections.abc import Iterator, Mapping
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from skybench.errors import ParameterError
from skybench.generators.arrays import Floats
from skybench.generators.quantities import in_units
from skybench.generators.suggestion import unknown
from skybench.generators.variable import OneOf, Variable


class Dependent(Protocol):
    """What may have to wait for another parameter."""

    @property
    def depends_on(self) -> str | tuple[str, ...] | None:
        """The parameter that must be drawn first, or several, if any."""


class Drawn(Dependent, Protocol):
    """What gives the values of a parameter: a distribution, or what follows from others."""

    @property
    def stream(self) -> str | None:
        """Name of the uniforms that it shares; None for its own."""

    @property
    def atoms(self) -> tuple[float, ...] | None:
        """The only values it can take, or None where it is continuous."""

    @property
    def narrowing(self) -> str:
        """What to do where it can leave a domain."""

    def quantile(self, uniform: Floats, drawn: Mapping[str, Floats]) -> Floats:
        """Return the values at the given probabilities."""

    def support(self, supports: Mapping[str, tuple[float, float]]) -> tuple[float, float]:
        """Return the smallest and largest possible value, given those of the others."""


Waiting = TypeVar("Waiting", bound=Dependent)


def _needed(waiting: Dependent) -> tuple[str, ...]:
    needed = waiting.depends_on
    return (needed,) if isinstance(needed, str) else needed or ()


def evaluation_order(distributions: Mapping[str, Waiting]) -> list[str]:
    """Return the parameters so that each comes after the one it depends on.

    Raises
    ------
    ValueError
        One depends on a parameter that is not there, or some on each other.
    """
    order: list[str] = []
    waiting = dict(distributions)
    while waiting:
        ready = [n for n, d in waiting.items() if {*_needed(d)} <= {*order}]
        if not ready:
            for name, blocked in waiting.items():
                for needed in _needed(blocked):
                    if needed not in distributions:
                        hint = unknown("parameter", needed, distributions)
                        msg = f"{name}: {hint}"
                        raise ValueError(msg)
            msg = f"{' and '.join(waiting)} depend on each other; make one of them independent"
            raise ValueError(msg)
        order += ready
        for name in ready:
            del waiting[name]
    return order


def outside_domains(
    distributions: Mapping[str, Drawn], variables: Mapping[str, Variable]
) -> Iterator[str]:
    """Yield which distributions of a source can leave their parameter's domain, and how.

    Raises
    ------
    ValueError
        One depends on a parameter that is not there, or that it cannot follow.
    """
    supports: dict[str, tuple[float, float]] = {}
    for name in evaluation_order(distributions):
        supports[name] = distributions[name].support(supports)
        yield from outside_domain(name, variables[name], distributions[name], supports[name])


def outside_domain(
    place: str, row: Variable, distribution: Drawn, support: tuple[float, float]
) -> Iterator[str]:
    """Yield that a distribution can leave the domain of its variable; `place` names it."""
    atoms = distribution.atoms
    if isinstance(row.domain, OneOf) and atoms is None:
        yield f"{place} must be one of {row.domain}; use a number or a choice"
        return
    inside = row.domain.contains(atoms).all() if atoms else row.domain.covers(*support)
    if not inside:
        low, high = support
        yield (
            f"{place} can be {low:g} to {high:g}, outside its domain {row.domain}; "
            f"{distribution.narrowing}"
        )


def checked(name: str, value: object, row: Variable) -> float:
    """Return a number as a float if it is in the domain of its variable; `name` names it.

    An astropy Quantity is converted to the unit of the variable.

    Raises
    ------
    ParameterError
        It is no finite number, has a unit of another kind, or is outside the domain.
    """
    number = _number(in_units(name, value, row.units))
    if not np.isfinite(number) or not row.domain.contains(number):
        got = repr(value) if np.isnan(number) else f"{number:g}"
        msg = f"{name} must be a finite number in {row.domain}, got {got}."
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


def within_domain(
    row: Variable, values: ArrayLike, samples: ArrayLike, sources: ArrayLike | None = None
) -> Floats:
    """Return the values of a variable as float64: the last look before they are drawn.

    Recipes are checked when they are read; coordinates from elsewhere are not.

    Parameters
    ----------
    row : Variable
    values : (m,) array
    samples, sources : (m,) arrays
        To be named in the error.

    Raises
    ------
    ParameterError
        A value is no finite number in the domain of the variable.
    """
    numbers = np.asarray(values, dtype=np.float64)
    wrong = np.flatnonzero(~(row.domain.contains(numbers) & np.isfinite(numbers)))
    if wrong.size:
        first = wrong[0]
        source = "" if sources is None else f", source {np.asarray(sources)[first]}"
        msg = (
            f"{row.name} must be a finite number in {row.domain}, got {numbers[first]:g} "
            f"for sample {np.asarray(samples)[first]}{source}."
        )
        raise ParameterError(msg)
    return numbers
