"""Objects that have an image and a class: rows of a table of votes, and what is dropped of them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from hashlib import sha256
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skybench.errors import ParameterError
from skybench.generators.arrays import Flags, Floats
from skybench.survey.framing import Framing
from skybench.survey.image_files import OneImage
from skybench.survey.image_source import ImageArray, ImageSource
from skybench.survey.vote_mapping import SEVERAL, VoteMapping
from skybench.survey.vote_table import Texts, VoteTable

NO_IMAGE, NO_ROW = "rows without an image", "images without a row"
CUT, BELOW, AMBIGUOUS = "rows that the cut leaves out", "in no class", "in more than one class"
UNREADABLE, REPEATED = "unreadable images", "rows that repeat an object"
NO_VOTES, SURPLUS = "without votes for any class", "beyond the size of a class"

ASKED_FOR = frozenset({CUT, BELOW, AMBIGUOUS, SURPLUS, NO_ROW})
"""What is left out because of what was asked for."""


class Dropped(defaultdict[str, list[str]]):
    """Why objects are left out, and their names."""

    def __init__(self) -> None:
        super().__init__(list)


@dataclass(frozen=True, kw_only=True, eq=False)
class VotedObjects:
    """Objects with the place of their image in its source.

    Attributes
    ----------
    classes : tuple of str
    names : (object,) array of str
    label : (object,) int array
        Places among the classes.
    image : (object,) int array
    group : (object,) array of str
        What they are kept together by; empty for none.
    fractions : (object, class) array, optional
        Shares of the votes, which need not sum to 1.
    kept : dict of str to (object,) arrays
        Further numbers.
    """

    classes: tuple[str, ...]
    names: Texts
    label: NDArray[np.int64]
    image: NDArray[np.intp]
    group: Texts
    fractions: Floats | None
    kept: dict[str, Floats]

    def __len__(self) -> int:
        """Count them."""
        return len(self.names)

    def taken(self, rows: Any) -> "VotedObjects":
        """Return some of them: numbers of rows, or a flag each."""
        arrays = {
            field.name: value[rows]
            for field in fields(self)
            if isinstance(value := getattr(self, field.name), np.ndarray)
        }
        return replace(self, **arrays, kept={n: v[rows] for n, v in self.kept.items()})

    def without(self, wrong: Flags, why: str, dropped: Dropped) -> "VotedObjects":
        """Return the others, and note the names of those that are left out."""
        dropped[why] += self.names[wrong].tolist()
        return self.taken(~wrong)


def voted_objects(
    table: VoteTable,
    mapping: VoteMapping,
    source: ImageSource,
    dropped: Dropped,
    *,
    id: str | None = None,
    where: str | None = None,
    group: str | None = None,
    keep: Sequence[str] = (),
) -> VotedObjects:
    """Return the objects of a table that have an image, a class and, if there are any, votes.

    Parameters
    ----------
    table, mapping, source
    dropped : Dropped
        Takes what is left out.
    id, where, group, keep
        As for `skybench.real`.

    Raises
    ------
    ParameterError
        A column is missing, no name is an image's, or a class is left with no object.
    """
    classes, label = mapping.classified(table)
    names, column = _names(table, mapping, source, id, len(label))
    every = VotedObjects(
        classes=classes,
        names=names,
        label=label,
        image=source.find(names, column),
        group=np.full(len(names), "") if group is None else table.texts(group),
        fractions=mapping.vote_fractions(table),
        kept={word: table.numbers(word) for word in keep},
    )
    missed = set(range(len(source.names))) - set(every.image.tolist())
    dropped[NO_ROW] += [source.names[place] for place in sorted(missed)]
    if where is not None:
        every = every.without(~mapping.held(table, where, "where"), CUT, dropped)
    every = every.without(every.image < 0, NO_IMAGE, dropped)
    every = every.without(every.label == SEVERAL, AMBIGUOUS, dropped)
    every = every.without(every.label < 0, BELOW, dropped)
    every = every.without(_repeats(every), REPEATED, dropped)
    if every.fractions is not None:
        every = every.without(every.fractions.sum(axis=1) <= 0, NO_VOTES, dropped)
    _check_classes(every, every.label, dropped)
    return every


def _names(
    table: VoteTable, mapping: VoteMapping, source: ImageSource, id: str | None, rows: int
) -> tuple[Texts, str]:
    """Return the name of each row, and the column that has it."""
    words = (id,) if id is not None else mapping.object
    column = next((found for found in map(table.named, words) if found), None)
    if column is None and id is None and isinstance(source, ImageArray):
        return np.array([str(row) for row in range(rows)]), "of the rows"
    if column is None and id is None:
        some = ", ".join(table.names[:8])
        msg = f"{table.where} has none of the columns {', '.join(words)}, but {some}; say id=…"
        raise ParameterError(msg)
    column = column or table.column(words[0])
    return table.texts(column), column


def _repeats(objects: VotedObjects) -> Flags:
    """Return which rows are of an object that an earlier one of the same class is of.

    Where rows of an object are of unlike classes, all of them.
    """
    wrong = np.zeros(len(objects), dtype=np.bool_)
    for keys in (objects.image, objects.names):
        _, first, which = np.unique(keys, return_index=True, return_inverse=True)
        unlike = np.zeros(len(first), dtype=np.bool_)
        np.logical_or.at(unlike, which, objects.label != objects.label[first[which]])
        wrong |= (np.arange(len(objects)) != first[which]) | unlike[which]
    return wrong


def _check_classes(objects: VotedObjects, label: NDArray[np.int64], dropped: Dropped) -> None:
    counts = np.bincount(label, minlength=len(objects.classes))
    empty = [name for name, n in zip(objects.classes, counts, strict=True) if not n]
    if empty:
        left = "; ".join(f"{len(who):,} {why}" for why, who in dropped.items() if who) or "nothing"
        unreadable = "".join(f". {reason}" for reason in dropped[UNREADABLE][:3])
        msg = (
            f"no image of the class {', '.join(empty)} is left; left out are {left}{unreadable}. "
            "Ease the cut, or leave out the class"
        )
        raise ParameterError(msg)


class Framed(NamedTuple):
    """An image as it is kept.

    Attributes
    ----------
    image : OneImage
    square : int
        Side of what is kept of it, in pixels as they were given.
    """

    image: OneImage
    square: int


def read_framed(
    objects: VotedObjects,
    source: ImageSource,
    framing: Framing,
    dropped: Dropped,
    *,
    per_class: int | None = None,
    seed: int = 0,
) -> tuple[VotedObjects, list[Framed]]:
    """Return the objects whose images can be read, and these.

    Parameters
    ----------
    objects, source, framing
    dropped : Dropped
        Takes what is left out.
    per_class : int, optional
        As many are read of each class, in an order that follows from seed and names; of all as
        many as there are of the smallest.
    seed : int

    Raises
    ------
    ParameterError
        None of a class can be read.
    """
    images: dict[int, Framed] = {}
    faults: dict[int, str] = {}
    of_class: list[list[int]] = []
    for code in range(len(objects.classes)):
        own: list[int] = []
        for row in _shuffled(objects, np.flatnonzero(objects.label == code), seed):
            if len(own) == per_class:
                break
            try:
                images[row] = _framed(source, int(objects.image[row]), framing)
            except ParameterError as error:
                faults[row] = f"{source.names[objects.image[row]]} {error}"
            else:
                own.append(row)
        of_class.append(own)
    dropped[UNREADABLE] += faults.values()
    most = None if per_class is None else min(map(len, of_class))
    rows = sorted(row for own in of_class for row in own[:most])
    _check_classes(objects, objects.label[rows], dropped)
    beyond = set(range(len(objects))) - {*rows, *faults}
    dropped[SURPLUS] += objects.names[sorted(beyond)].tolist()
    return objects.taken(rows), [images[row] for row in rows]


def _shuffled(objects: VotedObjects, rows: NDArray[np.intp], seed: int) -> list[int]:
    def key(row: int) -> bytes:
        return sha256(f"{seed}:{objects.names[row]}".encode()).digest()

    return sorted(rows.tolist(), key=key)


def _framed(source: ImageSource, place: int, framing: Framing) -> Framed:
    image = source.read(place)
    return Framed(framing.of(image), framing.square(image))
