"""Where the pages lie, and how they lead to each other and to the files of the store."""

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode

from skybench.errors import ParameterError
from skybench.registry.storage.store import Store

HOME = "index.html"
EXPLORER = "explorer/index.html"
DOCS = "docs/index.html"


@dataclass(frozen=True, kw_only=True)
class Links:
    """The way from one page to the others.

    Attributes
    ----------
    root : str
        From the page to the site's own folder: empty or ``../``.
    store : str
        Address of the store, ending in a slash: a URL, or relative to the page.
    has_docs, has_explorer : bool
        Whether they are there to be led to.
    """

    root: str
    store: str
    has_docs: bool
    has_explorer: bool

    def file(self, key: str) -> str:
        """Return the address of a file of the store."""
        return self.store + quote(key)

    def explorer(self, reference: str, model: str | None = None) -> str:
        """Return the address of the explorer's view of a version, or of a model's errors on it."""
        view = {"dataset": reference}
        if model is not None:
            view |= {"model": model, "colour": "model.outcome"}
        return f"{self.root}{EXPLORER}?{urlencode(view)}"


def links_from(page: str, store_url: str, *, has_docs: bool, has_explorer: bool) -> Links:
    """Return the links of a page, by its path in the site."""
    root = "../" * page.count("/")
    relative = "://" not in store_url and not store_url.startswith("/")
    return Links(
        root=root,
        store=root + store_url if relative else store_url,
        has_docs=has_docs,
        has_explorer=has_explorer,
    )


def address_of(store: Store, folder: Path, store_url: str | None) -> str:
    """Return where a browser finds the store, seen from the site's folder; it ends in a slash.

    Raises
    ------
    ParameterError
        The store has no address that a browser can follow, and none was given.
    """
    if store_url is not None:
        return f"{store_url.rstrip('/')}/"
    if store.is_web:
        return f"{str(store).rstrip('/')}/"
    if not store.is_local:
        msg = (
            f"a browser cannot read {store}; say at which web address its files are, with "
            "--store-url https://…"
        )
        raise ParameterError(msg)
    try:
        way = os.path.relpath(store.local_path(""), folder)
    except ValueError:  # on another drive of Windows
        msg = f"{folder} and {store} are on two drives; give the store's address with --store-url"
        raise ParameterError(msg) from None
    return f"{quote(Path(way).as_posix())}/"
