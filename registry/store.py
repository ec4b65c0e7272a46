"""Where released versions live: a folder on any fsspec URL, with the layout of one store.

::

    STORE/catalog.yaml
    STORE/index.jsonl
    STORE/sky/1.0/manifest.json, card.md, croissant.json, sky-1.0-<hash12>.zarr, baselines/

Text is replaced whole: a reader sees the old file or the new one, never a part.
"""

import errno
import json
import os
import secrets
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path, PurePosixPath
from typing import IO, Any

import fsspec
import platformdirs

from skybench.errors import (
    IntegrityError,
    MissingDependencyError,
    NotFoundError,
    SkybenchError,
    StoreError,
)
from skybench.registry import conditional_put
from skybench.registry.conditional_put import ChangedError
from skybench.registry.lease import HeldError, lease
from skybench.registry.reference import Version

MAX_TEXT_BYTES = 64 << 20
"""Of a manifest, an index or a record; the manifest of a hundred million samples is smaller."""

CATALOG = "catalog.yaml"
INDEX = "index.jsonl"
MANIFEST = "manifest.json"
CARD = "card.md"
CROISSANT = "croissant.json"
BASELINES = "baselines"
WORK = ".work"

_LOCK = ".lock"
_REQUESTS = 16
"""Questions asked of a remote store at once."""
_STREAM_BYTES = 8 << 20
_ENVIRONMENT = "SKYBENCH_STORE"
_CHOOSE = f"choose another store with STORE=…, --store or ${_ENVIRONMENT}"
_FIXES = {
    errno.ENOSPC: "the disk is full; free some space and run the same command again",
    errno.EDQUOT: "the disk quota is used up; free some space and run the same command again",
    errno.EFBIG: "the file is larger than the limit that is set (ulimit -f); raise it",
    errno.EACCES: f"permission is missing; ask its owner, or {_CHOOSE}",
    errno.EPERM: f"permission is missing; ask its owner, or {_CHOOSE}",
    errno.EROFS: f"the file system is read-only; {_CHOOSE}",
    errno.ENOTDIR: f"a part of the path is a file, not a folder; {_CHOOSE}",
    errno.EISDIR: "a folder is where a file should be; move it away",
    errno.EEXIST: f"a file is where a folder should be; move it away, or {_CHOOSE}",
}


