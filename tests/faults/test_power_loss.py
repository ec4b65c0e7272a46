"""Power is lost at points of a call: what is listed is on the disk, and the same call goes on.

In turn a disk is looked at that lacks the names that were not flushed, and one that has the names
but not the content.
"""

import errno
import itertools
import os
import shutil
import sys
from hashlib import sha256

import numpy as np
import pytest

from skybench.errors import StoreError
from skybench.generators.recipe_file import load_recipe
from skybench.registry.arrays.zarr_format import open_raw
from skybench.registry.hashing.content_hash import hash_dataset
from skybench.registry.scoring.records import SUBMISSIONS, Record
from skybench.registry.storage.store import Store
from skybench.registry.verify import verify
from skybench.registry.versions.index import read_index
from skybench.release.publishing.catalog import refresh_catalog
from skybench.release.release import BuildOptions, release

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="files are read by descriptor")

OLD, NEW = "photometry@8.0", "photometry@9.0"
NEWER = {"version": "9.0", "seed": 2}


@pytest.fixture
def losses(children, points_of, tmp_path):
    """Return a function that yields the disks, and whether the call had returned."""

    def lose(call, below, spread, again, **arguments):
        points, into = points_of(call, again, **arguments | _place(call, again)), tmp_path / "disks"
        # The last few are not reached where locks and folders of before are there already.
        at = sorted({int(point) for point in np.linspace(0, points - 8, spread)})
        fault = {"below": str(below), "at": at, "into": str(into)}
        outcome = children.run(call, fault=fault, **arguments | _place(call, below))
        assert outcome.value, outcome
        disks = sorted(into.iterdir())
        assert len(disks) == len(at) + 2
        return [(disk, disk.name.startswith("returned")) for disk in disks]

    return lose


def _place(call, folder):
    return {"target": str(folder / "data.zarr")} if call == "build" else {"store": str(folder)}


@pytest.fixture
def stores(tmp_path):
    """Return a function that makes two copies of a store: one to count the points of a call in."""

    def copies(original):
        return [shutil.copytree(original, tmp_path / name) for name in ("store", "counted")]

    return copies


def test_in_a_build(fault, losses, children, left_behind, tmp_path):
    store, counted = tmp_path / "store", tmp_path / "counted"
    store.mkdir()
    with fault("power loss in a build") as row:
        for disk, is_over in losses("build", store, 5, counted):
            target = disk / "data.zarr"
            content = hash_dataset(open_raw(str(store / "data.zarr"))).root
            is_whole = target.exists() and hash_dataset(open_raw(str(target))).root == content
            half = (is_over or target.exists()) and not is_whole
            again = children.run("build", target=str(target))
            is_same = not again.error and hash_dataset(open_raw(str(target))).root == content
            said = "" if is_same and not half else f"half {half}, same {is_same}: {again}"
            problem = said or left_behind(disk)
            row.add(problem and f"{disk.name}: {problem}", lost=half + (not is_same))


def test_in_a_release(fault, losses, stores, released, goes_on, view):
    store, counted = stores(released)
    with fault("power loss in a release") as row:
        for disk, is_over in losses("release", store, 7, counted, **NEWER):
            seen = str(view(disk, OLD, NEW)) if is_over else ""
            goes_on(row, disk, "release", disk.name, seen, **NEWER)


def test_in_a_get(fault, losses, stores, children, released, goes_on, view, tmp_path):
    mirror = shutil.copytree(released, tmp_path / "mirror")
    assert children.run("release", store=str(mirror), **NEWER).value
    store, counted = stores(released)
    options = {"reference": NEW, "source": str(mirror)}
    with fault("power loss in a get") as row:
        for disk, is_over in losses("get", store, 7, counted, **options):
            seen = str(view(disk, OLD, NEW)) if is_over else ""
            goes_on(row, disk, "get", disk.name, seen, **options)


