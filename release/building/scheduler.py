"""Where tasks run: in threads, in worker processes, or on a dask cluster."""

# mypy: disable-error-code="no-untyped-call"
# dask and distributed annotate only some of their functions.

import asyncio
import multiprocessing
import os
import re
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from itertools import islice
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from dask.base import compute
from dask.callbacks import Callback
from dask.delayed import delayed

from skybench.errors import ParameterError, StoreError

if TYPE_CHECKING:
    from distributed import Client

Job = TypeVar("Job")

PROCESS_SECONDS = 2.0
"""What a worker process takes to start and to import what it runs."""

_WAITED = 0.2
"""Of a thread's time, that it waits for the interpreter's lock for each thread beside it."""

_ADDRESS = re.compile(
    r"(tcp|tls|ws|wss|ucx)://([^\s/:\[\]]+|\[[0-9A-Fa-f:]+\]):(?P<port>\d{1,5})/?"
)
_SUBMITTED = 2048
"""Tasks that a scheduler knows at a time: with 50,000 at once it thinks for minutes at first."""

_CONNECT_SECONDS = 5
_CHECK_SECONDS = 8


def run_tasks(
    function: Callable[[Job], int],
    jobs: Sequence[Job],
    *,
    workers: int = 1,
    threads: bool | None = False,
    scheduler: str | None = None,
    check: Callable[[Job], None] | None = None,
    on_done: Callable[[int], None],
) -> None:
    """Call ``function(job)`` for each job and ``on_done(result)`` as each one ends.

    Parameters
    ----------
    function
        Importable by name, as other processes must find it.
    jobs
        Picklable.
    workers
        Processes on this machine; 1 runs in this one.
    threads
        Threads of this process instead: they begin at once, where a process needs more than a
        second to import what it runs, but they wait for each other whenever they run Python. None
        begins in threads and goes on in processes if the first task shows that these end sooner.
    scheduler
        Address of a running dask scheduler, used instead of local processes.
    check
        Called with the first job on each worker that a cluster has at the beginning; what it
        raises tells that this worker can do none of the jobs.
    on_done
        Called in this process with the result of each task.

    Raises
    ------
    ParameterError
        `workers` or the form of the address is wrong.
    StoreError
        No scheduler answers at the address, it was lost, a worker process died, or workers of the
        cluster fail the check.
    """
    if scheduler is not None:
        _run_on_cluster(function, jobs, scheduler, check, on_done)
    elif workers == 1 or len(jobs) < 2:
        for job in jobs:
            on_done(function(job))
    elif threads is False:
        _run_in_processes(function, jobs, workers, on_done)
    else:
        rest = _run_in_threads(function, jobs, workers, on_done, moving=threads is None)
        if rest:
            _run_in_processes(function, rest, workers, on_done)


def check_workers(workers: int | None) -> None:
    """Refuse a number of worker processes below 1."""
    if workers is not None and workers < 1:
        msg = f"workers must be at least 1, got {workers}"
        raise ParameterError(msg)


def check_address(scheduler: str | None) -> None:
    """Refuse what cannot be the address of a dask scheduler."""
    match = None if scheduler is None else _ADDRESS.fullmatch(scheduler)
    if scheduler is not None and (match is None or int(match["port"]) not in range(1, 65536)):
        msg = (
            f"{scheduler!r} is not the address of a dask scheduler; expected one like "
            "tcp://127.0.0.1:8786, as 'dask scheduler' prints it"
        )
        raise ParameterError(msg)


