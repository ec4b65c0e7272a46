"""The index of a store: which versions are published, in a chain that cannot be edited unseen.

``index.jsonl`` holds one line a published version, and each line carries the SHA-256 of the
line before it. A version is published when its line is there, and not before: every reader
goes through the index. A later line may withdraw it: aliases then pass it by, its exact name
opens it with a warning, and its number is never free again.
"""

import warnings
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import TypeVar

from skybench.errors import (
    IntegrityError,
    NotFoundError,
    VersionConflictError,
    YankedVersionWarning,
)
from skybench.registry.reference import DatasetReference, Version
from skybench.registry.storage.store import INDEX, Store
from skybench.registry.versions.chain import add_line, digest_of_last, log_text
from skybench.registry.versions.index_lines import (
    IndexEntry,
    Line,
    Yank,
    parse_lines,
    published,
    withdrawal,
)
from skybench.registry.versions.manifest import Manifest, digest_of, validated
from skybench.registry.versions.signatures import SigningKey, TrustedKeys, check_index, sign_index

NewLine = TypeVar("NewLine", IndexEntry, Yank)

_UNCHECKED = TrustedKeys()


def read_index(store: Store, trusted: TrustedKeys = _UNCHECKED) -> tuple[IndexEntry, ...]:
    """Return the published versions in the order of their publication.

    Raises
    ------
    IntegrityError
        The chain is broken, or a line is not an index line; the message names the first.
    SignatureError
        Keys are given, and none of them signed the index as it is.
    """
    text = index_text(store)
    if trusted and text:
        check_index(text, store, trusted)
    return published(parse_lines(text, store.url_of(INDEX)))


def index_text(store: Store) -> str:
    """Return the index as it is written; it is empty where there is none."""
    return log_text(store, INDEX)


def append(
    store: Store,
    *,
    dataset: str,
    version: str,
    manifest: str,
    content: str,
    signing_key: SigningKey | None = None,
) -> IndexEntry:
    """Publish a version by adding its line; this is the step after which readers see it.

    Of two writers of one version exactly one wins and the other is told so; writers of different
    versions both get their line: see `add_line`.

    Parameters
    ----------
    store : Store
        Where its folder is already complete.
    dataset, version : str
        What is published.
    manifest, content : str
        SHA-256 of the manifest's text, and root of the content hash.
    signing_key : SigningKey, optional
        Signs the index with its new line, before any reader sees it.

    Raises
    ------
    VersionConflictError
        The version is there already, with any content.
    StoreError
        The line cannot be written, or another writer replaced it at the same moment.
    """

    def new_line(lines: Sequence[Line]) -> IndexEntry:
        if found := find(published(lines), dataset, version):
            msg = (
                f"{dataset} {version} was published in {store} at {found.time} "
                f"with content {found.content}; a version is never replaced"
            )
            raise VersionConflictError(msg)
        return IndexEntry(
            dataset=dataset,
            version=version,
            manifest=manifest,
            content=content,
            time=utc_now(),
            previous=digest_of_last(lines),
        )

    return _add(store, new_line, signing_key)


def yank(
    store: Store,
    *,
    dataset: str,
    version: str,
    reason: str,
    signing_key: SigningKey | None = None,
) -> Yank:
    """Withdraw a published version by adding a line; nothing is deleted.

    Parameters
    ----------
    store : Store
    dataset, version : str
        What is withdrawn.
    reason : str
        For those who open it all the same: one line of text.
    signing_key : SigningKey, optional
        As for `append`.

    Raises
    ------
    NotFoundError
        It is not published.
    VersionConflictError
        It was withdrawn before.
    IntegrityError
        The reason is not a line of text.
    """

    def new_line(lines: Sequence[Line]) -> Yank:
        reference = DatasetReference.parse(f"{dataset}@{version}")
        entry = find(published(lines), dataset, version)
        if entry is None:
            raise NotFoundError(_not_found(reference, published(lines), store))
        if entry.yanked is not None:
            msg = f"{dataset} {version} was withdrawn before: {entry.yanked}"
            raise VersionConflictError(msg)
        values = {
            "dataset": dataset,
            "version": version,
            "reason": reason,
            "time": utc_now(),
            "previous": digest_of_last(lines),
        }
        return validated(Yank, values, f"the withdrawal of {dataset} {version}")

    return _add(store, new_line, signing_key)


