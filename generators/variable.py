"""What a variable is: name, dimensions, dtype, unit, meaning and domain.

Each folder of generators has a table of its variables; `skybench.generators.schema` is
the one table of them all.
"""

from collections.abc import Iterable, Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from skybench.errors import ParameterError

SAMPLE = ("sample",)
SOURCE = ("sample", "source")

PARAMETER_BITS = 16
"""Mantissa bits kept of a float parameter.

numpy's float64 functions differ in the last bit between CPUs. A value computed as
float64 and kept to 16 bits differs only if it lies within 1e-16 of a rounding
boundary 1e-5 apart, about 1e-12 a value; sub-pixel positions keep 1/2000 pixel.
"""

EXPECTED_BITS = 12
"""Mantissa bits kept of stored noise-free images: 1.2e-4, far below the error budget."""


_MANTISSA = 52
"""Mantissa bits of a float64."""

_CACHED = 1 << 15
"""Values rounded at a time, so that they stay in the cache."""


def _margin(end: float) -> float:
    return max(abs(end) * 2.0**-PARAMETER_BITS, 1e-30)


@dataclass(frozen=True)
class Interval:
    """A domain: its bounds, each with or without the end point, and 0 beside them or not."""

    low: float = -np.inf
    high: float = np.inf
    _: KW_ONLY
    open_low: bool = False
    open_high: bool = False
    or_zero: bool = False

    def __str__(self) -> str:
        """Write the domain as mathematicians do: ``(0, 1]``."""
        left = "(" if self.open_low or np.isneginf(self.low) else "["
        right = ")" if self.open_high or np.isposinf(self.high) else "]"
        zero = "0 or " if self.or_zero else ""
        return f"{zero}{left}{self.low:g}, {self.high:g}{right}"

    def contains(self, values: ArrayLike) -> NDArray[np.bool_]:
        """Return where the values are in the domain; NaN never is.

        What would be rounded to an open end when it is stored is not.
        """
        x = np.asarray(values, dtype=np.float64)
        above = x > self.low + _margin(self.low) if self.open_low else x >= self.low
        below = x < self.high - _margin(self.high) if self.open_high else x <= self.high
        return np.asarray(above & below | (self.or_zero & (x == 0)))

    def covers(self, low: float, high: float) -> bool:
        """Return whether all values from ``low`` to ``high`` are in the domain."""
        across_the_gap = self.or_zero and low < self.low < high
        return bool(self.contains((low, high)).all()) and not across_the_gap


@dataclass(frozen=True, kw_only=True)
class OneOf:
    """A domain of separate values."""

    values: tuple[float, ...]

    def __str__(self) -> str:
        """Write the domain as a set: ``{-1, 1}``."""
        return "{" + ", ".join(f"{v:g}" for v in self.values) + "}"

    def contains(self, values: ArrayLike) -> NDArray[np.bool_]:
        """Return where the values are among the allowed ones."""
        return np.isin(np.asarray(values, dtype=np.float64), self.values)

    def covers(self, low: float, high: float) -> bool:
        """Return whether all values from ``low`` to ``high`` are allowed: at most one is."""
        return low == high and bool(self.contains(low).all())


REAL = Interval()
POSITIVE = Interval(0, open_low=True)


@dataclass(frozen=True, kw_only=True)
class Variable:
    """One row of the table.

    Attributes
    ----------
    name : str
    dims : tuple of str
    dtype : str
        As stored.
    long_name : str
        Meaning.
    units : str, optional
    domain : Interval or OneOf
        Of what a recipe may ask for.
    bits : int
        Mantissa bits kept of a float.
    """

    name: str
    dims: tuple[str, ...]
    dtype: str
    long_name: str
    units: str | None = None
    domain: Interval | OneOf = REAL
    bits: int = PARAMETER_BITS

    def attributes(self) -> dict[str, Any]:
        """Return the CF attributes of the variable."""
        attributes = {"long_name": self.long_name}
        return attributes if self.units is None else attributes | {"units": self.units}

    def store(self, values: ArrayLike) -> NDArray[Any]:
        """Return the values in the stored dtype, floats rounded to the kept mantissa bits.

        Integers that have the dtype are returned as they are, not copied.
        """
        array = np.asarray(values)
        if np.dtype(self.dtype).kind == "f":
            return round_mantissa(array, self.bits).astype(self.dtype)
        return array.astype(self.dtype, copy=False)

    def holding(
        self, values: ArrayLike, attributes: Mapping[str, Any] | None = None
    ) -> xr.Variable:
        """Return an xarray Variable of these values, stored dtype and attributes included."""
        return xr.Variable(
            self.dims, self.store(values), self.attributes() | dict(attributes or {})
        )

    def check(self, values: ArrayLike) -> None:
        """Refuse values outside the domain; NaN marks an empty slot and passes.

        Raises
        ------
        ParameterError
            Naming the first offending sample (and source).
        """
        array = np.asarray(values)
        wrong = np.argwhere(~self.domain.contains(array) & ~np.isnan(array))
        if len(wrong):
            place = ", ".join(f"{d} {i}" for d, i in zip(self.dims, wrong[0], strict=False))
            got = array[tuple(wrong[0])]
            where = f" for {place}" if place else ""
            msg = f"{self.name} must be in {self.domain}, got {got:g}{where}."
            raise ParameterError(msg)


def table(*variables: Variable) -> dict[str, Variable]:
    """Return the variables by name."""
    return {v.name: v for v in variables}


def of_sample(name: str, long_name: str, *, dtype: str = "float32", **more: Any) -> Variable:
    """Return a variable with a value for each sample."""
    return Variable(name=name, dims=SAMPLE, dtype=dtype, long_name=long_name, **more)


def of_source(name: str, long_name: str, *, dtype: str = "float32", **more: Any) -> Variable:
    """Return a variable with a value for each source of each sample."""
    return Variable(name=name, dims=SOURCE, dtype=dtype, long_name=long_name, **more)


def round_mantissa(values: NDArray[Any], bits: int) -> NDArray[np.float64]:
    """Round floats to ``bits`` explicit mantissa bits, ties to even; NaN and infinities stay."""
    rounded = np.array(values, dtype=np.float64, order="C")
    # As integers, floats lie in the order of their magnitude, the mantissa in the lowest bits.
    whole = rounded.reshape(-1).view(np.uint64)
    dropped = np.uint64(_MANTISSA - bits)
    for first in range(0, whole.size, _CACHED):
        some = whole[first : first + _CACHED]
        odd = (some >> dropped) & np.uint64(1)
        some += odd + ((np.uint64(1) << (dropped - np.uint64(1))) - np.uint64(1))
        some >>= dropped
        some <<= dropped
    return rounded


def flags(meanings: Mapping[str, int]) -> dict[str, Any]:
    """Return the CF flag attributes that give integer codes their names."""
    return {
        "flag_values": np.array(list(meanings.values()), dtype=np.int8),
        "flag_meanings": " ".join(meanings),
    }


def numbered(names: Iterable[str], first: int = 0) -> dict[str, int]:
    """Return codes for names, in their order."""
    return {name: code for code, name in enumerate(names, first)}
