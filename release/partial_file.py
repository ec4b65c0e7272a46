"""A file that is arriving: what came of it stays beside its place until it is whole."""

import io
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import IO

from skybench.registry.storage.local_disk import unfinished_key
from skybench.registry.storage.store import Store
from skybench.registry.versions.manifest import StoredObject

_READ_BYTES = 1 << 22


def partial_key(key: str, stored: StoredObject) -> str:
    """Return where what came of a file lies on a local disk: another content, another name."""
    return unfinished_key(key, stored.sha256.removeprefix("sha256:")[:12])


class PartialFile:
    """A file of a version on its way into a store; use it as a context.

    On a local disk what arrived outlives the process, and the next one goes on from there. On an
    object store, which has no parts of a file, it is in memory.

    Parameters
    ----------
    place : Store
    key : str
        The file's name there, once it is whole.
    stored : StoredObject
        What it should be.
    advance : callable
        Is given the bytes that arrived, and negative ones where they are thrown away.
    keep : bool
        Whether what arrived stays when the context ends without `finish`.

    Attributes
    ----------
    size : int
        How many bytes are here.
    tag : str
        What the server calls the state of the file that they are from.
    """

    def __init__(
        self,
        place: Store,
        key: str,
        stored: StoredObject,
        advance: Callable[[int], None],
        *,
        keep: bool,
    ) -> None:
        self.stored, self.tag = stored, ""
        self._place, self._key, self._advance, self._keep = place, key, advance, keep
        self._path: Path | None = None
        self._file: IO[bytes] = io.BytesIO()
        self._hash, self.size = sha256(), 0

    def __enter__(self) -> "PartialFile":
        """Take up what an earlier call left."""
        if self._place.is_local:
            key = partial_key(self._key, self.stored)
            with self._place.reporting("write", key):
                self._path = self._place.local_path(key)
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._file = self._path.open("a+b")
                self._file.seek(0)
                while piece := self._file.read(_READ_BYTES):
                    self._count(piece)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close it; what is not finished stays where it is to be kept."""
        self._file.close()
        if self._path is not None and not self._keep:
            self._path.unlink(missing_ok=True)

    @property
    def digest(self) -> str:
        """The ``sha256:…`` of what is here."""
        return f"sha256:{self._hash.hexdigest()}"

    def append(self, piece: bytes) -> None:
        """Add what arrived; raises a `StoreError` where the disk does not take it."""
        with self._place.reporting("write", self._key):
            self._file.write(piece)
        self._count(piece)
        self._advance(len(piece))

    def restart(self) -> None:
        """Throw away what is here."""
        with self._place.reporting("write", self._key):
            self._file.seek(0)
            self._file.truncate()
        self._advance(-self.size)
        self._hash, self.size, self.tag = sha256(), 0, ""

    def finish(self) -> None:
        """Give it its name."""
        if self._path is None:
            self._file.seek(0)
            self._place.write(self._key, self._file.read())
            return
        with self._place.reporting("write", self._key):
            self._file.close()
            self._path.replace(self._place.local_path(self._key))

    def _count(self, piece: bytes) -> None:
        self._hash.update(piece)
        self.size += len(piece)
