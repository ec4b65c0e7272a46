"""Keep ``catalog.yaml`` saying what the index and the records say."""

from collections.abc import Iterable

from skybench.catalogs.writer import CatalogEntry, catalog_text
from skybench.errors import NotFoundError
from skybench.registry.index import read_index, read_manifest
from skybench.registry.records import Record
from skybench.registry.store import BASELINES, CATALOG, Store


def refresh_catalog(store: Store) -> bool:
    """Write the catalog of the published versions; return whether that changed it.

    Raises
    ------
    IntegrityError
        The index, a manifest or a record is damaged.
    StoreError
        The catalog cannot be written.
    """
    with store.lock("catalog"):
        text = catalog_text(
            CatalogEntry(
                manifest=read_manifest(store, entry),
                scores=scores(stored_records(store, f"{entry.key}/{BASELINES}")),
            )
            for entry in read_index(store)
        )
        try:
            current = store.read_text(CATALOG)
        except NotFoundError:
            current = ""
        if text != current:
            store.write(CATALOG, text)
        return text != current


def stored_records(store: Store, folder: str) -> tuple[Record, ...]:
    """Return the baseline records in a folder of a store, by name."""
    return tuple(
        Record.from_text(store.read_text(key), store.url_of(key))
        for name in store.names(folder)
        if name.endswith(".json")
        for key in [f"{folder}/{name}"]
    )


def scores(records: Iterable[Record]) -> dict[str, float]:
    """Return the test accuracy of each record, by its name."""
    return {record.name: record.accuracy for record in records}
