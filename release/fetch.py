"""Get released versions into a store, from a mirror or by building them, proven before they show.

What a mirror offers is fetched beside the store, each file proven on its way. All of it then goes
through `publish` as a release does: read again in full, and listed in the index last. A version
that no mirror has, and that skybench records, is built from its recipe.
"""

import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from skybench.errors import (
    IntegrityError,
    NotFoundError,
    SignatureError,
    SkybenchError,
    StoreError,
    VersionConflictError,
)
from skybench.registry.open import Building
from skybench.registry.progress_bar import progress_bar
from skybench.registry.proof.file_check import file_digest
from skybench.registry.recorded import recorded_manifest
from skybench.registry.reference import DatasetReference, manifest_pin
from skybench.registry.scoring.records import stored_records
from skybench.registry.seals import opened_seal, publish_seal
from skybench.registry.storage.store import SIGNATURE, Store
from skybench.registry.versions.index import (
    check_pin,
    find,
    manifest_text,
    read_index,
    read_manifest,
    resolve,
    yank,
)
from skybench.registry.versions.index_lines import IndexEntry
from skybench.registry.versions.manifest import Manifest, StoredObject
from skybench.registry.versions.recorded_manifests import cited_hash
from skybench.registry.versions.signatures import (
    KeyFile,
    TrustedKeys,
    check_manifest,
    manifest_signature,
)
from skybench.release.building.scheduler import check_workers
from skybench.release.mirror import MirrorError, Offer, fetch_files, offer
from skybench.release.partial_file import partial_key
from skybench.release.publishing.card import card_scores, card_text
from skybench.release.publishing.catalog import refresh_catalog
from skybench.release.publishing.publish import (
    GETTING,
    IDENTITY,
    WorkFolder,
    check_place,
    keep_or_discard,
    prepare_text,
    publish,
)
from skybench.release.rebuild import BUILD, is_allowed, rebuild

MIRRORS = "SKYBENCH_MIRRORS"
"""Environment variable with the URLs of mirrors, separated by spaces."""


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """What `get` did.

    Attributes
    ----------
    reference : str
        The exact version, like ``sky@1.0``.
    content_hash : str
        Root of its content hash, computed again from the rows that arrived.
    manifest_hash : str
        SHA-256 of the manifest that the version is pinned and cited by.
    is_recorded : bool
        Whether it is the content that this skybench records for the version.
    is_new : bool
        Whether this call published it in the store; False where it was there before.
    mirror : str
        Where it came from; empty where it was built or nothing was asked for.
    files, bytes : int
        How much was fetched by this call: less than all after a resumption.
    built_samples : int
        How many samples the version has, where this call built it.
    seconds : float
        Wall time of this call.
    pin_note : str
        What the pin that was given does not hold; empty where it holds all, or none was given.
    """

    reference: str
    content_hash: str
    manifest_hash: str
    is_recorded: bool
    is_new: bool
    mirror: str = ""
    files: int = 0
    bytes: int = 0
    built_samples: int = 0
    seconds: float = 0.0
    pin_note: str = ""

    def __str__(self) -> str:
        """Say in a few lines what happened."""
        pinned = f"pin all of it by {self.reference}#{manifest_pin(self.manifest_hash)}"
        return "\n".join([self._happened(), pinned, *filter(None, [self.pin_note])])

    def _happened(self) -> str:
        known = "the content that this skybench records" if self.is_recorded else "its content"
        if not self.is_new:
            return f"{self.reference} is in the store already; {known} is {self.content_hash}"
        if self.built_samples:
            return (
                f"{self.reference} is built from its recipe: {self.built_samples:,} samples "
                f"rendered and proven in {self.seconds:.1f} s; {known} is {self.content_hash}"
            )
        return (
            f"{self.reference} is from {self.mirror}: {self.files:,} files, "
            f"{self.bytes / 1e6:,.1f} MB fetched and proven in {self.seconds:.1f} s; "
            f"{known} is {self.content_hash}"
        )


