"""The table of faults itself: figures are added up, and a fault that is not survived fails."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = """
import pytest

@pytest.mark.parametrize("kills", [2, 3])
def test_survived(fault, kills):
    with fault("killed") as row:
        for _ in range(kills):
            row.add()

def test_not_survived(fault):
    with fault("cut off") as row:
        row.add()
        row.add("half of it is gone", lost=1)

def test_ends_early(fault):
    with fault("interrupted") as row:
        row.add()
        raise OSError("gone")

def test_lost_unseen(fault):
    with fault("forgotten") as row:
        row.add(lost=1)

def test_nothing_tried(fault):
    with fault("imagined"):
        pass
"""


@pytest.mark.parametrize("processes", [0, 2])
def test_the_table(tmp_path, processes):
    shutil.copy(Path(__file__).parents[1] / "conftest.py", tmp_path)
    (tmp_path / "test_it.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", processes]
    ran = subprocess.run(
        [*map(str, command), "--rootdir", str(tmp_path), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line.split() for line in ran.stdout.splitlines()]
    figures = {" ".join(line[:-4]): line[-4:-1] for line in lines if len(line) > 4}
    assert figures["killed"] == ["5", "5", "0"]
    assert figures["cut off"] == ["2", "1", "1"]
    assert figures["interrupted"] == ["2", "1", "0"]
    assert figures["forgotten"] == ["1", "1", "1"]
    assert figures["in all"] == ["10", "8", "2"]
    assert "4 failed, 2 passed" in ran.stdout
    assert "half of it is gone" in ran.stdout
