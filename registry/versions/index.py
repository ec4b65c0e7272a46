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
from typing import NamedTuple, TypeVar

from skybench.errors import (
    IntegrityError,
    NotFoundError,
    OlderIndexWarning,
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
from skybench.registry.versions.recorded_manifests import cited_hash, is_recorded
from skybench.registry.versions.seen_index import lines_missing
from skybench.registry.versions.signatures import SigningKey, TrustedKeys, check_index, sign_index

NewLine = TypeVar("NewLine", IndexEntry, Yank)

_UNCHECKED = TrustedKeys()


class Published(NamedTuple):
    """What an index says.

    Attributes
    ----------
    now : tuple of IndexEntry
        The published versions in the order of their publication.
    seen : tuple of IndexEntry
        The same with the lines that were seen in it before and that it lacks now.
    lacks : int
        How many lines those are.
    """

    now: tuple[IndexEntry, ...]
    seen: tuple[IndexEntry, ...]
    lacks: int


def read_index(store: Store, trusted: TrustedKeys = _UNCHECKED) -> tuple[IndexEntry, ...]:
    """Return the published versions in the order of their publication; raises as `compared`.

    An `OlderIndexWarning` says where lines that were seen are missing.
    """
    index = compared(store, trusted)
    if index.lacks:
        warnings.warn(older(index, store), OlderIndexWarning, stacklevel=3)
    return index.now


def compared(store: Store, trusted: TrustedKeys = _UNCHECKED) -> Published:
    """Return the index, compared with what this user saw of it before.

    Raises
    ------
    IntegrityError
        The chain is broken, or a line is not an index line; the message names the first. Or a line
        is another one than when it was seen.
    SignatureError
        Keys are given, and none of them signed the index as it is.
    """
    text, where = index_text(store), store.url_of(INDEX)
    if trusted and text:
        check_index(text, store, trusted)
    now = published(parse_lines(text, where))
    missing = lines_missing(text, store)
    seen = published(parse_lines(text + missing, where)) if missing else now
    return Published(now, seen, missing.count("\n"))


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
    card: str | None = None,
    croissant: str | None = None,
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
    card, croissant : str, optional
        SHA-256 of the files that describe the version beside its manifest.
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
            card=card,
            croissant=croissant,
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
    reference: str | DatasetReference,
    store: Store,
    trusted: TrustedKeys = _UNCHECKED,
    *,
    going_back: bool = True,
) -> IndexEntry:
    """Return the published version that a reference means: the newest that matches.

    A withdrawn version is meant only where its exact number is given, and then with a
    `YankedVersionWarning` that tells the reason. Where the index lacks lines that were seen in it
    before, an `OlderIndexWarning` tells that, and what an alias meant then.

    Parameters
    ----------
    reference : str or DatasetReference
    store : Store
    trusted : TrustedKeys
        Where there are any, one of them must have signed the index.
    going_back : bool
        Whether an alias may mean another version than when those lines were seen.

    Raises
    ------
    NotFoundError
        No version matches; the message lists those there are.
    IntegrityError
        The version's content or manifest is not the one that the reference pins. Or the index is
        not the one that was seen before, or an alias went back and may not.
    SignatureError
        Keys are given, and none of them signed the index.
    """
    reference = DatasetReference.parse(reference)
    index = compared(store, trusted)
    entry = _newest(reference, index.now)
    if entry is None:
        missing = f" {older(index, store)}" if index.lacks else ""
        raise NotFoundError(_not_found(reference, index.now, store) + missing)
    check_pin(reference, entry, store)
    if index.lacks:
        entry = _with_what_was_seen(reference, entry, index, store, going_back)
    if entry.yanked is not None:
        said = withdrawal(f"{entry.dataset} {entry.version}", entry.yanked)
        warnings.warn(said, YankedVersionWarning, stacklevel=3)
    return entry


def check_pin(reference: DatasetReference, entry: IndexEntry, store: Store) -> None:
    """Raise an `IntegrityError` where a version in a store is not what a reference pins."""
    fault = reference.pin_fault(content=entry.content, manifest=entry.manifest)
    if fault and reference.manifest:
        # A recorded version that was built here lists files of its own.
        cited = cited_hash(read_manifest(store, entry))
        fault = reference.pin_fault(content=entry.content, manifest=cited)
    if fault:
        msg = (
            f"{entry.dataset} {entry.version} in {store} {fault}. This store holds another build, "
            "or its manifest was rewritten; take the version from where the hash was published."
        )
        raise IntegrityError(msg)


def _newest(reference: DatasetReference, entries: Sequence[IndexEntry]) -> IndexEntry | None:
    matching = [
        entry
        for entry in entries
        if entry.dataset == reference.dataset
        and reference.matches(entry.number)
        and (entry.yanked is None or reference.version)
    ]
    return max(matching, key=lambda entry: entry.number, default=None)


def _with_what_was_seen(
    reference: DatasetReference,
    entry: IndexEntry,
    index: Published,
    store: Store,
    going_back: bool,
) -> IndexEntry:
    """Return an entry of an index that lacks lines, with the withdrawal that one of them says."""
    said, then = older(index, store), _newest(reference, index.seen)
    if then is None or then.version != entry.version:
        was = f"was {then.version}" if then else "had no version that is not withdrawn"
        said = f"{reference} is {entry.version} in {store} and {was} before. {said}"
        if not going_back:
            msg = f"{said} Name {entry.reference} to have that version"
            raise IntegrityError(msg)
    warnings.warn(said, OlderIndexWarning, stacklevel=4)
    return find(index.seen, entry.dataset, entry.version) or entry


def older(index: Published, store: Store) -> str:
    """Return what is said of an index that lacks lines which were seen in it."""
    return (
        f"The index of {store} lacks {index.lacks} lines that were seen there before: "
        "it is a copy that lags, or it was set back. Try again later, or another mirror; "
        f"'skybench forget {store}' believes it as it is."
    )


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
        return _unknown_dataset(reference, sorted({e.dataset for e in entries}), store)
    have = _listed([_shown(entry) for entry in sorted(versions, key=lambda e: e.number)])
    if reference.version:
        wanted, build = str(reference.version), str(reference.version)
    else:
        wanted, build = f"{reference.major}.x", f"{reference.major}.0"
    fix = _recorded_fix(reference) or (
        f"Build it with 'make release VERSION={build}' or open one of these."
    )
    return f"{reference.dataset} {wanted} is not in the registry at {store}; it has {have}. {fix}"


def _recorded_fix(reference: DatasetReference) -> str:
    """Say how a user comes by a recorded version; empty where none is meant."""
    if not is_recorded(reference):
        return ""
    return f"skybench records it: 'skybench get {reference}' brings it into your store."


def _shown(entry: IndexEntry) -> str:
    return entry.version if entry.yanked is None else f"{entry.version} (withdrawn)"


def _unknown_dataset(reference: DatasetReference, known: list[str], store: Store) -> str:
    missing = f"no dataset {reference.dataset!r} in the registry at {store}"
    fix = _recorded_fix(reference)
    if not known:
        release = (
            "Release with 'make release VERSION=0.1', or set $SKYBENCH_STORE to another store."
        )
        return f"{missing}: nothing is released there. {fix or release}"
    near = get_close_matches(reference.dataset, known, 1)
    meant = f"Did you mean {near[0]!r}?" if near else ""
    return f"{missing}; it has {_listed(known)}. {fix or meant}".rstrip()


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
