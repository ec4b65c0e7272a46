"""Peers that run elsewhere: a process that is asked for work, a line each, and times itself."""

import json
import subprocess
from typing import Any

from harness.rows import Timed

Worker = subprocess.Popen[str]


def start_worker(command: list[Any], **options: Any) -> Worker:
    """Start a process that reads work from its input and answers on its output."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    return subprocess.Popen(command, text=True, **pipes, **options)


def asked(worker: Worker, name: str, work: dict[str, Any]) -> Timed:
    """Return what a worker did of some work, and its seconds.

    Raises
    ------
    RuntimeError
        It ended instead.
    """
    worker.stdin.write(json.dumps(work) + "\n")
    worker.stdin.flush()
    answer = worker.stdout.readline()
    if not answer:
        msg = f"{name} ended with code {worker.wait()} at {work}"
        raise RuntimeError(msg)
    return Timed(**json.loads(answer))
