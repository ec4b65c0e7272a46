"""What S3 offers beyond reading: writes on condition, and on them a lock.

S3 takes ``If-None-Match: *`` (only where nothing is there) and ``If-Match: ETAG`` (only where it
is still what was read). Other file systems of fsspec offer no such thing: there the caller
writes, reads again and looks whether its own words are there, which leaves a moment in which two
writers both believe that they won.

The lock is an object that its holder writes again every few seconds. Who finds the object waits
and looks again. If it was written meanwhile, its holder is alive; if it stays the same for long
enough, its holder was killed and the lock is taken over. Each write is a conditional put, so of
two takers one wins, and no clock is compared with another's.
"""

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fsspec.asyn import sync

from skybench.registry.storage.link import Stream

BEAT = 5.0
"""Seconds between two writes of a holder."""

PATIENCE = 25.0
"""Seconds without a write after which a holder counts as dead."""

ABSENT = ""
"""The tag of an object that is not there."""

_S3 = frozenset({"s3", "s3a"})
_LOST = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "412", "409"})
_UNKNOWN = frozenset({"NotImplemented", "501"})
_OTHER_STATE = frozenset({"PreconditionFailed", "412", "InvalidRange", "416"})
_PIECE_BYTES = 1 << 20


class ChangedError(Exception):
    """The object is not the one that the tag names: another writer came first."""


def offers_tags(fs: Any) -> bool:
    """Tell whether a file system can write on condition."""
    protocols = (fs.protocol,) if isinstance(fs.protocol, str) else fs.protocol
    return not _S3.isdisjoint(protocols)


def tag_of(fs: Any, path: str) -> str:
    """Return the tag of what is at a path, `ABSENT` where nothing is.

    Read the tag before the content: then a write in between makes the tag too old and the
    put fails, where the other order would let it overwrite what was never read.
    """
    fs.invalidate_cache(path)
    try:
        return str(fs.info(path, refresh=True)["ETag"])
    except FileNotFoundError:
        return ABSENT


def put(fs: Any, path: str, data: bytes, tag: str) -> str:
    """Write an object whose tag is still `tag`, and return its new one.

    Servers that answer that they know no conditions are written to without.

    Raises
    ------
    ChangedError
        It has another tag by now.
    """
    condition = {"IfMatch": tag} if tag else {"IfNoneMatch": "*"}
    try:
        answer = fs.pipe_file(path, data, **condition)
    except OSError as error:
        code = _code(error)
        if code in _LOST or isinstance(error, FileExistsError | FileNotFoundError):
            raise ChangedError(path) from error
        if code not in _UNKNOWN:
            raise
        answer = fs.pipe_file(path, data)
    return str(answer["ETag"]) if answer else tag_of(fs, path)


def stream(fs: Any, path: str, start: int = 0, tag: str = "") -> Stream:
    """Read an object of S3 from a byte on, or the whole where it is not what `tag` names."""
    bucket, key, _ = fs.split_path(path)
    condition = {"Range": f"bytes={start}-"} if start else {}
    if start and tag:
        condition["IfMatch"] = tag
    try:
        answer = fs.call_s3("get_object", Bucket=bucket, Key=key, **condition)
    except OSError as error:
        if not start or _code(error) not in _OTHER_STATE:
            raise
        start, answer = 0, fs.call_s3("get_object", Bucket=bucket, Key=key)
    body = answer["Body"]
    return Stream(
        start=start,
        tag=str(answer.get("ETag", "")),
        read=lambda: bytes(sync(fs.loop, body.read, _PIECE_BYTES)),
        close=lambda: fs.loop.call_soon_threadsafe(body.close),
    )


def _code(error: OSError) -> str:
    response = getattr(error.__cause__, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""


class HeldError(Exception):
    """Another process, which is alive, holds the lock."""


@contextmanager
def lease(fs: Any, path: str) -> Iterator[None]:
    """Hold the lock at a path of an S3 file system while the block runs.

    Raises
    ------
    HeldError
        Somebody else holds it. That takes `BEAT` seconds to tell, and `PATIENCE` seconds to
        take over the lock of a killed process.
    """
    holder = _Holder(fs, path)
    holder.take()
    thread = threading.Thread(target=holder.beat, daemon=True, name=f"lease of {path}")
    thread.start()
    try:
        yield
    finally:
        holder.stopped.set()
        thread.join()
        holder.give_back()


class _Holder:
    def __init__(self, fs: Any, path: str) -> None:
        self.fs, self.path = fs, path
        self.name = secrets.token_hex(8)
        self.writes = 0
        self.tag = ABSENT
        self.stopped = threading.Event()

    def take(self) -> None:
        since, seen = time.monotonic(), tag_of(self.fs, self.path)
        while not (self._free(since, seen) and self._written(over=seen)):
            time.sleep(BEAT / 4)
            if (tag := tag_of(self.fs, self.path)) not in (seen, ABSENT):
                raise HeldError(self.path)
            seen = tag

    def beat(self) -> None:
        while not self.stopped.wait(BEAT):
            try:
                if not self._written(over=self.tag):
                    self.tag = ABSENT
                    return
            except OSError:
                continue  # A network that is away for a moment costs nothing yet.

    def give_back(self) -> None:
        """Delete the lock, unless somebody took it over."""
        if self.tag != ABSENT and tag_of(self.fs, self.path) == self.tag:
            self.fs.rm_file(self.path)

    def _free(self, since: float, tag: str) -> bool:
        return tag == ABSENT or time.monotonic() - since > PATIENCE

    def _written(self, over: str) -> bool:
        self.writes += 1
        try:
            self.tag = put(self.fs, self.path, f"{self.name} {self.writes}".encode(), over)
        except ChangedError:
            return False
        return True
