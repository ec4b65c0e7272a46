"""Generator 2, the last before the engine was compiled, as a peer: a process that times itself."""

import os
import sys
from functools import cache

from harness.peer import Worker, asked, start_worker
from harness.rows import FOLDER, Timed

_CODE = FOLDER.parent.parent / ".compat" / "generator-2"


def generator_2(kind: str, sources: dict[str, list[float]], side: int) -> Timed:
    """Draw sky objects of a kind there, one an image; return how many and the seconds.

    Raises
    ------
    ImportError
        Its code is not unpacked.
    """
    return asked(_worker(), "generator 2", {"kind": kind, "sources": sources, "side": side})


def generator_2_recipe(recipe: str, items: int) -> Timed:
    """Make samples of a packaged recipe there, as they are stored.

    Raises
    ------
    ImportError
        Its code is not unpacked.
    """
    return asked(_worker(), "generator 2", {"recipe": recipe, "items": items})


@cache
def _worker() -> Worker:
    code = os.environ.get("GENERATOR_2", str(_CODE))
    if not os.path.isdir(code):
        msg = f"generator 2 is not unpacked at {code}; 'make bench' does that"
        raise ImportError(msg)
    environment = os.environ | {"PYTHONPATH": code}
    return start_worker([sys.executable, FOLDER / "generator_2_worker.py"], env=environment)
