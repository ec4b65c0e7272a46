"""Audit a whole store without its pixels: index, manifests, files, scores, recorded copies.

Everything that follows from something else is computed again: the chain of the index, the
digest of each manifest, every root of a content hash from its blocks, headers and attributes, as
whenever a manifest is read, the numbers of samples, the list of files; and every score from its
predictions, for which the truth of the test split is read. What cannot be known without the other
data is left to `verify`.
"""

import os
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from skybench.errors import ParameterError, SignatureError, SkybenchError
from skybench.generators.codes import SAMPLE_DIM
from skybench.registry.arrays.zarr_documents import METADATA
from skybench.registry.hashing.content_hash import ContentHash
from skybench.registry.leaderboard import stored_standing
from skybench.registry.proof.file_check import (
    damaged_descriptions,
    size_problems,
    unlisted,
    unpublished,
)
from skybench.registry.recorded import (
    record_problems,
    recorded_manifest,
    recorded_references,
    recorded_scores,
)
from skybench.registry.reference import DatasetReference
from skybench.registry.scoring.records import SUBMISSIONS, Record
from skybench.registry.seals import opened_seal, sealing_of
from skybench.registry.storage.store import (
    BASELINES,
    CARD,
    CROISSANT,
    INDEX,
    MANIFEST,
    SEAL,
    SIGNATURE,
    WORK,
    Store,
    version_key,
)
from skybench.registry.versions.index import (
    compared,
    find,
    index_text,
    manifest_text,
    older,
    read_index,
    read_manifest,
)
from skybench.registry.versions.index_lines import IndexEntry
from skybench.registry.versions.manifest import Manifest
from skybench.registry.versions.signatures import (
    KeyFile,
    TrustedKeys,
    check_index,
    check_manifest,
)
from skybench.registry.versions.witness import came_since

_DATASET, _VERSION = re.compile(r"[a-z][a-z0-9_]*"), re.compile(r"[0-9]+\.[0-9]+")
_BESIDE = frozenset({MANIFEST, SIGNATURE, CARD, CROISSANT, SEAL})
"""Files of a version that its manifest does not list."""


@dataclass(frozen=True, kw_only=True)
class AuditReport:
    """What was walked, and each thing that breaks the chain of trust, in the order it was met.

    Attributes
    ----------
    store : str
        The URL.
    versions, withdrawn, files, recorded : int
        How many versions the index has, how many of them are withdrawn, how many files their
        manifests list, and how many versions this skybench records.
    seconds : float
        Wall time.
    problems : tuple of str
        One sentence each; empty when all is well.
    asked_for : str
        Files of the public keys that should have signed; empty where signatures were not looked at.
    since : str
        What was added to the index since the head that was given; empty without one.
    """

    store: str
    versions: int
    withdrawn: int
    files: int
    recorded: int
    seconds: float
    problems: tuple[str, ...]
    asked_for: str = ""
    since: str = ""

    @property
    def ok(self) -> bool:
        """Whether nothing is broken."""
        return not self.problems

    def __str__(self) -> str:
        """Say what was walked, the first break, and the others after it."""
        lines = [
            f"{self.store}: {self.versions:,} versions ({self.withdrawn:,} withdrawn), "
            f"{self.files:,} files, {self.recorded:,} recorded versions, audited in "
            f"{self.seconds:.1f} s",
        ]
        if self.since:
            lines.append(self.since)
        if self.ok:
            agree = "index, manifests, files and recorded copies agree"
            lines.append(agree if self.versions else "nothing is released there")
            if self.asked_for and self.versions:
                lines.append(f"index and manifests are signed by {self.asked_for}")
            return "\n".join(lines)
        first, *others = self.problems
        return "\n".join([*lines, f"first break: {first}", *others])


