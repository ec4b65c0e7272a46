"""Reading a file over a link, from any byte on, and not for ever where hardly anything comes."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from skybench.errors import ParameterError, StoreError

LEAST_SPEED = "SKYBENCH_LEAST_SPEED"
"""Environment variable: the bytes a second below which a server is given up; 0 waits for ever."""

_DEFAULT_SPEED = 1000.0

WINDOW = 30.0
"""Seconds over which the speed is averaged, and for which a server may send nothing at all."""


class SlowServerError(StoreError):
    """A server hardly sends anything, or is busy and said so: another one should be asked."""


@dataclass(frozen=True, kw_only=True)
class Stream:
    """A file that is being read; iterate over it once, and close it.

    Attributes
    ----------
    start : int
        The first byte that comes: what was asked for, or 0 where the server sends the whole file.
    tag : str
        What the server calls this state of the file, to go on with no other; empty where it does
        not say.
    read : callable
        Returns the next bytes, none at the end.
    close : callable
    reporting : callable
        Returns a context that makes errors of ours of what `read` raises.
    """

    start: int
    read: Callable[[], bytes]
    close: Callable[[], object]
    tag: str = ""
    reporting: Callable[[], AbstractContextManager[None]] = nullcontext

    def __iter__(self) -> Iterator[bytes]:
        """Yield the bytes as they come; where that is too slow, a `TimeoutError` is reported."""
        pace = _Pace(least_speed())
        while True:
            with self.reporting():
                piece = pace.timed(self.read)
            if not piece:
                return
            yield piece


def least_speed() -> float:
    """Return the bytes a second below which a server is given up.

    Raises
    ------
    ParameterError
        The environment says what is no speed.
    """
    text = os.environ.get(LEAST_SPEED, "")
    try:
        speed = float(text or _DEFAULT_SPEED)
    except ValueError:
        speed = -1.0
    if not speed >= 0:
        msg = f"${LEAST_SPEED} must be a number of bytes a second, at least 0, got {text!r}"
        raise ParameterError(msg)
    return speed


@dataclass
class _Pace:
    """What came in the present window; only waiting for the server counts as time."""

    least: float
    seconds: float = field(default=0.0, init=False)
    arrived: int = field(default=0, init=False)

    def timed(self, read: Callable[[], bytes]) -> bytes:
        began = time.monotonic()
        piece = read()
        self.seconds += time.monotonic() - began
        self.arrived += len(piece)
        if self.seconds >= WINDOW:
            speed = self.arrived / self.seconds
            if piece and speed < self.least:
                raise TimeoutError(_too_slow(speed, self.least))
            self.seconds, self.arrived = 0.0, 0
        return piece


def _too_slow(speed: float, least: float) -> str:
    return (
        f"the server sends {speed:,.0f} bytes a second, less than {least:,.0f} over {WINDOW:g} s "
        f"({LEAST_SPEED}=0 waits)"
    )
