"""Workers of a DataLoader read after their parent has, however they start and by every opener."""

import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")

PROGRAM = Path(__file__).with_name("loader_workers.py")
LIMIT = 300
"""Seconds. A worker that waits for threads which its parent has left behind would never end."""


@pytest.mark.parametrize("context", multiprocessing.get_all_start_methods())
def test_workers_read_after_their_parent_has(demo_store, context):
    command = [sys.executable, "-W", "ignore", str(PROGRAM), str(demo_store), context]
    here = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, env=here)
    assert done.stdout.splitlines() == ["read 6"], done.stderr[-2000:]
