"""Keep ``catalog.yaml`` saying what the index and the records say."""

from collections.abc import Iterable

from skybench.catalogs.catalog_text import CatalogEntry, catalog_text
from skybench.errors import NotFoundError, StoreError
from skybench.registry.scoring.records import Record, stored_records
from skybench.registry.storage.store import BASELINES, CATALOG, Store
from skybench.registry.versions.index import read_index, read_manifest

_ATTEMPTS = 5


def refresh_catalog(store: Store) -> bool:
    """Write the catalog of the published versions; return whether that changed it.

    Raises
    ------
    IntegrityError
        The index, a manifest or a record is damaged.
    StoreError
        The catalog cannot be written.
    """
    if _current_text(store) == _true_text(store):
        return False  # without the lock, which a store that is only read has no place for
    with store.lock("catalog"):
        for _ in range(_ATTEMPTS):
            # The tag is older than the index that is read, so what another process published
            # meanwhile is either in the index or makes the write fail.
            tag = store.tag(CATALOG)
            text = _true_text(store)
            if _current_text(store) == text:
                return False
            if store.write_if(CATALOG, text, tag):
                return True
    msg = f"other processes keep writing {store.url_of(CATALOG)}; run the same command again"
    raise StoreError(msg)


def scores(records: Iterable[Record]) -> dict[str, float]:
    """Return the headline score of each record on test, by its name."""
    return {record.name: record.score for record in records}


def _true_text(store: Store) -> str:
    return catalog_text(
        CatalogEntry(
            manifest=read_manifest(store, entry),
            scores=scores(stored_records(store, f"{entry.key}/{BASELINES}")),
            yanked=entry.yanked,
        )
        for entry in read_index(store)
    )


def _current_text(store: Store) -> str:
    try:
        return store.read_text(CATALOG)
    except NotFoundError:
        return ""
