"""Distributions of parameters, each as its quantile function.

A parameter is the quantile of one uniform number, so it depends on its row alone and
two recipes that differ in a distribution share the underlying draws.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationInfo,
    model_validator,
)
from scipy.special import ndtr, ndtri
from typing_extensions import override

from skybench.generators.arrays import Floats
from skybench.generators.source_table import CATALOGUE_ROW, SourceTable, picked


def _not_truth(value: Any) -> Any:
    if isinstance(value, bool):
        msg = f"must be a number, not {str(value).lower()}"
        raise ValueError(msg)
    return value


NUMBER = BeforeValidator(_not_truth)
"""Annotation of every number in a recipe: `true` is not 1."""

LARGEST = 1e30
"""A bound on every number, far within float32, in which parameters are stored."""


def _bounded(value: float) -> float:
    if abs(value) > LARGEST:
        msg = f"must be within {-LARGEST:g} and {LARGEST:g}"
        raise ValueError(msg)
    return value


Finite = Annotated[float, NUMBER, Field(allow_inf_nan=False), AfterValidator(_bounded)]
Positive = Annotated[Finite, Field(gt=0)]
Exponent = Annotated[Finite, Field(ge=-100, le=100)]


class _Distribution(BaseModel, ABC):
    model_config = ConfigDict(extra="forbid", frozen=True)

    stream: ClassVar[str | None] = None
    """Name of the uniforms that it shares with others of the source; None for its own."""

    narrowing: ClassVar[str] = "narrow the distribution, or truncate it"
    """What to do where it can leave a domain."""

    @property
    def depends_on(self) -> str | None:
        """The parameter that must be drawn first: the one that it is ``of``, if any."""
        return getattr(self, "of", None)

    @property
    def atoms(self) -> tuple[float, ...] | None:
        """The only values it can take, or None where it is continuous."""
        return None

    @abstractmethod
    def quantile(self, uniform: Floats, drawn: Mapping[str, Floats]) -> Floats:
        """Return the values at the given probabilities.

        Parameters
        ----------
        uniform : float64 array in (0, 1)
        drawn : mapping
            Parameters of the same source drawn before, same shape.
        """

    @abstractmethod
    def support(self, supports: Mapping[str, tuple[float, float]]) -> tuple[float, float]:
        """Return the smallest and largest possible value, given those of the others."""


class _Range(_Distribution):
    low: Finite
    high: Finite

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.low < self.high:
            msg = f"low must be below high, got low {self.low:g} and high {self.high:g}"
            raise ValueError(msg)
        return self

    @override
    def support(self, supports: Mapping[str, tuple[float, float]]) -> tuple[float, float]:
        return self.low, self.high


class Constant(_Distribution):
    """One value; a bare number in a recipe means the same."""

    distribution: Literal["constant"] = "constant"
    value: Finite

    @property
    @override
    def atoms(self) -> tuple[float, ...]:
        return (self.value,)

    @override
    def quantile(self, uniform: Floats, drawn: Mapping[str, Floats]) -> Floats:
        return np.full_like(uniform, self.value)

    @override
    def support(self, supports: Mapping[str, tuple[float, float]]) -> tuple[float, float]:
        return self.value, self.value


class Uniform(_Range):
    """Equal density between low and high."""

    distribution: Literal["uniform"]

    @override
    def quantile(self, uniform: Floats, drawn: Mapping[str, Floats]) -> Floats:
        return self.low + (self.high - self.low) * uniform


class LogUniform(_Range):
    """Equal density in the logarithm between low and high."""

    distribution: Literal["log_uniform"]
    low: Positive

    @override
    def quantile(self, uniform: Floats, drawn: Mapping[str, Floats]) -> Floats:
        return np.asarray(self.low * np.exp(np.log(self.high / self.low) * uniform))


class PowerLaw(_Range):
    """Density proportional to x**exponent between low and high."""

    distribution: Literal["power_law"]
    low: Positive
    exponent: Exponent

    @override
    def quantile(self, uniform: Floats, drawn: Mapping[str, Floats]) -> Floats:
        grown = _exponential(uniform, self.exponent + 1, np.log(self.high / self.low))
        return np.asarray(self.low * np.exp(grown))


def _exponential(uniform: Floats, rate: float, length: float) -> Floats:
    """Return quantiles of a density that grows as exp(rate t), for t from 0 to a length."""
    # In logarithms, since exp(rate length) may be too large for a float.
    span = rate * length
    if abs(span) < 1e-9:
        return np.asarray(uniform * length)
    if span < 30:
        return np.asarray(np.log1p(uniform * np.expm1(span)) / rate)
    return np.asarray((span + np.log(uniform + (1 - uniform) * np.exp(-span))) / rate)


class NumberCounts(_Range):
    """Magnitudes whose density grows as 10**(slope * magnitude) between low and high.

    In Euclidean space, static and without dust, the slope of any population is 0.6.
    """

    distribution: Literal["number_counts"]
    slope: Annotated[Finite, Field(ge=-10, le=10)]

    @override
    def quantile(self, uniform: Floats, drawn: Mapping[str, Floats]) -> Floats:
        rate = self.slope * np.log(10)
        return np.clip(
            self.low + _exponential(uniform, rate, self.high - self.low), -np.inf, self.high
        )


class Normal(_Distribution):
    """Gaussian of the given mean and standard deviation."""

    distribution: Literal["normal"]
    mean: Finite
    sigma: Positive

    @override
    def quantile(self, uniform: Floats, drawn: Mapping[str, Floats]) -> Floats:
        return self.mean + self.sigma * ndtri(uniform)

    @override
    def support(self, supports: Mapping[str, tuple[float, float]]) -> tuple[float, float]:
        return -np.inf, np.inf


class TruncatedNormal(_Range):
    """Gaussian cut at low and high."""

    distribution: Literal["truncated_normal"]
    mean: Finite
    sigma: Positive

    @override
    def quantile(self, uniform: Floats, drawn: Mapping[str, Floats]) -> Floats:
        below = ndtr((self.low - self.mean) / self.sigma)
        above = ndtr((self.high - self.mean) / self.sigma)
        values = self.mean + self.sigma * ndtri(below + (above - below) * uniform)
        return np.clip(values, self.low, self.high)

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if max(self.low - self.mean, self.mean - self.high) > 6 * self.sigma:
            msg = (
                f"low {self.low:g} to high {self.high:g} lies more than 6 sigma "
                f"from the mean {self.mean:g}; move the mean or widen sigma"
            )
            raise ValueError(msg)
        return self


class Choice(_Distribution):
    """One of some values, by weight."""

    distribution: Literal["choice"]
    values: Annotated[tuple[Finite, ...], Field(min_length=1)]
    weights: tuple[Annotated[Finite, Field(ge=0)], ...] | None = None

    @model_validator(mode="after")
    def _weighted(self) -> Self:
        if self.weights is None:
            return self
        if len(self.weights) != len(self.values):
            msg = f"{len(self.values)} values need as many weights, got {len(self.weights)}"
            raise ValueError(msg)
        if not sum(self.weights) > 0:
            msg = "at least one weight must be above 0"
            raise ValueError(msg)
        return self

    @property
    @override
    def atoms(self) -> tuple[float, ...]:
        return self.values

    @override
    def quantile(self, uniform: Floats, drawn: Mapping[str, Floats]) -> Floats:
        weights = np.ones(len(self.values)) if self.weights is None else np.array(self.weights)
        shares = np.cumsum(weights / weights.sum())
        return np.asarray(self.values)[np.searchsorted(shares[:-1], uniform, side="right")]

    @override
    def support(self, supports: Mapping[str, tuple[float, float]]) -> tuple[float, float]:
        return min(self.values), max(self.values)


class Scaling(_Range):
    """A power of another parameter: value * (of / pivot)**exponent, with scatter in dex.

    The result is cut at low and high; what is recorded is the value after the cut.
    """

    distribution: Literal["scaling"]
    of: str
    value: Positive
    pivot: Positive
    exponent: Exponent
    scatter_dex: Annotated[Finite, Field(ge=0, le=10)] = 0.0

    @override
    def quantile(self, uniform: Floats, drawn: Mapping[str, Floats]) -> Floats:
        with np.errstate(over="ignore"):
            scale = self.value * (drawn[self.of] / self.pivot) ** self.exponent
            values = scale * 10 ** (self.scatter_dex * ndtri(uniform))
        return np.clip(values, self.low, self.high)

    @override
    def support(self, supports: Mapping[str, tuple[float, float]]) -> tuple[float, float]:
        least = supports[self.of][0]
        if not least > 0:
            msg = f"a scaling needs {self.of} above 0, but it can be {least:g}"
            raise ValueError(msg)
        return self.low, self.high


class Trend(_Range):
    """Linear in another parameter: value + slope * (of - pivot), with normal scatter.

    With ``log10`` that is the logarithm of the parameter. The result is cut at low and high, ends
    of the parameter itself; what is recorded is the value after the cut.
    """

    distribution: Literal["trend"]
    of: str
    value: Finite
    slope: Finite
    pivot: Finite = 0.0
    scatter: Annotated[Finite, Field(ge=0)] = 0.0
    log10: bool = False

    @override
    def quantile(self, uniform: Floats, drawn: Mapping[str, Floats]) -> Floats:
        values = self.value + self.slope * (drawn[self.of] - self.pivot)
        values = values + self.scatter * ndtri(uniform)
        if self.log10:
            with np.errstate(over="ignore"):
                values = 10**values
        return np.clip(values, self.low, self.high)


Point = tuple[Finite, Finite]


class Lookup(_Distribution):
    """Piecewise linear in another parameter, by a table of points, with normal scatter.

    Before the first point and beyond the last it is constant. With a scatter it needs ``low`` and
    ``high``, at which it is cut; what is recorded is the value after the cut.
    """

    distribution: Literal["lookup"]
    of: str
    points: Annotated[tuple[Point, ...], Field(min_length=2, max_length=1000)]
    scatter: Annotated[Finite, Field(ge=0)] = 0.0
    low: Finite | None = None
    high: Finite | None = None

    @model_validator(mode="after")
    def _possible(self) -> Self:
        places = [x for x, _ in self.points]
        if any(second <= first for first, second in pairwise(places)):
            msg = f"points must rise in {self.of}, the first number of each, got {places}"
            raise ValueError(msg)
        if self.scatter and None in (self.low, self.high):
            msg = "a lookup with scatter needs low and high, at which it is cut"
            raise ValueError(msg)
        low, high = self.support({})
        if not low <= high:
            msg = f"low must be below high, got low {low:g} and high {high:g}"
            raise ValueError(msg)
        return self

    @override
    def quantile(self, uniform: Floats, drawn: Mapping[str, Floats]) -> Floats:
        values = np.interp(drawn[self.of], *np.transpose(self.points))
        return np.asarray(np.clip(values + self.scatter * ndtri(uniform), *self.support({})))

    @override
    def support(self, supports: Mapping[str, tuple[float, float]]) -> tuple[float, float]:
        values = [y for _, y in self.points]
        low = min(values) if self.low is None else self.low
        high = max(values) if self.high is None else self.high
        return low, high


class Column(_Distribution):
    """A column of the recipe's catalogue, or an expression of its columns.

    All columns of a source are from one row, so they are as correlated as in the table. ``low``
    and ``high`` are the ends of the values, recorded when the table is read.
    """

    distribution: Literal["column"]
    column: Annotated[str, Field(min_length=1, max_length=1000)]
    low: Finite | None = None
    high: Finite | None = None

    # Private, so that no dump, repr or error shows it.
    _values: Floats | None = PrivateAttr(default=None)

    stream: ClassVar[str | None] = CATALOGUE_ROW
    narrowing: ClassVar[str] = "cut the rows by catalogue.where"

    @model_validator(mode="after")
    def _of_table(self, info: ValidationInfo) -> Self:
        table: SourceTable | None = (info.context or {}).get("table")
        if table is not None:
            self._values = table.number(self.column)
            for key, end in (("low", self._values.min()), ("high", self._values.max())):
                # In digits that are alike on all machines: functions differ in their last bit.
                object.__setattr__(self, key, float(f"{end:.9g}"))
        if None in (self.low, self.high):
            msg = "a column needs a catalogue: add 'catalogue: {file: objects.csv}' to the recipe"
            raise ValueError(msg)
        return self

    @override
    def quantile(self, uniform: Floats, drawn: Mapping[str, Floats]) -> Floats:
        return (
            np.full_like(uniform, np.nan) if self._values is None else picked(uniform, self._values)
        )

    @override
    def support(self, supports: Mapping[str, tuple[float, float]]) -> tuple[float, float]:
        assert self.low is not None
        assert self.high is not None
        return self.low, self.high

    def __eq__(self, other: object) -> bool:
        """Tell whether two are written alike: the catalogue compares the rows."""
        return isinstance(other, Column) and self.model_dump() == other.model_dump()

    def __hash__(self) -> int:
        """Return what is equal for equal columns."""
        return hash((self.column, self.low, self.high))


def _number_is_constant(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    return {"distribution": "constant", "value": value} if _is_number(value) else value


def _is_number(value: Any) -> bool:
    # YAML 1.1 reads 1e4 as text, so numbers may arrive as strings.
    try:
        float(value)
    except (TypeError, ValueError, OverflowError):
        return False
    return True


_Written = Annotated[
    Constant
    | Uniform
    | LogUniform
    | PowerLaw
    | NumberCounts
    | Normal
    | TruncatedNormal
    | Choice
    | Scaling
    | Trend
    | Lookup
    | Column,
    Field(discriminator="distribution"),
]

Distribution = Annotated[
    _Written, BeforeValidator(_number_is_constant, json_schema_input_type=_Written | float)
]
"""Any distribution, or a bare number for a constant."""


def uniform(low: float, high: float) -> Uniform:
    """Return equal density between low and high; the four here are for defaults in code."""
    return Uniform(distribution="uniform", low=low, high=high)


def log_uniform(low: float, high: float) -> LogUniform:
    """Return equal density in the logarithm between low and high."""
    return LogUniform(distribution="log_uniform", low=low, high=high)


def truncated_normal(mean: float, sigma: float, low: float, high: float) -> TruncatedNormal:
    """Return a Gaussian cut at low and high."""
    return TruncatedNormal(
        distribution="truncated_normal", mean=mean, sigma=sigma, low=low, high=high
    )


def choice(*values: float) -> Choice:
    """Return one of some values, all alike."""
    return Choice(distribution="choice", values=values)


def described(distribution: Distribution) -> str:
    """Return a distribution in a few words, such as ``uniform, low 0, high 1``."""
    values = distribution.model_dump()
    kind = values.pop("distribution")
    if kind == "constant":
        return f"{values['value']:g}"
    return ", ".join([kind, *(f"{key} {_short(v)}" for key, v in values.items() if v is not None)])


def _short(value: object) -> str:
    if isinstance(value, tuple | list):
        return "[" + ", ".join(map(_short, value)) + "]"
    return f"{value:g}" if isinstance(value, int | float) else str(value)
