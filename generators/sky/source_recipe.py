"""Of a recipe of sky images: its sources."""

from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, ClassVar, Self

from pydantic import (
    Field,
    model_validator,
)
from typing_extensions import override

from skybench.generators.distributions import (
    Column,
    Distribution,
    Finite,
    Scaling,
)
from skybench.generators.domains import outside_domains
from skybench.generators.geometric.geometric_object import GeometricObject
from skybench.generators.geometric.objects import GEOMETRIC_OBJECTS
from skybench.generators.object_table import JoinedTables
from skybench.generators.recipe import (
    SourceSpec,
)
from skybench.generators.recipe_errors import refuse
from skybench.generators.sky import spellings
from skybench.generators.sky.band_table import BULGE, KNOTS
from skybench.generators.sky.objects import SKY_OBJECTS
from skybench.generators.sky.shapes import FIRST_CODE
from skybench.generators.sky.spellings import REDSHIFT
from skybench.generators.suggestion import unknown


class SkySource(SourceSpec):
    """A source on the sky: its profile and the distributions of its parameters.

    ``colour`` is g - r in AB magnitudes, by which fluxes differ from band to band, where it is not
    to be the profile's own. ``bulge_colour`` is that of the bulge, ``clump_colour`` that of the
    star-forming knots; ``colour`` then is that of all else. ``second_colour`` is what r - i has
    beyond the line on which the others lie. All may follow a parameter of the source.
    ``colour_scatter`` is the magnitudes by which each band departs from where they put it; 0.04
    where it is left out. ``redshift`` is recorded, and changes no pixel.

    A parameter may be spelled otherwise, such as ``magnitude`` for ``flux``; see `spellings`. A
    plane shape may be a source, too: it adds its ``brightness``, electrons a pixel.
    """

    objects: ClassVar = JoinedTables(SKY_OBJECTS, GEOMETRIC_OBJECTS)
    newer: ClassVar = frozenset(
        {"colour", "bulge_colour", "clump_colour", "second_colour", "colour_scatter", "redshift"}
    )

    colour: Distribution | None = None
    bulge_colour: Distribution | None = None
    clump_colour: Distribution | None = None
    second_colour: Distribution | None = None
    colour_scatter: Annotated[Finite, Field(ge=0, le=5)] | None = None
    redshift: Distribution | None = None

    @property
    @override
    def distributions(self) -> dict[str, Distribution]:
        """What is drawn, by its name in the recipe: the defaults less what is spelled otherwise."""
        given = dict(self.__pydantic_extra__)
        spelled = {name for s in spellings.used(given, self.profile) for name in s.ours}
        defaults = {n: d for n, d in super().distributions.items() if n not in spelled}
        redshift = {} if self.redshift is None else {REDSHIFT.name: self.redshift}
        return {**defaults, **given, **redshift}

    @property
    @override
    def words(self) -> Collection[str]:
        others = (word for s in spellings.spellings_of(self.profile) for word in s.words)
        return [*self.drawn.defaults, *others]

    @property
    @override
    def takes_columns(self) -> bool:
        return super().takes_columns or any(isinstance(d, Column) for d in self.colours.values())

    @property
    def spells(self) -> bool:
        """Whether some parameter is spelled otherwise."""
        return bool(spellings.used(self.__pydantic_extra__, self.profile))

    @override
    def _outside_domains(self, known: Mapping[str, Distribution]) -> Iterator[str]:
        if self.spells:
            # What follows from them is known with the image alone; the recipe looks at the rest.
            yield from spellings.mistakes(self.__pydantic_extra__, self.profile)
        else:
            yield from outside_domains(known, {**self.drawn.variables, REDSHIFT.name: REDSHIFT})

    @model_validator(mode="after")
    def _possible(self) -> Self:
        refuse([*self._mistakes_of_shapes(), *self._mistakes_of_colours()])
        return self

    @property
    def is_shape(self) -> bool:
        """Whether it is a plane shape rather than an object of the sky."""
        return issubclass(self.drawn, GeometricObject)

    @property
    def code(self) -> int:
        """The code of the object in ``kind``, which those of shapes come after."""
        return super().code + (FIRST_CODE if self.is_shape else 0)

    @property
    def colours(self) -> dict[str, Distribution]:
        """The colours that are given, by their keys; only bands make use of them."""
        keys = ("colour", "bulge_colour", "clump_colour", "second_colour")
        return {key: given for key in keys if (given := getattr(self, key)) is not None}

    @property
    def _followed(self) -> Collection[str]:
        return {*self.drawn.defaults, *self.distributions}

    def _mistakes_of_shapes(self) -> Iterator[str]:
        if self.is_shape and "brightness" not in (self.__pydantic_extra__ or {}):
            yield f"brightness must be given: the electrons a pixel of the {self.profile}"
        if self.is_shape and self.colours:
            yield f"a {self.profile} has no colour: it is alike in all bands"

    def _mistakes_of_colours(self) -> Iterator[str]:
        for key, given in self.colours.items():
            if isinstance(given, Scaling):
                yield f"{key} cannot be a scaling: take a trend or a lookup of a parameter"
            elif given.depends_on and given.depends_on not in self._followed:
                yield f"{key}: {unknown('parameter', given.depends_on, self._followed)}"
        if self.bulge_colour is not None and BULGE not in self.drawn.variables:
            yield f"bulge_colour: {self.profile} has no bulge; take it out, or use colour"
        if self.clump_colour is not None and KNOTS not in self.drawn.variables:
            yield f"clump_colour: {self.profile} has no knots; take it out, or use colour"
