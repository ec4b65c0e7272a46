"""A store that cannot be written: it reads as ever, and refuses the rest with a clear error."""

import os
import re
import shutil
import stat
import tempfile
from hashlib import sha256
from pathlib import Path

import pytest

READING = (
    *("open", "verify", "verify in full", "audit", "leaderboard", "evaluate"),
    "get what is there",
)
WRITING = ("release", "get", "yank", "submit", "repair")
FIX = re.compile(r"StoreError: cannot \w+ .*(permission is missing|the file system is read-only); ")


@pytest.fixture
def open_folder():
    """A folder that other users may enter, unlike those of pytest."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def mirror_of(released, children, folder):
    """Return a store that also has 9.0, and the predictions of a baseline, as anyone may read."""
    mirror = shutil.copytree(released, folder / "mirror")
    assert children.run("release", store=str(mirror), version="9.0", seed=2).value
    for path in (mirror, *mirror.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    (predictions, *_) = sorted(mirror.glob("photometry/8.0/baselines/*.parquet"))
    return {"source": str(mirror), "predictions": str(predictions)}


def add_outcomes(row, outcome):
    assert outcome.value, outcome
    assert outcome.value.keys() == {*READING, *WRITING}
    for action, said in outcome.value.items():
        is_right = said == "done" if action in READING else FIX.match(said)
        row.add("" if is_right else f"{action}: {said}", lost=action in READING and said != "done")


def digests(folder):
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path): sha256(path.read_bytes()).hexdigest() for path in files}


def test_without_permission(fault, children, released, open_folder):
    others = mirror_of(released, children, open_folder)
    store = shutil.copytree(released, open_folder / "store")
    shutil.rmtree(store / ".work")
    before = digests(store)
    with fault("read-only store, permissions") as row:
        for path in (*store.rglob("*"), store):
            path.chmod(0o555 if path.is_dir() else 0o444)
        # Permissions do not bind root, so the child becomes nobody.
        is_root = hasattr(os, "geteuid") and os.geteuid() == 0
        outcome = children.run(
            "use", as_nobody=is_root, store=str(store), reference="photometry@8.0", **others
        )
        for path in (store, *store.rglob("*")):
            path.chmod(path.stat().st_mode | stat.S_IWUSR)
        add_outcomes(row, outcome)
        row.lost += digests(store) != before


def test_on_a_read_only_disk(fault, children, can_mount, released, open_folder):
    others = mirror_of(released, children, open_folder)
    disk = open_folder / "disk"
    disk.mkdir()
    with fault("read-only store, disk") as row:
        outcome = children.run(
            "use_read_only_disk",
            folder=str(disk),
            original=str(released),
            reference="photometry@8.0",
            **others,
        )
        add_outcomes(row, outcome)