def audit(
    store: str | Store | None = None,
    *,
    public_key: KeyFile | Sequence[KeyFile] | None = None,
    since: str | os.PathLike[str] | None = None,
) -> AuditReport:
    """Walk the index, every manifest, the list of files and the recorded copies of a store.

    Parameters
    ----------
    store : str or Store, optional
        Any fsspec URL. Default: ``$SKYBENCH_STORE``, else the user's data folder.
    public_key : path or sequence of path, optional
        PEM files of public keys, one of which must have signed the index and each manifest.
        Default: those in ``$SKYBENCH_PUBLIC_KEY``; with none, signatures are not looked at.
    since : str or path, optional
        A head of the index that was kept, which it must extend: a line of ``skybench witness``, a
        file of them, or a digest ``sha256:…``.

    Raises
    ------
    ParameterError
        `since` is no head.

    Examples
    --------
    >>> from skybench.registry.audit import audit
    >>> audit("./store").ok    # doctest: +SKIP
    True
    """
    started = time.perf_counter()
    store, trusted = Store(store), TrustedKeys.configured(public_key)
    problems: list[str] = []
    entries: tuple[IndexEntry, ...] = ()
    news = ""
    try:
        if since is not None:
            news = came_since(since, store)
        index = compared(store)
        entries = index.now
        if index.lacks:
            problems.append(older(index, store))
    except ParameterError:
        raise
    except SkybenchError as error:
        problems.append(str(error))
    if trusted and entries:
        problems += _unsigned(entries, store, trusted)
    files = 0
    for entry in entries:
        try:
            manifest = read_manifest(store, entry)
        except SkybenchError as error:
            problems.append(str(error))
            continue
        files += len(manifest.objects)
        problems += _version_problems(manifest, entry, store)
    if not problems and not store.is_web:  # a web server lists no folders
        problems += _unlisted(entries, store)
    recorded = recorded_references()
    for reference in recorded:
        problems += _recorded_problems(reference, entries, store)
    return AuditReport(
        store=str(store),
        versions=len(entries),
        withdrawn=sum(entry.yanked is not None for entry in entries),
        files=files,
        recorded=len(recorded),
        seconds=time.perf_counter() - started,
        problems=tuple(problems),
        asked_for=str(trusted),
        since=news,
    )


def contradictions(manifest: Manifest) -> Iterator[str]:
    """Yield where a manifest contradicts itself, as far as can be known without the data."""
    yield from _row_contradictions(manifest.content, manifest.samples)
    yield from _list_contradictions(manifest)


def _row_contradictions(content: ContentHash, samples: int) -> Iterator[str]:
    for name, variable in sorted(content.variables.items()):
        head = variable.header
        if SAMPLE_DIM in head["dims"] and head["shape"][0] != samples:
            yield f"{name} has {head['shape'][0]} rows, but there are {samples} samples"
    total = sum(p.samples for name, p in content.splits.items() if name not in content.sets)
    if content.splits and total != samples:
        yield f"its splits have {total} samples together, but there are {samples}"


def _list_contradictions(manifest: Manifest) -> Iterator[str]:
    keys = {stored.key for stored in manifest.objects}
    inside = [key for key in keys if key.startswith(f"{manifest.zarr}/")]
    chunks = sum(not key.endswith("/zarr.json") for key in inside)
    if chunks != manifest.chunk_count:
        yield f"it lists {chunks} chunk files, but counts {manifest.chunk_count}"
    arrays = {key.split("/")[1] for key in inside} - {METADATA}
    for name in sorted(arrays - manifest.content.variables.keys()):
        yield f"it lists files of {name}, which is none of its variables"
    if not manifest.files_of(manifest.sample_digests):
        yield f"it does not list {manifest.sample_digests}, the digests of its samples"
    if manifest.recipe.get("name") != manifest.dataset:
        yield f"its recipe is that of {manifest.recipe.get('name')!r}"
    if manifest.recipe.get("samples") != manifest.samples:
        yield f"its recipe makes {manifest.recipe.get('samples')} samples, not {manifest.samples}"


