"""Recipes of N-body systems: what is integrated, how finely and for how long."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from skybench.generators.recipe import Name, ObjectRecipe, SourceSpec
from skybench.generators.series.nbody.motion import Integration
from skybench.generators.series.nbody.objects import NBODY_OBJECTS


class NbodySource(SourceSpec):
    """A kind of system and the distributions of its parameters."""

    objects: ClassVar = NBODY_OBJECTS


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
            needed = NBODY_OBJECTS[source.profile].bodies
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
