"""Recipes of density cubes: the box, the field and how many halos it holds."""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from skybench.generators.distributions import NUMBER, Constant, Distribution, Positive
from skybench.generators.recipe import Condition, Name, ObjectRecipe, Part, SourceSpec
from skybench.generators.volume.objects import VOLUME_OBJECTS
from skybench.generators.volume.vocabulary import VOCABULARY
from skybench.generators.volume.volume_object import MEAN_DENSITY, VolumeObject, too_wide


class CubeSpec(Part):
    """The periodic box: voxels along a side, its length, the mean density of the universe.

    ``size_mpc`` is in Mpc, ``mean_density`` in solar masses per cubic Mpc.
    """

    side: Annotated[int, NUMBER, Field(ge=8, le=256)] = 32
    size_mpc: Positive = 24.0
    mean_density: Positive = MEAN_DENSITY

    @property
    def voxel_mpc(self) -> float:
        """Side of a voxel in Mpc."""
        return self.size_mpc / self.side


class FieldSpec(Part):
    """The random field between the halos, its power spectrum P(k) ~ k^slope.

    ``rms`` is the root mean square of the density contrast in a voxel, on the average over
    samples. A ``lognormal`` field is positive everywhere; a Gaussian one is not.
    """

    rms: Distribution = Constant(value=0.5)
    slope: Distribution = Constant(value=-1.5)
    lognormal: bool = True


class VolumeScene(Part):
    """How many halos a sample holds; they lie anywhere in the box."""

    count: Distribution = Constant(value=1)


class VolumeSource(SourceSpec):
    """A kind of halo: its profile and the distributions of its parameters."""

    objects: ClassVar = VOLUME_OBJECTS


class VolumeRecipe(ObjectRecipe):
    """A dataset of density cubes."""

    by_source: ClassVar[bool] = True

    family: Literal["volume"]
    cube: CubeSpec = CubeSpec()
    field: FieldSpec = FieldSpec()
    scene: VolumeScene = VolumeScene()
    sources: Annotated[dict[Name, VolumeSource], Field(min_length=1)]

    @property
    def count(self) -> Distribution:
        """How many halos a sample holds."""
        return self.scene.count

    @property
    def points(self) -> int:
        """Voxels of a cube."""
        return self.cube.side**3

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """The number of halos, and the field."""
        return (
            Condition("scene.count", VOCABULARY["halo_count"], self.scene.count),
            Condition("field.rms", VOCABULARY["field_rms"], self.field.rms),
            Condition("field.slope", VOCABULARY["field_slope"], self.field.slope),
        )

    @property
    def attributes(self) -> dict[str, str | int | float]:
        """The scales of the box, and what the field is."""
        return {
            "voxel_mpc": self.cube.voxel_mpc,
            "mean_density_msun_mpc3": self.cube.mean_density,
            "field": "lognormal" if self.field.lognormal else "gaussian",
        }

    def mistakes(self) -> Iterator[str]:
        """Yield what does not go together, a line each, though each part is right by itself."""
        yield from super().mistakes()
        for name, spec in self.sources.items():
            supports = {key: d.support({}) for key, d in _independent(spec).items()}
            kind = spec.drawn
            assert issubclass(kind, VolumeObject)
            ends = {
                key: spec.distributions[key].support(supports)[end]
                for key, end in kind.widest.items()
            }
            wide = kind.width(ends, self.cube.voxel_mpc, self.cube.mean_density)
            if wide > self.cube.side:
                hint = too_wide(kind, wide, self.cube.side)
                yield f"sources.{name}: a {kind.name} can be {hint} cube.size_mpc"


def _independent(spec: SourceSpec) -> dict[str, Distribution]:
    return {key: d for key, d in spec.distributions.items() if d.depends_on is None}
