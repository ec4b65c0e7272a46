"""What a benchmark is: a row of the table that ``make bench`` prints.

How to add one
--------------
A topic is a module ``tests/benchmarks/bench_<topic>.py``. A row is a function in it that prepares
the work and returns the callables to be timed::

    from harness import Work, row

    @row("Moffat stars 28x28, FWHM and beta vary", peer="GalSim drawImage", needed=50, items=2000)
    def moffat_stars(items):
        # Imports and preparation are not timed. Draw parameters with a fixed seed.
        from skybench.generators.sky import moffat
        ...

        def ours():
            moffat.integrate(dx, dy, scale, beta)
            return items                      # how many were made, here images

        def peer():                           # slower, so it makes fewer
            import galsim                     # where it is not installed, the row says so
            for ... in some: galsim.Moffat(...).drawImage(...)
            return len(some)

        def error():                          # largest |ours - truth| over the peak
            return abs(ours_pixels - truth).max() / truth.max()

        def floor():                          # the least that the same work could cost
            rng.random_raw(...)
            return items

        return Work(ours=ours, peer=peer, error=error, floor=floor)

Rules of the measurement

- `items` is given small (`tiny`, 2 by default) by the test that keeps every row running, so the
  work must scale with it, down to that.
- Each callable is called once before it is timed (imports, tables and caches are warm), then often
  enough to take 0.2 s, in turns: ours, peer, floor, ours, ... The ratio is the median over turns.
- The clock counts CPU seconds of this process, which other load does not disturb, and every library
  is held to one thread. A row that uses more cores or waits for a disk says ``clock="wall"``.
- A callable that timed itself, in another process say, returns ``Timed(items, seconds)``.
- The peer draws the same picture, in its best form: what it can keep between pictures is prepared
  beforehand. `limit` bounds the error of ours; take the truth from the peer at its tightest
  setting, not from the one that is timed.
- ``peer=""`` and no callable: a row that is compared with its floor alone. `floor_limit` is how
  many times longer than the floor ours may take.
- Where a row is not met, `note` is printed below the table: what was tried, what limits it. Keep
  it up to date; it may be there for a row that is met.
- ``slow=True`` leaves a row out unless ``--slow`` or ``-k`` asks for it.
- DeepBench has an environment of its own: ``from deepbench_peer import deepbench``, and
  ``peer=lambda: deepbench("shapes", items=20, side=256)`` runs a function of deepbench_worker.py.

- What is counted, not timed, is a `Tally`: harness.tally tells how.

``make bench ARGS="-k stars"`` runs the rows whose name or module contains "stars".
"""

import importlib
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar

from harness.tally import Tally

FOLDER = Path(__file__).parent.parent


class Timed(NamedTuple):
    """What a callable made, and the seconds that it took by its own clock."""

    items: int
    seconds: float


Timeable = Callable[[], int | Timed]


@dataclass(frozen=True, kw_only=True)
class Work:
    """The callables of a row, ready to be timed.

    Attributes
    ----------
    ours, peer, floor : callable
        Make the items and return how many. `peer` may be None with an empty name.
    error : callable
        Returns the error of ours, as a share of the peak unless the row says otherwise.
    """

    ours: Timeable
    peer: Timeable | None = None
    floor: Timeable | None = None
    error: Callable[[], float] | None = None


@dataclass(frozen=True, kw_only=True)
class Row:
    """A line of the table.

    Attributes
    ----------
    work, peer : str
        What is made, and by whom else.
    prepare : callable
        ``items -> Work``.
    items, tiny : int
        How many ours makes in a call when it is measured, and when it is only tested.
    needed : float or None
        Least ratio of our rate to the peer's.
    limit : float
        Largest error of ours.
    floor_limit : float or None
        Most that ours may take, in times of the floor.
    clock : "cpu" or "wall"
    note : str
        What was tried and what limits it.
    slow : bool
        Left out unless asked for.
    milliseconds : bool
        Show the time of an item instead of the items a second.
    """

    work: str
    peer: str
    prepare: Callable[[int], Work]
    items: int
    tiny: int = 2
    needed: float | None = None
    limit: float = 1e-3
    floor_limit: float | None = None
    clock: Literal["cpu", "wall"] = "cpu"
    note: str = ""
    slow: bool = False
    milliseconds: bool = False

    @property
    def topic(self) -> str:
        """The module it is in, without ``bench_``."""
        return self.prepare.__module__.rpartition(".")[2].removeprefix("bench_")


Declared = TypeVar("Declared", Row, Tally)


def row(work: str, **settings) -> Callable[[Callable[[int], Work]], Row]:
    """Turn a function that prepares work into a row; settings as the attributes of `Row`."""

    def decorate(prepare: Callable[[int], Work]) -> Row:
        note = inspect.cleandoc(settings.pop("note", ""))
        return Row(work=work, prepare=prepare, note=" ".join(note.split()), **settings)

    return decorate


def find(expression: str = "", slow: bool = False) -> list[Row]:
    """Return the rows of every topic whose topic or work contains the expression."""
    return [r for r in _named(Row, expression) if slow or expression or not r.slow]


def find_tallies(expression: str = "") -> list[Tally]:
    """Return the tallies of every topic whose topic or work contains the expression."""
    return list(_named(Tally, expression))


def _named(kind: type[Declared], expression: str) -> Iterator[Declared]:
    for path in sorted(FOLDER.glob("bench_*.py")):
        for value in vars(importlib.import_module(path.stem)).values():
            if isinstance(value, kind):
                words = f"{value.topic}: {value.work} {value.peer}"
                if expression.lower() in words.lower():
                    yield value
