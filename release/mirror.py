"""A mirror: a store of someone else, whose versions and files are believed when they are proven.

Its index tells which manifest is meant, its manifest what the version consists of. A file is
hashed on its way and gets its name only when size and SHA-256 are right; what came of it before a
link was cut is kept, and any mirror goes on from there.
"""

import random
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing, contextmanager
from dataclasses import dataclass

from skybench.errors import (
    IntegrityError,
    NotFoundError,
    SignatureError,
    SkybenchError,
    UnsignedIndexWarning,
)
from skybench.registry.reference import DatasetReference
from skybench.registry.storage import link
from skybench.registry.storage.link import SlowServerError, least_speed
from skybench.registry.storage.store import Store, zarr_name
from skybench.registry.versions.index import manifest_from, manifest_text, resolve
from skybench.registry.versions.index_lines import IndexEntry
from skybench.registry.versions.manifest import Manifest, StoredObject
from skybench.registry.versions.signatures import TrustedKeys, check_manifest, manifest_signature
from skybench.release.partial_file import PartialFile

_ATTEMPTS = 5
_SLOW_COUNTS = 3
"""A slow server is asked again once; who has another mirror need not wait for five windows."""
_FIRST_WAIT = 0.5
_LONGEST_WAIT = 30.0

Advance = Callable[[int], None]


