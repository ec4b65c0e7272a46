"""The submissions to a version: a log that is only added to, and the files that it names.

A submission is there when its line is in ``submissions/log.jsonl``, and not before. Each line
carries the SHA-256 of the line before and of the record and the predictions that it names, so that
one that is deleted or changed later is seen. Files have names that nobody else writes: of two
submitters of one name, the line decides, and the other's files were never those that it names.
"""

import secrets
from collections.abc import Collection, Sequence
from typing import Annotated

from pydantic import AfterValidator

from skybench.errors import VersionConflictError
from skybench.registry.scoring.records import SUBMISSIONS, Record, check_record_name
from skybench.registry.storage.store import Store, version_key
from skybench.registry.versions.chain import (
    ChainedLine,
    add_line,
    chained,
    digest_of_last,
    log_text,
)
from skybench.registry.versions.index import utc_now
from skybench.registry.versions.manifest import (
    Digest,
    StoredObject,
    digest_of,
    strict_json,
    validated,
)

LOG = f"{SUBMISSIONS}/log.jsonl"


def _inside(stored: StoredObject) -> StoredObject:
    folder, _, name = stored.key.rpartition("/")
    if folder != SUBMISSIONS or not name.endswith(".json"):
        msg = f"must be a .json file in {SUBMISSIONS}/"
        raise ValueError(msg)
    return stored


class Submission(ChainedLine):
    """The line of one submission.

    Attributes
    ----------
    name : str
        Of its record.
    record : StoredObject
        The record's file, in the version's folder.
    predictions : str
        SHA-256 of the predictions that the record names.
    """

    name: Annotated[str, AfterValidator(check_record_name)]
    record: Annotated[StoredObject, AfterValidator(_inside)]
    predictions: Digest

    def __str__(self) -> str:
        """Return the name."""
        return self.name


def submissions_to(folder: str, store: Store) -> tuple[Submission, ...]:
    """Return the submissions to the version in a folder of a store, the oldest first.

    Raises
    ------
    IntegrityError
        The log was changed; the message names the first line that shows it.
    """
    key = f"{folder}/{LOG}"
    return _parse_log(log_text(store, key), store.url_of(key))


def add_submission(
    record: Record, predictions: bytes, suffix: str, store: Store, *, taken: Collection[str]
) -> Record:
    """Add a record with its predictions to a version's submissions, and return it as it is there.

    Parameters
    ----------
    record : Record
        Without predictions.
    predictions : bytes
        Content of the file that was scored.
    suffix : str
        How its name ends.
    store : Store
    taken : collection of str
        Names that no submission may have: those of the baselines.

    Raises
    ------
    VersionConflictError
        A record of that name is there already, since long ago or since this moment.
    StoreError
        The store cannot be written.
    """
    folder = version_key(record.dataset, record.version)
    _check_free(record, submissions_to(folder, store), taken)
    begin = f"{SUBMISSIONS}/{record.name}-{secrets.token_hex(4)}"
    kept = _stored(f"{begin}-predictions{suffix}", predictions)
    record = record.model_copy(update={"predictions": kept})
    text = record.to_text()
    stored = _stored(f"{begin}.json", text)

    def new_line(lines: Sequence[Submission]) -> Submission:
        _check_free(record, lines, taken)
        return Submission(
            name=record.name,
            record=stored,
            predictions=kept.sha256,
            time=utc_now(),
            previous=digest_of_last(lines),
        )

    store.write(f"{folder}/{kept.key}", predictions)
    store.write(f"{folder}/{stored.key}", text)
    lock = f"submissions-{record.dataset}-{record.version}"
    try:
        add_line(store, f"{folder}/{LOG}", new_line, parse=_parse_log, lock=lock)
    except VersionConflictError:
        for key in (stored.key, kept.key):
            store.remove(f"{folder}/{key}")
        raise
    return record


def _stored(key: str, content: str | bytes) -> StoredObject:
    data = content.encode() if isinstance(content, str) else content
    return StoredObject(key=key, size=len(data), sha256=digest_of(data))


def _check_free(record: Record, lines: Sequence[Submission], others: Collection[str]) -> None:
    name = record.name
    taken = {other.casefold() for other in (*others, *(line.name for line in lines))}
    if name.casefold() in taken:
        free = next(f"{name}-{n}" for n in range(2, 10**6) if f"{name}-{n}".casefold() not in taken)
        msg = (
            f"{record.dataset}@{record.version} already has a record named {name}, and records "
            f"are never replaced; submit under another name, such as --name {free}"
        )
        raise VersionConflictError(msg)


def _parse_log(text: str, where: str) -> tuple[Submission, ...]:
    return tuple(chained(text, where, _parse_line))


def _parse_line(written: str, where: str) -> Submission:
    return validated(Submission, strict_json(written, where), where)
