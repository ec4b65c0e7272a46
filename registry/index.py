"""The index of a store: which versions are published, in a chain that cannot be edited unseen.

``index.jsonl`` holds one line a published version, and each line carries the SHA-256 of the
line before it. A version is published when its line is there, and not before: every reader
goes through the index.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from hashlib import sha256

from skybench.errors import IntegrityError, NotFoundError, StoreError, VersionConflictError
from skybench.registry.content_hash import canonical_json
from skybench.registry.manifest import (
    DatasetName,
    Digest,
    Manifest,
    StrictModel,
    UtcTime,
    VersionText,
    strict_json,
    validated,
)
from skybench.registry.reference import DatasetReference, Version
from skybench.registry.store import INDEX, MANIFEST, Store, version_key

FIRST = "sha256:" + "0" * 64


class IndexEntry(StrictModel):
    """One published version.

    Attributes
    ----------
    manifest : str
        SHA-256 of the manifest's text.
    content : str
        Root of the content hash.
    time : str
        When it was published, UTC.
    previous : str
        SHA-256 of the line before, without its line end; zeros on the first line.
    """

    dataset: DatasetName
    version: VersionText
    manifest: Digest
    content: Digest
    time: UtcTime
    previous: Digest

    def to_line(self) -> str:
        """Return the entry as its line in the index, without the line end."""
        return canonical_json(self.model_dump()).decode()

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


def read_index(store: Store) -> tuple[IndexEntry, ...]:
    """Return the published versions in the order of their publication.

    Raises
    ------
    IntegrityError
        The chain is broken, or a line is not an index line; the message names the first.
    """
    try:
        text = store.read_text(INDEX)
    except NotFoundError:
        return ()
    return parse_index(text, store.url_of(INDEX))


def parse_index(text: str, where: str) -> tuple[IndexEntry, ...]:
    """Return the entries in the text of an index; `where` names it in messages."""
    if text and not text.endswith("\n"):
        msg = f"the last line of {where} is cut off; restore the file from a copy of the store"
        raise IntegrityError(msg)
    entries: list[IndexEntry] = []
    previous = FIRST
    for number, line in enumerate(text.split("\n")[:-1], 1):
        entry = _parse_line(line, f"line {number} of {where}")
        if entry.previous != previous:
            _refuse_chain(entry, previous, number, where)
        _check_new(entry, entries, number, where)
        entries.append(entry)
        previous = text_digest(line)
    return tuple(entries)


def append(store: Store, *, dataset: str, version: str, manifest: str, content: str) -> IndexEntry:
    """Publish a version by adding its line; this is the step after which readers see it.

    Parameters
    ----------
    store : Store
        Where its folder is already complete.
    dataset, version : str
        What is published.
    manifest, content : str
        SHA-256 of the manifest's text, and root of the content hash.

    Raises
    ------
    VersionConflictError
        The version is there already, with any content.
    StoreError
        The line cannot be written, or another writer replaced it at the same moment.
    """
    with store.lock("index"):
        entries = read_index(store)
        if found := find(entries, dataset, version):
            msg = (
                f"{dataset} {version} was published in {store} at {found.time} "
                f"with content {found.content}; a version is never replaced"
            )
            raise VersionConflictError(msg)
        lines = [entry.to_line() for entry in entries]
        entry = IndexEntry(
            dataset=dataset,
            version=version,
            manifest=manifest,
            content=content,
            time=utc_now(),
            previous=text_digest(lines[-1]) if lines else FIRST,
        )
        store.write(INDEX, "".join(f"{line}\n" for line in [*lines, entry.to_line()]))
        _check_appended(store, entry)
    return entry


def find(entries: Sequence[IndexEntry], dataset: str, version: Version | str) -> IndexEntry | None:
    """Return the entry of an exact version, or None where it is not published."""
    wanted = (dataset, str(version))
    return next((e for e in entries if (e.dataset, e.version) == wanted), None)


def resolve(reference: str | DatasetReference, store: Store) -> IndexEntry:
    """Return the published version that a reference means: the newest that matches.

    Raises
    ------
    NotFoundError
        No version matches; the message lists those there are.
    IntegrityError
        The version's content is not the one that the reference pins.
    """
    reference = DatasetReference.parse(reference)
    entries = read_index(store)
    versions = [entry for entry in entries if entry.dataset == reference.dataset]
    matching = [entry for entry in versions if reference.matches(entry.number)]
    if not matching:
        raise NotFoundError(_not_found(reference, entries, versions, store))
    entry = max(matching, key=lambda entry: entry.number)
    if reference.pin and not entry.content.startswith(reference.pin):
        msg = (
            f"{entry.dataset} {entry.version} in {store} is not the content that was pinned: "
            f"expected {reference.pin}, got {entry.content}. "
            "This store holds another build; take the version from where the hash was published."
        )
        raise IntegrityError(msg)
    return entry


def read_manifest(store: Store, entry: IndexEntry) -> Manifest:
    """Return the manifest of a published version, checked against its line in the index.

    Raises
    ------
    NotFoundError
        It is not where the index says.
    IntegrityError
        It is not the one that was published.
    """
    where = store.url_of(entry.manifest_key)
    text = store.read_text(entry.manifest_key)
    if (got := text_digest(text)) != entry.manifest:
        msg = (
            f"{where} is not the manifest that was published: expected {entry.manifest}, "
            f"got {got}. It was changed or damaged; restore it from a copy of the store."
        )
        raise IntegrityError(msg)
    manifest = Manifest.from_text(text, where)
    if (manifest.dataset, manifest.version, manifest.content.root) != (
        entry.dataset,
        entry.version,
        entry.content,
    ):
        msg = f"{where} describes {manifest.reference}, not {entry.dataset}@{entry.version}"
        raise IntegrityError(msg)
    return manifest


def text_digest(text: str) -> str:
    """Return ``sha256:…`` of UTF-8 text."""
    return f"sha256:{sha256(text.encode()).hexdigest()}"


def utc_now() -> str:
    """Return the time as published files write it, like ``2026-11-20T16:00:00Z``."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _parse_line(line: str, where: str) -> IndexEntry:
    entry = validated(IndexEntry, strict_json(line, where), where)
    if entry.to_line() != line:
        msg = f"{where} is not written as skybench writes it; it was edited"
        raise IntegrityError(msg)
    return entry


