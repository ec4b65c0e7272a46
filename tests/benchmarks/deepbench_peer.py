"""DeepBench as a peer: it runs in its own environment and times itself there."""

import json
import os
import subprocess
from functools import cache
from pathlib import Path

from harness.rows import FOLDER, Timed

_PYTHON = FOLDER.parent.parent / ".compat" / "deepbench" / "bin" / "python"


def deepbench(work: str, **parameters: object) -> Timed:
    """Run a function of ``deepbench_worker.py`` there; return what it made and its seconds.

    Raises
    ------
    ImportError
        DeepBench is not installed.
    """
    worker = _worker()
    worker.stdin.write(json.dumps({"work": work, "parameters": parameters}) + "\n")
    worker.stdin.flush()
    answer = worker.stdout.readline()
    if not answer:
        msg = f"DeepBench ended with code {worker.wait()} at {work}"
        raise RuntimeError(msg)
    return Timed(**json.loads(answer))


@cache
def _worker() -> "subprocess.Popen[str]":
    python = Path(os.environ.get("DEEPBENCH_PYTHON", _PYTHON))
    if not python.exists():
        msg = f"DeepBench is not installed at {python}; 'make bench' does that"
        raise ImportError(msg)
    return subprocess.Popen(
        [python, FOLDER / "deepbench_worker.py"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