def get(
    reference: str | DatasetReference,
    *,
    source: str | Sequence[str] | None = None,
    store: str | os.PathLike[str] | Store | None = None,
    public_key: KeyFile | Sequence[KeyFile] | None = None,
    build: Building = "missing",
    workers: int = 8,
    progress: bool = True,
) -> Fetched:
    """Bring a released version into a store, and prove it on the way.

    It is fetched from a mirror or, where none has it and skybench records it, built from its
    recorded recipe; the recorded scores come along, and nothing is trained. An interrupted call,
    even a killed one, keeps what it finished; the same call goes on with the rest. Other readers of
    the store see the version when it is complete and proven.

    Parameters
    ----------
    reference : str
        As for `skybench.open`; an alias such as ``sky@1`` means the mirror's newest.
    source : str or sequence of str, optional
        Mirrors, tried in turn: stores at any fsspec URL, such as ``https://…`` or ``s3://…``.
        Default: those in ``$SKYBENCH_MIRRORS``, separated by spaces. Where neither names one,
        nothing is downloaded. Where `source` is given, nothing is built.
    store : str, path or Store, optional
        Where to: any fsspec URL. Default: ``$SKYBENCH_STORE``, else the user's data folder.
    public_key : path or sequence of path, optional
        PEM files of public keys, one of which must have signed the version's manifest and, where
        the reference is an alias, the mirror's index. Default: those in ``$SKYBENCH_PUBLIC_KEY``,
        separated as in ``$PATH``; with none, signatures are kept but not looked at.
    build : "missing" or "never"
        Whether to build what no mirror has. ``SKYBENCH_BUILD=0`` in the environment means never,
        and so do public keys: what is built here is signed by nobody.
    workers : int
        Files that are fetched at once: 8 hide the waiting for a distant server.
    progress : bool
        Show a progress bar on standard error.

    Raises
    ------
    NotFoundError
        No mirror has it, or none is named, and skybench does not record it or may not build it.
    MissingDependencyError
        It is recorded, and another generator made it; the message says which skybench has that.
    IntegrityError
        What the mirrors hold is not what they published, or not what the reference pins; or what
        is built here is not what skybench records.
    SignatureError
        No mirror has it signed by one of the public keys.
    VersionConflictError
        The store holds another content under this version.
    StoreError
        No mirror answers, or the store cannot be written.

    Examples
    --------
    >>> import skybench
    >>> skybench.get("sky@1")                                           # doctest: +SKIP
    >>> skybench.get("sky@1", source="https://example.org/skybench")    # doctest: +SKIP
    """
    check_workers(workers)
    began = time.perf_counter()
    wanted, place = DatasetReference.parse(reference), Store(store)
    trusted = TrustedKeys.configured(public_key)
    forbidden = _forbidden(build, source, trusted)
    entry = find(read_index(place), wanted.dataset, wanted.version) if wanted.version else None
    if entry is not None and _is_signed(entry, place, trusted):
        return _present(wanted, resolve(wanted, place), place)
    problems = []
    for mirror in [Store(url) for url in _mirrors(source)]:
        try:
            offered = offer(wanted, mirror, trusted)
            return _Transfer(wanted, place, offered, workers, progress).run(began)
        except MirrorError as problem:
            problems.append(problem)
    if not forbidden and (recorded := _recorded(wanted)):
        return _build(wanted, recorded, place, began, progress)
    raise _unavailable(wanted, problems, forbidden)


