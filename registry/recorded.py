"""The versions that this package records: identities and scores, without their bytes.

``registry/releases/<version>/`` comes with every clone and every installation, so what a
version is can be known, and proved, where no store is.
"""

from collections.abc import Iterator

from skybench.errors import IntegrityError, NotFoundError
from skybench.registry.reference import DatasetReference
from skybench.registry.scoring.records import Record, records_from_text
from skybench.registry.storage.store import Store
from skybench.registry.versions.index import read_manifest, resolve
from skybench.registry.versions.manifest import Manifest, digest_of
from skybench.registry.versions.recorded_manifests import MANIFEST_SUFFIX as MANIFEST_SUFFIX
from skybench.registry.versions.recorded_manifests import recorded_folder
from skybench.registry.versions.recorded_manifests import recorded_manifest as recorded_manifest
from skybench.registry.versions.recorded_manifests import (
    recorded_references as recorded_references,
)

BASELINES_SUFFIX = ".baselines.json"


def known_manifest(reference: str | DatasetReference, store: str | Store | None = None) -> Manifest:
    """Return the manifest that a reference means in a store, else among the recorded ones.

    Raises
    ------
    NotFoundError
        Neither has it; the message is the store's.
    """
    store = Store(store)
    try:
        return read_manifest(store, resolve(reference, store))
    except NotFoundError as missing:
        try:
            return recorded_manifest(reference)
        except NotFoundError:
            raise missing from None


def record_problems(manifest: Manifest) -> Iterator[str]:
    """Yield where a version of the recorded content is not the recorded one in all that it means.

    The root of ``skyhash-1`` covers pixels, units and codes; what a version of it is for, and
    which zero point it was made with, the copy that skybench records tells.

    Parameters
    ----------
    manifest : Manifest
        Of a store. A copy that was built there has other files, libraries and times.
    """
    try:
        recorded = recorded_manifest(manifest.reference)
    except NotFoundError:
        return
    if recorded.content.root != manifest.content.root:
        return  # another build, which no record speaks of
    for field in ("content", "recipe", "classes", "task"):
        if getattr(manifest, field) != getattr(recorded, field):
            yield (
                f"the manifest of {manifest.dataset} {manifest.version} has another {field} than "
                "the copy that skybench records of this content: it was changed."
            )


def recorded_scores(reference: str | DatasetReference) -> tuple[Record, ...]:
    """Return the baseline records of a recorded version; raises as `recorded_manifest`."""
    reference = DatasetReference.parse(reference)
    file = recorded_folder(reference) / f"{reference.dataset}{BASELINES_SUFFIX}"
    return tuple(records_from_text(file.read_text(encoding="utf-8"), str(file)))


def recorded_predictions(reference: str | DatasetReference, record: Record) -> bytes | None:
    """Return the file of predictions that a record of a recorded version was scored on.

    None where it does not come with skybench: large maps, and networks of versions before 0.3.

    Raises
    ------
    IntegrityError
        It is not the file that was scored.
    """
    if record.predictions is None:
        return None
    reference = DatasetReference.parse(reference)
    file = recorded_folder(reference) / predictions_name(reference.dataset, record)
    if not file.is_file():
        return None
    data = file.read_bytes()
    if (got := digest_of(data)) != record.predictions.sha256:
        msg = (
            f"{file} does not match its record: expected {record.predictions.sha256}, got {got}. "
            "The installation is damaged: install skybench again"
        )
        raise IntegrityError(msg)
    return data


def predictions_name(dataset: str, record: Record) -> str:
    """Return the name of a record's predictions beside it, like ``sky.resnet50-….parquet``."""
    assert record.predictions is not None
    return f"{dataset}.{record.predictions.key.rpartition('/')[2]}"
