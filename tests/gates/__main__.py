"""Say whether a version may be cut: `make gates` runs each gate and prints them as a table.

A gate is a command, and passes by its exit code. What passed is not run again until a file of the
project changes, so an interrupted run goes on; `.gates` keeps the logs. Arguments choose gates.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from skybench.generators.generate import GENERATOR
from skybench.generators.recipe_file import packaged_recipes
from skybench.registry.versions.recorded_manifests import recorded_manifest, recorded_references

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".gates"
PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")


@dataclass(frozen=True, kw_only=True)
class Gate:
    """What must hold before a version is cut.

    Attributes
    ----------
    name : str
    asks : str
        For people.
    command : tuple of str
        Run in the root of the project; exit code 0 is a pass.
    """

    name: str
    asks: str
    command: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a gate came to.

    Attributes
    ----------
    tree : str
        Digest of the project's files.
    passed : bool
    seconds : float
    said : str
        The last line that the command printed.
    """

    tree: str
    passed: bool
    seconds: float
    said: str


def gates() -> tuple[Gate, ...]:
    """Return all gates, the quick ones first."""
    return (
        Gate(name="check", asks="lint, formatting and types", command=("make", "check")),
        *(_recipe(name) for name in packaged_recipes()),
        *(_recorded(reference) for reference in recorded_references() if _is_ours(reference)),
        Gate(
            name="promises",
            asks="each attack of docs/trust.md is noticed",
            command=(*PYTEST, "tests/test_promises.py", "tests/faults"),
        ),
        Gate(
            name="stranger",
            asks="README and notebooks run as they stand",
            command=(*PYTEST, "tests/test_readme.py", "tests/test_notebooks.py"),
        ),
        Gate(
            name="versions",
            asks="lowest and newest dependencies, each Python that is here",
            command=(*PYTEST, "tests/test_admitted_versions.py"),
        ),
        Gate(name="test", asks="all tests", command=("make", "test")),
        Gate(name="site", asks="the site in a real browser", command=("make", "test-site")),
        Gate(
            name="soak",
            asks="30 minutes of property tests with random seeds",
            command=("make", "soak"),
        ),
        Gate(
            name="bench",
            asks="each row met, or its reason beside it",
            command=("make", "bench"),
        ),
        Gate(
            name="accuracy",
            asks="the errors of every object, measured again, are those of docs/accuracy.md",
            command=("make", "accuracy", "ARGS=--check"),
        ),
    )


def _recipe(name: str) -> Gate:
    return Gate(
        name=f"recipe:{name}",
        asks="same root on all kernels and workers; nothing given away",
        command=(sys.executable, str(Path(__file__).with_name("recipe.py")), name),
    )


def _recorded(reference: str) -> Gate:
    return Gate(
        name=f"recorded:{reference}",
        asks="made again from the repository, byte for byte",
        command=(sys.executable, "-m", "skybench", "reproduce", reference),
    )


def _is_ours(reference: str) -> bool:
    """Whether a version is of these generators: older ones are made again by older skybench."""
    return recorded_manifest(reference).generator.get("generator") == GENERATOR


def tree() -> str:
    """Return the digest of the project's files, but for those that git ignores."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    digest = hashlib.sha256()
    for name in sorted(set(listed.stdout.split(b"\0")) - {b""}):
        path = ROOT / os.fsdecode(name)
        digest.update(name + b"\0")
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def kept(file: Path) -> dict[str, Outcome]:
    """Return the outcomes of earlier runs by the names of the gates."""
    if not file.exists():
        return {}
    return {n: Outcome(**values) for n, values in json.loads(file.read_text("utf-8")).items()}


def run(gate: Gate, now: str, folder: Path) -> Outcome:
    """Run a gate with its output in a log, and return what it came to."""
    log = folder / f"{gate.name.replace(':', '-')}.log"
    began = time.monotonic()
    with log.open("wb") as file:
        code = subprocess.run(
            gate.command, cwd=ROOT, stdout=file, stderr=subprocess.STDOUT, check=False
        ).returncode
    lines = log.read_text("utf-8", errors="replace").split("\n")
    said = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return Outcome(tree=now, passed=code == 0, seconds=time.monotonic() - began, said=said)


def line(gate: Gate, outcome: Outcome | None, now: str) -> str:
    """Return a row of the table."""
    if outcome is None or outcome.tree != now:
        verdict, took, said = "not run", "", ""
    else:
        verdict = "passed" if outcome.passed else "FAILED"
        took, said = f"{outcome.seconds:,.0f} s", "" if outcome.passed else outcome.said
    return f"{gate.name:<20} {verdict:<8} {took:>8}  {said or gate.asks}".rstrip()


def main(chosen: Iterable[Gate], folder: Path = FOLDER) -> int:
    """Run the gates that have not passed on these files, print all; return 1 if one fails."""
    folder.mkdir(exist_ok=True)
    file, now = folder / "outcomes.json", tree()
    outcomes, chosen = kept(file), list(chosen)
    for gate in chosen:
        before = outcomes.get(gate.name)
        if before is None or before.tree != now or not before.passed:
            outcomes[gate.name] = run(gate, now, folder)
            values = {name: asdict(outcome) for name, outcome in outcomes.items()}
            file.write_text(json.dumps(values, indent=1), encoding="utf-8")
        print(line(gate, outcomes[gate.name], now), flush=True)
    failed = [gate.name for gate in chosen if not outcomes[gate.name].passed]
    print(f"gates: {len(chosen) - len(failed)} of {len(chosen)} passed on files {now}")
    return 1 if failed else 0


def choose(names: list[str], every: tuple[Gate, ...]) -> list[Gate]:
    """Return the gates of these names, or whose names begin with one and a colon; all for none."""
    found = [g for g in every if not names or g.name in names or g.name.split(":")[0] in names]
    known = {gate.name for gate in every} | {gate.name.split(":")[0] for gate in every}
    if unknown := sorted(set(names) - known):
        msg = f"no gate {', '.join(unknown)}; there are: {', '.join(g.name for g in every)}"
        raise SystemExit(msg)
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="make gates ARGS=…", description=__doc__)
    parser.add_argument("names", nargs="*", help="such as check, recipe, recipe:sky; default: all")
    parser.add_argument("--list", action="store_true", help="print the table as it is, run nothing")
    asked = parser.parse_args()
    every = choose(asked.names, gates())
    if asked.list:
        there, now = kept(FOLDER / "outcomes.json"), tree()
        print(*(line(gate, there.get(gate.name), now) for gate in every), sep="\n")
        sys.exit()
    sys.exit(main(every))
