"""What is in a folder of a web server, which lists none: what the version's manifest names."""

import json
from typing import Protocol

from skybench.errors import IntegrityError, NotFoundError, StoreError
from skybench.registry.storage.place import checked_key


class Readable(Protocol):
    """What is needed of a store."""

    def read_text(self, key: str, /) -> str:
        """Return the content of a file."""

    def url_of(self, key: str, /) -> str:
        """Return where a file is."""


def published_keys(store: Readable, manifest: str) -> list[str]:
    """Return the files that the manifest at a key names; none where there is no manifest.

    Raises
    ------
    IntegrityError
        It cannot be read as one. Whether what it says is true is for its reader to check.
    """
    try:
        values = json.loads(store.read_text(manifest))
        return [checked_key(stored["key"]) for stored in values["objects"]]
    except NotFoundError:
        return []
    except (ValueError, TypeError, LookupError, RecursionError) as error:
        msg = f"{store.url_of(manifest)} is not a manifest: {error!r}"
        raise IntegrityError(msg) from None


def published_names(store: Readable, folder: str, manifest_name: str) -> tuple[str, ...]:
    """Return the sorted names directly inside a version's folder, or a folder below it.

    Raises
    ------
    StoreError
        The folder is above all versions: no manifest tells what is there.
    IntegrityError
        As `published_keys`.
    """
    dataset, _, rest = folder.partition("/")
    version, _, inner = rest.partition("/")
    if not version:
        msg = f"the files of {store.url_of(folder)} cannot be listed: web servers list none"
        raise StoreError(msg)
    start = f"{inner}/" if inner else ""
    keys = published_keys(store, f"{dataset}/{version}/{manifest_name}")
    names = {key.removeprefix(start).split("/")[0] for key in keys if key.startswith(start)}
    return tuple(sorted(names))
