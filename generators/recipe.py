"""Recipes: what a dataset is made of, validated before anything is made.

Here is what all families share; each family adds its own blocks in its folder.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Self, TypeVar, get_args

import numpy as np
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    SerializerFunctionWrapHandler,
    ValidationInfo,
    field_validator,
    model_serializer,
    model_validator,
)

from skybench.errors import RecipeError
from skybench.generators.distributions import NUMBER, Column, Constant, Distribution, Positive
from skybench.generators.domains import Drawn, outside_domain, outside_domains
from skybench.generators.drawn_object import DrawnObject
from skybench.generators.expression import names_in
from skybench.generators.object_table import JoinedTables, ObjectTable
from skybench.generators.plain_text import PlainLine, PlainText
from skybench.generators.recipe_errors import refuse
from skybench.generators.schema import SPLITS
from skybench.generators.source_table import CATALOGUE_ROW, SourceTable
from skybench.generators.suggestion import unknown
from skybench.generators.synonyms import unknown_word
from skybench.generators.variable import Variable

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
Share = Annotated[Positive, Field(ge=0.01, description="at least one sample in a hundred")]
Line = Annotated[PlainLine, Field(min_length=1, max_length=300)]

CLASSIFICATION, MULTILABEL = "classification", "multilabel"
REGRESSION, SEGMENTATION, DEBLENDING = "regression", "segmentation", "deblending"
TaskName = Literal["classification", "multilabel", "regression", "segmentation", "deblending"]
TASK_NAMES: tuple[str, ...] = get_args(TaskName)

MAX_SOURCES = 10_000
MAPPED_SOURCES = 127
"""The same where a segmentation of int8 numbers them."""

UNLICENSED = "not stated"
"""Nobody gives rights away by leaving a line out."""


class Written(BaseModel):
    """What is recorded with a dataset, always in the same words."""

    newer: ClassVar[frozenset[str]] = frozenset()
    """Keys that are left out where they are None: recipes were recorded before these were."""

    @model_serializer(mode="wrap")
    def _as_before(self, written: SerializerFunctionWrapHandler) -> dict[str, Any]:
        content: dict[str, Any] = written(self)
        return {k: v for k, v in content.items() if k not in self.newer or v is not None}


class Part(Written):
    """A block of a recipe: frozen, and no key is unknown."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SourceSpec(Written):
    """A kind of source: its profile and a distribution for each parameter it does not default.

    The keys beside ``profile`` are parameters of that profile.
    """

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, Distribution] = Field(init=False)

    objects: ClassVar[ObjectTable[Any] | JoinedTables]

    profile: str

    @property
    def drawn(self) -> type[DrawnObject]:
        """The object that the source is."""
        return self.objects[self.profile]

    @property
    def code(self) -> int:
        """The code of the object in ``kind``."""
        return self.drawn.code

    @property
    def distributions(self) -> dict[str, Distribution]:
        """Every parameter's distribution, the object's defaults included."""
        given = self.__pydantic_extra__
        defaults = {n: d for n, d in self.drawn.defaults.items() if self.has(n)}
        return {**defaults, **given}

    def has(self, name: str) -> bool:
        """Tell whether a variable of the object is recorded: what switches it on is given."""
        switch = self.drawn.switches.get(name)
        return switch is None or switch in self.__pydantic_extra__

    @property
    def words(self) -> Collection[str]:
        """The parameters that it may give."""
        return self.drawn.defaults

    @property
    def takes_columns(self) -> bool:
        """Whether something of it is a column of the recipe's catalogue."""
        return any(isinstance(d, Column) for d in self.distributions.values())

    @model_validator(mode="after")
    def _known(self) -> Self:
        try:
            allowed = self.words
        except KeyError:
            raise ValueError(unknown_word("profile", self.profile, self.objects)) from None
        strange = [name for name in self.__pydantic_extra__ if name not in allowed]
        known = {n: d for n, d in self.distributions.items() if n not in strange}
        refuse(
            [
                *(unknown_word(f"parameter of {self.profile}", n, allowed) for n in strange),
                *(
                    f"{n} has no effect without {self.drawn.switches[n]}; give both"
                    for n in known
                    if not self.has(n)
                ),
                *self._outside_domains(known),
            ]
        )
        return self

    def _outside_domains(self, known: Mapping[str, Distribution]) -> Iterator[str]:
        return outside_domains(known, self.drawn.variables)


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
    distribution: Drawn


