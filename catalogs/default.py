"""The catalog behind ``intake.cat.skybench``: the packaged one and the default store's."""

from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import yaml
from intake.catalog import Catalog
from intake.catalog.local import CatalogParser

from skybench.catalogs.catalog_text import catalog_text, check_catalog
from skybench.registry.storage.store import CATALOG, Store

PACKAGED = "skybench.yaml"


def default_catalog() -> Any:
    """Return the Intake catalog of the versions that skybench records and of the default store.

    A recorded version that is not in the store is built there when it is first opened. Where both
    have an entry, such as ``sky_v0``, it is the store's.

    Raises
    ------
    IntegrityError
        The store's catalog names what skybench never writes there, such as another driver.
    """
    store = Store()
    texts = [packaged_text()]
    if store.exists(CATALOG):
        texts.append(store.read_text(CATALOG))
        check_catalog(texts[-1], store.url_of(CATALOG))
    return catalog_at(texts, str(store))


def packaged_text() -> str:
    """Return the text of the packaged catalog; that of an empty one where nothing was released."""
    file = files("skybench.catalogs") / PACKAGED
    return file.read_text(encoding="utf-8") if file.is_file() else catalog_text([])


def catalog_at(texts: Sequence[str], folder: str) -> Any:
    """Return the catalog that YAML texts describe, as if their file lay in `folder`.

    Of two entries of one name the later counts.
    """
    sources: dict[str, Any] = {}
    for text in texts:
        sources |= yaml.safe_load(text)["sources"]
    parser = CatalogParser(
        {"sources": sources},
        getenv=False,
        getshell=False,
        context={"root": folder.rstrip("/")},
    )
    entries = {entry.name: entry for entry in parser.data["data_sources"]}
    return Catalog.from_dict(entries, name="skybench", getenv=False, getshell=False)
