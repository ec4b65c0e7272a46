"""A disk that fills up at random points: a clear error, nothing half visible, and no loss.

A limit on the size of files stands for the full disk, because everyone may set it; where this
process may mount one, a small disk is filled for real too.
"""

import random
import re
import shutil

import pytest

NEWER = {"version": "9.0", "seed": 2}
OLD, NEW = "photometry@8.0", "photometry@9.0"
FIX = re.compile(r"(?i)free some space|raise it")
DISKS = [("release", 12), ("release", 96), ("release", 280), ("get", 12), ("get", 400)]
"""Calls and the kilobytes that are free; a whole version needs 570."""


def refused(outcome):
    """Say what is wrong with a call's answer to a full disk."""
    if outcome.error == "StoreError" and FIX.search(outcome.said):
        return ""
    return f"{outcome.error or 'signal'} {outcome.signal or ''}: {outcome.said}"


@pytest.fixture
def filled(children):
    """Return a function that calls again and again, each time with a disk that fills up.

    It yields the folder, the point and the outcome of each call that had to write after it.
    """

    def fill(call, points, number, folders, **arguments):
        rng = random.Random(call)
        while number:
            store, at, size = next(folders), rng.randrange(points), rng.choice([0, 90, 900])
            fault = {"below": str(store), "at": at, "kind": "full", "size": size}
            given = {
                name: value.format(store=store) if isinstance(value, str) else value
                for name, value in arguments.items()
            }
            outcome = children.run(call, fault=fault, **given)
            if outcome.value is None:
                number -= 1
                yield store, f"point {at}, {size} bytes", outcome

    return fill


def folders(parent, original=None):
    """Yield new folders, copies of one."""
    for number in range(1000):
        folder = parent / str(number)
        folder.mkdir() if original is None else shutil.copytree(original, folder)
        yield folder


def test_a_build(fault, filled, children, points_of, tmp_path):
    (tmp_path / "first").mkdir()
    options = {"target": str(tmp_path / "first/data.zarr")}
    points = points_of("build", tmp_path / "first", **options)
    content = children.run("build", **options).value["content"]
    with fault("disk full in a build") as row:
        places = folders(tmp_path)
        for store, where, outcome in filled(
            "build", points, 10, places, target="{store}/data.zarr"
        ):
            half = (store / "data.zarr").exists()
            again = children.run("build", target=f"{store}/data.zarr")
            is_same = not again.error and again.value["content"] == content
            problem = refused(outcome) or ("" if is_same and not half else f"{again}, half {half}")
            row.add(problem and f"{where}: {problem}", lost=half + (not is_same))


@pytest.fixture
def newer_mirror(children, released, tmp_path):
    mirror = shutil.copytree(released, tmp_path / "mirror")
    assert children.run("release", store=str(mirror), **NEWER).value
    return mirror


def test_a_release(fault, filled, points_of, released, goes_on, tmp_path):
    first = shutil.copytree(released, tmp_path / "first")
    points = points_of("release", first, store=str(first), **NEWER)
    with fault("disk full in a release") as row:
        for store, where, outcome in filled(
            "release", points, 10, folders(tmp_path, released), store="{store}", **NEWER
        ):
            goes_on(row, store, "release", where, refused(outcome), **NEWER)


def test_a_get(fault, filled, points_of, released, newer_mirror, goes_on, tmp_path):
    first = shutil.copytree(released, tmp_path / "first")
    get = {"reference": NEW, "source": str(newer_mirror)}
    points = points_of("get", first, store=str(first), **get)
    with fault("disk full in a get") as row:
        for store, where, outcome in filled(
            "get", points, 10, folders(tmp_path, released), store="{store}", **get
        ):
            goes_on(row, store, "get", where, refused(outcome), **get)


def test_a_small_disk(fault, children, can_mount, contents, released, newer_mirror, tmp_path):
    folder = tmp_path / "mounted"
    folder.mkdir()
    arguments = {"release": NEWER, "get": {"reference": NEW, "source": str(newer_mirror)}}
    with fault("disk full, a small one") as row:
        outcome = children.run(
            "small_disk",
            folder=str(folder),
            original=str(released),
            disks=DISKS,
            arguments=arguments,
        )
        assert outcome.value, outcome
        for disk, answer in zip(DISKS, outcome.value, strict=True):
            is_clear = answer["said"].startswith("StoreError") and FIX.search(answer["said"])
            is_whole = answer["end"]["whole"] == [contents[OLD], contents[NEW]]
            is_kept = answer["seen"]["whole"] == [contents[OLD]]
            problems = answer["seen"]["problems"] + answer["end"]["problems"]
            is_good = is_clear and is_whole and is_kept and not problems
            row.add("" if is_good else f"{disk}: {answer}", lost=(not is_kept) + (not is_whole))
