"""The manifests that this package records, and by which of them a version is pinned and cited."""

import json
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from skybench.errors import NotFoundError
from skybench.registry.reference import DatasetReference, Version
from skybench.registry.storage.local_disk import is_litter
from skybench.registry.storage.store import BASELINES
from skybench.registry.versions.manifest import Manifest, digest_of

MANIFEST_SUFFIX = ".manifest.json"

_OF_A_COPY = ("generator", "chunk_count", "objects")
"""Fields in which the manifest of a version that was built here differs from the recorded one."""


def recorded_manifest(reference: str | DatasetReference) -> Manifest:
    """Return the manifest of the newest recorded version that a reference means.

    Raises
    ------
    NotFoundError
        None matches, also what is pinned; the message lists those that are recorded.
    """
    reference = DatasetReference.parse(reference)
    file = _recorded_file(reference)
    text = file.read_text(encoding="utf-8")
    manifest = Manifest.from_text(text, str(file))
    fault = reference.pin_fault(content=manifest.content.root, manifest=digest_of(text))
    if fault:
        msg = f"what skybench records as {manifest.reference} {fault}"
        raise NotFoundError(msg)
    return manifest


def cited_hash(manifest: Manifest, digest: str = "") -> str:
    """Return the SHA-256 of the manifest that a version is pinned and cited by.

    It is the manifest's own, `digest`, which is computed where it is not given. Where a recorded
    version was built on this machine, its files are of this machine alone; then it is that of the
    recorded manifest, which says all the rest.
    """
    try:
        recorded = _recorded_file(DatasetReference.parse(manifest.reference)).read_text("utf-8")
    except NotFoundError:
        return digest or manifest.digest
    text = manifest.to_text()
    # Compared as JSON, which takes 2 ms of every opening; as manifests it would be 15.
    is_copy = text == recorded or _is_built_from(json.loads(text), json.loads(recorded))
    return digest_of(recorded if is_copy else text)


def _is_built_from(copy: dict[str, Any], recorded: dict[str, Any]) -> bool:
    """Tell whether nothing but the encoding of the data differs, and no score."""
    scores = [file for file in copy["objects"] if file["key"].startswith(f"{BASELINES}/")]
    records = [file for file in recorded["objects"] if _is_record(file["key"])]
    return (
        _without_files(copy) == _without_files(recorded)
        and all(file in scores for file in records)
        and all(file in recorded["objects"] for file in scores)
    )


def _without_files(manifest: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in manifest.items() if key not in _OF_A_COPY}


def _is_record(key: str) -> bool:
    return key.startswith(f"{BASELINES}/") and key.endswith(".json")


def recorded_references() -> tuple[str, ...]:
    """Return all recorded versions, like ``sky@0.1``, by dataset and number."""
    found = [
        (file.name.removesuffix(MANIFEST_SUFFIX), Version.parse(folder.name))
        for folder in _releases()
        for file in folder.iterdir()
        if file.name.endswith(MANIFEST_SUFFIX) and not is_litter(file.name)
    ]
    return tuple(f"{dataset}@{version}" for dataset, version in sorted(found))


def _releases() -> Iterator[Traversable]:
    folders = (files("skybench.registry") / "releases").iterdir()
    return (f for f in folders if f.is_dir() and not is_litter(f.name))


def _recorded_file(reference: DatasetReference) -> Traversable:
    return recorded_folder(reference) / f"{reference.dataset}{MANIFEST_SUFFIX}"


def recorded_folder(reference: DatasetReference) -> Traversable:
    """Return the folder of the newest recorded version that a reference means."""
    matching = {
        Version.parse(folder.name): folder
        for folder in _releases()
        if (folder / f"{reference.dataset}{MANIFEST_SUFFIX}").is_file()
        and reference.matches(Version.parse(folder.name))
    }
    if not matching:
        have = ", ".join(recorded_references()) or "none"
        msg = f"{reference} is not among the versions that skybench records: {have}"
        raise NotFoundError(msg)
    return matching[max(matching)]
