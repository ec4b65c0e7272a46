"""Recipes: what a dataset is made of, validated before anything is made.

Here is what all families share; each family adds its own blocks in its folder.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Self, TypeVar, get_args

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from skybench.generators.distributions import NUMBER, Constant, Distribution, Positive
from skybench.generators.domains import check_domain, check_domains
from skybench.generators.drawn_object import DrawnObject
from skybench.generators.object_table import ObjectTable
from skybench.generators.plain_text import PlainLine, PlainText
from skybench.generators.schema import SPLITS
from skybench.generators.suggestion import unknown
from skybench.generators.variable import Variable

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
Share = Annotated[Positive, Field(ge=0.01, description="at least one sample in a hundred")]
Line = Annotated[PlainLine, Field(min_length=1, max_length=300)]

CLASSIFICATION, MULTILABEL = "classification", "multilabel"
REGRESSION, SEGMENTATION = "regression", "segmentation"
TaskName = Literal["classification", "multilabel", "regression", "segmentation"]
TASK_NAMES: tuple[str, ...] = get_args(TaskName)

MAX_SOURCES = 64


class Part(BaseModel):
    """A block of a recipe: frozen, and no key is unknown."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SourceSpec(BaseModel):
    """A kind of source: its profile and a distribution for each parameter it does not default.

    The keys beside ``profile`` are parameters of that profile.
    """

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, Distribution] = Field(init=False)

    objects: ClassVar[ObjectTable[Any]]

    profile: str

    @property
    def drawn(self) -> type[DrawnObject]:
        """The object that the source is."""
        return self.objects[self.profile]

    @property
    def distributions(self) -> dict[str, Distribution]:
        """Every parameter's distribution, the object's defaults included."""
        return {**self.drawn.defaults, **self.__pydantic_extra__}

    @model_validator(mode="after")
    def _known(self) -> Self:
        try:
            allowed = self.drawn.defaults
        except KeyError:
            raise ValueError(unknown("profile", self.profile, self.objects)) from None
        for name in self.__pydantic_extra__:
            if name not in allowed:
                raise ValueError(unknown(f"parameter of {self.profile}", name, allowed))
        check_domains(self.distributions, self.drawn.variables)
        return self


class Coded(Part):
    """A block among others whose order counts: it gives them their codes.

    The order of the file is recorded as ``code``, since JSON does not keep it.
    """

    code: Annotated[int, NUMBER, Field(ge=0, lt=100)] | None = None


Block = TypeVar("Block", bound=Coded)


def in_order(blocks: dict[str, Block]) -> dict[str, Block]:
    """Return the blocks by their codes, those without one last, and numbered from 0.

    Raises
    ------
    ValueError
        Two have the same code.
    """
    given = [block.code for block in blocks.values() if block.code is not None]
    if len(set(given)) < len(given):
        msg = f"each needs a code of its own, got {given}; leave them out to take the file's order"
        raise ValueError(msg)
    order = sorted(blocks, key=lambda name: _place(blocks[name].code))
    return {name: blocks[name].model_copy(update={"code": i}) for i, name in enumerate(order)}


def _place(code: int | None) -> float:
    return np.inf if code is None else code


class ClassSpec(Coded):
    """A class: the sources that belong to it, and how often it is drawn.

    In a classification the first source of a sample is one of the class; any further ones
    are among its companions.
    """

    sources: Annotated[tuple[str, ...], Field(min_length=1)]
    weight: Positive = 1.0
    companions: tuple[str, ...] = ()


class Condition(NamedTuple):
    """What is drawn once a sample: its place in the recipe, its variable, its distribution."""

    place: str
    variable: Variable
    distribution: Distribution