def available_cpus() -> int:
    """Return the processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _run_in_threads(
    function: Callable[[Job], int],
    jobs: Sequence[Job],
    workers: int,
    on_done: Callable[[int], None],
    *,
    moving: bool,
) -> Sequence[Job]:
    """Run in threads; where `moving`, return what processes end sooner, as the first task tells."""
    pool = ThreadPoolExecutor(min(workers, len(jobs)))
    try:
        begun = {pool.submit(_timed, function, job) for job in jobs[:workers]}
        rest = jobs[workers:]
        first = next(as_completed(begun)).result()
        if not (moving and processes_pay(first.seconds, len(rest) / workers, workers)):
            begun |= {pool.submit(_timed, function, job) for job in rest}
            rest = []
        for future in as_completed(begun):
            on_done(future.result().result)
    finally:
        pool.shutdown(cancel_futures=True)
    return rest


class Cost(NamedTuple):
    """What a task returned, and the seconds of a processor that it took."""

    result: int
    seconds: float


def _timed(function: Callable[[Job], int], job: Job) -> Cost:
    begin = time.thread_time()
    result = function(job)
    return Cost(result, time.thread_time() - begin)


def processes_pay(seconds: float, turns: float, workers: int) -> bool:
    """Return whether processes end sooner than threads.

    Each of the other threads keeps one waiting for a share of its work, and a process waits for
    none; but all have to start. The clock is not asked: it counts what the machine does for others.

    Parameters
    ----------
    seconds : float
        Of a processor, that a task takes.
    turns : float
        Tasks yet to do, a worker.
    workers : int
    """
    return turns * seconds * _WAITED * (workers - 1) > PROCESS_SECONDS


def _run_in_processes(
    function: Callable[[Job], int],
    jobs: Sequence[Job],
    workers: int,
    on_done: Callable[[int], None],
) -> None:
    tasks = [delayed(function, pure=False)(job) for job in jobs]
    pool = ProcessPoolExecutor(
        min(workers, len(jobs)),
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_end_with_parent,
    )
    try:
        with _main_left_alone(), Callback(posttask=lambda key, result, *_: on_done(result)):
            compute(*tasks, scheduler="processes", pool=pool, chunksize=1)
    except BrokenProcessPool as error:
        msg = (
            "a worker process died, which is what a lack of memory does; use fewer workers. What "
            "was finished is kept: run the same command again to go on from there."
        )
        raise StoreError(msg) from error
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _main_left_alone() -> "Iterator[None]":
    """Let workers not run the user's script again, which may lack ``if __name__ == "__main__"``.

    They import what they do by its name, and need nothing of the script.
    """
    main = vars(sys.modules["__main__"])
    known = {name: value for name, value in main.items() if name in ("__spec__", "__file__")}
    main.update(dict.fromkeys(known))
    try:
        yield
    finally:
        main.update(known)


def _end_with_parent() -> None:
    """Drop the shard when interrupted, and do not outlive a parent that is killed."""
    signal.signal(signal.SIGINT, lambda *_: sys.exit(130))
    threading.Thread(target=_exit_after_parent, daemon=True).start()


def _exit_after_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _run_on_cluster(
    function: Callable[[Job], int],
    jobs: Sequence[Job],
    scheduler: str,
    check: Callable[[Job], None] | None,
    on_done: Callable[[int], None],
) -> None:
    from distributed import CancelledError, KilledWorker
    from distributed import as_completed as completed
    from distributed.comm.core import CommClosedError

    with _connected(scheduler) as client:
        if check is not None and jobs:
            _check_workers(client, check, jobs[0])
        waiting = iter(jobs)
        futures = set(client.map(function, [*islice(waiting, _SUBMITTED)], pure=False))
        queue = completed(futures, loop=client.loop)
        try:
            for future in queue:
                on_done(future.result())
                futures.remove(future)  # which the scheduler then forgets, too
                if len(futures) <= _SUBMITTED // 2 and (
                    some := [*islice(waiting, _SUBMITTED // 2)]
                ):
                    more = client.map(function, some, pure=False)
                    futures.update(more)
                    queue.update(more)
        except KilledWorker as error:
            msg = f"workers of {scheduler} died again and again at one task: {error}"
            raise StoreError(msg) from error
        except (CancelledError, CommClosedError) as error:
            # Which of the two depends on where in a conversation the scheduler went away.
            msg = (
                f"the dask scheduler at {scheduler} was lost, or it cancelled the work. What was "
                "finished is kept: run the same command again, there or on another scheduler, to "
                "go on from there."
            )
            raise StoreError(msg) from error
        finally:
            with suppress(CommClosedError):
                client.cancel([*futures])


def _check_workers(client: "Client", check: Callable[[Job], None], job: Job) -> None:
    """Refuse workers that cannot do a job, before they all fail at it, or wait for credentials."""
    said = client.run(_checked, check, job, on_error="return")
    if not said:
        where = client.scheduler_info()["address"]
        warnings.warn(f"the dask scheduler at {where} has no workers yet; waiting", stacklevel=6)
    failed = {address: answer for address, answer in said.items() if answer is not None}
    for address, reason in failed.items():
        msg = (
            f"{len(failed)} of {len(said)} dask workers cannot do this work; the one at {address} "
            f"says: {str(reason).rstrip('.') or type(reason).__name__}. Workers need what this "
            "process has: the same skybench, the same folder or bucket, and credentials of their "
            "own, from their environment, their machine's role or FSSPEC_* options "
            "(docs/hosting.md)"
        )
        raise StoreError(msg)


async def _checked(check: Callable[[Job], None], job: Job) -> Exception | None:
    """Return what a check raises on a worker, which it may not keep waiting."""
    try:
        await asyncio.wait_for(asyncio.to_thread(check, job), _CHECK_SECONDS)
    except TimeoutError:
        msg = f"no answer from the store within {_CHECK_SECONDS} s"
        return StoreError(msg)
    except Exception as error:
        return StoreError(str(error) or repr(error))
    return None


@contextmanager
def _connected(scheduler: str) -> "Iterator[Client]":
    from distributed import Client

    check_address(scheduler)
    try:
        client = Client(scheduler, timeout=_CONNECT_SECONDS, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        msg = (
            f"no dask scheduler answers at {scheduler} within {_CONNECT_SECONDS} s "
            f"({str(error) or type(error).__name__}); start one with 'dask scheduler', "
            "check the address, or leave the scheduler out to build on this machine"
        )
        raise StoreError(msg) from error
    with client:
        yield client
