"""Networks are trained from the command line, also by the script that is written for SLURM."""

import os
import subprocess
import sys

import pytest
from typer.testing import CliRunner

import skybench
from skybench.cli import app
from skybench.errors import ParameterError

PROTOCOL = "optimizer: sgd\nlearning_rate: 0.05\nweight_decay: 0\nepochs: 1\nseeds_needed: 1\n"

STUB = '#!/bin/sh\nprintf "%s\\n" "$(basename "$0")" "$@" >> "$CALLED"\n'


@pytest.fixture
def made(tmp_path):
    skybench.generate("objects", 0, 60).to_zarr(tmp_path / "mine.zarr", consolidated=False)
    (tmp_path / "mine.yaml").write_text(PROTOCOL, encoding="utf-8")
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(app, ["train", *map(str, arguments)])


def test_train_writes_a_record_and_a_page(made):
    out = made / "run"
    options = ("--network", "lenet5", "--protocol", made / "mine.yaml", "--out", out, "--report")
    result = run(made / "mine.zarr", *options)
    assert result.exit_code == 0, result.output
    assert "epoch 1/1" in result.output
    assert "lenet5-mine: accuracy" in result.output
    assert (out / "lenet5-mine.json").is_file()
    assert "<html" in (out / "lenet5-mine-report" / "index.html").read_text(encoding="utf-8")


def test_nodes_go_with_slurm(made):
    result = run(made / "mine.zarr", "--out", made / "run", "--nodes", 2)
    assert isinstance(result.exception, ParameterError)


def test_the_script_for_slurm_runs_the_command_on_each_machine(tmp_path):
    script, called = tmp_path / "job.sh", tmp_path / "called"
    options = ["sky@1", "--network", "resnet50", "--out", "a run", "--devices", "4"]
    written = ["--slurm", str(script), "--nodes", "2"]
    command = [sys.executable, "-m", "skybench", "train", *options, *written]
    subprocess.run(command, check=True, capture_output=True)
    for name, text in {"srun": STUB, "scontrol": "#!/bin/sh\necho node7\necho node8\n"}.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    given = {"SLURM_JOB_NODELIST": "node[7-8]", "SLURM_JOB_ID": "42", "CALLED": str(called)}
    path = {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run(["bash", str(script)], env=os.environ | given | path, check=True)
    words = called.read_text().splitlines()
    assert words[:2] == ["srun", "torchrun"]
    assert {"--nnodes=2", "--nproc-per-node=4", "--rdzv-endpoint=node7:29500"} <= set(words)
    assert words[words.index("-m") :] == ["-m", "skybench", "train", *options]
