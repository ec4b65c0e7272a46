"""Ours, the peer and the floor timed in turns."""

import math
import statistics
import time
from dataclasses import asdict, dataclass, field

from harness.rows import Row, Timeable, Timed, Work

LEAST_SECONDS = 0.2
"""Shortest time that a rate is taken from."""

_LONG = 2.0
"""A first call of so many seconds needs no second one to tell that one a turn will do."""

CLOCKS = {"cpu": time.process_time, "wall": time.perf_counter}


@dataclass(kw_only=True)
class Result:
    """A row with what was measured; None where it could not be."""

    topic: str
    work: str
    peer: str
    ours_rate: float
    peer_rate: float | None = None
    ratio: float | None = None
    ratios: list[float] = field(default_factory=list)
    needed: float | None = None
    error: float | None = None
    limit: float
    floor_rate: float | None = None
    floor_ratio: float | None = None
    floor_limit: float | None = None
    clock: str
    missing: str = ""
    note: str = ""
    milliseconds: bool = False

    @property
    def met(self) -> bool | None:
        """Whether every bound holds; None where one could not be checked."""
        checks = [
            _holds(self.needed, self.ratio, lambda bound, got: got >= bound),
            _holds(self.floor_limit, self.floor_ratio, lambda bound, got: got <= bound),
            self.error is None or self.error <= self.limit,
        ]
        if False in checks:
            return False
        return None if None in checks else True

    def as_json(self) -> dict:
        """Return it as plain values."""
        return asdict(self) | {"met": self.met}


def measure(row: Row, turns: int = 5, least_seconds: float = LEAST_SECONDS) -> Result:
    """Time a row and check its accuracy."""
    work = row.prepare(row.items)
    clock = CLOCKS[row.clock]
    timed, warm_seconds, missing = _available(work, clock)
    repeats = {
        name: _repeats(made, clock, warm_seconds[name], least_seconds)
        for name, made in timed.items()
    }
    rates: dict[str, list[float]] = {name: [] for name in timed}
    for _ in range(turns):
        for name, made in timed.items():
            rates[name].append(_rate(made, repeats[name], clock))
    result = Result(
        topic=row.topic,
        work=row.work,
        peer=row.peer,
        ours_rate=statistics.median(rates["ours"]),
        needed=row.needed,
        error=None if work.error is None else float(work.error()),
        limit=row.limit,
        floor_limit=row.floor_limit,
        clock=row.clock,
        missing=missing,
        note=row.note,
        milliseconds=row.milliseconds,
    )
    if "peer" in rates:
        result.peer_rate = statistics.median(rates["peer"])
        result.ratios = _quotients(rates["ours"], rates["peer"])
        result.ratio = statistics.median(result.ratios)
    if "floor" in rates:
        result.floor_rate = statistics.median(rates["floor"])
        result.floor_ratio = statistics.median(_quotients(rates["floor"], rates["ours"]))
    return result


def _available(work: Work, clock) -> tuple[dict[str, Timeable], dict[str, float], str]:
    """Return the callables that run here, their first seconds, and why the others do not."""
    timed, missing = {"ours": work.ours}, ""
    seconds = {"ours": _seconds(work.ours, clock).seconds}
    for name, made in (("peer", work.peer), ("floor", work.floor)):
        if made is None:
            continue
        try:
            seconds[name] = _seconds(made, clock).seconds
        except ImportError as error:
            missing = f"{missing}; {error}" if missing else str(error)
        else:
            timed[name] = made
    return timed, seconds, missing


def _repeats(made: Timeable, clock, warm_seconds: float, least_seconds: float) -> int:
    if warm_seconds > _LONG:
        return 1
    seconds = max(_seconds(made, clock).seconds, 1e-6)
    return max(1, math.ceil(least_seconds / seconds))


def _seconds(made: Timeable, clock) -> Timed:
    begin = clock()
    items = made()
    return items if isinstance(items, Timed) else Timed(items, clock() - begin)


def _rate(made: Timeable, repeats: int, clock) -> float:
    runs = [_seconds(made, clock) for _ in range(repeats)]
    return sum(run.items for run in runs) / max(sum(run.seconds for run in runs), 1e-9)


def _quotients(above: list[float], below: list[float]) -> list[float]:
    return [a / b for a, b in zip(above, below, strict=True)]


def _holds(bound, got, compare) -> bool | None:
    if bound is None:
        return True
    return None if got is None else compare(bound, got)
