"""DeepBench as a peer: it runs in its own environment and times itself there."""

import os
from functools import cache
from pathlib import Path

from harness.peer import Worker, asked, start_worker
from harness.rows import FOLDER, Timed

_PYTHON = FOLDER.parent.parent / ".compat" / "deepbench" / "bin" / "python"


def deepbench(work: str, **parameters: object) -> Timed:
    """Run a function of ``deepbench_worker.py`` there; return what it made and its seconds.

    Raises
    ------
    ImportError
        DeepBench is not installed.
    """
    return asked(_worker(), "DeepBench", {"work": work, "parameters": parameters})


@cache
def _worker() -> Worker:
    python = Path(os.environ.get("DEEPBENCH_PYTHON", _PYTHON))
    if not python.exists():
        msg = f"DeepBench is not installed at {python}; 'make bench' does that"
        raise ImportError(msg)
    return start_worker([python, FOLDER / "deepbench_worker.py"])
