"""Logs that are only added to, each line of which carries the SHA-256 of the line before.

The index of a store is one, and the submissions to a version are another. What happened to a log
between its first and its last line is seen; of lines that are cut off its end only what they named
tells.
"""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from skybench.errors import IntegrityError, NotFoundError, StoreError
from skybench.registry.hashing.content_hash import canonical_json
from skybench.registry.storage.store import Store
from skybench.registry.versions.manifest import Digest, StrictModel, UtcTime, digest_of

FIRST = "sha256:" + "0" * 64
"""What the first line carries."""

_ATTEMPTS = 12
_LONGEST_WAIT = 0.5


class ChainedLine(StrictModel):
    """What the lines of all logs hold; ``str(line)`` says what it is about.

    Attributes
    ----------
    time : str
        When it was written, UTC.
    previous : str
        SHA-256 of the line before, without its line end; zeros on the first line.
    """

    time: UtcTime
    previous: Digest

    def to_line(self) -> str:
        """Return the line, without the line end."""
        return canonical_json(self.model_dump()).decode()


Line = TypeVar("Line", bound=ChainedLine)
NewLine = TypeVar("NewLine", bound=ChainedLine)


def chained(text: str, where: str, parse: Callable[[str, str], Line]) -> Iterator[Line]:
    """Yield the lines of a log, each of which follows the one before it.

    Parameters
    ----------
    text : str
        Content of the file.
    where : str
        Its name, for messages.
    parse : callable
        The text of a line and its place to the line.

    Raises
    ------
    IntegrityError
        The chain is broken, or a line is none of this log; the message names the first.
    """
    if text and not text.endswith("\n"):
        msg = f"the last line of {where} is cut off; restore the file from a copy of the store"
        raise IntegrityError(msg)
    previous = FIRST
    for number, written in enumerate(text.split("\n")[:-1], 1):
        place = f"line {number} of {where}"
        line = parse(written, place)
        if line.to_line() != written:
            msg = f"{place} is not written as skybench writes it; it was edited"
            raise IntegrityError(msg)
        if line.previous != previous:
            _refuse(line, previous, place)
        yield line
        previous = digest_of(written)


def _refuse(line: ChainedLine, expected: str, place: str) -> None:
    msg = (
        f"{place} ({line}) does not follow the line before it: expected previous {expected}, got "
        f"{line.previous}. A line was changed, added or removed; restore the file from a copy of "
        "the store."
    )
    raise IntegrityError(msg)


def log_text(store: Store, key: str) -> str:
    """Return a log as it is written; it is empty where there is none."""
    try:
        return store.read_text(key)
    except NotFoundError:
        return ""


def digest_of_last(lines: Sequence[ChainedLine]) -> str:
    """Return what the next line carries."""
    return digest_of(lines[-1].to_line()) if lines else FIRST


def add_line(
    store: Store,
    key: str,
    new_line: Callable[[Sequence[Line]], NewLine],
    *,
    parse: Callable[[str, str], Sequence[Line]],
    lock: str,
    prepare: Callable[[str], object] | None = None,
) -> NewLine:
    """Add the line that `new_line` makes of those before it, again where another came first.

    Of several writers at one moment each adds its line after those of the others, and sees them
    before. On a local disk a lock sees to it, on S3 a conditional put. Other object stores offer
    neither: there the log is read again after it was written, and two writers within the same
    moment can still lose one line, which its writer then adds again.

    Parameters
    ----------
    store : Store
    key : str
        Of the log.
    new_line : callable
        The lines so far to the next one. What it raises goes through, and nothing is written.
    parse : callable
        The text of the log and its place to its lines.
    lock : str
        Name of the lock.
    prepare : callable, optional
        Gets the log with its new line, before any reader sees it.

    Raises
    ------
    StoreError
        The line cannot be written, or others wrote at the same moment, many times.
    """
    offered: list[NewLine] = []
    with store.lock(lock):
        for attempt in range(_ATTEMPTS):
            tag = store.tag(key)
            lines = parse(log_text(store, key), store.url_of(key))
            # An answer can get lost after the line was written, and the client tries again.
            if written := [line for line in offered if line in lines]:
                return written[0]
            line = new_line(lines)
            offered.append(line)
            text = "".join(f"{one.to_line()}\n" for one in (*lines, line))
            if prepare is not None:
                prepare(text)
            if store.write_if(key, text, tag):
                return line
            time.sleep(random.uniform(0, min(_LONGEST_WAIT, 0.01 * 2**attempt)))
    msg = (
        f"other processes wrote {store.url_of(key)} at the same moment, {_ATTEMPTS} times; "
        "run the same command again"
    )
    raise StoreError(msg)