def _version_problems(manifest: Manifest, entry: IndexEntry, store: Store) -> Iterator[str]:
    where = store.shown(entry.manifest_key)
    yield from (f"{where} contradicts itself: {said}." for said in contradictions(manifest))
    sizes = store.sizes(entry.key)
    yield from size_problems(manifest, sizes)
    yield from damaged_descriptions(entry, store).values()
    elsewhere = (f"{SUBMISSIONS}/", f"{manifest.zarr}/")  # of the latter it is told above
    for key in unlisted(manifest, sizes.keys() - _BESIDE):
        if not key.startswith(elsewhere) and not _is_record(key):
            yield unpublished(manifest, key)
    yield from _seal_problems(manifest, store, opened=SEAL in sizes)
    of_records = (f"{BASELINES}/", f"{SUBMISSIONS}/")
    if any(key.startswith(of_records) for key in sizes):
        yield from stored_standing(manifest, store).faults


def _is_record(key: str) -> bool:
    """Tell what is judged with the scores."""
    return key.startswith(f"{BASELINES}/") and key.endswith(".json")


def _record_problems(records: tuple[Record, ...], manifest: Manifest) -> Iterator[str]:
    for record in records:
        if mismatch := record.mismatch(manifest):
            yield f"{mismatch}."


def _unsigned(entries: tuple[IndexEntry, ...], store: Store, trusted: TrustedKeys) -> Iterator[str]:
    """Yield what no trusted key signed."""
    try:
        check_index(index_text(store), store, trusted)
    except SkybenchError as error:
        yield f"{error}."
    for entry in entries:
        try:
            check_manifest(manifest_text(store, entry), store, entry.key, trusted)
        except SignatureError as error:
            yield f"{error}."
        except SkybenchError:
            continue  # told where the manifest is read


def _seal_problems(manifest: Manifest, store: Store, *, opened: bool) -> Iterator[str]:
    try:
        if sealing_of(manifest) is not None:
            opened_seal(manifest, store)
        elif opened:
            yield unpublished(manifest, SEAL)
    except SkybenchError as error:
        yield str(error)


def _unlisted(entries: tuple[IndexEntry, ...], store: Store) -> Iterator[str]:
    """Yield versions that lie there complete, as they would after lines were cut off."""
    for dataset, version in _folders(store):
        listed = find(entries, dataset, version) is not None
        if listed or MANIFEST not in store.names(version_key(dataset, version)):
            continue
        # Else its publication goes on, by a release or a get, or ended in this moment.
        begun = (f"{WORK}/{dataset}-{version}{suffix}" for suffix in ("", ".get"))
        if not any(map(store.exists, begun)) and not find(read_index(store), dataset, version):
            yield (
                f"{store.shown(version_key(dataset, version))} holds a manifest, but {INDEX} "
                "does not list it: lines were cut off its end. Restore it from a copy of the store."
            )


def _folders(store: Store) -> Iterator[tuple[str, str]]:
    for dataset in filter(_DATASET.fullmatch, store.names("")):
        for version in filter(_VERSION.fullmatch, store.names(dataset)):
            yield dataset, version


def _recorded_problems(
    reference: str, entries: tuple[IndexEntry, ...], store: Store
) -> Iterator[str]:
    """Yield how the copy that skybench records contradicts itself, or the store's."""
    try:
        recorded, scores = recorded_manifest(reference), recorded_scores(reference)
    except SkybenchError as error:
        yield str(error)
        return
    where = f"the copy of {reference} that skybench records"
    yield from (f"{where} contradicts itself: {said}." for said in contradictions(recorded))
    yield from _record_problems(scores, recorded)
    version = DatasetReference.parse(reference).version
    assert version is not None
    entry = find(entries, recorded.dataset, version)
    if entry is None:
        return
    if entry.content != recorded.content.root:
        yield (
            f"{where} has content {recorded.content.root}, but {store} has {entry.content}: "
            "one of the two is not the version that was released."
        )
        return
    try:
        stored = read_manifest(store, entry)
    except SkybenchError:
        return  # told already
    yield from record_problems(stored)
    for field in ("licence", "citation"):
        if getattr(stored, field) != getattr(recorded, field):
            yield f"{where} has another {field} than {store.shown(entry.manifest_key)}."
