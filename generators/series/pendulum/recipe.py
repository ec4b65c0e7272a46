"""Recipes of pendulums: when they are looked at, and how well."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from skybench.generators.distributions import NUMBER, Constant, Distribution, Positive
from skybench.generators.recipe import Condition, Name, ObjectRecipe, Part, SourceSpec
from skybench.generators.series.pendulum.objects import PENDULUM_OBJECTS
from skybench.generators.series.pendulum.vocabulary import VOCABULARY


class Observation(Part):
    """When the pendulum is looked at: ``outputs`` instants, evenly over ``duration`` seconds."""

    duration: Positive = 20.0
    outputs: Annotated[int, NUMBER, Field(ge=2, le=100_000)] = 256


class AngleNoise(Part):
    """The error of the measured angle: its standard deviation in radians."""

    angle: Distribution = Constant(value=0)


class PendulumSource(SourceSpec):
    """A kind of pendulum and the distributions of its parameters."""

    objects: ClassVar = PENDULUM_OBJECTS


class PendulumRecipe(ObjectRecipe):
    """A dataset of pendulums, one in each sample."""

    family: Literal["pendulum"]
    observation: Observation = Observation()
    noise: AngleNoise = AngleNoise()
    sources: Annotated[dict[Name, PendulumSource], Field(min_length=1)]

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """The noise of a sample."""
        return (Condition("noise.angle", VOCABULARY["angle_noise"], self.noise.angle),)

    @property
    def attributes(self) -> dict[str, str | int | float]:
        """What is to be learnt from."""
        return {"main_variable": "observed_angle"}

    @property
    def points(self) -> int:
        """Values of angle, velocity and measured angle."""
        return 3 * self.observation.outputs