class Store:
    """A folder of released versions on a local disk, in memory or on an object store.

    Keys are relative paths with forward slashes, like ``sky/1.0/manifest.json``.

    Parameters
    ----------
    url : str or path or Store, optional
        Any fsspec URL or local path. Default: ``$SKYBENCH_STORE``, else the user's data folder
        on this platform. Nothing is made or read before it is needed.

    Raises
    ------
    StoreError
        The URL's protocol is unknown.
    MissingDependencyError
        The protocol's package is not installed.
    """

    def __init__(self, url: "str | os.PathLike[str] | Store | None" = None) -> None:
        if isinstance(url, Store):
            url = url.url
        given = os.fspath(url or os.environ.get(_ENVIRONMENT) or default_folder())
        self.fs, self.root = _file_system(given)
        self.is_local = "file" in self.fs.protocol
        self.is_web = "http" in self.fs.protocol
        self.url: str = self.root if self.is_local else self.fs.unstrip_protocol(self.root)

    def __repr__(self) -> str:
        """Return the expression that makes an equal store."""
        return f"Store({self.url!r})"

    def __eq__(self, other: object) -> bool:
        """Tell whether both are the same folder."""
        return isinstance(other, Store) and self.url == other.url

    def __hash__(self) -> int:
        """Hash the URL."""
        return hash(self.url)

    def __str__(self) -> str:
        """Return the URL."""
        return self.url

    def url_of(self, key: str) -> str:
        """Return the URL, or local path, of `key`, as other libraries open it."""
        return f"{self.url.rstrip('/')}/{_checked(key)}" if key else self.url

    def local_path(self, key: str) -> Path:
        """Return `key` as a path on this machine.

        Raises
        ------
        StoreError
            The store is not a local folder.
        """
        if not self.is_local:
            msg = f"{self} is not a folder on this machine; a local path is needed for {key}"
            raise StoreError(msg)
        return Path(self._path(key))

    def exists(self, key: str) -> bool:
        """Tell whether a file or folder is at `key`."""
        with self._reporting("read", key):
            return bool(self.fs.exists(self._path(key)))

    def read_bytes(self, key: str) -> bytes:
        """Return the content of a file.

        Raises
        ------
        NotFoundError
            No file is there.
        StoreError
            It cannot be read.
        """
        with self._reporting("read", key):
            return bytes(self.fs.cat_file(self._path(key)))

    def read_text(self, key: str, limit: int = MAX_TEXT_BYTES) -> str:
        """Return the content of a UTF-8 file of at most `limit` bytes.

        Raises
        ------
        NotFoundError, StoreError
            As `read_bytes`.
        IntegrityError
            It is no UTF-8, or larger; no more than the limit is read.
        """
        data = bytearray()
        for piece in self._consistent_pieces(key, limit):
            data += piece
            if len(data) > limit:
                msg = f"{self.url_of(key)} is larger than {limit:,} bytes; skybench wrote no such"
                raise IntegrityError(msg)
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError as error:
            msg = (
                f"{self.url_of(key)} is not UTF-8 text (byte {error.start}): the copy is damaged; "
                "restore it from another copy of the store"
            )
            raise IntegrityError(msg) from None

    def open_read(self, key: str) -> IO[bytes]:
        """Return an open binary file, for reading in pieces."""
        with self._reporting("read", key):
            return self.fs.open(self._path(key), "rb")  # type: ignore[no-any-return]

    def pieces(self, key: str) -> Iterator[bytes]:
        """Read a file once from start to end, a few megabytes at a time; raises as `read_bytes`.

        A web server is asked for the whole in one request, which it also answers without Range.
        """
        with self._reporting("read", key):
            # Given any size, fsspec's web client streams at once; else it first asks for the size.
            how = {"block_size": 0, "size": 1} if self.is_web else {"block_size": _STREAM_BYTES}
            with self.fs.open(self._path(key), "rb", **how) as file:
                while piece := file.read(_STREAM_BYTES):
                    yield piece

    def write(self, key: str, content: str | bytes | memoryview, *, durable: bool = True) -> None:
        """Put a whole file in place at once; a failure leaves what was there before.

        Parameters
        ----------
        key : str
        content : str, bytes or memoryview
        durable : bool
            Return only when the disk has it, for files that others are trusted by.

        Raises
        ------
        StoreError
            It cannot be written; the message names the fix.
        """
        data = content.encode("utf-8") if isinstance(content, str) else content
        with self._reporting("write", key):
            if self.is_local:
                _replace(Path(self._path(key)), [data], durable)
            else:
                self.fs.pipe_file(self._path(key), bytes(data))

    def write_pieces(self, key: str, pieces: Iterable[bytes]) -> None:
        """Put a whole file in place at once, from pieces; raises as `write` does.

        What `pieces` raises goes through, and nothing is left behind.
        """
        if not self.is_local:
            self.write(key, b"".join(pieces))
            return
        with self._reporting("write", key):
            _replace(Path(self._path(key)), pieces, durable=False)

    def tag(self, key: str) -> str:
        """Return a mark of what is at `key` now, for `write_if`; read it before the content."""
        with self._reporting("read", key):
            if self.is_local or not conditional_put.offers_tags(self.fs):
                return conditional_put.ABSENT
            return conditional_put.tag_of(self.fs, self._path(key))

    def write_if(self, key: str, content: str, tag: str) -> bool:
        """Write a file that nobody wrote since `tag` was read; return whether that is so.

        On S3 by conditional put, so that of two writers one wins for certain. Other object stores
        of fsspec offer none: there the file is written, read again after the write, and True
        means that it holds `content`. On a local disk the caller holds a `lock`.
        """
        if self.is_local or not conditional_put.offers_tags(self.fs):
            self.write(key, content)
            return self.is_local or self.read_text(key) == content
        with self._reporting("write", key):
            try:
                conditional_put.put(self.fs, self._path(key), content.encode(), tag)
            except ChangedError:
                return False
        return True

    def names(self, key: str) -> tuple[str, ...]:
        """Return the sorted names directly inside a folder; none where there is no folder.

        A web server lists nothing: there they are those of the version's manifest.
        """
        if self.is_web:
            return self._published_names(key)
        with self._reporting("read", key):
            self.fs.invalidate_cache()
            try:
                found = self.fs.ls(self._path(key), detail=False)
            except FileNotFoundError:
                return ()
        return tuple(sorted(str(path).rstrip("/").rpartition("/")[2] for path in found))

    def size(self, key: str) -> int:
        """Return the size of a file in bytes; raises as `read_bytes` does."""
        with self._reporting("read", key):
            size = self.fs.size(self._path(key))
        if size is None:
            msg = f"the server of {self.url_of(key)} does not tell how large it is"
            raise StoreError(msg)
        return int(size)

    def sizes(self, key: str) -> dict[str, int]:
        """Return the size in bytes of every file below a folder, by key relative to it.

        A web server lists nothing: there the files are those that the manifest in this folder
        names, and those of them that are there.
        """
        if self.is_web:
            found = self.sizes_of([f"{key}/{name}" for name in self._published_keys(key)])
            return {_inside(name, key): size for name, size in sorted(found.items())}
        root = self._path(key)
        with self._reporting("read", key):
            self.fs.invalidate_cache()
            found = self.fs.find(root, detail=True)
        return {_inside(path, root): int(info["size"]) for path, info in sorted(found.items())}

    def sizes_of(self, keys: Iterable[str]) -> dict[str, int]:
        """Return the size in bytes of each file that is there, asking for all at once."""
        wanted = list(keys)
        with ThreadPoolExecutor(_REQUESTS) as pool:
            sizes = pool.map(self._size_or_none, wanted)
            return {key: size for key, size in zip(wanted, sizes, strict=True) if size is not None}

    def move(self, source: str, target: str) -> None:
        """Move a file or a folder to where nothing is.

        On a local disk this is one step. On an object store files are copied, the manifest
        last, then deleted at the source, so an interrupted move can be done again.
        """
        with self._reporting("write", target):
            if self.is_local:
                destination = Path(self._path(target))
                destination.parent.mkdir(parents=True, exist_ok=True)
                Path(self._path(source)).rename(destination)
                return
            for name in sorted(self.sizes(source), key=lambda name: (name == MANIFEST, name)):
                # A file has no names below it: it is found under its own key, as "".
                inside = f"/{name}" if name else ""
                self.fs.cp_file(f"{self._path(source)}{inside}", f"{self._path(target)}{inside}")
            self.remove(source)

    def remove(self, key: str) -> None:
        """Delete a file or a folder with all it holds; nothing happens where there is none."""
        with self._reporting("write", key), suppress(FileNotFoundError):
            self.fs.rm(self._path(key), recursive=True)

    def check_writable(self) -> None:
        """Raise a `StoreError` with the fix unless files can be written to this store."""
        probe = f"{WORK}/.probe-{secrets.token_hex(4)}"
        self.write(probe, b"")
        self.remove(probe)

    @contextmanager
    def lock(self, name: str, *, wait: bool = True) -> Iterator[None]:
        """Hold a lock that other processes respect; a killed holder frees it.

        On a local disk those of this machine; on S3, where `wait` is False, those of all machines
        that use the store: `lease` tells how. Writers of single files need none there, because
        `write_if` tells them. Other object stores offer no locks.

        Raises
        ------
        StoreError
            Another process holds it and `wait` is False.
        """
        key = f"{WORK}/{name}{_LOCK}"
        if not self.is_local:
            with self._lease(key) if not wait else nullcontext():
                yield
            return
        with self._reporting("lock", key):
            path = Path(self._path(key))
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            if not _lock_file(descriptor, wait):
                msg = f"another process holds {path}; wait for it to end, or stop it"
                raise StoreError(msg)
            yield
        finally:
            os.close(descriptor)

    def _path(self, key: str) -> str:
        if not key:
            return self.root
        path = f"{self.root.rstrip('/')}/{_checked(key)}"
        if self.is_local:
            _check_no_way_out(path, self.root)
        return path

    @contextmanager
    def _lease(self, key: str) -> Iterator[None]:
        if not conditional_put.offers_tags(self.fs):
            yield
            return
        try:
            with lease(self.fs, self._path(key)):
                yield
        except HeldError:
            msg = f"another process holds {self.url_of(key)}; wait for it to end, or stop it"
            raise StoreError(msg) from None

    def _consistent_pieces(self, key: str, limit: int) -> Iterator[bytes]:
        """Read a file that others replace meanwhile: an object store gives it in one request."""
        if self.is_local or self.is_web or self.size(key) > limit:
            yield from self.pieces(key)
        else:
            yield self.read_bytes(key)

    def _size_or_none(self, key: str) -> int | None:
        try:
            return self.size(key)
        except NotFoundError:
            return None

    def _published_keys(self, folder: str) -> list[str]:
        """Return what the manifest of a version's folder names; the reader checks the manifest."""
        try:
            manifest = json.loads(self.read_text(f"{folder}/{MANIFEST}"))
            return [_checked(stored["key"]) for stored in manifest["objects"]]
        except NotFoundError:
            return []
        except (ValueError, TypeError, LookupError, RecursionError) as error:
            msg = f"{self.url_of(folder)}/{MANIFEST} is not a manifest: {error!r}"
            raise IntegrityError(msg) from None

    def _published_names(self, key: str) -> tuple[str, ...]:
        dataset, _, rest = key.partition("/")
        version, _, inner = rest.partition("/")
        if not version:
            msg = f"the files of {self.url_of(key)} cannot be listed: web servers list none"
            raise StoreError(msg)
        start = f"{inner}/" if inner else ""
        keys = self._published_keys(f"{dataset}/{version}")
        names = {k.removeprefix(start).split("/")[0] for k in keys if k.startswith(start)}
        return tuple(sorted(names))

    @contextmanager
    def _reporting(self, action: str, key: str) -> Iterator[None]:
        try:
            yield
        except (SkybenchError, GeneratorExit):
            raise
        except FileNotFoundError as error:
            if fault := _web_fault(error):
                msg = f"cannot {action} {self.url_of(key)}: {fault}"
                raise StoreError(msg) from error
            msg = f"{self.url_of(key)} is not there"
            raise NotFoundError(msg) from None
        except OSError as error:
            fix = _FIXES.get(error.errno or 0, f"{error.strerror or error}")
            msg = f"cannot {action} {self.url_of(key)}: {fix}"
            raise StoreError(msg) from error
        except Exception as error:
            # Clients of web and object stores have errors of their own, which are no OSError.
            if self.is_local:
                raise
            said = f"{type(error).__name__}: {error}".rstrip(": ")
            msg = f"cannot {action} {self.url_of(key)}: {said}"
            raise StoreError(msg) from error


