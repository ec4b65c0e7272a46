"""How the error of an object is measured: cases drawn by a fixed seed, and what is said of them.

*Usual* cases are drawn as recipes draw them, from the defaults. *Corners* are the ends of the
parameters' domains: each end alone, the rest as usual, then many ends at once. A case is the
arguments that draw it again, and the same whatever other cases there are.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from skybench.errors import ParameterError
from skybench.generators.distributions import Distribution
from skybench.generators.drawn_object import DrawnObject
from skybench.generators.random_streams import uniforms
from skybench.generators.variable import Interval, OneOf

SEED = 12

_CORNERS_FROM = 1000
"""Number of the first corner, above those of usual cases."""

Case = dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Measure:
    """How one kind of object is measured.

    Attributes
    ----------
    kind : type
    against : str
        The truth; by default what the class says.
    scale : str
        What errors are shares of, or their unit.
    error : callable
        Error of an object of a case, which gives what is no field of the object by name.
    usual : mapping
        Distributions of what usual cases give beside the parameters.
    ends : mapping
        Ends that are measured, where they are not those of the domain; none for what has no
        corners, such as a flux.
    bulk, combined : int
        Usual cases, and corners of many ends.
    """

    kind: type[DrawnObject]
    scale: str
    error: Callable[..., float]
    against: str = ""
    usual: Mapping[str, Distribution] = field(default_factory=dict)
    ends: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    bulk: int = 32
    combined: int = 20

    def usual_case(self, number: int) -> Case:
        """Return a case as recipes draw them."""
        drawn = {
            name: _short(law.quantile(self._uniform(name, number), {})[0])
            for name, law in self.usual.items()
        }
        return drawn | {"seed": number}

    def corners(self) -> Iterator[Case]:
        """Yield the corners."""
        ends, number = self.all_ends(), _CORNERS_FROM
        for name, values in ends.items():
            for value in values:
                yield self.usual_case(number) | {name: value}
                number += 1
        for _ in range(self.combined if ends else 0):
            chosen = {}
            for name, values in ends.items():
                place = float(self._uniform(f"end of {name}", number)[0]) * 2 * len(values)
                if place < len(values):
                    chosen[name] = values[int(place)]
            yield self.usual_case(number) | chosen
            number += 1

    def all_ends(self) -> dict[str, tuple[float, ...]]:
        """Return the ends of each parameter, and of what else a case gives."""
        switched = self.kind.switches  # of asymmetric discs, which have tests of their own
        own = {n: self.kind.variables[n].domain for n in self.kind.defaults if n not in switched}
        found = {name: _ends(domain) for name, domain in own.items()} | dict(self.ends)
        return {name: values for name, values in found.items() if values}

    def error_of(self, case: Mapping[str, float]) -> float | None:
        """Return the error of a case; None where the object refuses it by name."""
        fields = {*self.kind.defaults, *self.kind.settings, "seed"}
        try:
            one = self.kind(**{n: value for n, value in case.items() if n in fields})
            error = float(self.error(one, **{n: v for n, v in case.items() if n not in fields}))
        except ParameterError:
            return None
        return np.inf if np.isnan(error) else error

    def measured(self) -> dict[str, Any]:
        """Return what was found, as plain values."""
        usual = [self.usual_case(number) for number in range(self.bulk)]
        return {
            "against": self.against or self.kind.accuracy,
            "scale": self.scale,
            "usual": self._summary(usual),
            "corners": self._summary(list(self.corners())),
            "ends": {name: list(values) for name, values in self.all_ends().items()},
        }

    def _summary(self, cases: list[Case]) -> dict[str, Any] | None:
        found = [(error, case) for case in cases if (error := self.error_of(case)) is not None]
        refused = len(cases) - len(found)
        if not found:
            return None
        errors = np.array([error for error, _ in found])
        worst = found[int(errors.argmax())][1]
        return {
            "cases": len(found),
            "refused": refused,
            "median": float(f"{np.median(errors):.2e}"),
            "p99": float(f"{np.quantile(errors, 0.99):.2e}"),
            "largest": float(f"{errors.max():.2e}"),
            "worst": worst,
        }

    def _uniform(self, name: str, number: int) -> np.ndarray:
        stream = f"accuracy.{self.kind.name}.{name}"
        return uniforms(SEED, stream, number, number + 1)


def _ends(domain: Interval | OneOf) -> tuple[float, ...]:
    """Return the ends of a domain; none where it has no such."""
    if isinstance(domain, OneOf):
        return domain.values[0], domain.values[-1]
    ends = ((domain.low, domain.open_low), (domain.high, domain.open_high))
    return tuple(float(end) for end, is_open in ends if np.isfinite(end) and not is_open)


def _short(value: float) -> float:
    return float(f"{value:.6g}")


def over_peak(image: np.ndarray, truth: np.ndarray) -> float:
    """Return the largest error over the largest value of the truth; what is dark must be dark."""
    error, peak = np.abs(image - truth).max(), np.abs(truth).max()
    return float(error / peak) if peak > 0 else float(np.inf if error > 0 else 0)
