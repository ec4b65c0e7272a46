"""Measure skybench against its peers: ``make bench``, or ``python tests/benchmarks --help``."""

import os

# Before numpy is loaded: one thread for every library.
os.environ |= dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"
)

import argparse
import sys
import traceback
from pathlib import Path

from harness.measure import Result, measure
from harness.rows import find, find_tallies
from harness.table import heading, line, notes, wrapped, write_json
from harness.tally import table


def main() -> int:
    """Measure the chosen rows; return 1 if one could not be run, or is not met without a reason."""
    arguments = _parser().parse_args()
    rows = find(arguments.k, arguments.slow)
    tallies = find_tallies(arguments.k)
    if not rows + tallies:
        print(f"no row contains {arguments.k!r}; there are:", *_names(find(slow=True)), sep="\n  ")
        return 2
    if arguments.list:
        print(*_names(rows + tallies), sep="\n")
        return 0
    results: list[Result] = []
    broken = 0
    print(heading(), flush=True)
    for row in rows:
        try:
            results.append(measure(row, arguments.turns))
        except Exception:
            broken += 1
            print(f"{row.work}: could not be run", flush=True)
            traceback.print_exc()
            continue
        print(line(results[-1]), flush=True)
    print(notes(results))
    counted = {}
    for one in tallies:
        try:
            counted[one.work] = one.count(one.items)
        except Exception:
            broken += 1
            print(f"{one.work}: could not be run", flush=True)
            traceback.print_exc()
            continue
        print(f"\n{one.work}\n{table(counted[one.work])}\n{wrapped(one.note)}", flush=True)
    write_json(arguments.json, results, counted)
    unsaid = [result.work for result in results if result.met is False and not result.note]
    print(*(f"{work}: not met, and its note does not say why" for work in unsaid), sep="\n")
    return 1 if broken or unsaid else 0


def _names(rows) -> list[str]:
    return [f"{row.topic}: {row.work}" for row in rows]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench ARGS=…", description=__doc__)
    parser.add_argument("-k", default="", metavar="WORDS", help="only rows that contain this")
    parser.add_argument("--turns", type=int, default=5, help="turns of ours, peer, floor (5)")
    parser.add_argument("--slow", action="store_true", help="the rows that take minutes, too")
    parser.add_argument("--list", action="store_true", help="name the rows and end")
    parser.add_argument("--json", type=Path, default=Path("bench.json"), help="where to write")
    return parser


if __name__ == "__main__":
    sys.exit(main())
