"""Tasks run in this process, in others or on a dask cluster, and say why when they cannot."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from distributed import LocalCluster

from skybench.errors import ParameterError, StoreError
from skybench.generators.generate import generate_as_stored
from skybench.generators.recipe_file import load_recipe
from skybench.registry.hashing.content_hash import hash_dataset
from skybench.release.building import scheduler
from skybench.release.building.build import build
from skybench.release.building.scheduler import available_cpus, run_tasks

ROOT = Path(__file__).parents[3]


def process_id(_: int) -> int:
    time.sleep(0.2)
    return os.getpid()


def fail_at_three(job: int) -> int:
    if job == 3:
        msg = "cannot write shard 3: disk full"
        raise StoreError(msg)
    return job


def die(job: int) -> int:
    os._exit(job)


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """Two worker threads behind a real socket."""
    with LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=False,
        protocol="tcp",
        dashboard_address="127.0.0.1:0",
    ) as cluster:
        yield cluster.scheduler_address


def test_one_worker_is_this_process():
    results: list[int] = []
    run_tasks(process_id, [1, 2], on_done=results.append)
    assert results == [os.getpid()] * 2


def test_more_workers_are_other_processes():
    results: list[int] = []
    run_tasks(process_id, range(4), workers=2, on_done=results.append)
    assert len(results) == 4
    assert os.getpid() not in results


UNGUARDED = """
import sys
from skybench.release.building.scheduler import run_tasks

print("run")
run_tasks(abs, [1, 2, 3], workers=2, on_done=lambda result: print(result))
print(sys.modules["__main__"].__file__)
"""


def test_a_script_needs_no_guard_and_runs_once(tmp_path):
    script = tmp_path / "unguarded.py"
    script.write_text(UNGUARDED)
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, timeout=120, check=True, cwd=ROOT
    )
    assert sorted(done.stdout.split()) == sorted(["run", "1", "2", "3", str(script)])


def test_threads_are_of_this_process_and_work_at_once():
    results: list[int] = []
    begin = time.perf_counter()
    run_tasks(process_id, range(8), workers=8, threads=True, on_done=results.append)
    assert results == [os.getpid()] * 8
    assert time.perf_counter() - begin < 8 * 0.2


def test_processes_take_over_where_the_first_task_tells_that_it_pays(monkeypatch):
    monkeypatch.setattr(scheduler, "PROCESS_SECONDS", -1.0)
    results: list[int] = []
    run_tasks(process_id, range(6), workers=2, threads=None, on_done=results.append)
    assert results[:2] == [os.getpid()] * 2
    assert len(results) == 6
    assert os.getpid() not in results[2:]


def test_threads_go_on_where_tasks_only_wait():
    results: list[int] = []
    run_tasks(process_id, range(40), workers=20, threads=None, on_done=results.append)
    assert results == [os.getpid()] * 40


@pytest.mark.parametrize(
    ("seconds", "turns", "workers", "pays"),
    [(0.3, 4, 2, False), (1.0, 15, 2, True), (0.3, 4, 16, True), (60.0, 0, 64, False)],
)
def test_more_workers_and_dearer_tasks_repay_processes_sooner(seconds, turns, workers, pays):
    assert scheduler.processes_pay(seconds, turns, workers) is pays


@pytest.mark.parametrize(
    "how",
    [{"workers": 1}, *({"workers": 2, "threads": threads} for threads in (False, True, None))],
)
def test_the_first_error_ends_it(how):
    with pytest.raises(StoreError, match="cannot write shard 3: disk full"):
        run_tasks(fail_at_three, range(50), **how, on_done=lambda _: None)


def test_a_worker_that_dies_is_reported():
    with pytest.raises(StoreError, match=r"a worker process died.*use fewer workers"):
        run_tasks(die, [1, 2], workers=2, on_done=lambda _: None)


def test_a_cluster_builds_the_same_content(cluster, tmp_path):
    recipe = load_recipe("objects").model_copy(update={"samples": 40})
    rows = {"chunk_rows": 4, "shard_rows": 8}
    target = str(tmp_path / "a.zarr")
    result = build(recipe, target, scheduler=cluster, progress=False, **rows)
    assert result.content == hash_dataset(generate_as_stored(recipe))
    assert result.rendered_samples == 40


@contextmanager
def worker_process(**options) -> Iterator[str]:
    """A cluster whose one worker is a process of its own, with its own environment."""
    with LocalCluster(
        n_workers=1,
        threads_per_worker=1,
        processes=True,
        protocol="tcp",
        dashboard_address="127.0.0.1:0",
        silence_logs=50,
        **options,
    ) as cluster:
        yield cluster.scheduler_address


@pytest.fixture(scope="module")
def strangers(s3_server) -> Iterator[str]:
    """A worker that has none of this process's keys of S3."""
    none = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    with worker_process(env={**none, "AWS_EC2_METADATA_DISABLED": "true"}) as address:
        yield address


