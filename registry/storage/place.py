"""A folder on any fsspec file system, as a value: how it and what is in it are named.

What goes wrong there is said with the place and the fix, whichever client said it.
"""

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, Self

import fsspec
import platformdirs

from skybench.errors import (
    MissingDependencyError,
    NotFoundError,
    SkybenchError,
    StoreError,
    masked,
)
from skybench.registry.storage.link import SlowServerError
from skybench.registry.storage.local_disk import check_no_way_out

_ONE_SLASH = re.compile(r"(?!file:)[a-z][a-z0-9]+:/(?!/)")
"""A URL with a slash too few, which fsspec takes for a local path."""

_PACKAGES = {
    **dict.fromkeys(("gs", "gcs", "http", "https", "s3"), "'skybench[remote]'"),
    "abfs": "adlfs",
    "az": "adlfs",
}
"""What brings the file systems of other machines, by the protocol of a URL."""

_ARCHIVES = frozenset({"libarchive", "tar", "zip"})
_CACHES = frozenset({"blockcache", "cached", "filecache", "simplecache"})
_WRAPPERS = frozenset({"async_wrapper", "asyncwrapper", "dir", "generic", "reference"})
_THROUGH = _ARCHIVES | _CACHES | _WRAPPERS
"""Protocols that read another file system's files.

Zarr cannot read through most, and an open archive has one file offset, which forked processes
would share.
"""

_WEB = re.compile("https?://", re.IGNORECASE)
_KEYS_IN_URL = re.compile(r"(s3a?|gs|gcs)://[^/]*@|(s3a?|gs|gcs)://[^/:]*:[^@]*@")
_ONE_AT_A_TIME = frozenset({"ftp", "ftps"})
"""Protocols whose one connection carries one file at a time, where we read several."""

_CHOOSE = "choose another store with STORE=…, --store or $SKYBENCH_STORE"
_FIXES = {
    errno.ECONNREFUSED: "no server answers there; check the URL, and whether it runs",
    errno.ENOSPC: "the disk is full; free some space and run the same command again",
    errno.EIO: "the disk is failing; look after it, then run the same command again",
    errno.EDQUOT: "the disk quota is used up; free some space and run the same command again",
    errno.EFBIG: "the file is larger than the limit that is set (ulimit -f); raise it",
    errno.EACCES: f"permission is missing; ask its owner, or {_CHOOSE}",
    errno.EPERM: f"permission is missing; ask its owner, or {_CHOOSE}",
    errno.EROFS: f"the file system is read-only; {_CHOOSE}",
    errno.ENOTDIR: (
        f"a part of the path is a file, not a folder; if it is an archive, unpack it, or {_CHOOSE}"
    ),
    errno.EISDIR: "a folder is where a file should be; move it away",
    errno.EEXIST: f"a file is where a folder should be; move it away, or {_CHOOSE}",
}

_REFUSED = "give the credentials that it asks for, or look whether those given still hold"
_LATER = "try again later, or another mirror"
_ANSWERS = {
    401: _REFUSED,
    403: _REFUSED,
    407: "the proxy asks for credentials",
    429: _LATER,
    500: _LATER,
    502: _LATER,
    503: _LATER,
    504: _LATER,
}
"""The fix by the status of a web server's answer."""


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
        The URL's protocol is unknown, or leads into an archive or through other file systems.
    MissingDependencyError
        The protocol's package is not installed.
    """

    def __init__(self, url: "str | os.PathLike[str] | Place | None" = None) -> None:
        if isinstance(url, Place):
            url = url.url
        self.fs, self.root = _file_system(os.fspath(url or _default_url()))
        self.is_local = "file" in self.fs.protocol
        self.is_web = "http" in self.fs.protocol
        self.url: str = self.url_of("")

    def __repr__(self) -> str:
        """Return the expression that makes an equal place; it shows no credentials."""
        return f"{type(self).__name__}({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        """Tell whether both are the same folder, whoever may read it."""
        return isinstance(other, Place) and str(self) == str(other)

    def __hash__(self) -> int:
        """Hash the URL without credentials."""
        return hash(str(self))

    def __str__(self) -> str:
        """Return the URL without credentials."""
        return self.shown("")

    def url_of(self, key: str) -> str:
        """Return the URL, or local path, of `key`, as other libraries open it.

        It holds the credentials that the place was named with: use `shown` for what others see.
        """
        path = self._named(key)
        return self.fs.address(path) if self.is_web else path

    def shown(self, key: str) -> str:
        """Return the URL, or local path, of `key` without credentials."""
        path = self._named(key)
        return path if self.is_web or self.is_local else masked(path)

    def beside(self, root: str) -> Self:
        """Return the place at another URL, as `str` shows it, with the credentials of this one."""
        return type(self)(self.fs.address(root) if self.is_web else root)

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

    @contextmanager
    def reporting(self, action: str, key: str) -> Iterator[None]:
        """Turn what the clients of disks, web servers and object stores raise into our errors.

        Parameters
        ----------
        action : str
            What is tried: read, write or lock.
        key : str
            The file or folder that it is tried on.

        Raises
        ------
        NotFoundError
            Nothing is there.
        StoreError
            Anything else; the message names the fix where there is one. Writing to a web server
            is not tried: some answer that they did.
        """
        url = self.shown(key)
        if action == "write" and self.is_web:
            msg = (
                f"cannot write {url}: web servers are only read here. Name the folder "
                "or bucket that this one serves with --store, or get a copy of your own"
            )
            raise StoreError(msg)
        try:
            yield
        except (SkybenchError, GeneratorExit):
            raise
        except Exception as error:
            # Clients of web and object stores have errors of their own, which are no OSError.
            if self.is_local and not isinstance(error, OSError):
                raise
            raise _reported(error, action, url) from _showable(error)

    def _named(self, key: str) -> str:
        """Return the URL of `key` as the file system's paths are, which hold no credentials."""
        kept = self.is_local or self.is_web
        url: str = self.root if kept else self.fs.unstrip_protocol(self.root)
        return f"{url.rstrip('/')}/{checked_key(key)}" if key else url