class MirrorError(Exception):
    """A mirror is at fault, so another may do; the text says how.

    Attributes
    ----------
    error : SkybenchError
        What it is for a user, where no other mirror does.
    passing : bool
        Whether the same request may succeed later.
    """

    def __init__(self, error: SkybenchError, *, passing: bool = False) -> None:
        super().__init__(str(error))
        self.error = error
        self.passing = passing


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A version as a mirror has it.

    Attributes
    ----------
    mirror : Store
    entry : IndexEntry
        Its line in the mirror's index.
    manifest : Manifest
        Fits that line.
    text : str
        The manifest as it was written, because another skybench may write the same otherwise.
    signature : str or None
        The manifest's signature, None where the mirror has none.
    """

    mirror: Store
    entry: IndexEntry
    manifest: Manifest
    text: str
    signature: str | None


def offer(wanted: DatasetReference, mirror: Store, trusted: TrustedKeys) -> Offer:
    """Return the version that a reference means in a mirror.

    Parameters
    ----------
    wanted : DatasetReference
        An alias means the newest that the mirror's index lists.
    mirror : Store
    trusted : TrustedKeys
        Where there are any, one of them must have signed the manifest, and for an alias the index.

    Raises
    ------
    MirrorError
        The mirror has no such version, or what it has contradicts itself or is not signed.
    """
    try:
        entry = _entry(wanted, mirror, trusted)
        text = manifest_text(mirror, entry)
        manifest = manifest_from(text, entry, mirror)
        name = zarr_name(entry.dataset, entry.version, entry.content)
        if manifest.zarr != name:
            msg = f"{mirror.url_of(entry.manifest_key)} names {manifest.zarr}, expected {name}"
            raise IntegrityError(msg)
        if trusted:
            check_manifest(text, mirror, entry.key, trusted)
        signature = manifest_signature(mirror, entry.key)
        return Offer(mirror=mirror, entry=entry, manifest=manifest, text=text, signature=signature)
    except SkybenchError as error:
        raise MirrorError(error) from error


def fetch_files(
    files: dict[str, StoredObject],
    offered: IndexEntry,
    mirror: Store,
    place: Store,
    *,
    workers: int,
    advance: Advance = lambda _: None,
) -> None:
    """Fetch files of a version, several at once, each proven before it gets its name.

    Parameters
    ----------
    files : dict
        What the manifest says of each, by its key in `place`.
    offered : IndexEntry
        The version.
    mirror, place : Store
        Where from, and where to.
    workers : int
        Files that are fetched at once.
    advance : callable
        Is given the bytes that arrived, and negative ones where they are thrown away.

    Raises
    ------
    MirrorError
        A file is missing, or is not the one that was published, after several attempts.
    StoreError
        `place` cannot be written.
    """
    pool = ThreadPoolExecutor(workers)
    try:
        futures = [
            pool.submit(
                _fetch, offered, mirror, PartialFile(place, key, stored, advance, keep=True)
            )
            for key, stored in files.items()
        ]
        for future in as_completed(futures):
            future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def fetch_what_is_right(
    files: dict[str, StoredObject],
    offered: IndexEntry,
    mirror: Store,
    place: Store,
    *,
    workers: int,
) -> Sequence[str]:
    """Fetch those files that a mirror has right; return their keys.

    Parameters
    ----------
    files, offered, mirror, place, workers
        As for `fetch_files`.
    """

    def is_fetched(key: str) -> bool:
        try:
            _fetch(offered, mirror, PartialFile(place, key, files[key], lambda _: None, keep=False))
        except MirrorError:
            return False
        return True

    with ThreadPoolExecutor(workers) as pool:
        done = pool.map(is_fetched, files)
        return [key for key, right in zip(files, done, strict=True) if right]


def _entry(wanted: DatasetReference, mirror: Store, trusted: TrustedKeys) -> IndexEntry:
    try:
        return resolve(wanted, mirror, trusted, going_back=False)
    except SignatureError as error:
        # A store that was filled by `get` has an index of its own, and the publisher's manifests.
        if not wanted.version:
            raise
        said = (
            f"{error}. The manifest of {wanted} proves what the version is; that it was not "
            "withdrawn since is not proven"
        )
        warnings.warn(said, UnsignedIndexWarning, stacklevel=4)
        return resolve(wanted, mirror)


def _fetch(offered: IndexEntry, mirror: Store, partial: PartialFile) -> None:
    """Fetch a file, going on after faults that may pass, and waiting longer each time.

    Faults are counted anew after as many bytes as the least speed asks of a window, so a file of
    any size comes over a link that is cut again and again.
    """
    source = f"{offered.key}/{partial.stored.key}"
    failures, furthest = 0, 0.0
    with partial:
        while True:
            try:
                _go_on(partial, mirror, source)
            except MirrorError as problem:
                if partial.size > furthest + least_speed() * link.WINDOW:
                    failures, furthest = 0, partial.size
                failures += _SLOW_COUNTS if isinstance(problem.error, SlowServerError) else 1
                if failures >= _ATTEMPTS or not problem.passing:
                    raise
            else:
                return
            longest = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** (failures - 1))
            time.sleep(random.uniform(longest / 2, longest))


def _go_on(partial: PartialFile, mirror: Store, source: str) -> None:
    """Add what is missing of a file, and give it its name if it is the published one."""
    if partial.size < partial.stored.size:
        _append(partial, mirror, source)
    with _at_fault():
        _check(partial, mirror.shown(source))
    partial.finish()


def _append(partial: PartialFile, mirror: Store, source: str) -> None:
    with _at_fault():
        stream = mirror.stream(source, partial.size, partial.tag)
    with closing(stream):
        if stream.start != partial.size:
            partial.restart()
        partial.tag = stream.tag
        pieces = iter(stream)
        while partial.size <= partial.stored.size and (piece := _next(pieces)):
            partial.append(piece)


def _next(pieces: Iterator[bytes]) -> bytes:
    with _at_fault():
        return next(pieces, b"")


@contextmanager
def _at_fault() -> Iterator[None]:
    """Blame the mirror, and not this disk, for what goes wrong."""
    try:
        yield
    except SkybenchError as error:
        raise MirrorError(error, passing=not isinstance(error, NotFoundError)) from error


def _check(partial: PartialFile, where: str) -> None:
    """Refuse what is not the published file; of a file that is too short the rest may come."""
    stored, size, got = partial.stored, partial.size, partial.digest
    if size < stored.size:
        msg = f"{where} ends after {size} of {stored.size} bytes"
        raise IntegrityError(msg)
    if (size, got) == (stored.size, stored.sha256):
        return
    partial.restart()
    if size > stored.size:
        msg = f"{where} is larger than the {stored.size} bytes published"
    else:
        msg = f"{where} is not the file that was published: expected {stored.sha256}, got {got}"
    raise IntegrityError(msg)
