"""A clock that jumps backwards: nothing is refused, ordered or found dead by the time of day."""

import datetime
import os
import time

import pytest

import skybench
from skybench.generators.recipe_file import load_recipe
from skybench.registry.audit import audit
from skybench.registry.storage.store import Store
from skybench.registry.versions import index
from skybench.registry.versions.index import read_index
from skybench.release.fetch import get
from skybench.release.release import BuildOptions, TrainingOptions, release
from skybench.release.withdraw import withdraw

RECIPE = load_recipe("photometry").model_copy(update={"samples": 64})
HOUR = 3600.0


@pytest.fixture
def clock(monkeypatch):
    """The time of day of this process goes back by an hour each time that somebody asks."""
    real, asked = time.time(), []

    def now():
        asked.append(None)
        return real - HOUR * len(asked)

    class Backwards(datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            return cls.fromtimestamp(now(), tz)

    monkeypatch.setattr(time, "time", now)
    monkeypatch.setattr(index, "datetime", Backwards)
    return asked


def publish(store, version, seed):
    release(
        version,
        store=store,
        datasets=[RECIPE.model_copy(update={"seed": seed})],
        building=BuildOptions(progress=False, workers=1),
        training=TrainingOptions(protocols=()),
    )


def set_back(folder):
    """Give files times of change in the far future, as before the clock was set right."""
    later = time.clock_gettime(time.CLOCK_REALTIME) + 1000 * HOUR
    for path in folder.rglob("*"):
        os.utime(path, (later, later))


def problems_of(store, versions):
    """Say what is wrong with a store that should have versions, the last of them newest."""
    entries = read_index(Store(store))
    problems = list(audit(store).problems)
    if [entry.version for entry in entries] != versions:
        problems.append(f"listed are {[entry.version for entry in entries]}")
    if list(entries) != sorted(entries, key=lambda entry: entry.time, reverse=True):
        problems.append("the clock did not go back")
    for entry in entries:
        problems += skybench.verify(entry.reference, store=store, full=True).problems
    return problems


def test_on_a_disk(fault, children, clock, tmp_path):
    """Every second release goes on from where a killed one was, on files of the future."""
    store, copy = tmp_path / "store", tmp_path / "copy"
    with fault("clock going backwards") as row:
        versions = []
        for seed, version in enumerate(("8.0", "9.0", "10.0")):
            if seed % 2:
                kill = {"below": str(store), "at": 150}
                begun = {"store": str(store), "version": version, "seed": seed}
                assert children.run("release", fault=kill, **begun).signal
                set_back(store)
            publish(store, version, seed)
            set_back(store)
            versions.append(version)
            problems = problems_of(store, versions)
            row.add("; ".join(problems), lost=len(problems))
        newest = skybench.open("photometry", store=store)
        is_newest = newest.attrs["version"] == "10.0"
        row.add("" if is_newest else f"newest is {newest.attrs}")
        withdraw("photometry@10.0", "wrong", store=store)
        version = skybench.open("photometry", store=store).attrs["version"]
        row.add("" if version == "9.0" else f"not withdrawn: {version}")
        get("photometry@9.0", source=str(store), store=copy, workers=1, progress=False)
        problems = problems_of(copy, ["9.0"])
        row.add("; ".join(problems), lost=len(problems))
    assert len(clock) > 10
