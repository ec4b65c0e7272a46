"""What is counted rather than timed: a table of its own below that of the rates.

A tally is a function in a topic that does something to ours and to a peer many times, and returns
how often each of several ways of looking noticed it::

    from harness import tally

    @tally("tampering that is noticed", peer="icechunk", items=300)
    def tampering(items):
        return {"a bit flipped": {"skybench, read": (8, 8), "icechunk, read": (7, 8)}, ...}
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Counts = Mapping[str, Mapping[str, tuple[int, int]]]
"""Of each thing done, for each way of looking: how often it was noticed, and how often tried."""


@dataclass(frozen=True, kw_only=True)
class Tally:
    """A table of counts.

    Attributes
    ----------
    work, peer : str
        What is done, and to whom else's data.
    count : callable
        ``items -> Counts``; raises `ImportError` where the peer is not installed.
    items, tiny : int
        Size of the data when it is measured, and when it is only tested.
    note : str
        How it is to be read; printed below the table.
    """

    work: str
    peer: str
    count: Callable[[int], Counts]
    items: int
    tiny: int = 2
    note: str = ""

    @property
    def topic(self) -> str:
        """The module it is in, without ``bench_``."""
        return self.count.__module__.rpartition(".")[2].removeprefix("bench_")


def tally(work: str, **settings) -> Callable[[Callable[[int], Counts]], Tally]:
    """Turn a function that counts into a tally; settings as the attributes of `Tally`."""

    def decorate(count: Callable[[int], Counts]) -> Tally:
        note = " ".join(settings.pop("note", "").split())
        return Tally(work=work, count=count, note=inspect.cleandoc(note), **settings)

    return decorate


def table(counts: Counts) -> str:
    """Return counts as lines for people: a row a thing done, a column a way of looking."""
    columns = list(dict.fromkeys(name for row in counts.values() for name in row))
    total = {name: _sum(row[name] for row in counts.values() if name in row) for name in columns}
    rows = {**counts, "in all": total}
    first = max(map(len, rows))
    lines = ["  ".join([" " * first, *columns])]
    for done, row in rows.items():
        cells = [_cell(row.get(name)).rjust(len(name)) for name in columns]
        lines.append("  ".join([done.ljust(first), *cells]))
    return "\n".join(lines)


def _sum(pairs) -> tuple[int, int]:
    noticed, tried = zip(*pairs, strict=True)
    return sum(noticed), sum(tried)


def _cell(pair: tuple[int, int] | None) -> str:
    return "" if pair is None else f"{pair[0]} of {pair[1]}"