NO_KEYS = "Unable to locate credentials|no answer from the store"
NO_DISK = "not the folder in which the build was started"


# Memory is to another process what another machine's disk is to it.
@pytest.mark.parametrize(("protocol", "says"), [("s3", NO_KEYS), ("memory", NO_DISK)])
def test_workers_that_cannot_reach_the_target_are_told_at_once(strangers, protocol, says):
    recipe = load_recipe("objects").model_copy(update={"samples": 40})
    target = f"{protocol}://skybench-tests/workers/a.zarr"
    begin = time.perf_counter()
    with pytest.raises(StoreError, match=rf"1 of 1 dask workers .*({says}).*credentials of their"):
        build(recipe, target, scheduler=strangers, progress=False, chunk_rows=4, shard_rows=4)
    # On a busy machine most of it is the time to import what is needed.
    assert time.perf_counter() - begin < 60


def test_a_worker_without_skybench_is_told(tmp_path):
    recipe = load_recipe("objects").model_copy(update={"samples": 40})
    hidden = "import sys; sys.modules['skybench'] = None"
    says = r"1 of 1 dask workers .*skybench.* need .* the same skybench"
    with worker_process(preload=hidden) as address, pytest.raises(StoreError, match=says):
        build(recipe, str(tmp_path / "a.zarr"), scheduler=address, progress=False)


def wait_for_ever(job: int) -> None:
    time.sleep(10 + job)


def test_a_worker_that_waits_for_its_store_is_not_waited_for(cluster, monkeypatch):
    monkeypatch.setattr(scheduler, "_CHECK_SECONDS", 0.2)
    with pytest.raises(StoreError, match=r"2 of 2 dask workers .*no answer from the store within"):
        run_tasks(abs, [1], scheduler=cluster, check=wait_for_ever, on_done=lambda _: None)


def test_a_cluster_passes_errors_on(cluster):
    with pytest.raises(StoreError, match="cannot write shard 3: disk full"):
        run_tasks(fail_at_three, range(10), scheduler=cluster, on_done=lambda _: None)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "localhost",
        "localhost:8786",
        "http://localhost:8786",
        "tcp://",
        "tcp://host",
        "tcp://:1",
        "tcp://host:port",
        "tcp://host:99999",
        "tcp:/host:8786",
        " tcp://host:8786",
    ],
)
def test_what_is_no_address_is_refused_before_anything_is_made(address, tmp_path):
    recipe = load_recipe("objects")
    with pytest.raises(ParameterError, match=r"not the address of a dask scheduler.* tcp://127"):
        build(recipe, str(tmp_path / "a.zarr"), scheduler=address)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("host", ["127.0.0.1", "no-such-host.invalid"])
def test_nothing_at_the_address_is_said_in_seconds(host, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://{host}:{port}"
    recipe = load_recipe("objects").model_copy(update={"samples": 8})
    begin = time.perf_counter()
    with pytest.raises(StoreError, match=f"no dask scheduler answers at {address} within"):
        build(recipe, str(tmp_path / "a.zarr"), scheduler=address, progress=False)
    assert time.perf_counter() - begin < 20
    assert not (tmp_path / "a.zarr").exists()


def test_cpus_are_counted():
    assert 1 <= available_cpus() <= (os.cpu_count() or 1)
