"""The catalog behind ``intake.cat.skybench``: the default store's, else the packaged one."""

from importlib.resources import files
from typing import Any

import intake
import yaml
from intake.catalog import Catalog
from intake.catalog.local import CatalogParser

from skybench.catalogs.catalog_text import catalog_text, check_catalog
from skybench.registry.storage.store import CATALOG, Store

PACKAGED = "skybench.yaml"


def default_catalog() -> Any:
    """Return the Intake catalog of the default store.

    Where the store has none, the catalog that skybench was packaged with, which describes the
    published versions and opens each of them once it is in the store.

    Raises
    ------
    IntegrityError
        The store's catalog names what skybench never writes there, such as another driver.
    """
    store = Store()
    if store.exists(CATALOG):
        check_catalog(store.read_text(CATALOG), store.url_of(CATALOG))
        return intake.open_catalog(store.url_of(CATALOG), getenv=False, getshell=False)
    return catalog_at(packaged_text(), store.url)


def packaged_text() -> str:
    """Return the text of the packaged catalog; that of an empty one where nothing was released."""
    file = files("skybench.catalogs") / PACKAGED
    return file.read_text(encoding="utf-8") if file.is_file() else catalog_text([])


def catalog_at(text: str, folder: str) -> Any:
    """Return the catalog that YAML text describes, as if its file lay in `folder`."""
    parser = CatalogParser(
        yaml.safe_load(text),
        getenv=False,
        getshell=False,
        context={"root": folder.rstrip("/") + "/"},
    )
    entries = {entry.name: entry for entry in parser.data["data_sources"]}
    return Catalog.from_dict(entries, name="skybench", getenv=False, getshell=False)