def _refuse_chain(entry: IndexEntry, expected: str, number: int, where: str) -> None:
    msg = (
        f"line {number} of {where} ({entry.dataset} {entry.version}) does not follow the line "
        f"before it: expected previous {expected}, got {entry.previous}. A line was changed, "
        "added or removed; restore the file from a copy of the store."
    )
    raise IntegrityError(msg)


def _check_new(entry: IndexEntry, entries: list[IndexEntry], number: int, where: str) -> None:
    if find(entries, entry.dataset, entry.version):
        msg = f"line {number} of {where} publishes {entry.dataset} {entry.version} a second time"
        raise IntegrityError(msg)


def _check_appended(store: Store, entry: IndexEntry) -> None:
    if find(read_index(store), entry.dataset, entry.version) != entry:
        msg = (
            f"another process wrote {store.url_of(INDEX)} at the same moment; "
            "run the same command again"
        )
        raise StoreError(msg)


def _not_found(
    reference: DatasetReference,
    entries: Sequence[IndexEntry],
    versions: Sequence[IndexEntry],
    store: Store,
) -> str:
    if not versions:
        return _unknown_dataset(reference.dataset, sorted({e.dataset for e in entries}), store)
    have = _listed([str(entry.number) for entry in sorted(versions, key=lambda e: e.number)])
    if reference.version:
        wanted, build = str(reference.version), str(reference.version)
    else:
        wanted, build = f"{reference.major}.x", f"{reference.major}.0"
    return (
        f"{reference.dataset} {wanted} is not in the registry at {store}; it has {have}. "
        f"Build it with 'make release VERSION={build}' or open one of these."
    )


def _unknown_dataset(dataset: str, known: list[str], store: Store) -> str:
    if not known:
        return (
            f"no dataset {dataset!r} in the registry at {store}: nothing is released there. "
            "Release with 'make release VERSION=0.1', or set $SKYBENCH_STORE to another store."
        )
    near = get_close_matches(dataset, known, 1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"no dataset {dataset!r} in the registry at {store}; it has {_listed(known)}.{hint}"


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
