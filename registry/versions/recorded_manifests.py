"""The manifests that this package records, and by which of them a version is pinned and cited."""

import json
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, NamedTuple

from skybench.errors import NotFoundError
from skybench.registry.reference import DatasetReference, Version
from skybench.registry.storage.local_disk import is_litter
from skybench.registry.storage.store import BASELINES
from skybench.registry.versions.manifest import Manifest, digest_of

MANIFEST_SUFFIX = ".manifest.json"

_OF_A_COPY = ("generator", "chunk_count", "objects")
"""Fields in which the manifest of a version that was built here differs from the recorded one."""

_OF_THE_CONTENT = ("content", "recipe", "classes", "task")
"""Fields that say what the content means."""


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


class Identity(NamedTuple):
    """What a version is, told by its manifest and by the one that skybench records of it.

    Attributes
    ----------
    cited : str
        SHA-256 of the manifest that it is pinned and cited by: its own, but of a recorded version
        that was built on this machine, whose files are of this machine alone, that of the recorded
        manifest, which says all the rest.
    problems : tuple of str
        Where it is not the recorded one in all that its content means. The root of ``skyhash-1``
        covers pixels, units and codes; what a version of it is for, and which zero point it was
        made with, the copy that skybench records tells.
    """

    cited: str
    problems: tuple[str, ...] = ()


def identity_of(manifest: Manifest, digest: str = "") -> Identity:
    """Return what a version of a store is; a copy that was built there has its own files.

    The digest of the manifest is computed where it is not given.
    """
    try:
        recorded = _recorded_file(DatasetReference.parse(manifest.reference)).read_text("utf-8")
    except NotFoundError:
        return Identity(digest or manifest.digest)
    text = manifest.to_text()
    if text == recorded:
        return Identity(digest_of(text))
    # Compared as JSON, which takes 2 ms of every opening; as manifests it would be 15.
    copy, original = json.loads(text), json.loads(recorded)
    cited = recorded if _is_built_from(copy, original) else text
    return Identity(digest_of(cited), tuple(_changes(copy, original)))


def cited_hash(manifest: Manifest) -> str:
    """Return the SHA-256 of the manifest that a version is pinned and cited by; see `Identity`."""
    return identity_of(manifest).cited


def record_problems(manifest: Manifest) -> tuple[str, ...]:
    """Return where a version of the recorded content is not the recorded one; see `Identity`."""
    return identity_of(manifest).problems


def _changes(copy: dict[str, Any], recorded: dict[str, Any]) -> Iterator[str]:
    """Yield what of a manifest was changed; of another build's no record speaks."""
    if copy["content"]["root"] != recorded["content"]["root"]:
        return
    for field in _OF_THE_CONTENT:
        if copy[field] != recorded[field]:
            yield (
                f"the manifest of {copy['dataset']} {copy['version']} has another {field} than "
                "the copy that skybench records of this content: it was changed."
            )


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


def is_recorded(reference: DatasetReference) -> bool:
    """Tell whether a recorded version is one that a reference may mean, whatever it pins."""
    try:
        recorded_folder(reference)
    except NotFoundError:
        return False
    return True


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