@dataclass(frozen=True)
class _Transfer:
    wanted: DatasetReference
    place: Store
    offer: Offer
    workers: int
    progress: bool

    @property
    def work(self) -> WorkFolder:
        entry = self.offer.entry
        return WorkFolder(
            store=self.place, dataset=entry.dataset, version=entry.number, suffix=GETTING
        )

    def run(self, began: float) -> Fetched:
        if entry := self._published():
            return _present(self.wanted, entry, self.place, self.offer)
        self.place.check_writable()
        with self.place.lock(self.work.name, wait=False):
            if entry := self._published():
                return _present(self.wanted, entry, self.place, self.offer)
            fetched, begun = self._fetch_missing()
            entry = self._publish()
        _follow(entry, self.place, self.offer)
        return _fetched(
            self.wanted,
            entry,
            self.place,
            is_new=True,
            mirror=str(self.offer.mirror),
            files=len(fetched),
            bytes=sum(stored.size for stored in fetched) - begun,
            seconds=time.perf_counter() - began,
        )

    def _published(self) -> IndexEntry | None:
        """Return the version in the store, None where it is not; refuse another content."""
        offered = self.offer.entry
        entry = find(read_index(self.place), offered.dataset, offered.version)
        if entry is not None and entry.content != offered.content:
            msg = (
                f"{entry.reference} in {self.place} has content {entry.content}, but "
                f"{self.offer.mirror} has {offered.content}: one of them is another build. A "
                "version is never replaced; get this one into a store of its own with --store"
            )
            raise VersionConflictError(msg)
        return entry

    def _fetch_missing(self) -> tuple[Sequence[StoredObject], int]:
        """Fetch what is not here; return it, and how many of its bytes were here already."""
        work, manifest = self.work, self.offer.manifest
        check_place(work)
        keep_or_discard(work, f"get {self.offer.entry.manifest}")
        if work.journal() is not None:
            return [], 0
        missing, begun = self._missing()
        total = sum(stored.size for stored in manifest.objects)
        todo = sum(stored.size for stored in missing.values()) - begun
        self.place.check_space(todo)
        bar = progress_bar(
            f"Getting {manifest.reference}",
            total,
            done=total - todo,
            unit="bytes",
            shown=self.progress,
        )
        with bar as advance:
            fetch_files(
                missing,
                self.offer.entry,
                self.offer.mirror,
                self.place,
                workers=self.workers,
                advance=advance,
            )
        scores = card_scores(stored_records(work.store, work.baselines))
        prepare_text(work, manifest, self.offer.text, card_text(manifest, scores))
        return tuple(missing.values()), begun

    def _missing(self) -> tuple[dict[str, StoredObject], int]:
        """Return what is still to be fetched, and how many bytes came of it before.

        What is damaged, or no part of the version, is deleted.
        """
        manifest = self.offer.manifest
        here = {self.work.place_of(s.key, manifest.zarr): s for s in manifest.objects}
        sizes = {f"{self.work.key}/{key}": n for key, n in self.place.sizes(self.work.key).items()}
        begun = {partial_key(key, stored) for key, stored in here.items()}
        for key in sizes.keys() - here.keys() - begun - {f"{self.work.key}/{IDENTITY}"}:
            self.place.remove(key)
        sized = [key for key, stored in here.items() if sizes.get(key) == stored.size]
        with ThreadPoolExecutor(self.workers) as pool:
            digests = pool.map(lambda key: file_digest(self.place, key), sized)
            finished = {key for key, d in zip(sized, digests, strict=True) if d == here[key].sha256}
        missing = {key: stored for key, stored in here.items() if key not in finished}
        return missing, sum(sizes.get(partial_key(*item), 0) for item in missing.items())

    def _publish(self) -> IndexEntry:
        try:
            return publish(self.work, depth="full")
        except IntegrityError as error:
            self.work.discard()
            raise MirrorError(error) from error


def _forbidden(build: Building, source: str | Sequence[str] | None, trusted: TrustedKeys) -> str:
    """Return what forbids to build a version, empty where nothing does."""
    reasons = {
        "build='never'": build == "never",
        f"${BUILD}=0": not is_allowed(build),
        "the mirror that was named": source is not None,
        "the public key that must have signed it": bool(trusted),
    }
    return next((reason for reason, holds in reasons.items() if holds), "")


def _build(
    wanted: DatasetReference, recorded: Manifest, place: Store, began: float, progress: bool
) -> Fetched:
    entry = find(read_index(place), recorded.dataset, recorded.version)
    if entry is not None:
        return _present(wanted, entry, place)
    entry = rebuild(recorded, place, progress=progress)
    return _fetched(
        wanted,
        entry,
        place,
        is_new=True,
        built_samples=recorded.samples,
        seconds=time.perf_counter() - began,
    )


