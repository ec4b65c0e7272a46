"""Recipes of density cubes: the box, the field and how many halos it holds."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from skybench.generators.distributions import NUMBER, Constant, Distribution, Positive
from skybench.generators.profiles import Profile
from skybench.generators.recipe import Condition, Name, ObjectRecipe, Part, SourceSpec
from skybench.generators.volume.catalogue import PROFILES
from skybench.generators.volume.nfw import width

MEAN_DENSITY = 4.0e10
"""Of matter in the universe today, solar masses per cubic Mpc (Planck 2018: 3.97e10)."""


class CubeSpec(Part):
    """The periodic box: voxels along a side, its length, the mean density of the universe.

    ``size_mpc`` is in Mpc, ``mean_density`` in solar masses per cubic Mpc.
    """

    side: Annotated[int, NUMBER, Field(ge=8, le=256)]
    size_mpc: Positive
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

    profiles: ClassVar[Mapping[str, Profile]] = PROFILES


class VolumeRecipe(ObjectRecipe):
    """A dataset of density cubes."""

    by_source: ClassVar[bool] = True

    family: Literal["volume"]
    cube: CubeSpec
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
            Condition("scene.count", "halo_count", self.scene.count),
            Condition("field.rms", "field_rms", self.field.rms),
            Condition("field.slope", "field_slope", self.field.slope),
        )

    @property
    def attributes(self) -> dict[str, str | int | float]:
        """The scales of the box, and what the field is."""
        return {
            "voxel_mpc": self.cube.voxel_mpc,
            "mean_density_msun_mpc3": self.cube.mean_density,
            "field": "lognormal" if self.field.lognormal else "gaussian",
        }

    @model_validator(mode="after")
    def _halos_fit(self) -> Self:
        for name, spec in self.sources.items():
            supports = {key: d.support({}) for key, d in _independent(spec).items()}
            ends = {
                key: spec.distributions[key].support(supports)[end]
                for key, end in (
                    ("halo_mass", 1),
                    ("second_axis_ratio", 0),
                    ("third_axis_ratio", 0),
                )
            }
            mass, wide = ends["halo_mass"], width(ends, self.cube.voxel_mpc, self.cube.mean_density)
            if wide > self.cube.side:
                msg = (
                    f"sources.{name}: a halo of {mass:.3g} solar masses can be {wide} voxels "
                    f"wide, more than the {self.cube.side} of the box; lower halo_mass, raise "
                    "its axis ratios, or raise cube.size_mpc"
                )
                raise ValueError(msg)
        return self


def _independent(spec: SourceSpec) -> dict[str, Distribution]:
    return {key: d for key, d in spec.distributions.items() if d.depends_on is None}
