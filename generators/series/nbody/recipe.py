"""Recipes of N-body systems: what is integrated, and for how long."""

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from skybench.generators.recipe import Name, ObjectRecipe, SourceSpec
from skybench.generators.series.nbody.motion import Integration
from skybench.generators.series.nbody.objects import NBODY_OBJECTS


class NbodySource(SourceSpec):
    """A kind of system and the distributions of its parameters."""

    objects: ClassVar = NBODY_OBJECTS


class NbodyRecipe(ObjectRecipe):
    """A dataset of N-body systems, one in each sample."""

    family: Literal["nbody"]
    # Unsoftened, two bodies may meet, and close encounters end all trust in a path.
    integration: Integration = Integration(softening=0.1)
    sources: Annotated[dict[Name, NbodySource], Field(min_length=1)]

    def implied(self) -> dict[str, Any]:
        """Return what was left out and follows from the rest: as many bodies as a source needs."""
        implied = super().implied()
        needed = [NBODY_OBJECTS[spec.profile].bodies for spec in self.sources.values()]
        if "bodies" not in self.integration.model_fields_set and any(needed):
            bodies = next(filter(None, needed))
            implied["integration"] = self.integration.model_copy(update={"bodies": bodies})
        return implied

    @property
    def points(self) -> int:
        """Values of positions and velocities."""
        on = self.integration
        return 2 * on.outputs * on.bodies * on.dimensions

    @property
    def attributes(self) -> dict[str, str | int | float]:
        """What is to be learnt from, and what the integrator was told."""
        return {"main_variable": "position", "softening": self.integration.softening}

    def mistakes(self) -> Iterator[str]:
        """Yield what does not go together, a line each, though each part is right by itself."""
        yield from super().mistakes()
        for name, source in self.sources.items():
            needed = NBODY_OBJECTS[source.profile].bodies
            if needed not in (None, self.integration.bodies):
                yield (
                    f"sources.{name}: a {source.profile} has {needed} bodies, but "
                    f"integration.bodies is {self.integration.bodies}"
                )
            if self.integration.dimensions == 2:
                yield from _tilted(name, source)


def _tilted(name: str, source: NbodySource) -> Iterator[str]:
    for angle in ("system_inclination", "mutual_inclination"):
        tilt = source.distributions.get(angle)
        if tilt is not None and tilt.atoms != (0,):
            yield (
                f"sources.{name}.{angle} must be 0 in two dimensions; "
                "or set integration.dimensions to 3"
            )
