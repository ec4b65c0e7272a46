"""Recipes of maps of the sphere: pixels, beam, noise, point sources and mask."""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from skybench.generators.distributions import NUMBER, Constant, Distribution
from skybench.generators.recipe import Condition, Name, ObjectRecipe, Part, SourceSpec
from skybench.generators.sphere.healpix import NSIDES, Ordering, pixel_count, widest
from skybench.generators.sphere.objects import SPHERE_OBJECTS
from skybench.generators.sphere.vocabulary import VOCABULARY

_NONE = Constant(value=0)


class SphereSpec(Part):
    """The HEALPix grid, the highest multipole of the field, and the unit of the map.

    ``lmax`` is 2 nside where it is not given, the most that the pixels carry with an error
    below a percent; above it aliasing sets in.
    """

    nside: Annotated[int, NUMBER] = 32
    ordering: Ordering = "ring"
    lmax: Annotated[int, NUMBER, Field(ge=0)] | None = None
    units: Annotated[str, Field(min_length=1, max_length=30)] = "1"

    @property
    def highest(self) -> int:
        """The highest multipole that is drawn."""
        return 2 * self.nside if self.lmax is None else self.lmax

    @model_validator(mode="after")
    def _drawable(self) -> Self:
        if self.nside not in NSIDES:
            msg = f"nside must be a power of two from 1 to {NSIDES[-1]}, got {self.nside}"
            raise ValueError(msg)
        if self.highest > 3 * self.nside - 1:
            msg = (
                f"lmax {self.lmax} is more than the pixels of nside {self.nside} can tell apart; "
                f"choose at most 3 nside - 1 = {3 * self.nside - 1}, or leave it out"
            )
            raise ValueError(msg)
        return self


class Beam(Part):
    """The Gaussian beam of the telescope, fwhm in degrees; 0 is none."""

    fwhm: Distribution = _NONE


class SphereNoise(Part):
    """White noise: its standard deviation in a pixel, in units of the map."""

    level: Distribution = _NONE


class PointSourceSpec(Part):
    """Point sources: how many on the sphere, and their number counts N(> S) ~ S^-slope.

    Brightnesses are integrated over a source, in units of the map times square degrees.
    """

    count: Distribution
    slope: Distribution = Constant(value=1.5)
    faintest: Distribution
    brightest: Distribution

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        low, high = self.faintest.support({})[1], self.brightest.support({})[0]
        if low > high:
            msg = f"faintest can be {low:g}, above a brightest of {high:g}; keep them apart"
            raise ValueError(msg)
        return self


class Mask(Part):
    """The masked band along the equator: |latitude| below this many degrees; 0 masks nothing."""

    latitude: Distribution = _NONE


class SphereSource(SourceSpec):
    """A random field: its profile and the distributions of its parameters."""

    objects: ClassVar = SPHERE_OBJECTS


class SphereRecipe(ObjectRecipe):
    """A dataset of maps of the sphere."""

    family: Literal["sphere"]
    sphere: SphereSpec = SphereSpec()
    beam: Beam = Beam()
    noise: SphereNoise = SphereNoise()
    point_sources: PointSourceSpec | None = None
    mask: Mask = Mask()
    sources: Annotated[dict[Name, SphereSource], Field(min_length=1)]

    @property
    def points(self) -> int:
        """Pixels of a map."""
        return pixel_count(self.sphere.nside)

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Beam, noise, mask and number counts of a sample."""
        conditions = (
            Condition("beam.fwhm", VOCABULARY["beam_fwhm"], self.beam.fwhm),
            Condition("noise.level", VOCABULARY["pixel_noise"], self.noise.level),
            Condition("mask.latitude", VOCABULARY["mask_latitude"], self.mask.latitude),
        )
        if self.point_sources is None:
            return conditions
        return conditions + tuple(
            Condition(f"point_sources.{key}", VOCABULARY[f"point_source_{key}"], distribution)
            for key, distribution in self.point_sources
        )

    @property
    def attributes(self) -> dict[str, str | int | float]:
        """What is learnt from, and the grid: nside, order of the pixels, highest multipole."""
        return {
            "main_variable": "sky_map",
            "nside": self.sphere.nside,
            "ordering": self.sphere.ordering,
            "lmax": self.sphere.highest,
        }

    def mistakes(self) -> Iterator[str]:
        """Yield what does not go together, a line each, though each part is right by itself."""
        yield from super().mistakes()
        if self.mask.latitude.depends_on is not None:
            return
        latitude, end = self.mask.latitude.support({})[1], widest(self.sphere.nside)
        if latitude > end:
            yield (
                f"mask.latitude can be {latitude:g} degrees, which leaves no pixel of nside "
                f"{self.sphere.nside}; choose at most {end:.4g}"
            )
