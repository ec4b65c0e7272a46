"""Mappings: which columns of a table of votes are used, and which of its objects are of a class.

One file each in ``mappings/``, or a user's own.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from skybench.errors import NotFoundError, ParameterError
from skybench.generators.arrays import Floats
from skybench.generators.expression import condition, names_in, number
from skybench.generators.recipe_yaml import load_bounded
from skybench.generators.suggestion import unknown
from skybench.survey.vote_table import VoteTable

_FOLDER = "skybench.survey"
_MOST_VALUES = 2000
_MOST_CLASSES = 127

_USUAL = (
    *("filename", "file_name", "file", "image", "id_str", "id", "object", "name"),
    *("GalaxyID", "objid", "dr7objid", "iauname"),
)
"""Columns that tell which image a row is of, where nobody says it."""

BELOW, SEVERAL = -1, -2
"""Codes of rows that no class's cut takes, or more than one."""


class ClassOfVotes(BaseModel):
    """A class: the cut that its objects pass, and the share of volunteers who said it.

    Both are expressions over columns, as `skybench.generators.expression` reads them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    where: str
    votes: str | None = None


class VoteMapping(BaseModel):
    """What is made of a table of votes.

    Attributes
    ----------
    title, source : str
        What it is, and where its numbers are from.
    object : tuple of str
        Columns that may hold the objects' names; the first that is there does.
    columns : mapping of str to tuple of str
        Words of the expressions, and the columns that each may mean.
    classes : mapping of str to ClassOfVotes
        A cut may stand for itself.
    labels : str, optional
        Instead of classes: the column with the class of each object.
    per_class : int, optional
        As many samples are kept of each class, if there are.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = ""
    source: str = ""
    object: tuple[str, ...] = _USUAL
    columns: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    classes: dict[str, ClassOfVotes] = Field(default_factory=dict)
    labels: str | None = None
    per_class: int | None = Field(default=None, ge=1)

    @field_validator("object", mode="before")
    @classmethod
    def _one_or_more(cls, given: Any) -> Any:
        return (given,) if isinstance(given, str) else given

    @field_validator("columns", mode="before")
    @classmethod
    def _lists(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        return {word: (v,) if isinstance(v, str) else v for word, v in given.items()}

    @field_validator("classes", mode="before")
    @classmethod
    def _cuts(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        return {name: {"where": v} if isinstance(v, str) else v for name, v in given.items()}

    @model_validator(mode="after")
    def _of_one_kind(self) -> "VoteMapping":
        if bool(self.classes) == (self.labels is not None):
            msg = "needs either classes, with a cut each, or labels, a column"
            raise ValueError(msg)
        if wrong := next((name for name in self.classes if len(name.split()) != 1), None):
            msg = f"a class is one word, got {wrong!r}"
            raise ValueError(msg)
        return self

    @property
    def rules(self) -> list[str]:
        """What makes an object one of a class, as text."""
        if self.labels is not None:
            return [f"label: {self.labels}"]
        return [f"{name}: {' '.join(spec.where.split())}" for name, spec in self.classes.items()]

    def classified(self, table: VoteTable) -> tuple[tuple[str, ...], NDArray[np.int64]]:
        """Return the classes, and that of each row; `BELOW` or `SEVERAL` where it has not one.

        Raises
        ------
        ParameterError
            A cut is no expression, or has a column that is not there; there are fewer than two
            labels, or more than 127.
        """
        if self.labels is not None:
            return _labels(table, self.labels)
        held = [self.held(table, s.where, f"classes.{c}.where") for c, s in self.classes.items()]
        counts = np.sum(held, axis=0)
        code = np.where(counts == 1, np.argmax(held, axis=0), np.where(counts, SEVERAL, BELOW))
        return tuple(self.classes), code

    def vote_fractions(self, table: VoteTable) -> Floats | None:
        """Return the share of votes for each class, (row, class); None where one does not say.

        Of a question that nobody was asked it is 0.

        Raises
        ------
        ParameterError
            As `classified`.
        """
        asked = {name: spec.votes for name, spec in self.classes.items()}
        if not asked or None in asked.values():
            return None
        found = [
            self._evaluated(number, table, str(votes), f"classes.{name}.votes")
            for name, votes in asked.items()
        ]
        fractions: Floats = np.nan_to_num(np.stack(found, axis=1), nan=0)
        return fractions

    def held(self, table: VoteTable, cut: str, place: str) -> NDArray[np.bool_]:
        """Return which rows of a table pass a cut; ``place`` names it in messages.

        Raises
        ------
        ParameterError
            It is no expression, or has a column that is not there.
        """
        return self._evaluated(condition, table, cut, place)

    def _evaluated(self, evaluate: Any, table: VoteTable, text: str, place: str) -> NDArray[Any]:
        try:
            words = sorted(names_in(text))
            columns = {word: table.numbers(self._column(word, table)) for word in words}
            values: NDArray[Any] = evaluate(text, columns)
        except ValueError as error:
            msg = f"{place}: {error}"
            raise ParameterError(msg) from error
        return values

    def _column(self, word: str, table: VoteTable) -> str:
        meant = self.columns.get(word, (word,))
        found = next((name for name in map(table.named, meant) if name), None)
        return found or table.column(meant[0])


def _labels(table: VoteTable, column: str) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    texts = table.texts(column)
    words = np.array([re.sub(r"[^\w+.@-]+", "_", text) for text in texts.tolist()])
    classes, codes = np.unique(words, return_inverse=True)
    if len(np.unique(texts)) > len(classes):
        msg = f"{table.where}: labels in column {column!r} differ in their signs alone; rename them"
        raise ParameterError(msg)
    if classes.size and not classes[0]:  # nothing is written there
        classes, codes = classes[1:], codes - 1
    if not 2 <= len(classes) <= _MOST_CLASSES:
        msg = (
            f"{table.where}: column {column!r} has {len(classes)} labels; classes are 2 to "
            f"{_MOST_CLASSES}"
        )
        raise ParameterError(msg)
    return tuple(classes.tolist()), codes.astype(np.int64)


def mapping_names() -> list[str]:
    """Return the names of the mappings that come with skybench."""
    folder = files(_FOLDER) / "mappings"
    return sorted(
        f.name.removesuffix(".yaml") for f in folder.iterdir() if f.name.endswith(".yaml")
    )


@cache
def _packaged(name: str) -> VoteMapping:
    file = files(_FOLDER) / "mappings" / f"{name}.yaml"
    return _parsed(file.read_text(encoding="utf-8"), name)


def mapping_named(given: "str | PathLike[str] | VoteMapping") -> VoteMapping:
    """Return a mapping: one of skybench's by name, or a file's.

    Raises
    ------
    NotFoundError
        There is none of that name.
    ParameterError
        The file is no mapping.
    """
    if isinstance(given, VoteMapping):
        return given
    path = Path(given)
    if path.suffix in (".yaml", ".yml"):
        if not path.is_file():
            msg = f"there is no mapping {path}"
            raise NotFoundError(msg)
        return _parsed(path.read_text(encoding="utf-8"), str(path))
    if str(given) not in mapping_names():
        raise NotFoundError(unknown("mapping", str(given), [*mapping_names(), "a YAML file"]))
    return _packaged(str(given))


def mapping_of(**fields: Any) -> VoteMapping:
    """Return the mapping of these fields of `VoteMapping`.

    Raises
    ------
    ParameterError
        One is written in another way.
    """
    return _checked(fields, "votes")


def _parsed(text: str, where: str) -> VoteMapping:
    try:
        content = load_bounded(text, _MOST_VALUES)
    except (yaml.YAMLError, RecursionError) as error:
        msg = f"{where} is not valid YAML: {' '.join(str(error).split())}"
        raise ParameterError(msg) from error
    return _checked(content, where)


def _checked(content: Any, where: str) -> VoteMapping:
    try:
        return VoteMapping.model_validate(content)
    except ValidationError as error:
        raise ParameterError("; ".join(_faults(error, where))) from None


def _faults(error: ValidationError, where: str) -> Iterator[str]:
    for fault in error.errors():
        place = ".".join(map(str, fault["loc"]))
        said = fault["msg"].removeprefix("Value error, ")
        yield f"{where}: {place}: {said}" if place else f"{where} {said}"
