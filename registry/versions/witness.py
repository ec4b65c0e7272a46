"""The head of an index: its whole history in one digest, for keeping where the store cannot reach.

Each line of an index carries the digest of the line before, so the digest of the last stands for
all of them. Whoever keeps it with its time can show later what the index held by then.
"""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from pydantic import Field

from skybench.errors import IntegrityError, ParameterError, StoreError
from skybench.generators.plain_text import PlainLine
from skybench.registry.hashing.content_hash import canonical_json
from skybench.registry.storage.local_disk import reporting_unwritable
from skybench.registry.storage.store import INDEX, Store
from skybench.registry.storage.strict_json import strict_json
from skybench.registry.versions.chain import FIRST
from skybench.registry.versions.index import index_text, utc_now
from skybench.registry.versions.index_lines import Line, Yank, parse_lines
from skybench.registry.versions.manifest import Digest, StrictModel, UtcTime, digest_of, validated

_DIGEST = re.compile(r"sha256:[0-9a-f]{12,64}")
_FORMS = "a line of 'skybench witness', a file of such lines, or a digest sha256:…"


class Witness(StrictModel):
    """What an index was at a time: one line of JSON, which anyone may keep.

    Attributes
    ----------
    store : str
        URL, without passwords.
    lines : int
        How many lines the index had.
    head : str
        SHA-256 of the last of them, without its line end; zeros where there was none.
    time : str
        When it was read, UTC.
    """

    store: PlainLine
    lines: int = Field(ge=0)
    head: Digest
    time: UtcTime

    def to_line(self) -> str:
        """Return the line, without the line end."""
        return canonical_json(self.model_dump()).decode()


def witness(store: str | Store | None = None, *, to: str | os.PathLike[str] | None = None) -> str:
    """Return the line that says what the index of a store is now, and add it to a file.

    Parameters
    ----------
    store : str or Store, optional
        Any fsspec URL. Default: ``$SKYBENCH_STORE``, else the user's data folder.
    to : path, optional
        A file, such as one in a git repository; made where it is not there.

    Raises
    ------
    IntegrityError
        The chain of the index is broken.
    StoreError
        The index cannot be read, or the file not be written.
    """
    place = Store(store)
    lines = parse_lines(index_text(place), place.url_of(INDEX))
    line = Witness(
        store=str(place), lines=len(lines), head=_heads(lines)[-1], time=utc_now()
    ).to_line()
    if to is not None:
        with reporting_unwritable(Path(to)), Path(to).open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")
    return line


def came_since(head: str | os.PathLike[str], store: Store) -> str:
    """Return a sentence about what was added to an index since somebody kept its head.

    Parameters
    ----------
    head : str or path
        A line of `witness`, a file of them, of which those of other stores are passed by, or the
        SHA-256 of a line, at least 12 digits of it.
    store : Store

    Raises
    ------
    IntegrityError
        The index does not extend it.
    ParameterError
        `head` is none of these.
    """
    lines = parse_lines(index_text(store), store.url_of(INDEX))
    heads = _heads(lines)
    text = os.fspath(head)
    if _DIGEST.fullmatch(text):
        number = next((n for n, got in enumerate(heads) if got.startswith(text)), None)
        if number is None:
            msg = f"{store.url_of(INDEX)} has no line with the digest {text}{_FIX}"
            raise IntegrityError(msg)
        return _news(lines, number, heads[number])
    kept = _witnesses(text, str(store))
    for one in kept:
        _check_extends(heads, one, store)
    last = max(kept, key=lambda one: one.lines)
    return _news(lines, last.lines, f"{last.head}, kept at {last.time}")


_FIX = (
    ": it does not extend what was kept. Its history was cut off or written again; ask its owner, "
    "and compare with another mirror"
)


def _heads(lines: Sequence[Line]) -> list[str]:
    """Return the digest of each line, after that of an index without any."""
    return [FIRST, *(digest_of(line.to_line()) for line in lines)]


def _check_extends(heads: Sequence[str], kept: Witness, store: Store) -> None:
    where = store.url_of(INDEX)
    if kept.lines >= len(heads):
        msg = f"{where} has {len(heads) - 1} lines, but had {kept.lines} at {kept.time}{_FIX}"
        raise IntegrityError(msg)
    if (got := heads[kept.lines]) != kept.head:
        msg = f"line {kept.lines} of {where} is {got}, but was {kept.head} at {kept.time}{_FIX}"
        raise IntegrityError(msg)


def _witnesses(text: str, url: str) -> list[Witness]:
    """Return the witnesses that a user gave, as a line or as a file that has some of this store."""
    if text.startswith("{"):
        return [_parse(text, "the head")]
    path = Path(text)
    try:
        written = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        msg = f"a head is {_FORMS}; got {text[:200]!r}, and no such file"
        raise ParameterError(msg) from None
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path} cannot be read: {error}; a head is {_FORMS}"
        raise StoreError(msg) from error
    kept = [
        _parse(line, f"line {number} of {path}")
        for number, line in enumerate(written.split("\n"), 1)
        if line
    ]
    if of_store := [one for one in kept if one.store.rstrip("/") == url.rstrip("/")]:
        return of_store
    stores = ", ".join(sorted({one.store for one in kept})) or "no store"
    msg = f"{path} has lines of {stores} and none of {url}; name the store as there, or a digest"
    raise ParameterError(msg)


def _parse(line: str, where: str) -> Witness:
    return validated(Witness, strict_json(line, where), where)


def _news(lines: Sequence[Line], number: int, head: str) -> str:
    since = f"since line {number} ({head})"
    if not (added := lines[number:]):
        return f"{since} nothing was added to the index"
    said = "; ".join(
        f"{line.reference} was {'withdrawn' if isinstance(line, Yank) else 'published'} {line.time}"
        for line in added
    )
    return f"{since} {len(added)} lines were added: {said}"
