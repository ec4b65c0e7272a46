"""Recipes of light curves: when stars are looked at, and how well."""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from skybench.errors import ParameterError
from skybench.generators.distributions import NUMBER, Constant, Distribution, Finite, Positive
from skybench.generators.recipe import Condition, Name, ObjectRecipe, Part, SourceSpec
from skybench.generators.series.light_curve.objects import LIGHT_CURVE_OBJECTS
from skybench.generators.series.light_curve.passage import check_limb_darkening
from skybench.generators.series.light_curve.vocabulary import VOCABULARY

Fraction = Annotated[Finite, Field(ge=0, le=1)]


class Cadence(Part):
    """When a star is looked at: ``points`` instants over ``baseline`` days.

    ``jitter`` makes them uneven, from 0 to 1; ``night_fraction`` is the share of each day in
    which there are any; from ``gap_start`` there are none for ``gap_length`` days.
    """

    points: Annotated[int, NUMBER, Field(ge=2, le=100_000)] = 512
    baseline: Positive = 40.0
    jitter: Fraction = 0.0
    night_fraction: Annotated[Finite, Field(ge=0.01, le=1)] = 1.0
    gap_start: Distribution = Constant(value=0)
    gap_length: Distribution = Constant(value=0)

    @model_validator(mode="after")
    def _gap_inside(self) -> Self:
        end = sum(d.support({})[1] for d in (self.gap_start, self.gap_length) if not d.depends_on)
        if not end < self.baseline:
            msg = (
                f"gap_start and gap_length can reach to day {end:g}, but the baseline ends at "
                f"{self.baseline:g}; begin the gap earlier or shorten it"
            )
            raise ValueError(msg)
        return self


class Photometry(Part):
    """Noise of a light curve.

    ``error`` is the median error of a measurement and ``error_scatter`` how much they differ,
    as the standard deviation of their logarithm; the star's own random variation has the
    standard deviation ``red_amplitude`` and is forgotten in ``red_timescale`` days.
    """

    error: Distribution = Constant(value=0.01)
    error_scatter: Annotated[Finite, Field(ge=0, le=2)] = 0.0
    red_amplitude: Distribution = Constant(value=0)
    red_timescale: Distribution = Constant(value=1)


class LightCurveSource(SourceSpec):
    """A kind of light curve and the distributions of its parameters."""

    objects: ClassVar = LIGHT_CURVE_OBJECTS

    @model_validator(mode="after")
    def _check_edge(self) -> Self:
        drawn = self.distributions
        if "limb_darkening_u1" in drawn:
            most = (drawn[f"limb_darkening_{u}"].support({})[1] for u in ("u1", "u2"))
            try:
                check_limb_darkening(*most)
            except ParameterError as error:
                raise ValueError(str(error)) from error
        return self


class LightCurveRecipe(ObjectRecipe):
    """A dataset of light curves, one star in each sample."""

    family: Literal["light_curve"]
    cadence: Cadence = Cadence()
    noise: Photometry = Photometry()
    sources: Annotated[dict[Name, LightCurveSource], Field(min_length=1)]

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Gap and noise of a sample."""
        return (
            Condition("cadence.gap_start", VOCABULARY["gap_start"], self.cadence.gap_start),
            Condition("cadence.gap_length", VOCABULARY["gap_length"], self.cadence.gap_length),
            Condition("noise.error", VOCABULARY["photometric_error"], self.noise.error),
            Condition(
                "noise.red_amplitude", VOCABULARY["red_noise_amplitude"], self.noise.red_amplitude
            ),
            Condition(
                "noise.red_timescale", VOCABULARY["red_noise_timescale"], self.noise.red_timescale
            ),
        )

    @property
    def points(self) -> int:
        """Values of instants, fluxes, errors and expectations."""
        return 4 * self.cadence.points

    @property
    def attributes(self) -> dict[str, str | int | float]:
        """What is to be learnt from, and the length of the observations."""
        return {"main_variable": "relative_flux", "baseline_days": self.cadence.baseline}

    def mistakes(self) -> Iterator[str]:
        """Yield what does not go together: also events that happen once, while nobody looks."""
        yield from super().mistakes()
        for name, source in self.sources.items():
            drawn = source.distributions
            if "epoch" not in drawn or "period" in drawn or drawn["epoch"].depends_on:
                continue
            low, high = drawn["epoch"].support({})
            if low < 0 or high > self.cadence.baseline:
                yield (
                    f"sources.{name}.epoch can be {low:g} to {high:g}, outside the "
                    f"{self.cadence.baseline:g} days of the baseline; narrow the distribution"
                )
