"""A lock on S3: an object that its holder writes again every few seconds.

Who finds the object waits and looks again. If it was written meanwhile, its holder is alive; if
it stays the same for long enough, its holder was killed and the lock is taken over. Each write
is a conditional put, so of two takers one wins, and no clock is compared with another's.
"""

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from skybench.registry.storage.conditional_put import ABSENT, ChangedError, put, tag_of

BEAT = 5.0
"""Seconds between two writes of a holder."""

PATIENCE = 25.0
"""Seconds without a write after which a holder counts as dead."""


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
