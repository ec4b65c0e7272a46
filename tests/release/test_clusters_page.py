"""What docs/clusters.md tells a cluster to do is done, with stubs of the queue and of S3."""

import os
import re
import subprocess
import sys
import types
from pathlib import Path

import pytest
from distributed import LocalCluster

import skybench
from skybench.generators.starting_recipe import starting_recipe

PAGE = (Path(__file__).parents[2] / "docs" / "clusters.md").read_text(encoding="utf-8")
SAMPLES = 12


def block(language, word):
    blocks = re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return next(text for text in blocks if word in text)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with mine.yaml, in which one works."""
    text = re.sub(r"^samples: .*", f"samples: {SAMPLES}", starting_recipe("mine"), flags=re.M)
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put_on_path(folder, name, words):
    script = folder / "bin" / name
    script.parent.mkdir(exist_ok=True)
    script.write_text(f'#!/bin/sh\nexec {words} "$@"\n', encoding="utf-8")
    script.chmod(0o755)


def rows_of(store):
    return skybench.open(str(store)).sizes["sample"]


def test_a_job_of_slurm_brings_its_scheduler_and_workers(folder):
    commands = {
        "srun": "env",
        "dask": f"{sys.executable} -m dask",
        "python": sys.executable,
        "skybench": f"{sys.executable} -m skybench",
    }
    for name, words in commands.items():
        put_on_path(folder, name, words)
    queue = {"SLURM_JOB_ID": "7", "PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}
    script = block("bash", "#SBATCH")
    done = subprocess.run(
        ["bash", "-ec", script], env=os.environ | queue, capture_output=True, text=True, timeout=120
    )
    assert (folder / "mine.zarr").is_dir(), done.stderr
    assert rows_of(folder / "mine.zarr") == SAMPLES


@pytest.mark.filterwarnings("ignore")  # of distributed, when it closes
def test_jobs_of_a_queue_are_workers(folder, monkeypatch):
    class SLURMCluster(LocalCluster):
        """A queue whose jobs are threads here."""

        def __init__(self, cores, memory, walltime):
            super().__init__(0, processes=False, protocol="tcp://", dashboard_address=None)

        def scale(self, jobs):
            super().scale(min(jobs, 1))

    stub = types.ModuleType("dask_jobqueue")
    stub.SLURMCluster = SLURMCluster
    monkeypatch.setitem(sys.modules, "dask_jobqueue", stub)
    names = {}
    exec(block("python", "SLURMCluster"), names)
    names["cluster"].close()
    assert rows_of(folder / "mine.zarr") == SAMPLES


def test_workers_of_dask_write_a_release_into_a_bucket(folder, s3_server):
    code = block("python", "LocalCluster").replace("s3://bucket", "s3://skybench-tests/clusters")
    options = "n_workers=1, dashboard_address=None, "
    names = {}
    exec(code.replace("n_workers=2, ", options), names)
    assert "mine 0.1 is published with content" in str(names["released"])
    store = "s3://skybench-tests/clusters/skybench"
    assert skybench.verify("mine@0.1", store=store, full=True).ok
