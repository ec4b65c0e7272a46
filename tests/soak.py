"""Run the property tests at random until the time is up: `make soak`.

Each round tries every property test with a fresh seed and with more examples than `make test`. The
first round also runs the tests that are marked `soak`. What failed is left out of later rounds.
"""

import argparse
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
REPORTED = re.compile(r"(?:FAILED|ERROR) ([^\s\[]+)")
"""A line of pytest's summary: the test, without the parameters, in which a shell finds patterns."""

PASSED, FAILED, NONE_CHOSEN = 0, 1, 5
"""Exit codes of pytest."""


def main() -> int:
    """Soak, print what failed and how to repeat it, and return 1 if anything did."""
    options = parser().parse_args()
    interrupted: list[int] = []
    # Ctrl-C reaches pytest as well, which ends its round; the summary is of what ran until then.
    signal.signal(signal.SIGINT, lambda number, _: interrupted.append(number))
    begin = time.monotonic()
    seeds: list[int] = []
    failed: dict[str, int] = {}
    while not seeds or time.monotonic() < begin + 60 * options.minutes:
        seeds.append(options.seed + len(seeds))
        print(f"soak: round {len(seeds)}, seed {seeds[-1]}", flush=True)
        marked = "soak or hypothesis" if len(seeds) == 1 else "hypothesis"
        left_out = [f"--deselect={test}" for test in failed]
        code, tests = run_round(seeds[-1], ["-m", marked, *left_out, *options.pytest])
        failed |= dict.fromkeys(tests, seeds[-1])
        none_left = code == NONE_CHOSEN and len(seeds) > 1
        if not (interrupted or tests or none_left or code in (PASSED, FAILED)):
            failed[f"pytest itself, exit code {code},"] = seeds[-1]
        if interrupted or code not in (PASSED, FAILED):
            break
    print(summary(seeds, failed, (time.monotonic() - begin) / 60))
    return 1 if failed else 128 + signal.SIGINT if interrupted else 0


def parser() -> argparse.ArgumentParser:
    """Return the parser of the options; those of pytest come after `--`."""
    made = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    made.add_argument("--minutes", type=float, default=30, help="begin no round after these")
    made.add_argument("--seed", type=int, default=random.randrange(10**9), help="of round 1")
    made.add_argument("pytest", nargs="*", help="options of pytest")
    return made


def run_round(seed: int, options: list[str]) -> tuple[int, list[str]]:
    """Run pytest, and return its exit code and the tests that failed."""
    command = [sys.executable, "-m", "pytest", "-q", f"--soak={seed}", *options]
    tests = []
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            if found := REPORTED.match(line):
                tests.append(found[1])
    return process.returncode, tests


def summary(seeds: list[int], failed: dict[str, int], minutes: float) -> str:
    """Return the last lines: the seeds, and how to repeat each failure."""
    tried = f"rounds: {len(seeds)}, minutes: {minutes:.1f}, seeds: {seeds[0]} to {seeds[-1]}"
    lines = [f"soak: {tried}, failed: {len(failed)}"]
    for test, seed in failed.items():
        lines.append(f"  {test} with seed {seed}, which this repeats:")
        lines.append(f"    make soak MINUTES=0 SEED={seed} ARGS={test}")
    if failed:
        lines.append("Examples that failed are in tests/data/examples; make test tries them first.")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
