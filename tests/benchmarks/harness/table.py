"""Results as a table for people and as JSON for programs."""

import json
import os
import platform
import subprocess
import textwrap
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import numpy as np

from harness.measure import Result
from harness.tally import Counts

HEADINGS = ("work", "peer", "ours /s", "peer /s", "ratio", "needed", "error", "floor", "")
_WIDTHS = (68, 44, 9, 9, 8, 8, 17, 13, 8)
_NOTE_WIDTH = 110
_MET = {True: "met", False: "NOT MET", None: "no peer"}


def heading() -> str:
    """Return the first two lines of the table."""
    return f"{_line(HEADINGS)}\n{'-' * len(_line(_WIDTHS))}"


def line(result: Result) -> str:
    """Return a result as a line of the table."""
    return _line(
        (
            result.work,
            result.peer,
            _speed(result.ours_rate, result),
            _speed(result.peer_rate, result),
            _number(result.ratio),
            "" if result.needed is None else f">= {_number(result.needed)}",
            "" if result.error is None else f"{result.error:.1e} <= {result.limit:g}",
            _floor(result),
            _MET[result.met],
        )
    )


def notes(results: Iterable[Result]) -> str:
    """Return what is to be said about the rows that are not met, and why peers are missing."""
    works: dict[str, list[str]] = {}
    for result in results:
        for text in (result.missing, "" if result.met else result.note):
            if text:
                works.setdefault(text, []).append(result.work)
    return "\n".join(wrapped(f"{'; '.join(named)}: {text}") for text, named in works.items())


def wrapped(text: str) -> str:
    """Return a note in lines that fit below a table."""
    return textwrap.fill(text, _NOTE_WIDTH, subsequent_indent="    ")


def write_json(path: Path, results: Iterable[Result], counted: Mapping[str, Counts]) -> None:
    """Write results with the machine and the versions that they were measured on."""
    described = {
        "format": "skybench-benchmarks-1",
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": _machine(),
        "rows": [result.as_json() for result in results],
        "tallies": counted,
    }
    path.write_text(json.dumps(described, indent=1) + "\n")


def _machine() -> dict[str, object]:
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"], capture_output=True, text=True, cwd=Path(__file__).parent
    )
    return {
        "processor": _processor(),
        "cpus": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "skybench": metadata.version("skybench"),
        "commit": commit.stdout.strip() or None,
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo")
    if lines.exists():
        for entry in lines.read_text().splitlines():
            if entry.startswith("model name"):
                return entry.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _line(cells: Iterable[object]) -> str:
    padded = []
    for i, (cell, width) in enumerate(zip(cells, _WIDTHS, strict=True)):
        text = "-" * cell if isinstance(cell, int) else str(cell)
        padded.append(text.ljust(width) if i < 2 or i == len(_WIDTHS) - 1 else text.rjust(width))
    return "  ".join(padded).rstrip()


def _speed(rate: float | None, result: Result) -> str:
    return f"{_number(1000 / rate)} ms" if rate and result.milliseconds else _number(rate)


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _floor(result: Result) -> str:
    if result.floor_ratio is None:
        return ""
    bound = "" if result.floor_limit is None else f" <= {result.floor_limit:g}"
    return f"{result.floor_ratio:.2f} x{bound}"
