"""Recipes of N-body systems: what is integrated, how finely and for how long."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from skybench.generators.distributions import NUMBER, Finite, Positive
from skybench.generators.profiles import Profile
from skybench.generators.recipe import Name, ObjectRecipe, Part, SourceSpec
from skybench.generators.series.nbody.catalogue import SYSTEMS

MAX_STEPS = 1_000_000


class Integration(Part):
    """The integration: time, outputs, steps, softening.

    ``outputs`` instants, the start among them, lie evenly over ``duration``, and
    ``steps_per_output`` steps between two of them. A sample whose energy changes by more
    than ``energy_tolerance`` of its size is refused.
    """

    bodies: Annotated[int, NUMBER, Field(ge=2, le=64)]
    dimensions: Annotated[int, NUMBER, Field(ge=2, le=3)] = 3
    duration: Positive
    outputs: Annotated[int, NUMBER, Field(ge=2, le=100_000)]
    steps_per_output: Annotated[int, NUMBER, Field(ge=1, le=100_000)]
    softening: Annotated[Finite, Field(ge=0)] = 0.0
    energy_tolerance: Annotated[Finite, Field(gt=0, le=1)] = 0.01

    @property
    def step(self) -> float:
        """Length of a step."""
        return self.duration / ((self.outputs - 1) * self.steps_per_output)

    @model_validator(mode="after")
    def _affordable(self) -> Self:
        steps = (self.outputs - 1) * self.steps_per_output
        if steps > MAX_STEPS:
            msg = f"{steps} steps a sample are more than {MAX_STEPS}; lower steps_per_output"
            raise ValueError(msg)
        return self


class NbodySource(SourceSpec):
    """A kind of system and the distributions of its parameters."""

    profiles: ClassVar[Mapping[str, Profile]] = SYSTEMS


class NbodyRecipe(ObjectRecipe):
    """A dataset of N-body systems, one in each sample."""

    family: Literal["nbody"]
    integration: Integration
    sources: Annotated[dict[Name, NbodySource], Field(min_length=1)]

    @property
    def points(self) -> int:
        """Values of positions and velocities."""
        on = self.integration
        return 2 * on.outputs * on.bodies * on.dimensions

    @property
    def attributes(self) -> dict[str, str | int | float]:
        """What is to be learnt from, and what the integrator was told."""
        on = self.integration
        return {"main_variable": "position", "softening": on.softening, "time_step": on.step}

    @model_validator(mode="after")
    def _check_bodies(self) -> Self:
        for name, source in self.sources.items():
            needed = SYSTEMS[source.profile].bodies
            if needed not in (None, self.integration.bodies):
                msg = (
                    f"sources.{name}: a {source.profile} has {needed} bodies, but "
                    f"integration.bodies is {self.integration.bodies}"
                )
                raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _check_flat(self) -> Self:
        if self.integration.dimensions == 3:
            return self
        for name, source in self.sources.items():
            for angle in ("system_inclination", "mutual_inclination"):
                tilt = source.distributions.get(angle)
                if tilt is not None and tilt.atoms != (0,):
                    msg = (
                        f"sources.{name}.{angle} must be 0 in two dimensions; "
                        "or set integration.dimensions to 3"
                    )
                    raise ValueError(msg)
        return self
