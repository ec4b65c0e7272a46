"""Tables that other packages may add to, by entry points that they declare.

A table names its own members and the group in which installed packages declare theirs, such as
``skybench.networks``. Members never import their table.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib.metadata import entry_points
from typing import NamedTuple, Protocol, TypeVar

from skybench.errors import ExtensionError


class Named(Protocol):
    """What a table can hold."""

    @property
    def name(self) -> str:
        """The word that users say."""


Member = TypeVar("Member", bound=Named)


class Extension(NamedTuple):
    """What an entry point loads, and the words that name it in messages."""

    member: object
    where: str


def extensions(group: str) -> Iterator[Extension]:
    """Yield what installed packages declare in a group of entry points.

    Raises
    ------
    ExtensionError
        One cannot be loaded; the message names its package.
    """
    for point in entry_points(group=group):
        package = point.dist.name if point.dist else "an installed package"
        where = f"{point.value} (entry point {point.name!r} in {group} of {package})"
        try:
            yield Extension(point.load(), where)
        except Exception as error:  # whatever a stranger's module raises when it is imported
            msg = f"{where} cannot be loaded: {error!r}. Mend it, or uninstall {package}."
            raise ExtensionError(msg) from error


class Table(Mapping[str, Member]):
    """skybench's own members by name, and after them those of installed packages.

    The latter are loaded when the table is first looked at: their modules may import those that
    make it.

    Parameters
    ----------
    group : str
        Of the entry points, such as ``skybench.metrics``.
    kind : type
        What each member must be.
    *own
        In the order in which they are shown.

    Raises
    ------
    ExtensionError
        Two members have one name, or an entry point is of another kind; when it is looked at.
    """

    def __init__(self, group: str, kind: type[Member], *own: Member) -> None:
        self._group, self._kind, self._own = group, kind, own

    @cached_property
    def _members(self) -> dict[str, Member]:
        members: dict[str, Member] = {}
        for member in self._own:
            _add(members, member, f"the table of {self._group}")
        for found, where in extensions(self._group):
            if not isinstance(found, self._kind):
                msg = (
                    f"{where} is a {type(found).__name__}; {self._group} takes a "
                    f"{self._kind.__name__}."
                )
                raise ExtensionError(msg)
            _add(members, found, where)
        return members

    def __getitem__(self, name: str) -> Member:
        """Return a member."""
        return self._members[name]

    def __iter__(self) -> Iterator[str]:
        """Yield the names, skybench's own first."""
        return iter(self._members)

    def __len__(self) -> int:
        """Return the number of members."""
        return len(self._members)


def _add(members: dict[str, Member], member: Member, where: str) -> None:
    if member.name in members:
        msg = f"{where} adds {member.name!r}, which is there already; give it another name."
        raise ExtensionError(msg)
    members[member.name] = member
