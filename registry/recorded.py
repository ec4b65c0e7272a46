"""The versions that this package records: identities and scores, without their bytes.

``registry/releases/<version>/`` comes with every clone and every installation, so what a
version is can be known, and proved, where no store is.
"""

from skybench.errors import IntegrityError, NotFoundError
from skybench.registry.reference import DatasetReference
from skybench.registry.scoring.records import Record, records_from_text
from skybench.registry.storage.store import Store
from skybench.registry.versions.index import read_manifest, resolve
from skybench.registry.versions.manifest import Manifest, digest_of
from skybench.registry.versions.recorded_manifests import MANIFEST_SUFFIX as MANIFEST_SUFFIX
from skybench.registry.versions.recorded_manifests import record_problems as record_problems
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
