"""kill -9 at random points: the same call goes on, and ends with the same hash.

After each kill the store is looked at as a reader does, who must find every listed version whole.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from itertools import product

import pytest

from skybench.generators.generate import generate_as_stored
from skybench.generators.recipe_file import load_recipe
from skybench.registry.arrays.zarr_format import open_raw
from skybench.registry.audit import audit
from skybench.registry.hashing.content_hash import hash_dataset
from skybench.registry.storage.store import Store
from skybench.registry.verify import verify
from skybench.registry.versions.index import read_index
from skybench.registry.versions.signatures import PUBLIC_KEY
from skybench.release.publishing.catalog import refresh_catalog

OLD, NEW = "photometry@8.0", "photometry@9.0"
NEWER = {"version": "9.0", "seed": 2}


@pytest.fixture
def killed(children):
    """Return a function that kills a call at a point; it says whether the call got that far."""

    def kill(call, below, at, *, cut=None, **arguments):
        fault = {"below": str(below), "at": at}
        if cut is not None:
            fault |= {"kind": "cut", "size": cut}
        outcome = children.run(call, fault=fault, **arguments)
        assert outcome.signal in (0, signal.SIGKILL, signal.SIGXFSZ)
        assert outcome.signal or outcome.value, outcome
        return outcome.signal != 0

    return kill


def random_kills(seed, points):
    """Yield points for `killed`; a third come with the bytes of a file in whose write it dies.

    After the last long write of a call nothing is left that could be cut: it ends.
    """
    rng = random.Random(seed)
    for turn, at in enumerate(rng.sample(range(points), points)):
        yield at, rng.randrange(100) if turn % 3 == 2 else None


@pytest.mark.parametrize("kills", [8, pytest.param(20, marks=pytest.mark.soak)])
def test_a_build(fault, killed, points_of, children, left_behind, tmp_path, kills):
    target = tmp_path / "first" / "data.zarr"
    points = points_of("build", target.parent, target=str(target))
    content = hash_dataset(open_raw(str(target))).root
    kept = 0
    with fault("kill -9 in a build") as row:
        for at, cut in random_kills(1, points):
            target = tmp_path / str(at) / "data.zarr"
            if not killed("build", target.parent, at, cut=cut, target=str(target)):
                continue
            half = target.exists() and hash_dataset(open_raw(str(target))).root != content
            again = children.run("build", target=str(target))
            is_same = not again.error and again.value["content"] == content
            is_whole = is_same and hash_dataset(open_raw(str(target))).root == content
            row.add(
                f"point {at}, cut {cut}: half a store, or not the same: {again}"
                if half or not is_whole
                else left_behind(target.parent),
                lost=half + (not is_whole),
            )
            kept += 64 - again.value["rendered"]
            if row.tried == kills:
                break
    assert row.tried == kills
    assert kept > 0
    print(f"{points} points; {kept} of {kills * 64} samples were kept")


@pytest.mark.parametrize("kills", [10, pytest.param(25, marks=pytest.mark.soak)])
def test_a_release(fault, killed, points_of, released, goes_on, tmp_path, kills):
    store = shutil.copytree(released, tmp_path / "first")
    points = points_of("release", store, store=str(store), **NEWER)
    with fault("kill -9 in a release") as row:
        for at, cut in random_kills(2, points):
            store = shutil.copytree(released, tmp_path / str(at))
            if killed("release", store, at, cut=cut, store=str(store), **NEWER):
                goes_on(row, store, "release", f"point {at}, cut {cut}", **NEWER)
            if row.tried == kills:
                break
    assert row.tried == kills


def test_a_release_again_and_again(fault, killed, released, view, left_behind, tmp_path):
    """Each time that it goes on it is killed, until what is left to do is too little for that."""
    store = shutil.copytree(released, tmp_path / "store")
    rng = random.Random(3)
    with fault("kill -9 in a release, again and again") as row:
        while killed("release", store, rng.randrange(20, 90), store=str(store), **NEWER):
            seen = view(store, OLD)
            row.add(str(seen), lost=seen.lost)
        end = view(store, OLD, NEW)
        row.add(str(end) or left_behind(store), lost=end.lost, times=0)
    assert row.tried > 5


def test_a_signed_release(
    fault, killed, points_of, children, key_pair, goes_on, monkeypatch, tmp_path
):
    """Killed where the signatures are written, for readers who ask for them."""
    private, public = map(str, key_pair)
    signed = NEWER | {"sign": private}
    original = tmp_path / "original"
    assert children.run("release", store=str(original), version="8.0", sign=private).value
    first = shutil.copytree(original, tmp_path / "first")
    points = points_of("release", first, store=str(first), **signed)
    monkeypatch.setenv(PUBLIC_KEY, public)
    with fault("kill -9 in a signed release") as row:
        for at in random.Random(6).sample(range(points - 60, points), 6):
            store = shutil.copytree(original, tmp_path / str(at))
            assert killed("release", store, at, store=str(store), **signed)
            goes_on(row, store, "release", f"point {at} of {points}", **signed)


def test_a_get(fault, killed, points_of, children, released, goes_on, tmp_path):
    mirror = shutil.copytree(released, tmp_path / "mirror")
    assert children.run("release", store=str(mirror), **NEWER).value
    options = {"reference": NEW, "source": str(mirror)}
    store = shutil.copytree(released, tmp_path / "first")
    points = points_of("get", store, store=str(store), **options)
    with fault("kill -9 in a get") as row:
        for at, cut in random_kills(4, points):
            store = shutil.copytree(released, tmp_path / str(at))
            if killed("get", store, at, cut=cut, store=str(store), **options):
                goes_on(row, store, "get", f"point {at}, cut {cut}", **options)
            if row.tried == 10:
                break
    assert row.tried == 10


def test_a_repair(fault, killed, points_of, children, released, view, left_behind, tmp_path):
    """What was whole before the kill stays so, and the next repair mends the rest."""
    damaged = shutil.copytree(released, tmp_path / "damaged")
    wrong = sorted(damaged.glob("photometry/8.0/*.zarr/flux/**/*.*"))
    wrong += sorted(damaged.glob("photometry/8.0/*.zarr/image/c/*/*/*"))
    for path in wrong:
        path.unlink()
    assert len(wrong) == 2
    options = {"reference": OLD, "mirror": str(released)}
    first = shutil.copytree(damaged, tmp_path / "first")
    points = points_of("repair", first, store=str(first), **options)
    with fault("kill -9 in a repair") as row:
        for at, cut in product(range(points), (None, 100)):
            store = shutil.copytree(damaged, tmp_path / f"{at}-{cut}")
            if killed("repair", store, at, cut=cut, store=str(store), **options):
                seen = verify(OLD, store=Store(store)).problems
                again = children.run("repair", store=str(store), **options)
                end = view(store, OLD)
                names = [path.relative_to(damaged).name for path in wrong]
                other = [p for p in seen if not any(name in p for name in names)]
                problem = "; ".join(
                    filter(None, [*other, again.said, str(end), left_behind(store)])
                )
                row.add(problem and f"point {at}, cut {cut}: {problem}", lost=end.lost)


def test_a_withdrawal(fault, killed, points_of, children, released, view, left_behind, tmp_path):
    store = shutil.copytree(released, tmp_path / "first")
    points = points_of("yank", store, store=str(store), reference=OLD)
    with fault("kill -9 in a yank") as row:
        for at, cut in product(range(points), (None, 100)):
            store = shutil.copytree(released, tmp_path / f"{at}-{cut}")
            if not killed("yank", store, at, cut=cut, store=str(store), reference=OLD):
                continue
            seen = view(store, OLD)
            again = children.run("yank", store=str(store), reference=OLD)
            refresh_catalog(Store(store))
            end = view(store, OLD)
            (entry,) = read_index(Store(store))
            told = not again.error or "was withdrawn before" in again.said
            problems = [*seen.problems, *end.problems, left_behind(store)]
            problems += [] if told and entry.yanked == "wrong" else [f"not withdrawn: {again.said}"]
            problem = "; ".join(filter(None, problems))
            row.add(problem and f"point {at}, cut {cut}: {problem}", lost=seen.lost + end.lost)


def command(store):
    """Start `skybench release` of a dataset that no network is trained on."""
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "skybench", "release", "8.0", "spectra", "--samples", "600"),
            *("--workers", "2", "--no-record", "--store", str(store)),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


@pytest.mark.soak
def test_the_command(fault, left_behind, tmp_path):
    """The whole process group is killed some time after it began to write."""
    rng = random.Random(5)
    store = tmp_path / "store"
    recipe = load_recipe("spectra").model_copy(update={"samples": 600})
    with fault("kill -9 of the release command") as row:
        for _ in range(2):
            process, known = command(store), len(list(store.rglob("*")))
            while process.poll() is None and len(list(store.rglob("*"))) == known:
                time.sleep(0.01)
            time.sleep(rng.uniform(0, 0.8))
            os.killpg(process.pid, signal.SIGKILL)
            assert process.wait() == -signal.SIGKILL
            row.add("; ".join(audit(store).problems), lost=len(not_whole(store)))
        assert command(store).wait() == 0
        (entry,) = read_index(Store(store))
        is_same = entry.content == hash_dataset(generate_as_stored(recipe)).root
        said = left_behind(store) if is_same else "another hash"
        row.add(said, lost=len(not_whole(store)) + (not is_same), times=0)


def not_whole(store):
    entries = read_index(Store(store))
    return [e for e in entries if not verify(e.reference, store=Store(store), full=True).ok]
