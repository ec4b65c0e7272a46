"""What docs/injection.md tells a cluster to do is done, with stubs of the queue."""

import os
import re
import subprocess
import sys
import types
from pathlib import Path

import pytest
from test_run import survey  # noqa: F401, a fixture

from skybench.survey.reading import frames_in
from skybench.survey.run import InjectionOptions, gathered, jobs_of

PAGE = (Path(__file__).parents[2] / "docs" / "injection.md").read_text(encoding="utf-8")


def block(language, word):
    blocks = re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return next(text for text in blocks if word in text)


def test_the_first_example_runs():
    names = {}
    exec(block("python", "skybench.inject"), names)
    assert names["made"].image.shape == (1, 400, 400)


def test_a_job_array_shares_the_frames(survey, monkeypatch):  # noqa: F811
    (survey / "skybench").write_text(f'#!/bin/sh\nexec {sys.executable} -m skybench "$@"\n')
    (survey / "skybench").chmod(0o755)
    script = block("bash", "#SBATCH").replace("--count 200", "--count 2 --side 32")
    for task in ("0", "1"):
        queue = {"SLURM_ARRAY_TASK_ID": task, "SLURM_ARRAY_TASK_COUNT": "2"}
        path = {"PATH": f"{survey}:{os.environ['PATH']}"}
        subprocess.run(
            ["bash", "-ec", script], cwd=survey, env=os.environ | queue | path, check=True
        )
    monkeypatch.chdir(survey)
    options = InjectionOptions(catalogue="galaxies.csv", count=2, side=32)
    ds = gathered(jobs_of(frames_in("frames.csv"), options, "parts"), "fakes")
    assert ds.sizes["sample"] == 4


@pytest.mark.filterwarnings("ignore")  # of distributed, when it closes
def test_jobs_of_a_queue_are_workers(survey, monkeypatch):  # noqa: F811
    distributed = pytest.importorskip("distributed")

    class SLURMCluster(distributed.LocalCluster):
        """A queue whose jobs are threads here."""

        def __init__(self, cores, memory, walltime):
            super().__init__(0, processes=False, protocol="tcp://", dashboard_address=None)

        def scale(self, jobs):
            super().scale(min(jobs, 1))

    stub = types.ModuleType("dask_jobqueue")
    stub.SLURMCluster = SLURMCluster
    monkeypatch.setitem(sys.modules, "dask_jobqueue", stub)
    monkeypatch.chdir(survey)
    names = {}
    code = block("python", "SLURMCluster").replace("count=200", "count=2, side=32")
    exec(code, names)
    names["cluster"].close()
    assert names["fakes"].sizes["sample"] == 4
