"""A dask cluster that loses a worker or its scheduler: the build completes or resumes."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import pytest
from distributed import LocalCluster

from skybench.errors import StoreError
from skybench.generators.generate import generate_as_stored
from skybench.generators.recipe_file import load_recipe
from skybench.registry.hashing.content_hash import hash_dataset
from skybench.release.building.build import build

RECIPE = load_recipe("photometry").model_copy(update={"samples": 3000})
SHARDS = {"chunk_rows": 30, "shard_rows": 30}


@pytest.fixture(scope="module")
def content():
    """The content hash of the recipe, made in this process."""
    return hash_dataset(generate_as_stored(RECIPE))


@contextmanager
def cluster_of(workers, **options):
    with LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        processes=True,
        protocol="tcp",
        dashboard_address=None,
        silence_logs=50,
        **options,
    ) as cluster:
        yield cluster


def started(target):
    """Wait for the first shards of a build; return how many there are."""
    folder = target.with_name(f"{target.name}.building") / "progress"
    until = time.monotonic() + 60
    while not folder.is_dir() or len(list(folder.iterdir())) < 3:
        assert time.monotonic() < until, list(target.parent.rglob("*"))[:20]
        time.sleep(0.01)
    return len(list(folder.iterdir()))


@pytest.mark.soak
def test_a_worker_killed_in_mid_build_costs_nothing(fault, content, tmp_path):
    target = tmp_path / "a.zarr"
    seen = []
    with cluster_of(2) as cluster:

        def kill():
            seen.append(started(target))
            os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)

        killer = threading.Thread(target=kill)
        killer.start()
        made = build(
            RECIPE, str(target), scheduler=cluster.scheduler_address, progress=False, **SHARDS
        )
        killer.join()
    with fault("dask worker killed in a build") as row:
        row.add("" if made.content == content else "another hash", lost=made.content != content)
    print(f"worker killed after {seen[0]} of 100 shards: the same hash")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def process_of(module, *arguments):
    """Run a part of dask on its own; it is killed at the end."""
    command = [sys.executable, "-m", f"distributed.cli.{module}", *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def dask_on(port):
    """Run a scheduler and a worker; give the scheduler's process."""
    address = f"tcp://127.0.0.1:{port}"
    where = ("--host", "127.0.0.1", "--port", port, "--no-dashboard")
    alone = (address, "--no-nanny", "--nthreads", 1, "--no-dashboard", "--death-timeout", 20)
    with process_of("dask_scheduler", *where) as scheduler, process_of("dask_worker", *alone):
        until = time.monotonic() + 60
        while not answers(port):
            assert time.monotonic() < until
            time.sleep(0.05)
        yield scheduler


@pytest.mark.soak
def test_a_scheduler_that_dies_is_said_and_another_goes_on(fault, content, tmp_path):
    target, port = tmp_path / "a.zarr", free_port()
    address = f"tcp://127.0.0.1:{port}"
    with dask_on(port) as scheduler:

        def kill():
            started(target)
            scheduler.kill()

        killer = threading.Thread(target=kill)
        killer.start()
        begin = time.monotonic()
        with pytest.raises(StoreError, match=r"scheduler at .* was lost.*run the same command"):
            build(RECIPE, str(target), scheduler=address, progress=False, **SHARDS)
        assert time.monotonic() - begin < 40
        killer.join()
    assert not target.exists()
    with dask_on(port):
        made = build(RECIPE, str(target), scheduler=address, progress=False, **SHARDS)
    with fault("dask scheduler lost in a build") as row:
        row.add("" if made.content == content else "another hash", lost=made.content != content)
    assert 0 < made.rendered_samples < RECIPE.samples
    kept = RECIPE.samples - made.rendered_samples
    print(f"scheduler killed: {kept} of {RECIPE.samples} samples kept, the same hash")
