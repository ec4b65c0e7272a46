"""The lines of an index: publications and withdrawals, each bound to the line before it."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field, StringConstraints

from skybench.errors import IntegrityError
from skybench.registry.hashing.content_hash import canonical_json
from skybench.registry.reference import Version
from skybench.registry.storage.store import CARD, CROISSANT, MANIFEST, version_key
from skybench.registry.versions.chain import ChainedLine, chained
from skybench.registry.versions.manifest import (
    DatasetName,
    Digest,
    VersionText,
    strict_json,
    validated,
)

Reason = Annotated[
    str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]+$")
]


class _Line(ChainedLine):
    """What all lines hold."""

    dataset: DatasetName
    version: VersionText

    def to_line(self) -> str:
        """Return the line, without the line end."""
        return canonical_json(self.model_dump(exclude_none=True)).decode()

    def __str__(self) -> str:
        """Return the version that it is about, like ``sky 1.0``."""
        return f"{self.dataset} {self.version}"

    @property
    def reference(self) -> str:
        """The exact version, like ``sky@1.0``."""
        return f"{self.dataset}@{self.version}"


class IndexEntry(_Line):
    """One published version.

    Attributes
    ----------
    manifest : str
        SHA-256 of the manifest's text.
    content : str
        Root of the content hash.
    card, croissant : str or None
        SHA-256 of ``card.md`` and ``croissant.json``, as they were written in this store; None on
        the lines of older releases.
    yanked : str or None
        Why the version was withdrawn, by a later line; None where it was not.
    """

    manifest: Digest
    content: Digest
    card: Digest | None = None
    croissant: Digest | None = None
    yanked: str | None = Field(default=None, exclude=True)

    @property
    def number(self) -> Version:
        """The version, ordered by number."""
        return Version.parse(self.version)

    @property
    def key(self) -> str:
        """The version's folder in the store."""
        return version_key(self.dataset, self.version)

    @property
    def manifest_key(self) -> str:
        """The manifest's place in the store."""
        return f"{self.key}/{MANIFEST}"

    @property
    def descriptions(self) -> dict[str, str]:
        """SHA-256 of the card and of the Croissant by the names of their files, where listed."""
        listed = {CARD: self.card, CROISSANT: self.croissant}
        return {name: digest for name, digest in listed.items() if digest is not None}


class Yank(_Line):
    """The withdrawal of a published version, which stays where it is."""

    reason: Reason


Line = IndexEntry | Yank


def parse_lines(text: str, where: str) -> tuple[Line, ...]:
    """Return the lines in the text of an index; `where` names it in messages.

    Raises
    ------
    IntegrityError
        The chain is broken, or a line is not an index line; the message names the first.
    """
    lines: list[Line] = []
    known: dict[str, set[type[Line]]] = {}
    for number, line in enumerate(chained(text, where, _parse), 1):
        _check_new(line, known.setdefault(line.reference, set()), number, where)
        lines.append(line)
        known[line.reference].add(type(line))
    return tuple(lines)


def published(lines: Sequence[Line]) -> tuple[IndexEntry, ...]:
    """Return the published versions, each with the reason where it was withdrawn."""
    reasons = {line.reference: line.reason for line in lines if isinstance(line, Yank)}
    return tuple(
        line.model_copy(update={"yanked": reasons.get(line.reference)})
        for line in lines
        if isinstance(line, IndexEntry)
    )


def withdrawal(version: str, reason: str) -> str:
    """Return what is said of a withdrawn version to those who open it."""
    return f"{version} was withdrawn: {reason}"


def _parse(written: str, where: str) -> Line:
    values = strict_json(written, where)
    is_yank = isinstance(values, dict) and "reason" in values
    return validated(Yank, values, where) if is_yank else validated(IndexEntry, values, where)


def _check_new(line: Line, same: set[type[Line]], number: int, where: str) -> None:
    if type(line) in same:
        verb = "withdraws" if isinstance(line, Yank) else "publishes"
        msg = f"line {number} of {where} {verb} {line} a second time"
        raise IntegrityError(msg)
    if isinstance(line, Yank) and IndexEntry not in same:
        msg = f"line {number} of {where} withdraws {line}, which no line before it publishes"
        raise IntegrityError(msg)