class Catalogue(Part):
    """A table of objects on disk, whose rows give parameters to the sources.

    When the table is read, three keys are recorded: ``sha256`` of the rows and columns that are
    used, how many ``rows`` the file has, and how many are ``kept`` by ``where``.
    """

    newer: ClassVar = frozenset({"where", "sha256", "rows", "kept"})

    file: Annotated[Line, Field(description="CSV, Parquet or FITS; relative to the recipe")]
    where: Annotated[
        Line | None, Field(description="an expression of columns that the rows used must fulfil")
    ] = None
    sha256: Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")] | None = None
    rows: Annotated[int, NUMBER, Field(ge=0)] | None = None
    kept: Annotated[int, NUMBER, Field(ge=1)] | None = None

    # Private, so that no dump, repr or error shows them.
    _table: SourceTable | None = PrivateAttr(default=None)
    _folder: Path | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _read(self, info: ValidationInfo) -> Self:
        context = info.context or {}
        self._table, self._folder = context.get("table"), context.get("folder")
        return self

    @property
    def folder(self) -> Path | None:
        """Where the file was found; None for a recorded recipe."""
        return self._folder

    @property
    def table(self) -> SourceTable:
        """The rows that are kept.

        Raises
        ------
        RecipeError
            The recipe was recorded elsewhere, and the file is not at hand.
        """
        if self._table is None:
            msg = (
                f"the catalogue {self.file} is not at hand, whose {self.kept} rows have the hash "
                f"{self.sha256}; put the file into the folder in which you run this"
            )
            raise RecipeError(msg)
        return self._table


class Sealing(Part):
    """What is published of a seal; `skybench release --sealed` writes it.

    The samples of the split are drawn from a secret seed. ``commitment`` is the hash of that seed,
    and ``contact`` whoever scores predictions for the split as long as it is secret.
    """

    split: Literal["test"] = "test"
    commitment: Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
    contact: Annotated[PlainLine, Field(max_length=300)] = ""


class NamedSet(Coded):
    """Samples that a cut in their coordinates chooses: of one split, or of all that are open."""

    where: Annotated[Line, Field(description="a cut, such as feature_signal_to_noise > 10")]
    split: str | None = None

    @field_validator("where")
    @classmethod
    def _readable(cls, where: str) -> str:
        names_in(where)
        return where


