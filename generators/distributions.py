"""Distributions of parameters, each as its quantile function.

A parameter is the quantile of one uniform number, so it depends on its row alone and
two recipes that differ in a distribution share the underlying draws.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from scipy.special import ndtr, ndtri
from typing_extensions import override

from skybench.generators.arrays import Floats


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

    @property
    def depends_on(self) -> str | None:
        """The parameter that must be drawn first, if any."""
        return None

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
        power = self.exponent + 1
        log_ratio = np.log(self.high / self.low)
        # In logarithms, since (high / low)**power may be too large for a float.
        span = power * log_ratio
        if abs(span) < 1e-9:
            grown = uniform * log_ratio
        elif span < 30:
            grown = np.log1p(uniform * np.expm1(span)) / power
        else:
            grown = (span + np.log(uniform + (1 - uniform) * np.exp(-span))) / power
        return np.asarray(self.low * np.exp(grown))


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

    @property
    @override
    def depends_on(self) -> str:
        return self.of

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
    Constant | Uniform | LogUniform | PowerLaw | Normal | TruncatedNormal | Choice | Scaling,
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