def default_folder() -> str:
    """Return the user's data folder for skybench on this platform."""
    return platformdirs.user_data_dir("skybench", appauthor=False)


def version_key(dataset: str, version: Version | str) -> str:
    """Return the folder of a version inside a store, like ``sky/1.0``."""
    return f"{dataset}/{version}"


def zarr_name(dataset: str, version: Version | str, content_root: str) -> str:
    """Return the name of a version's Zarr store, like ``sky-1.0-9f86d081884c.zarr``."""
    return f"{dataset}-{version}-{content_root.removeprefix('sha256:')[:12]}.zarr"


def _file_system(url: str) -> tuple[Any, str]:
    if "::" in url:
        msg = (
            f"store {url!r} chains file systems, which Zarr cannot read through; open the store at "
            "its own URL, or keep a proven copy of a version with 'skybench get'"
        )
        raise StoreError(msg)
    try:
        fs, root = fsspec.core.url_to_fs(url)
    except ImportError as error:
        msg = f"store {url} needs a package: {error}. Try pip install 'skybench[cluster]'."
        raise MissingDependencyError(msg) from None
    except ValueError as error:
        msg = f"store {url!r} cannot be used: {error}. Use a path, or a URL such as s3://bucket/dir"
        raise StoreError(msg) from None
    return fs, str(root)


