"""The table of a family's objects: skybench's own, and those that other packages add."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Generic, TypeVar

from skybench.errors import ExtensionError
from skybench.extensions import extensions
from skybench.generators.declaration import place_of
from skybench.generators.drawn_object import DrawnObject
from skybench.generators.variable import Variable

GROUP = "skybench.objects"
"""Entry points of other packages' objects; each is a subclass of a family's base class."""

Drawn = TypeVar("Drawn", bound=DrawnObject)

_NEEDED = ("code", "formula", "reference", "accuracy", "example")


class ObjectTable(Mapping[str, type[Drawn]], Generic[Drawn]):
    """Objects by name, in the order in which they are drawn.

    Those of other packages are loaded when the table is first looked at, since their modules
    import the base class from beside it.

    Parameters
    ----------
    base : type
        The family's base class.
    *own : type
        skybench's own objects.

    Raises
    ------
    ExtensionError
        A member lacks what it must say, or has a code, a word or a variable that is another's;
        the message names both and the line to mend. Of own members it is raised at once.
    """

    def __init__(self, base: type[Drawn], *own: type[Drawn]) -> None:
        self.base, self.own = base, own
        _words(own)
        _variables(base, own)

    @cached_property
    def _members(self) -> tuple[type[Drawn], ...]:
        return (*self.own, *_added(self.base))

    @cached_property
    def _words(self) -> dict[str, type[Drawn]]:
        return _words(self._members)

    @cached_property
    def variables(self) -> dict[str, Variable]:
        """The family's vocabulary and the objects' own variables, in the order of coordinates."""
        return _variables(self.base, self._members)

    def __getitem__(self, name: str) -> type[Drawn]:
        """Return the object of a word, a former one included."""
        return self._words[name]

    def __iter__(self) -> Iterator[str]:
        """Yield the names, former ones left out."""
        return (member.name for member in self._members)

    def __len__(self) -> int:
        """Return the number of objects."""
        return len(self._members)

    def of_code(self, code: int) -> type[Drawn]:
        """Return the object of a code of ``kind``."""
        return next(member for member in self.values() if member.code == code)


class JoinedTables(Mapping[str, type[DrawnObject]]):
    """The objects of several families as one table; of two alike in name, the first family's.

    Parameters
    ----------
    *tables : ObjectTable
    """

    def __init__(self, *tables: ObjectTable[Any]) -> None:
        self._tables = tables

    @cached_property
    def variables(self) -> dict[str, Variable]:
        """The variables of all families, those of the first in front."""
        return {name: row for table in self._tables for name, row in table.variables.items()}

    def __getitem__(self, name: str) -> type[DrawnObject]:
        """Return the object of a word, a former one included."""
        for table in self._tables:
            if name in table:
                return table[name]
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        """Yield the names, former ones left out."""
        return iter(dict.fromkeys(name for table in self._tables for name in table))

    def __len__(self) -> int:
        """Return the number of names."""
        return len(list(iter(self)))


def _added(base: type[Drawn]) -> Iterator[type[Drawn]]:
    """Yield the family's objects that other packages declare."""
    for member, where in extensions(GROUP):
        if not (isinstance(member, type) and issubclass(member, DrawnObject)):
            msg = f"{where} must be a subclass of a family's base class, such as SkyObject."
            raise ExtensionError(msg)
        if issubclass(member, base):
            yield member


def _words(members: tuple[type[Drawn], ...]) -> dict[str, type[Drawn]]:
    """Return the objects by every word that recipes may use."""
    words: dict[str, type[Drawn]] = {}
    codes: dict[int, type[Drawn]] = {}
    for member in members:
        if missing := [name for name in _NEEDED if not hasattr(member, name)]:
            msg = f"{place_of(member)} has no {missing[0]}; say it in the class."
            raise ExtensionError(msg)
        if member.code in codes or not 0 < member.code < 128:
            free = next(code for code in range(1, 128) if code not in {m.code for m in members})
            taken = f"; {place_of(codes[member.code])} has it" if member.code in codes else ""
            msg = (
                f"{place_of(member, 'code')}: code {member.code} must be one from 1 to 127 that no "
                f"other object of {member.family} has{taken}. Take {free}."
            )
            raise ExtensionError(msg)
        codes[member.code] = member
        for word in (member.name, *member.former_names):
            if word in words:
                msg = (
                    f"{place_of(member)}: {word!r} is the word of {place_of(words[word])} already; "
                    "rename the class."
                )
                raise ExtensionError(msg)
            words[word] = member
    return words


def _variables(base: type[Drawn], members: tuple[type[Drawn], ...]) -> dict[str, Variable]:
    """Return the vocabulary and every member's own variables, in the order of coordinates."""
    rows = dict(base.vocabulary)
    order = list(rows)
    owners: dict[str, type[Drawn]] = {}
    for member in members:
        at = len(order)
        for name, row in member.variables.items():
            if name in rows:
                _check_same(member, row, rows[name], owners.get(name, base))
                continue
            if name in member.after:
                at = _behind(member, name, order)
            order.insert(at, name)
            rows[name], owners[name] = row, member
            at += 1
    return {name: rows[name] for name in order}


def _behind(member: type[Drawn], name: str, order: list[str]) -> int:
    if member.after[name] not in order:
        msg = (
            f"{place_of(member, name)}: there is no {member.after[name]} for {name} to stand "
            "behind; name a variable of the family in after=."
        )
        raise ExtensionError(msg)
    return order.index(member.after[name]) + 1


def _check_same(member: type[Drawn], row: Variable, first: Variable, owner: type[Drawn]) -> None:
    if row != first:
        msg = (
            f"{place_of(member, row.name)}: {row.name} is {_said(row)} here and {_said(first)} in "
            f"{place_of(owner, row.name)}. Choose another name, or put it into the vocabulary."
        )
        raise ExtensionError(msg)


def _said(row: Variable) -> str:
    return f"{row.long_name!r} in {row.units or 'no unit'}, {row.domain}"
