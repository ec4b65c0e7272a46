"""Children that faults hit, and what a reader of their store sees."""

import json
import os
import re
import subprocess
import sys
import warnings
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

import skybench
from skybench.errors import SkybenchError, YankedVersionWarning
from skybench.registry.audit import audit
from skybench.registry.storage.store import CATALOG, Store
from skybench.registry.versions.index import read_index
from skybench.release.publishing.catalog import refresh_catalog

OLD, NEW = "photometry@8.0", "photometry@9.0"


class Children:
    """Runs calls of `child.py`, each in a process of its own."""

    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("child.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )

    def start(self, call, *, fault=None, as_nobody=False, **arguments):
        """Begin a call; return the number of its process."""
        line = {"call": call, "fault": fault, "as_nobody": as_nobody, "arguments": arguments}
        return self._ask(line)["started"]

    def wait(self, number):
        """Return what came of a call: `value`, or `error` and `said`, or `signal`; and `points`."""
        nothing = {"value": None, "error": "", "said": "", "points": 0}
        return SimpleNamespace(**(nothing | self._ask({"wait": number})))

    def run(self, call, **options):
        return self.wait(self.start(call, **options))

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()

    def _ask(self, line):
        self.process.stdin.write(f"{json.dumps(line)}\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


@pytest.fixture(scope="session")
def children():
    if not hasattr(os, "fork"):
        pytest.skip("this system does not fork")
    children = Children()
    yield children
    children.close()


@pytest.fixture(scope="session")
def released(children, tmp_path_factory):
    """The folder of a store with photometry 8.0; read it, never write it."""
    folder = tmp_path_factory.mktemp("released")
    outcome = children.run("release", store=str(folder), version="8.0")
    assert outcome.value, outcome
    return folder


@pytest.fixture(scope="session")
def contents(children, released, tmp_path_factory):
    """The content hashes that the children's versions have when nothing goes wrong."""
    newer = tmp_path_factory.mktemp("newer")
    made = children.run("release", store=str(newer), version="9.0", seed=2).value
    return {
        OLD: read_index(Store(released))[0].content,
        NEW: made["content"],
    }


@pytest.fixture(scope="session")
def points_of(children):
    """Return a function that counts the points of a call."""

    def count(call, below, **arguments):
        outcome = children.run(call, fault={"below": str(below)}, **arguments)
        assert outcome.value, outcome
        return outcome.points

    return count


@pytest.fixture(scope="session")
def can_mount(children, tmp_path_factory):
    """Skip where this process may not mount a disk of its own."""
    outcome = children.run("can_mount", folder=str(tmp_path_factory.mktemp("mounted")))
    if not outcome.value["can"]:
        pytest.skip("this process may not mount a disk")


@dataclass
class View:
    """What a reader finds: a sentence for each wrong thing, and how many versions are lost."""

    problems: list
    lost: int

    def __str__(self):
        return "; ".join(self.problems)


@pytest.fixture(scope="session")
def view(contents):
    """Return a function that looks at a store as a reader does, for versions that must be there."""

    def look(store, *expected):
        place = Store(store)
        try:
            entries = read_index(place)
        except SkybenchError as error:
            return View([f"index: {error}"], len(expected))
        listed = {entry.reference: _problems_of(entry, place, contents) for entry in entries}
        missing = [f"{name} is not listed" for name in expected if name not in listed]
        problems = [*missing, *chain(*listed.values()), *audit(place).problems]
        for name in _versions_in_catalog(place) - listed.keys():
            problems.append(f"the catalog has {name}, the index does not")
        return View(problems, len(missing) + sum(map(bool, listed.values())))

    return look


@pytest.fixture(scope="session", name="left_behind")
def _left_behind():
    return left_behind


@pytest.fixture(scope="session")
def goes_on(children, view):
    """Return a function that looks at a store after a fault, calls again, and looks again.

    Before the fault there was photometry 8.0; the call, done again, is to add 9.0. What came of it
    goes into a row of the table, with what the test saw itself.
    """

    def go_on(row, store, call, where, seen="", **arguments):
        after = view(store, OLD)
        again = children.run(call, store=str(store), **arguments)
        end = view(store, OLD, NEW)
        is_old = refresh_catalog(Store(store))
        said = [
            *(seen, *after.problems, again.said, *end.problems, left_behind(store)),
            "the catalog was old" if is_old else "",
        ]
        problem = "; ".join(filter(None, said))
        row.add(problem and f"{where}: {problem}", lost=after.lost + end.lost)

    return go_on


def left_behind(folder):
    """Say what is left of work that is finished: nothing but locks should be.

    A signature that was begun may stay: nobody reads it, and no lock tells that nobody writes it.
    """
    names = [name for name in Store(folder).sizes("") if ".sig." not in name]
    left = [n for n in names if "/." in f"/{n}" and not re.fullmatch(r"\.work/[^/]*\.lock", n)]
    return f"left behind: {', '.join(left)}" if left else ""


def _problems_of(entry, place, contents):
    if entry.content != contents[entry.reference]:
        return [f"{entry.reference} has content {entry.content}"]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", YankedVersionWarning)
            skybench.open(entry.reference, store=place, verify="full").load()
            return list(skybench.verify(entry.reference, store=place, full=True).problems)
    except SkybenchError as error:
        return [f"{entry.reference}: {error}"]


def _versions_in_catalog(place):
    if not place.exists(CATALOG):
        return set()
    sources = yaml.safe_load(place.read_text(CATALOG))["sources"]
    found = (re.fullmatch(r"(\w+)_v(\d+)_(\d+)", name) for name in sources)
    return {"{}@{}.{}".format(*match.groups()) for match in found if match}