def _checked(key: str) -> str:
    parts = PurePosixPath(key).parts
    if not parts or ".." in parts or parts[0] == "/" or "\\" in key or not key.isprintable():
        msg = f"{key!r} is not a path inside a store"
        raise StoreError(msg)
    return "/".join(parts)


def _check_no_way_out(path: str, root: str) -> None:
    """Refuse a path on which a link leads out of the store."""
    real, inside = os.path.realpath(path), os.path.realpath(root)
    if real != inside and not real.startswith(inside.rstrip(os.sep) + os.sep):
        msg = (
            f"{path} is behind a link that leads out of the store, to {real}; replace the link "
            "by what it names, or open the store that it leads to"
        )
        raise StoreError(msg)


def _web_fault(error: FileNotFoundError) -> str:
    """Return what a web server said where fsspec calls every refusal a missing file."""
    cause = error.__cause__
    if cause is None or isinstance(cause, FileNotFoundError) or getattr(cause, "status", 0) == 404:
        return ""
    return f"{type(cause).__name__}: {cause}"


def _inside(path: str, root: str) -> str:
    return path.removeprefix(root).lstrip("/")


def _replace(path: Path, pieces: Iterable[bytes | memoryview], durable: bool) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        with os.fdopen(descriptor, "wb") as file:
            file.writelines(pieces)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _lock_file(descriptor: int, wait: bool) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except (BlockingIOError, PermissionError):
        return False
    return True