def test_in_a_repair(fault, losses, stores, children, released, view, left_behind, tmp_path):
    """What was whole before stays so, and what a finished repair mended is mended."""
    damaged = shutil.copytree(released, tmp_path / "damaged")
    wrong = [p for p in sorted(damaged.glob("photometry/8.0/*.zarr/*/c/**/*")) if p.is_file()][:2]
    for path in wrong:
        path.write_bytes(b"wrong")
    assert len(wrong) == 2
    store, counted = stores(damaged)
    options = {"reference": OLD, "mirror": str(released)}
    names = [path.relative_to(damaged).parts[3] for path in wrong]
    with fault("power loss in a repair") as row:
        for disk, is_over in losses("repair", store, 5, counted, **options):
            seen = verify(OLD, store=Store(disk), full=True).problems
            other = seen if is_over else [p for p in seen if not any(n in p for n in names)]
            again = children.run("repair", store=str(disk), **options)
            end = view(disk, OLD)
            problem = "; ".join(filter(None, [*other, again.said, str(end), left_behind(disk)]))
            row.add(problem and f"{disk.name}: {problem}", lost=bool(other) + end.lost)


def test_in_a_withdrawal(fault, losses, stores, children, released, view, left_behind):
    store, counted = stores(released)
    with fault("power loss in a yank") as row:
        for disk, is_over in losses("yank", store, 6, counted, reference=OLD):
            seen = view(disk, OLD)
            forgotten = is_over and read_index(Store(disk))[0].yanked is None
            again = children.run("yank", store=str(disk), reference=OLD)
            refresh_catalog(Store(disk))
            (entry,) = read_index(Store(disk))
            problems = [*seen.problems, left_behind(disk)]
            problems += [f"not withdrawn: {again.said}"] if entry.yanked is None else []
            problems += ["forgotten"] if forgotten else []
            problem = "; ".join(filter(None, problems))
            row.add(problem and f"{disk.name}: {problem}", lost=seen.lost + forgotten)


def test_in_a_submission(fault, losses, stores, children, released, view, tmp_path):
    """A record is there with its predictions, or not at all."""
    store, counted = stores(released)
    predictions = tmp_path / "predictions.parquet"
    shutil.copy(sorted(store.glob("photometry/8.0/baselines/*.parquet"))[0], predictions)
    options = {"reference": OLD, "predictions": str(predictions)}
    with fault("power loss in a submission") as row:
        for disk, is_over in losses("submit", store, 6, counted, **options):
            records = submitted(disk)
            wrong = [name for name, is_whole in records.items() if not is_whole]
            wrong += [] if records or not is_over else ["forgotten"]
            seen = view(disk, OLD)
            again = children.run("submit", store=str(disk), **options)
            told = "already has a record" in again.said if records else not again.error
            is_there = submitted(disk) == {"mine": True}
            problems = [*wrong, *seen.problems, "" if told and is_there else f"then: {again}"]
            problem = "; ".join(filter(None, problems))
            row.add(problem and f"{disk.name}: {problem}", lost=len(wrong) + seen.lost)


def test_a_failing_disk_publishes_nothing(fault, released, view, monkeypatch, tmp_path):
    """Whichever flush fails, the release says so; the same call, when all is well, goes on."""
    recipe = load_recipe("photometry").model_copy(update={"samples": 64, "seed": 2})
    quiet, fsync, calls = BuildOptions(progress=False, workers=1), os.fsync, itertools.count()

    def fail_from(number):
        def flush(descriptor):
            if next(calls) >= number:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            fsync(descriptor)

        return flush

    with fault("a disk that fails in a flush") as row:
        for number in (0, 10, 40, 90, 150):
            store, calls = shutil.copytree(released, tmp_path / str(number)), itertools.count()
            options = {"store": store, "datasets": recipe, "building": quiet, "baselines": False}
            monkeypatch.setattr(os, "fsync", fail_from(number))
            with pytest.raises(StoreError, match="disk is failing"):
                release("9.0", **options)
            monkeypatch.undo()
            seen = view(store, OLD)
            release("9.0", **options)
            end = view(store, OLD, NEW)
            problem = f"{seen}{end}"
            row.add(problem and f"{number}: {problem}", lost=seen.lost + end.lost)


def submitted(store):
    """Return whether the predictions of each submission are those that its record names."""
    version = store / "photometry/8.0"
    whole = {}
    for path in (version / SUBMISSIONS).glob("*.json"):
        record = Record.from_text(path.read_text(), str(path))
        predictions = version / record.predictions.key
        is_there = predictions.exists()
        digest = sha256(predictions.read_bytes()).hexdigest() if is_there else ""
        whole[record.name] = record.predictions.sha256 == f"sha256:{digest}"
    return whole
