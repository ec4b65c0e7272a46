"""Record a release in the source checkout: the small text that identifies it, for committing.

The bytes stay in the store. With the manifest in git, anyone can rebuild the version and prove
that it is the same.
"""

import os
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

import skybench.registry
from skybench.catalogs.catalog_text import CatalogEntry, catalog_text
from skybench.catalogs.default import PACKAGED
from skybench.errors import StoreError, VersionConflictError
from skybench.registry.recorded import BASELINES_SUFFIX, MANIFEST_SUFFIX, predictions_name
from skybench.registry.reference import Version
from skybench.registry.scoring.records import (
    Record,
    records_from_text,
    records_text,
    stored_records,
)
from skybench.registry.storage.local_disk import is_litter
from skybench.registry.storage.store import BASELINES, Store
from skybench.registry.versions.index import find, read_index, read_manifest
from skybench.registry.versions.index_lines import IndexEntry
from skybench.registry.versions.manifest import Manifest
from skybench.release.publishing.catalog import scores

_MOST_PREDICTIONS = 4 << 20
"""Bytes of a file of predictions that the repository takes; maps of segmentations are larger."""


def source_checkout() -> Path:
    """Return the root of the git checkout that skybench is imported from.

    Raises
    ------
    StoreError
        It is installed elsewhere, or the checkout cannot be written.
    """
    root = Path(skybench.registry.__file__).resolve().parent.parent
    project = root / "pyproject.toml"
    if not (root / ".git").exists() or not project.is_file() or _name(project) != "skybench":
        msg = f"{root} is not a git checkout of skybench; releases are recorded only in one"
        raise StoreError(msg)
    if not os.access(root / "registry" / "releases", os.W_OK):
        msg = (
            f"{root / 'registry' / 'releases'} cannot be written, so nothing can be recorded there"
        )
        raise StoreError(msg)
    return root


def check_recordable(version: Version, dataset: str, content: str, root: Path) -> None:
    """Raise unless the checkout records this content for a version, or nothing yet.

    Raises
    ------
    VersionConflictError
        It records other content.
    """
    recorded = _place(root, version, dataset, MANIFEST_SUFFIX)
    if not recorded.exists():
        return
    published = Manifest.from_text(recorded.read_text(encoding="utf-8"), str(recorded))
    if published.content.root != content:
        msg = (
            f"{recorded} records {dataset} {version} with content {published.content.root}, "
            f"but the store has {content}. A released version is never replaced; "
            "release a higher one."
        )
        raise VersionConflictError(msg)


def record_release(version: Version, dataset: str, store: Store, root: Path) -> tuple[Path, ...]:
    """Write what is not recorded yet of a published version; return the files that changed.

    Parameters
    ----------
    version, dataset
        Published in `store`.
    root : Path
        As `source_checkout` returns it.

    Raises
    ------
    VersionConflictError
        The checkout records the version with other content.
    """
    entry = find(read_index(store), dataset, version)
    assert entry is not None
    check_recordable(version, dataset, entry.content, root)
    records = stored_records(store, f"{entry.key}/{BASELINES}")
    contents: dict[Path, str | bytes] = {
        _place(root, version, dataset, MANIFEST_SUFFIX): read_manifest(store, entry).to_text(),
        _place(root, version, dataset, BASELINES_SUFFIX): records_text(records),
        **dict(_predictions(records, entry, store, root)),
    }
    checkout = Store(root)
    written = [path for path in contents if not path.exists()]
    for path in written:
        checkout.write(path.relative_to(root).as_posix(), contents[path])
    catalog = root / "catalogs" / PACKAGED
    text = catalog_text(_recorded(root))
    if not catalog.exists() or catalog.read_text(encoding="utf-8") != text:
        checkout.write(catalog.relative_to(root).as_posix(), text)
        written.append(catalog)
    return tuple(written)


def _predictions(
    records: Sequence[Record], entry: IndexEntry, store: Store, root: Path
) -> Iterator[tuple[Path, bytes]]:
    """Yield the predictions that comparisons need and that are small enough for a repository."""
    folder = _place(root, entry.number, entry.dataset, MANIFEST_SUFFIX).parent
    for record in records:
        if record.predictions is not None and record.predictions.size <= _MOST_PREDICTIONS:
            data = store.read_bytes(f"{entry.key}/{record.predictions.key}")
            yield folder / predictions_name(entry.dataset, record), data


def _recorded(root: Path) -> Iterator[CatalogEntry]:
    for path in sorted((root / "registry" / "releases").glob(f"*/*{MANIFEST_SUFFIX}")):
        if is_litter(path.name):
            continue
        manifest = Manifest.from_text(path.read_text(encoding="utf-8"), str(path))
        beside = path.with_name(path.name.removesuffix(MANIFEST_SUFFIX) + BASELINES_SUFFIX)
        records = records_from_text(beside.read_text(encoding="utf-8"), str(beside))
        yield CatalogEntry(manifest=manifest, scores=scores(records))


def _place(root: Path, version: Version, dataset: str, suffix: str) -> Path:
    return root / "registry" / "releases" / str(version) / f"{dataset}{suffix}"


def _name(project: Path) -> str:
    table = tomllib.loads(project.read_text(encoding="utf-8")).get("project", {})
    return str(table.get("name", ""))
