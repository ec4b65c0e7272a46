"""Generator 2, the last before the engine was compiled, as a peer: a process that times itself."""

import json
import os
import subprocess
import sys
from functools import cache
from typing import Any

from harness.rows import FOLDER, Timed

_CODE = FOLDER.parent.parent / ".compat" / "generator-2"


def generator_2(kind: str, sources: dict[str, list[float]], side: int) -> Timed:
    """Draw sky objects of a kind there, one an image; return how many and the seconds.

    Raises
    ------
    ImportError
        Its code is not unpacked.
    """
    return _asked(kind=kind, sources=sources, side=side)


def generator_2_recipe(recipe: str, items: int) -> Timed:
    """Make samples of a packaged recipe there, as they are stored.

    Raises
    ------
    ImportError
        Its code is not unpacked.
    """
    return _asked(recipe=recipe, items=items)


def _asked(**work: Any) -> Timed:
    worker = _worker()
    worker.stdin.write(json.dumps(work) + "\n")
    worker.stdin.flush()
    answer = worker.stdout.readline()
    if not answer:
        msg = f"generator 2 ended with code {worker.wait()} at {work}"
        raise RuntimeError(msg)
    return Timed(**json.loads(answer))


@cache
def _worker() -> "subprocess.Popen[str]":
    code = os.environ.get("GENERATOR_2", str(_CODE))
    if not os.path.isdir(code):
        msg = f"generator 2 is not unpacked at {code}; 'make bench' does that"
        raise ImportError(msg)
    return subprocess.Popen(
        [sys.executable, FOLDER / "generator_2_worker.py"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": code},
    )