def _mirrors(source: str | Sequence[str] | None) -> list[str]:
    if source is None:
        return os.environ.get(MIRRORS, "").split()
    return [source] if isinstance(source, str) else list(source)


def _present(
    wanted: DatasetReference, entry: IndexEntry, place: Store, offer: Offer | None = None
) -> Fetched:
    check_pin(wanted, entry, place)  # of another process, which may have wanted another
    left = WorkFolder(store=place, dataset=entry.dataset, version=entry.number, suffix=GETTING)
    with suppress(StoreError):  # a store that is only read keeps it
        place.remove(left.key)
    _follow(entry, place, offer)
    return _fetched(wanted, entry, place, is_new=False)


def _fetched(wanted: DatasetReference, entry: IndexEntry, place: Store, **happened: Any) -> Fetched:
    """Return what `get` did, with what a version in the store is."""
    return Fetched(
        reference=entry.reference,
        content_hash=entry.content,
        manifest_hash=cited_hash(read_manifest(place, entry)),
        is_recorded=_is_recorded(entry),
        pin_note=wanted.pin_note,
        **happened,
    )


def _follow(entry: IndexEntry, place: Store, offer: Offer | None) -> None:
    """Sign, open and withdraw what the mirror has so, and let the catalog follow the index."""
    if offer is not None:
        same = offer.entry.manifest == entry.manifest
        signature = offer.signature if same else None
        # Not written again where it is: the store may be one that is only read.
        if signature not in (None, manifest_signature(place, entry.key)):
            place.write(f"{entry.key}/{SIGNATURE}", signature)
        if same and (seal := opened_seal(offer.manifest, offer.mirror)):
            publish_seal(seal, offer.manifest, place)
        if offer.entry.yanked is not None and entry.yanked is None:
            reason = offer.entry.yanked
            yank(place, dataset=entry.dataset, version=entry.version, reason=reason)
    refresh_catalog(place)


def _is_signed(entry: IndexEntry, place: Store, trusted: TrustedKeys) -> bool:
    """Tell whether a version that is there already has the signature that is asked for."""
    if not trusted:
        return True
    try:
        check_manifest(manifest_text(place, entry), place, entry.key, trusted)
    except SkybenchError:
        return False
    return True


def _is_recorded(entry: IndexEntry) -> bool:
    recorded = _recorded(DatasetReference.parse(entry.reference))
    return recorded is not None and recorded.content.root == entry.content


def _recorded(wanted: DatasetReference) -> Manifest | None:
    try:
        return recorded_manifest(wanted)
    except NotFoundError:
        return None


def _unavailable(
    wanted: DatasetReference, problems: Sequence[MirrorError], forbidden: str
) -> SkybenchError:
    if not problems:
        msg = (
            f"no mirror to get {wanted} from: name one with --from URL or ${MIRRORS}. "
            f"{_rebuild(wanted, forbidden)}"
        )
        return NotFoundError(msg)
    said = "; ".join(str(problem).rstrip(".") for problem in problems)
    msg = f"{wanted} cannot be had from a mirror: {said}. {_rebuild(wanted, forbidden)}"
    for kind in (IntegrityError, SignatureError, StoreError):
        if any(isinstance(problem.error, kind) for problem in problems):
            return kind(msg)
    return NotFoundError(msg)


def _rebuild(wanted: DatasetReference, forbidden: str) -> str:
    """Say how the version can be made on this machine."""
    try:
        manifest = recorded_manifest(wanted)
    except NotFoundError as missing:
        version = wanted.version or f"{wanted.major or 0}.1"
        return (
            f"{missing}. 'skybench release {version} {wanted.dataset}' makes a version on this "
            "machine."
        )
    return (
        f"skybench records {manifest.reference} and builds it by 'skybench get "
        f"{manifest.reference}', which {forbidden} forbids here."
    )