class Recipe(Part):
    """A dataset that can be generated: the whole of what its content depends on, and its papers."""

    family: str
    name: Name
    title: Line
    description: PlainText
    licence: Line
    citation: PlainText
    seed: Annotated[int, NUMBER, Field(ge=0, lt=2**63)]
    samples: Annotated[int, NUMBER, Field(ge=1, le=10**9)]
    task: TaskName
    targets: Annotated[
        tuple[str, ...], Field(description="recorded parameters that a regression is to predict")
    ] = ()
    splits: dict[str, Share]

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes in the order of their codes."""
        return ()

    @property
    def split_fractions(self) -> dict[str, float]:
        """The share of each split, in the order of the codes; absent splits are 0."""
        return {name: float(self.splits.get(name, 0.0)) for name in SPLITS}

    @property
    def points(self) -> int:
        """Values in the data of a sample."""
        raise NotImplementedError

    @property
    def attributes(self) -> dict[str, str | int | float]:
        """What the attributes of the dataset say beyond the header of the recipe."""
        return {}

    @model_validator(mode="after")
    def _checked_header(self) -> Self:
        self._check_splits()
        if (self.task == REGRESSION) != bool(self.targets):
            msg = (
                "targets must name what a regression predicts, such as [flux]"
                if self.task == REGRESSION
                else f"targets belong to a regression; the task is {self.task}"
            )
            raise ValueError(msg)
        return self

    def _check_splits(self) -> None:
        for name in self.splits:
            if name not in SPLITS:
                raise ValueError(unknown("split", name, SPLITS))
        total = sum(self.splits.values())
        if abs(total - 1) > 1e-9:
            msg = f"splits must sum to 1, got {total:g}"
            raise ValueError(msg)


class ObjectRecipe(Recipe):
    """A dataset whose samples are made of objects: one each, or up to ``slots`` sources."""

    by_source: ClassVar[bool] = False
    """Whether parameters lie on (sample, source) rather than on (sample)."""

    sources: Mapping[Name, SourceSpec]
    classes: Annotated[dict[Name, ClassSpec], Field(max_length=100)] = {}

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes in the order of their codes."""
        return tuple(self.classes)

    @field_validator("classes")
    @classmethod
    def _in_order(cls, classes: dict[str, ClassSpec]) -> dict[str, ClassSpec]:
        return in_order(classes)

    @property
    def count(self) -> Distribution:
        """How many sources a sample holds."""
        return Constant(value=1)

    @property
    def slots(self) -> int:
        """The largest number of sources in a sample: the length of the source dimension."""
        return max(1, round(self.count.support({})[1]))

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """What is drawn once a sample."""
        return ()

    @property
    def objects(self) -> ObjectTable[Any]:
        """The objects that its sources can be."""
        return next(iter(self.sources.values())).objects

    @property
    def recorded(self) -> tuple[str, ...]:
        """The parameters of sources that are recorded, in the order of the family's variables."""
        used = {name for spec in self.sources.values() for name in spec.drawn.variables}
        return tuple(name for name in self.objects.variables if name in used)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        self._check_words()
        self._check_classes()
        self._check_companions()
        self._check_count()
        self._check_conditions()
        self._check_targets()
        return self

    def _check_words(self) -> None:
        words: dict[int, str] = {}
        for name, spec in self.sources.items():
            first = words.setdefault(spec.drawn.code, spec.profile)
            if first != spec.profile:
                msg = (
                    f"sources.{name}.profile: {spec.profile} and {first} are two words for one "
                    f"object; use {spec.drawn.name} for both"
                )
                raise ValueError(msg)

    def _check_conditions(self) -> None:
        for place, row, distribution in self.conditions:
            if distribution.depends_on is not None:
                msg = f"{place} cannot be a scaling: only parameters of a source follow another"
                raise ValueError(msg)
            check_domain(place, row, distribution, distribution.support({}))

    def _check_classes(self) -> None:
        least = 2 if self.task in (CLASSIFICATION, MULTILABEL) else 0
        if len(self.classes) < least:
            msg = f"classes: a {self.task} needs at least {least}, got {len(self.classes)}"
            raise ValueError(msg)
        used = set()
        for name, spec in self.classes.items():
            for source in spec.sources:
                self._check_source(source, f"classes.{name} can never be produced")
                if source in used:
                    msg = f"classes.{name}: source {source!r} already belongs to another class"
                    raise ValueError(msg)
                used.add(source)
        companions = {source for spec in self.classes.values() for source in spec.companions}
        idle = sorted(set(self.sources) - used - companions)
        if idle and self.classes:
            msg = f"sources.{idle[0]} belongs to no class; list it under one or remove it"
            raise ValueError(msg)

    def _check_companions(self) -> None:
        for name, spec in self.classes.items():
            for source in spec.companions:
                self._check_source(source, f"classes.{name}.companions")
            if spec.companions and self.task != CLASSIFICATION:
                msg = f"classes.{name}.companions belong to a classification"
                raise ValueError(msg)
            if self.task == CLASSIFICATION and self.slots > 1 and not spec.companions:
                msg = (
                    "a classification is decided by the first source of a sample: set the count to "
                    f"1, list companions under classes.{name}, or make the task a multilabel"
                )
                raise ValueError(msg)

    def _check_source(self, source: str, place: str) -> None:
        if source not in self.sources:
            msg = f"{place}: {unknown('source', source, self.sources)}"
            raise ValueError(msg)

    def _check_count(self) -> None:
        values = self.count.atoms
        if values is None:
            msg = "scene.count must be a number or a choice of numbers"
            raise ValueError(msg)
        wanted = set(self.targets) & set(self.recorded)
        least = 1 if wanted or self.task == CLASSIFICATION else 0
        if any(v != int(v) or not least <= v <= MAX_SOURCES for v in values) or max(values) < 1:
            msg = f"scene.count must be whole numbers from {least} to {MAX_SOURCES}, got {values}"
            raise ValueError(msg)

    def _check_targets(self) -> None:
        known = [condition.variable.name for condition in self.conditions]
        known += self.recorded
        for name in self.targets:
            if name not in known:
                raise ValueError("targets: " + unknown("recorded parameter", name, known))