class Recipe(Part):
    """A dataset that can be generated: the whole of what its content depends on, and its papers."""

    newer: ClassVar = frozenset({"sealed", "sets"})

    family: str
    name: Name
    title: Annotated[Line, Field(description="default: the name")] = ""
    description: PlainText = ""
    licence: Line = UNLICENSED
    citation: PlainText = ""
    seed: Annotated[int, NUMBER, Field(ge=0, lt=2**63)] = 0
    samples: Annotated[int, NUMBER, Field(ge=1, le=10**9)] = 10_000
    task: TaskName
    targets: Annotated[
        tuple[str, ...], Field(description="recorded parameters that a regression is to predict")
    ] = ()
    splits: dict[Name, Share] = {"train": 0.6, "validation": 0.2, "test": 0.2}
    sets: Annotated[
        dict[Name, NamedSet] | None,
        Field(min_length=1, max_length=100, description="samples to be evaluated by themselves"),
    ] = None
    sealed: Annotated[
        Sealing | None, Field(description="the split whose truth is withheld, and its commitment")
    ] = None

    # Private, so that no dump, repr or error shows it.
    _secret_seed: int | None = PrivateAttr(default=None)

    @property
    def secret_seed(self) -> int | None:
        """What the sealed split is drawn from; None where it is not sealed, or not known."""
        return self._secret_seed

    def beneath(self, changes: Iterable[str]) -> dict[str, Any]:
        """Return the content that changes at dotted paths are laid over: what is recorded."""
        return self.model_dump(mode="json")

    @classmethod
    def with_files(
        cls, content: Mapping[str, Any], folder: Path | None
    ) -> tuple[Mapping[str, Any], dict[str, Any]]:
        """Return content with what is recorded of a family's own files, and what they hold.

        The latter is the context of its validation; ``folder`` is as for `recipe_from`.
        """
        return content, {}

    @property
    def read_files(self) -> dict[str, tuple[Path, dict[str, Any]]]:
        """The folders of files that were read, and what is recorded of them, by their blocks."""
        return {}

    @property
    def is_closed(self) -> bool:
        """Whether it has a sealed split whose samples cannot be drawn from it."""
        return self.sealed is not None and self.secret_seed is None

    def with_secret_seed(self, seed: int | None) -> Self:
        """Return the recipe with the seed of its sealed split, which is not written with it."""
        recipe = self.model_copy()
        recipe._secret_seed = seed
        return recipe

    @property
    def portable_json(self) -> str:
        """The recipe as JSON, with all that another machine needs to draw it, but no secret."""
        return self.model_dump_json()

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes in the order of their codes."""
        return ()

    @property
    def split_fractions(self) -> dict[str, float]:
        """The share of each split, in the order of the codes; absent splits are 0.

        Those of other names come after the three, in the order of the alphabet.
        """
        others = sorted(self.splits.keys() - {*SPLITS})
        return {name: float(self.splits.get(name, 0.0)) for name in (*SPLITS, *others)}

    @field_validator("sets")
    @classmethod
    def _sets_in_order(cls, sets: dict[str, NamedSet] | None) -> dict[str, NamedSet] | None:
        return None if sets is None else in_order(sets)

    @property
    def points(self) -> int:
        """Values in the data of a sample."""
        raise NotImplementedError

    @property
    def attributes(self) -> dict[str, str | int | float]:
        """What the attributes of the dataset say beyond the header of the recipe."""
        return {}

    @model_validator(mode="after")
    def _completed(self) -> Self:
        """Write out what was left out and follows from the rest, so that it is recorded."""
        for key, value in self.implied().items():
            object.__setattr__(self, key, value)
        refuse(self.mistakes())
        return self

    def implied(self) -> dict[str, Any]:
        """Return what was left out and follows from the rest."""
        return {} if self.title else {"title": self.name.replace("_", " ").capitalize()}

    def mistakes(self) -> Iterator[str]:
        """Yield what does not go together, a line each, though each part is right by itself."""
        for name in self.splits:
            absent = [split for split in SPLITS if split not in self.splits]
            # What is near to one that is missing is no other, but that one misspelt.
            if name not in SPLITS and get_close_matches(name, absent, 1, 0.7):
                yield unknown("split", name, SPLITS)
        yield from self._mistakes_of_sets()
        total = sum(self.splits.values())
        if abs(total - 1) > 1e-9:
            yield f"splits must sum to 1, got {total:g}"
        if self.sealed is not None and self.sealed.split not in self.splits:
            yield f"sealed.split: there is no split {self.sealed.split} to be sealed"
        if self.task == REGRESSION and not self.targets:
            yield "targets must name what a regression predicts, such as [flux]"
        if self.task != REGRESSION and self.targets:
            yield f"targets belong to a regression; the task is {self.task}"

    def _mistakes_of_sets(self) -> Iterator[str]:
        for name, spec in (self.sets or {}).items():
            if name in self.split_fractions:
                yield f"sets.{name}: that is the name of a split; choose another"
            if spec.split is not None and spec.split not in self.splits:
                yield f"sets.{name}.split: {unknown('split', spec.split, self.splits)}"
            if self.sealed is not None and spec.split == self.sealed.split:
                yield (
                    f"sets.{name}: the {spec.split} split is sealed, and who is in a set would "
                    "tell of its truth; choose another split"
                )


class ObjectRecipe(Recipe):
    """A dataset whose samples are made of objects: one each, or up to ``slots`` sources."""

    by_source: ClassVar[bool] = False
    """Whether parameters lie on (sample, source) rather than on (sample)."""

    newer: ClassVar = Recipe.newer | {"catalogue"}

    catalogue: Annotated[
        Catalogue | None, Field(description="a table whose columns are parameters")
    ] = None
    sources: Mapping[Name, SourceSpec]
    classes: Annotated[dict[Name, ClassSpec], Field(max_length=100)] = {}

    @property
    def read_files(self) -> dict[str, tuple[Path, dict[str, Any]]]:
        """The folders of files that were read, and what is recorded of them, by their blocks."""
        catalogue = self.catalogue
        if catalogue is None or catalogue.folder is None:
            return {}
        recorded = catalogue.model_dump(include={"sha256", "rows", "kept"})
        return {"catalogue": (catalogue.folder, recorded)}

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes in the order of their codes."""
        return tuple(self.classes)

    def implied(self) -> dict[str, Any]:
        """Return what was left out and follows from the rest."""
        implied = super().implied()
        if self.task in (CLASSIFICATION, MULTILABEL) and "classes" not in self.model_fields_set:
            implied["classes"] = in_order(
                {name: ClassSpec(sources=(name,)) for name in self.sources}
            )
        if self.task == REGRESSION and "targets" not in self.model_fields_set:
            implied["targets"] = self._varying()
        return implied

    def _varying(self) -> tuple[str, ...]:
        """Return the parameters that all sources have and that vary, less angles, which wrap."""
        drawn = [spec.distributions for spec in self.sources.values()]
        return tuple(
            name
            for name in self.recorded
            if all(name in own for own in drawn)
            and any(len(set(own[name].atoms or (0, 1))) > 1 for own in drawn)
            and self.variables[name].units != "degree"
        )

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
    def most_sources(self) -> int:
        """How many sources a sample may hold."""
        return MAX_SOURCES

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """What is drawn once a sample."""
        return ()

    @property
    def objects(self) -> ObjectTable[Any] | JoinedTables:
        """The objects that its sources can be."""
        return next(iter(self.sources.values())).objects

    @property
    def variables(self) -> Mapping[str, Variable]:
        """What may be recorded of its sources, in the order of coordinates."""
        return self.objects.variables

    def drawn_of(self, source: str) -> Mapping[str, Drawn]:
        """Return what is drawn of a source, by name, and what follows from that."""
        return self.sources[source].distributions

    def has_row(self, source: str) -> bool:
        """Return whether a source is from a row of the catalogue."""
        return self.catalogue is not None and self.sources[source].takes_columns

    @property
    def recorded(self) -> tuple[str, ...]:
        """The parameters of sources that are recorded, in the order of the family's variables."""
        used = {n for spec in self.sources.values() for n in spec.drawn.variables if spec.has(n)}
        for source in self.sources:
            used |= self.drawn_of(source).keys()
            used |= {CATALOGUE_ROW} if self.has_row(source) else set()
        return tuple(name for name in self.variables if name in used)

    @property
    def portable_json(self) -> str:
        """The recipe as JSON, with the rows of its catalogue: other machines may not see the file.

        Raises
        ------
        RecipeError
            The rows are not at hand.
        """
        if self.catalogue is None:
            return super().portable_json
        content = self.model_dump(mode="json")
        content["catalogue"]["content"] = self.catalogue.table.packed()
        return json.dumps(content)

    def mistakes(self) -> Iterator[str]:
        """Yield what does not go together, a line each, though each part is right by itself."""
        yield from super().mistakes()
        yield from self._mistakes_of_words()
        yield from self._mistakes_of_classes()
        yield from self._mistakes_of_companions()
        yield from self._mistakes_of_count()
        yield from self._mistakes_of_conditions()
        yield from self._mistakes_of_targets()

    def _mistakes_of_words(self) -> Iterator[str]:
        words: dict[int, str] = {}
        for name, spec in self.sources.items():
            first = words.setdefault(spec.code, spec.profile)
            if first != spec.profile:
                yield (
                    f"sources.{name}.profile: {spec.profile} and {first} are two words for one "
                    f"object; use {spec.drawn.name} for both"
                )

    def _mistakes_of_conditions(self) -> Iterator[str]:
        for place, row, distribution in self.conditions:
            if distribution.depends_on is not None:
                yield f"{place} cannot be a scaling: only parameters of a source follow another"
            else:
                yield from outside_domain(place, row, distribution, distribution.support({}))

    def _mistakes_of_classes(self) -> Iterator[str]:
        least = 2 if self.task in (CLASSIFICATION, MULTILABEL) else 0
        if len(self.classes) < least:
            yield f"classes: a {self.task} needs at least {least}, got {len(self.classes)}"
        used = set()
        for name, spec in self.classes.items():
            for source in spec.sources:
                yield from self._unknown_source(source, f"classes.{name} can never be produced")
                if source in used:
                    yield f"classes.{name}: source {source!r} already belongs to another class"
                used.add(source)
        companions = {source for spec in self.classes.values() for source in spec.companions}
        for idle in sorted(set(self.sources) - used - companions) if self.classes else ():
            yield f"sources.{idle} belongs to no class; list it under one or remove it"

    def _mistakes_of_companions(self) -> Iterator[str]:
        several = max(self.count.atoms or (1,)) > 1
        for name, spec in self.classes.items():
            for source in spec.companions:
                yield from self._unknown_source(source, f"classes.{name}.companions")
            if spec.companions and self.task != CLASSIFICATION:
                yield f"classes.{name}.companions belong to a classification"
            if self.task == CLASSIFICATION and several and not spec.companions:
                yield (
                    "a classification is decided by the first source of a sample: set the count to "
                    f"1, list companions under classes.{name}, or make the task a multilabel"
                )

    def _unknown_source(self, source: str, place: str) -> Iterator[str]:
        if source not in self.sources:
            yield f"{place}: {unknown('source', source, self.sources)}"

    def _mistakes_of_count(self) -> Iterator[str]:
        values = self.count.atoms
        if values is None:
            yield "scene.count must be a number or a choice of numbers"
            return
        wanted = set(self.targets) & set(self.recorded)
        least = 1 if wanted or self.task == CLASSIFICATION else 0
        if (
            any(v != int(v) or not least <= v <= self.most_sources for v in values)
            or max(values) < 1
        ):
            yield (
                f"scene.count must be whole numbers from {least} to {self.most_sources}, "
                f"got {values}"
            )

    def _mistakes_of_targets(self) -> Iterator[str]:
        known = [condition.variable.name for condition in self.conditions]
        known += self.recorded
        for name in self.targets:
            if name not in known:
                yield "targets: " + unknown("recorded parameter", name, known)
