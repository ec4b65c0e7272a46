"""Check the files of a version against the list in its manifest: names, sizes, digests."""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from hashlib import sha256

from skybench.errors import IntegrityError, SkybenchError
from skybench.registry.storage.local_disk import is_litter, is_unfinished
from skybench.registry.storage.store import Store
from skybench.registry.versions.index_lines import IndexEntry
from skybench.registry.versions.manifest import Manifest, StoredObject

_MOVE_AWAY = "move it away, because --repair deletes no file that it does not know."


def file_digest(store: Store, key: str) -> str:
    """Return the ``sha256:…`` of a file, read in pieces."""
    digest = sha256()
    for piece in store.pieces(key):
        digest.update(piece)
    return f"sha256:{digest.hexdigest()}"


def size_problems(manifest: Manifest, sizes: dict[str, int]) -> Iterator[str]:
    """Yield which files are missing, have the wrong size or were not published.

    Parameters
    ----------
    manifest : Manifest
    sizes : dict
        The size of each file of the version, by its key there.
    """
    for stored in manifest.objects:
        got = sizes.get(stored.key)
        if got is None:
            yield f"file {stored.key} of {name_of(manifest)} is missing."
        elif got != stored.size:
            yield (
                f"file {stored.key} of {name_of(manifest)} has the wrong size: "
                f"expected {stored.size} bytes, got {got}."
            )
    yield from _group_problems(manifest, sizes)


def unlisted(manifest: Manifest, keys: Iterable[str]) -> list[str]:
    """Return the files that the manifest does not list, without litter and unfinished ones."""
    others = set(keys) - {stored.key for stored in manifest.objects}
    return sorted(key for key in others if not is_unfinished(key) and not is_litter(key))


def unpublished(manifest: Manifest, key: str) -> str:
    """Return the problem of a file that was not published."""
    return f"file {key} of {name_of(manifest)} was not published; {_MOVE_AWAY}"


def content_problem(manifest: Manifest, store: Store, stored: StoredObject) -> str:
    """Return what is wrong with the bytes of a file, the empty text where nothing is."""
    key = f"{manifest.key}/{stored.key}"
    try:
        got = file_digest(store, key)
    except SkybenchError as error:
        return unreadable(manifest, stored, error)
    return digest_problem(manifest, stored, got)


def damaged_files(manifest: Manifest, store: Store) -> dict[str, str]:
    """Return what is wrong with each file that is not as published, by its key; reads all."""
    with threads() as pool:
        said = pool.map(partial(content_problem, manifest, store), manifest.objects)
        both = zip(manifest.objects, said, strict=True)
        return {stored.key: problem for stored, problem in both if problem}


def damaged_descriptions(entry: IndexEntry, store: Store) -> dict[str, str]:
    """Return what is wrong with card and Croissant by their names, where the index lists them."""
    said = {
        name: _description_problem(f"{entry.key}/{name}", expected, store)
        for name, expected in entry.descriptions.items()
    }
    version = f"{entry.dataset} {entry.version}"
    return {name: f"file {name} of {version} {fault}." for name, fault in said.items() if fault}


def _description_problem(key: str, expected: str, store: Store) -> str:
    try:
        got = file_digest(store, key)
    except SkybenchError as error:
        return f"cannot be read: {error}"
    return "" if got == expected else f"does not match the index: expected {expected}, got {got}"


def threads() -> ThreadPoolExecutor:
    """Return as many threads as there are processors; reading and hashing leave Python free."""
    return ThreadPoolExecutor(os.cpu_count())


def digest_problem(manifest: Manifest, stored: StoredObject, got: str) -> str:
    """Return what is wrong with a file that has the digest `got`."""
    if got == stored.sha256:
        return ""
    return (
        f"file {stored.key} of {name_of(manifest)} does not match the recorded hash: "
        f"expected {stored.sha256}, got {got}."
    )


def unreadable(manifest: Manifest, stored: StoredObject, error: Exception) -> str:
    """Return the problem of a file that cannot be read."""
    return f"file {stored.key} of {name_of(manifest)} cannot be read: {error}."


def damage(reference: str, problems: tuple[str, ...]) -> IntegrityError:
    """Return the error that names the first problem, and the fix."""
    more = len(problems) - 1
    rest = f" {more} more: skybench.verify({reference!r}) lists all." if more else ""
    mend = (
        f" The copy may be damaged; 'skybench verify {reference} --repair' fetches or rebuilds "
        "what is."
    )
    fix = "" if problems[0].endswith(_MOVE_AWAY) else mend
    return IntegrityError(f"{problems[0]}{fix}{rest}")


def name_of(manifest: Manifest) -> str:
    """Return how messages call a version, like ``sky 1.0``."""
    return f"{manifest.dataset} {manifest.version}"


def _group_problems(manifest: Manifest, sizes: Iterable[str]) -> Iterator[str]:
    """Yield which files lie in the Zarr store that were not published, chunks or metadata."""
    inside = [key for key in sizes if key.startswith(f"{manifest.zarr}/")]
    yield from (unpublished(manifest, key) for key in unlisted(manifest, inside))
    chunks = {key for key in inside if not key.endswith("/zarr.json")}
    listed = chunks & {stored.key for stored in manifest.objects}
    if len(listed) > manifest.chunk_count:
        yield (
            f"the manifest of {name_of(manifest)} contradicts itself: it lists {len(listed)} "
            f"chunks, but counts {manifest.chunk_count}."
        )