def _reported(error: Exception, action: str, url: str) -> SkybenchError:
    """Return what an error means for a user."""
    said = _said(error)
    if isinstance(error, FileNotFoundError):
        if not (said := _web_fault(error)):
            return NotFoundError(f"{url} is not there")
    elif isinstance(error, OSError):
        said = _FIXES.get(error.errno or 0, said)
    kind = SlowServerError if _is_slow(error) else StoreError
    return kind(f"cannot {action} {url}: {said}")


def _said(error: BaseException) -> str:
    """Return what a client says, never nothing, with the fix where a server answered."""
    status = getattr(error, "status", None)
    if isinstance(status, int) and status in _ANSWERS:
        asked = (getattr(error, "headers", None) or {}).get("Retry-After", "")
        wait = f" (Retry-After: {asked})" if asked else ""
        return (
            f"the server answers {status} {getattr(error, 'message', '')}{wait}; {_ANSWERS[status]}"
        )
    text = str(getattr(error, "strerror", None) or error)
    if not text and isinstance(error, TimeoutError):
        return f"nothing came from the server in time; {_LATER}"
    if isinstance(error, TimeoutError):
        return f"{text}; {_LATER}"
    if isinstance(error, OSError) and text:
        return text
    return f"{type(error).__name__}: {text}".rstrip(": ")


def _is_slow(error: BaseException) -> bool:
    """Tell whether a server is there, and sends nothing or is busy."""
    headers = getattr(error, "headers", None) or {}
    return isinstance(error, TimeoutError) or "Retry-After" in headers


def _showable(error: Exception) -> Exception | None:
    """Return an error for the traceback of ours, None where its text shows credentials."""
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in chain:
        chain.append(link)
        link = link.__cause__ or link.__context__
    texts = [f"{link} {link!r}" for link in chain]
    return error if all(masked(text) == text for text in texts) else None


def _web_fault(error: FileNotFoundError) -> str:
    """Return what a web server said where fsspec calls every refusal a missing file."""
    cause = error.__cause__
    if cause is None or isinstance(cause, FileNotFoundError) or getattr(cause, "status", 0) == 404:
        return ""
    if hasattr(cause, "response"):  # of S3, whose client tells the one from the other
        return ""
    return _FIXES.get(getattr(cause, "errno", None) or 0, _said(cause))


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
    if "::" in url or url.partition("://")[0] in _THROUGH:
        msg = (
            f"store {url!r} is in an archive, or chains file systems, which skybench does not "
            "read through; unpack an archive and open the folder, open any other store at its own "
            "URL, or keep a proven copy of a version with 'skybench get'"
        )
        raise StoreError(msg)
    if url.partition("://")[0] in _ONE_AT_A_TIME:
        msg = (
            f"store {url!r} is on FTP, which skybench does not read; use an https:// URL of that "
            "server, or fetch the folder with an FTP client and open it"
        )
        raise StoreError(msg)
    if _ONE_SLASH.match(url):
        msg = f"store {url!r} is not a URL; did you mean {url.replace(':/', '://', 1)!r}?"
        raise StoreError(msg)
    if _KEYS_IN_URL.match(url):
        msg = (
            f"store {url} has credentials in its URL, which the client does not take from there; "
            "leave them out, and give them in the environment (AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY, or GOOGLE_APPLICATION_CREDENTIALS) or in the client's own files"
        )
        raise StoreError(msg)
    try:
        fs, root = _opened(url)
    except SkybenchError:
        raise
    except ImportError as error:
        package = _PACKAGES.get(url.partition(":")[0])
        fix = f". Try pip install {package}." if package else "."
        msg = f"store {url} needs a package: {error}{fix}"
        raise MissingDependencyError(msg) from None
    except Exception as error:  # clients of some protocols raise anything
        if isinstance(error, OSError) and error.errno in _FIXES:
            msg = f"store {url!r} cannot be used: {_FIXES[error.errno]}"
            raise StoreError(msg) from _showable(error)
        said = (str(error) or type(error).__name__).rstrip(".")
        msg = f"store {url!r} cannot be used: {said}. Use a path, or a URL such as s3://bucket/dir"
        raise StoreError(msg) from _showable(error)
    return fs, str(root)


def _opened(url: str) -> tuple[Any, str]:
    if not _WEB.match(url):
        return fsspec.core.url_to_fs(url)  # type: ignore[no-any-return]
    # aiohttp takes a quarter of a second to load, and comes with an extra.
    from skybench.registry.storage.web_server import web_server

    return web_server(url)
