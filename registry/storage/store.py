"""Where released versions live: a folder on any fsspec URL, with the layout of one store.

::

    STORE/catalog.yaml
    STORE/index.jsonl, index.signatures/
    STORE/sky/1.0/manifest.json, manifest.json.sig, card.md, croissant.json, seal.json once opened,
                  sky-1.0-<hash12>.zarr, baselines/

Text is replaced whole: a reader sees the old file or the new one, never a part.
"""

import json
import secrets
import shutil
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import (
    AbstractContextManager,
    ExitStack,
    closing,
    contextmanager,
    nullcontext,
    suppress,
)
from dataclasses import replace
from pathlib import Path

from skybench.errors import IntegrityError, NotFoundError, StoreError
from skybench.registry.reference import Version
from skybench.registry.storage.link import Stream
from skybench.registry.storage.local_disk import (
    check_writable,
    file_lock,
    flush,
    flush_removal,
    is_litter,
    move,
    remove_unfinished,
    replace_file,
    sizes_below,
)
from skybench.registry.storage.object_store import (
    ABSENT,
    ChangedError,
    HeldError,
    lease,
    offers_tags,
    put,
    stream,
    tag_of,
)
from skybench.registry.storage.place import Place, checked_key

MAX_TEXT_BYTES = 64 << 20
"""Of a manifest, an index or a record; the manifest of a hundred million samples is smaller."""

CATALOG = "catalog.yaml"
INDEX = "index.jsonl"
MANIFEST = "manifest.json"
SIGNATURE = "manifest.json.sig"
INDEX_SIGNATURES = "index.signatures"
CARD = "card.md"
CROISSANT = "croissant.json"
SEAL = "seal.json"
BASELINES = "baselines"
WORK = ".work"

_REQUESTS = 16
"""Questions asked of a remote store at once."""
_STREAM_BYTES = 8 << 20
_BLOCK_BYTES = 1 << 20
"""Of servers without streams: a block comes whole, so its speed is only known afterwards."""


