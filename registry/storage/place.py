"""A folder on any fsspec file system, as a value: how it is named, and how what is in it is."""

import os
import re
from contextlib import AbstractContextManager
from pathlib import Path, PurePosixPath
from typing import Any

import fsspec
import platformdirs

from skybench.errors import MissingDependencyError, StoreError
from skybench.registry.storage.local_disk import check_no_way_out
from skybench.registry.storage.store_faults import reporting

_ONE_SLASH = re.compile(r"(?!file:)[a-z][a-z0-9]+:/(?!/)")
"""A URL with a slash too few, which fsspec takes for a local path."""

_PACKAGES = {
    **dict.fromkeys(("gs", "gcs", "http", "https", "s3"), "'skybench[remote]'"),
    "abfs": "adlfs",
    "az": "adlfs",
}
"""What brings the file systems of other machines, by the protocol of a URL."""


class Place:
    """A folder on a local disk, in memory, on a web server or on an object store.

    Keys are relative paths with forward slashes, like ``sky/1.0/manifest.json``.

    Parameters
    ----------
    url : str or path or Place, optional
        Any fsspec URL or local path. Default: ``$SKYBENCH_STORE``, else the user's data folder
        on this platform. Nothing is made or read before it is needed.

    Raises
    ------
    StoreError
        The URL's protocol is unknown, or file systems are chained.
    MissingDependencyError
        The protocol's package is not installed.
    """

    def __init__(self, url: "str | os.PathLike[str] | Place | None" = None) -> None:
        if isinstance(url, Place):
            url = url.url
        self.fs, self.root = _file_system(os.fspath(url or _default_url()))
        self.is_local = "file" in self.fs.protocol
        self.is_web = "http" in self.fs.protocol
        self.url: str = self.root if self.is_local else self.fs.unstrip_protocol(self.root)

    def __repr__(self) -> str:
        """Return the expression that makes an equal place."""
        return f"{type(self).__name__}({self.url!r})"

    def __eq__(self, other: object) -> bool:
        """Tell whether both are the same folder."""
        return isinstance(other, Place) and self.url == other.url

    def __hash__(self) -> int:
        """Hash the URL."""
        return hash(self.url)

    def __str__(self) -> str:
        """Return the URL."""
        return self.url

    def url_of(self, key: str) -> str:
        """Return the URL, or local path, of `key`, as other libraries open it."""
        return f"{self.url.rstrip('/')}/{checked_key(key)}" if key else self.url

    def path(self, key: str) -> str:
        """Return `key` as the file system names it.

        Raises
        ------
        StoreError
            It leads out of this folder, also by a link on a local disk.
        """
        if not key:
            return self.root
        path = f"{self.root.rstrip('/')}/{checked_key(key)}"
        if self.is_local:
            check_no_way_out(path, self.root)
        return path

    def local_path(self, key: str) -> Path:
        """Return `key` as a path on this machine.

        Raises
        ------
        StoreError
            As `path`, or this is not a local folder.
        """
        if not self.is_local:
            msg = f"{self.url_of(key)} is not a folder on this machine; name a local one"
            raise StoreError(msg)
        return Path(self.path(key))

    def reporting(self, action: str, key: str) -> AbstractContextManager[None]:
        """Return a context in which what goes wrong with `key` becomes an error of ours.

        Raises
        ------
        StoreError
            `action` is to write, and this is on a web server: some answer that they did.
        """
        if action == "write" and self.is_web:
            msg = (
                f"cannot write {self.url_of(key)}: web servers are only read here. Name the folder "
                "or bucket that this one serves with --store, or get a copy of your own"
            )
            raise StoreError(msg)
        return reporting(action, self.url_of(key), local=self.is_local)


def checked_key(key: str) -> str:
    """Return a key in its shortest form.

    Raises
    ------
    StoreError
        It is empty, or leads out of the folder that it is a key in.
    """
    parts = PurePosixPath(key).parts
    if not parts or ".." in parts or parts[0] == "/" or "\\" in key or not key.isprintable():
        msg = f"{key!r} is not a path inside a store"
        raise StoreError(msg)
    return "/".join(parts)


def _default_url() -> str:
    own = os.environ.get("SKYBENCH_STORE")
    return own or platformdirs.user_data_dir("skybench", appauthor=False)


def _file_system(url: str) -> tuple[Any, str]:
    if "::" in url:
        msg = (
            f"store {url!r} chains file systems, which Zarr cannot read through; open the store at "
            "its own URL, or keep a proven copy of a version with 'skybench get'"
        )
        raise StoreError(msg)
    if _ONE_SLASH.match(url):
        msg = f"store {url!r} is not a URL; did you mean {url.replace(':/', '://', 1)!r}?"
        raise StoreError(msg)
    try:
        fs, root = fsspec.core.url_to_fs(url)
    except ImportError as error:
        package = _PACKAGES.get(url.partition(":")[0])
        fix = f". Try pip install {package}." if package else "."
        msg = f"store {url} needs a package: {error}{fix}"
        raise MissingDependencyError(msg) from None
    except ValueError as error:
        msg = f"store {url!r} cannot be used: {error}. Use a path, or a URL such as s3://bucket/dir"
        raise StoreError(msg) from None
    return fs, str(root)