def _add(
    store: Store,
    new_line: Callable[[Sequence[Line]], NewLine],
    signing_key: SigningKey | None,
) -> NewLine:
    """Add a line to the index, which is signed with it before any reader sees it."""

    def sign(text: str) -> None:
        if signing_key is not None:
            sign_index(text, store, signing_key)

    return add_line(store, INDEX, new_line, parse=parse_lines, lock="index", prepare=sign)


def find(entries: Sequence[IndexEntry], dataset: str, version: Version | str) -> IndexEntry | None:
    """Return the entry of an exact version, or None where it is not published."""
    wanted = (dataset, str(version))
    return next((e for e in entries if (e.dataset, e.version) == wanted), None)


def resolve(
    reference: str | DatasetReference, store: Store, trusted: TrustedKeys = _UNCHECKED
) -> IndexEntry:
    """Return the published version that a reference means: the newest that matches.

    A withdrawn version is meant only where its exact number is given, and then with a
    `YankedVersionWarning` that tells the reason.

    Raises
    ------
    NotFoundError
        No version matches; the message lists those there are.
    IntegrityError
        The version's content is not the one that the reference pins.
    SignatureError
        Keys are given, and none of them signed the index.
    """
    reference = DatasetReference.parse(reference)
    entries = read_index(store, trusted)
    matching = [
        entry
        for entry in entries
        if entry.dataset == reference.dataset
        and reference.matches(entry.number)
        and (entry.yanked is None or reference.version)
    ]
    if not matching:
        raise NotFoundError(_not_found(reference, entries, store))
    entry = max(matching, key=lambda entry: entry.number)
    if reference.pin and not entry.content.startswith(reference.pin):
        msg = (
            f"{entry.dataset} {entry.version} in {store} is not the content that was pinned: "
            f"expected {reference.pin}, got {entry.content}. "
            "This store holds another build; take the version from where the hash was published."
        )
        raise IntegrityError(msg)
    if entry.yanked is not None:
        said = withdrawal(f"{entry.dataset} {entry.version}", entry.yanked)
        warnings.warn(said, YankedVersionWarning, stacklevel=3)
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
    return manifest_from(manifest_text(store, entry), entry, store)


def manifest_from(text: str, entry: IndexEntry, store: Store) -> Manifest:
    """Return what the text of a manifest says, checked to be of this entry."""
    where = store.url_of(entry.manifest_key)
    manifest = Manifest.from_text(text, where)
    if (manifest.dataset, manifest.version, manifest.content.root) != (
        entry.dataset,
        entry.version,
        entry.content,
    ):
        msg = f"{where} describes {manifest.reference}, not {entry.dataset}@{entry.version}"
        raise IntegrityError(msg)
    return manifest


def manifest_text(store: Store, entry: IndexEntry) -> str:
    """Return the manifest as it was published, whatever it says; raises as `read_manifest`."""
    text = store.read_text(entry.manifest_key)
    if (got := digest_of(text)) != entry.manifest:
        msg = (
            f"{store.url_of(entry.manifest_key)} is not the manifest that was published: expected "
            f"{entry.manifest}, got {got}. It was changed or damaged; 'skybench verify "
            f"{entry.reference} --repair --mirror URL' puts the right one back."
        )
        raise IntegrityError(msg)
    return text


def utc_now() -> str:
    """Return the time as published files write it, like ``2026-11-20T16:00:00Z``."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _not_found(
    reference: DatasetReference,
    entries: Sequence[IndexEntry],
    store: Store,
) -> str:
    versions = [entry for entry in entries if entry.dataset == reference.dataset]
    if not versions:
        return _unknown_dataset(reference.dataset, sorted({e.dataset for e in entries}), store)
    have = _listed([_shown(entry) for entry in sorted(versions, key=lambda e: e.number)])
    if reference.version:
        wanted, build = str(reference.version), str(reference.version)
    else:
        wanted, build = f"{reference.major}.x", f"{reference.major}.0"
    return (
        f"{reference.dataset} {wanted} is not in the registry at {store}; it has {have}. "
        f"Build it with 'make release VERSION={build}' or open one of these."
    )


def _shown(entry: IndexEntry) -> str:
    return entry.version if entry.yanked is None else f"{entry.version} (withdrawn)"


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