class Store(Place):
    """A place with released versions: what is done there, whichever kind of place it is."""

    def exists(self, key: str) -> bool:
        """Tell whether a file or folder is at `key`."""
        with self.reporting("read", key):
            found = bool(self.fs.exists(self.path(key)))
        if self.is_web and not found:  # or no server answers, which fsspec does not tell here
            return self._size_or_none(key) is not None
        return found

    def read_bytes(self, key: str) -> bytes:
        """Return the content of a file.

        Raises
        ------
        NotFoundError
            No file is there.
        StoreError
            It cannot be read.
        """
        if self.is_web:
            return b"".join(self.pieces(key))
        with self.reporting("read", key):
            return bytes(self.fs.cat_file(self.path(key)))

    def read_range(self, key: str, start: int, stop: int | None = None) -> bytes:
        """Return the bytes from `start` to `stop` of a file, raising as `read_bytes`.

        A negative `start` counts from the end of the file.
        """
        with self.reporting("read", key):
            return bytes(self.fs.cat_file(self.path(key), start=start, end=stop))

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

    def stream(self, key: str, start: int = 0, tag: str = "") -> Stream:
        """Begin to read a file from a byte on; raises as `read_bytes`, also while it is read.

        Parameters
        ----------
        key : str
        start : int
            The first byte that is wanted. What comes begins at 0 where a server does not know of
            parts, or has another state of the file than `tag` names.
        tag : str
            Of the stream that the bytes before `start` are from; empty for any.

        Raises
        ------
        SlowServerError
            Hardly anything comes, or the server is busy for longer than is waited.
        """
        path = self.path(key)
        with self.reporting("read", key):
            if self.is_web:
                begun: Stream = self.fs.stream(path, start, tag)
            elif offers_tags(self.fs):
                begun = stream(self.fs, path, start, tag)
            else:
                begun = self._file_stream(path, start)
        return replace(begun, reporting=lambda: self.reporting("read", key))

    def pieces(self, key: str) -> Iterator[bytes]:
        """Read a file once from start to end, in pieces as they come; raises as `stream`."""
        with closing(self.stream(key)) as begun:
            yield from begun

    def write(
        self, key: str, content: str | bytes | memoryview | list[bytes], *, durable: bool = True
    ) -> None:
        """Put a whole file in place at once; a failure leaves what was there before.

        Parameters
        ----------
        key : str
        content : str, bytes, memoryview or list of bytes
            Of a list, the parts one after another.
        durable : bool
            Give it its name only when the disk has its content, and return only when the disk has
            the name: for files that others are trusted by. Those others are flushed before.

        Raises
        ------
        StoreError
            It cannot be written; the message names the fix.
        """
        data = content.encode("utf-8") if isinstance(content, str) else content
        parts = data if isinstance(data, list) else [data]
        with self.reporting("write", key):
            if self.is_local:
                replace_file(Path(self.path(key)), parts, durable=durable)
            else:
                self.fs.pipe_file(self.path(key), b"".join(parts))

    def flush(self, *keys: str) -> None:
        """Return when the disk has these files, and folders with all below, and their names.

        What a line publishes is flushed before the line is written, so that a loss of power
        leaves no line without its files. Object stores keep what they took, and need none.

        Raises
        ------
        StoreError
            The disk failed; the files that it failed are deleted, to be made again.
        """
        if self.is_local:
            with self.reporting("write", keys[0] if keys else ""):
                flush(map(self.local_path, keys), Path(self.root))

    def tag(self, key: str) -> str:
        """Return a mark of what is at `key` now, for `write_if`; read it before the content."""
        with self.reporting("read", key):
            if self.is_local or not offers_tags(self.fs):
                return ABSENT
            return tag_of(self.fs, self.path(key))

    def write_if(self, key: str, content: str, tag: str) -> bool:
        """Write a file that nobody wrote since `tag` was read; return whether that is so.

        On S3 by conditional put, so that of two writers one wins for certain. Other object stores
        of fsspec offer none: there the file is written, read again after the write, and True
        means that it holds `content`. On a local disk the caller holds a `lock`.
        """
        if self.is_local:
            with self.reporting("write", key):
                remove_unfinished(self.local_path(key))
        if self.is_local or not offers_tags(self.fs):
            self.write(key, content)
            return self.is_local or self.read_text(key) == content
        with self.reporting("write", key):
            try:
                put(self.fs, self.path(key), content.encode(), tag)
            except ChangedError:
                return False
        return True

    def names(self, key: str) -> tuple[str, ...]:
        """Return the sorted names directly inside a folder; none where there is no folder.

        The litter of operating systems and editors is left out. A web server lists nothing: there
        they are those of the version's manifest.
        """
        found = self._published_names(key) if self.is_web else self._listed_names(key)
        return tuple(sorted(name for name in found if not is_litter(name)))

    def size(self, key: str) -> int:
        """Return the size of a file in bytes; raises as `read_bytes` does."""
        with self.reporting("read", key):
            size = self.fs.size(self.path(key))
        if size is None:
            msg = f"the server of {self.url_of(key)} does not tell how large it is"
            raise StoreError(msg)
        return int(size)

    def sizes(self, key: str) -> dict[str, int]:
        """Return the size in bytes of every file below a folder, litter too, by key relative to it.

        A web server lists nothing: there the files are those that the manifest in this folder
        names, and those of them that are there.
        """
        if self.is_web:
            named = self._published_keys(key)
            found = self.sizes_of([f"{key}/{name}" for name in named])
            return {name.removeprefix(f"{key}/"): size for name, size in sorted(found.items())}
        root = self.path(key)
        with self.reporting("read", key):
            if self.is_local:
                return dict(sorted(sizes_below(root).items()))
            self.fs.invalidate_cache()
            found = self.fs.find(root, detail=True)
        return {
            path.removeprefix(root).lstrip("/"): int(info["size"])
            for path, info in sorted(found.items())
        }

    def sizes_of(self, keys: Iterable[str]) -> dict[str, int]:
        """Return the size in bytes of each file that is there, asking for all at once."""
        wanted = list(keys)
        with ThreadPoolExecutor(_REQUESTS) as pool:
            sizes = pool.map(self._size_or_none, wanted)
            return {key: size for key, size in zip(wanted, sizes, strict=True) if size is not None}

    def move(self, source: str, target: str) -> None:
        """Move a file or a folder to where nothing is.

        On a local disk this is one step, which the disk has when this returns. On an object store
        files are copied, the manifest last, then deleted at the source, so an interrupted move can
        be done again.
        """
        with self.reporting("write", target):
            if self.is_local:
                move(Path(self.path(source)), Path(self.path(target)))
                return
            for name in sorted(self.sizes(source), key=lambda name: (name == MANIFEST, name)):
                # A file has no names below it: it is found under its own key, as "".
                inside = f"/{name}" if name else ""
                self.fs.cp_file(f"{self.path(source)}{inside}", f"{self.path(target)}{inside}")
            self.remove(source)

    def remove(self, key: str) -> None:
        """Delete a file or a folder with all it holds; nothing happens where there is none."""
        with self.reporting("write", key), suppress(FileNotFoundError):
            self.fs.rm(self.path(key), recursive=True)
            if self.is_local:
                flush_removal(Path(self.path(key)))

    def check_space(self, wanted: int) -> None:
        """Raise a `StoreError` where the disk has no room for so many bytes more."""
        if not self.is_local:
            return
        folder = Path(self.root)
        while not folder.exists():
            folder = folder.parent
        free = shutil.disk_usage(folder).free
        if wanted > free:
            msg = (
                f"{self} has {free / 1e9:,.1f} GB free and {wanted / 1e9:,.1f} GB are to come; "
                "free some space, or choose another store with --store"
            )
            raise StoreError(msg)

    def check_writable(self) -> None:
        """Raise a `StoreError` with the fix unless files can be written to this store."""
        if self.is_local:
            with self.reporting("write", WORK):
                check_writable(self.local_path(WORK))
            return
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
        key = f"{WORK}/{name}.lock"
        with ExitStack() as held:
            with self.reporting("lock", key):
                try:
                    held.enter_context(self._lock_at(self.path(key), wait))
                except HeldError:
                    msg = (
                        f"another process holds {self.url_of(key)}, so it works on {name} at this "
                        "moment; wait for it to end, or stop it"
                    )
                    raise StoreError(msg) from None
            yield

    def _lock_at(self, path: str, wait: bool) -> AbstractContextManager[None]:
        if self.is_local:
            return file_lock(Path(path), wait=wait)
        if wait or not offers_tags(self.fs):
            return nullcontext()
        return lease(self.fs, path)

    def _consistent_pieces(self, key: str, limit: int) -> Iterator[bytes]:
        """Read a file that others replace meanwhile: an object store gives it in one request."""
        if self.is_local or self.is_web or self.size(key) > limit:
            yield from self.pieces(key)
        else:
            yield self.read_bytes(key)

    def _file_stream(self, path: str, start: int) -> Stream:
        """Read a file of a disk, or of a server that gives it in blocks."""
        file = self.fs.open(path, "rb", block_size=_STREAM_BYTES if self.is_local else _BLOCK_BYTES)
        file.seek(start)
        return Stream(start=start, read=lambda: file.read(_STREAM_BYTES), close=file.close)

    def _listed_names(self, key: str) -> set[str]:
        with self.reporting("read", key):
            self.fs.invalidate_cache()
            try:
                found = self.fs.ls(self.path(key), detail=False)
            except FileNotFoundError:
                return set()
        return {str(path).rstrip("/").rpartition("/")[2] for path in found}

    def _published_names(self, folder: str) -> set[str]:
        """Return the names directly inside a version's folder, or a folder below it.

        A web server lists nothing, so they are those of the version's manifest; above all
        versions no manifest tells what is there.
        """
        dataset, _, rest = folder.partition("/")
        version, _, inner = rest.partition("/")
        if not version:
            msg = f"the files of {self.url_of(folder)} cannot be listed: web servers list none"
            raise StoreError(msg)
        start = f"{inner}/" if inner else ""
        keys = self._published_keys(version_key(dataset, version))
        return {key.removeprefix(start).split("/")[0] for key in keys if key.startswith(start)}

    def _published_keys(self, folder: str) -> list[str]:
        """Return the files that a folder's manifest names; whether it is true is for its reader."""
        manifest = f"{folder}/{MANIFEST}"
        try:
            values = json.loads(self.read_text(manifest))
            return [checked_key(stored["key"]) for stored in values["objects"]]
        except NotFoundError:
            return []
        except (ValueError, TypeError, LookupError, RecursionError) as error:
            msg = f"{self.url_of(manifest)} is not a manifest: {error!r}"
            raise IntegrityError(msg) from None

    def _size_or_none(self, key: str) -> int | None:
        try:
            return self.size(key)
        except NotFoundError:
            return None


def version_key(dataset: str, version: Version | str) -> str:
    """Return the folder of a version inside a store, like ``sky/1.0``."""
    return f"{dataset}/{version}"


def zarr_name(dataset: str, version: Version | str, content_root: str) -> str:
    """Return the name of a version's Zarr store, like ``sky-1.0-9f86d081884c.zarr``."""
    return f"{dataset}-{version}-{content_root.removeprefix('sha256:')[:12]}.zarr"
