"""Training is resumed after a kill as if nothing had happened, and chooses on validation."""

import dataclasses
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from skybench.learning.labelled import TEST, TRAIN, VALIDATION, Labelled
from skybench.learning.model import build_model, load_model
from skybench.learning.networks.resnet50 import RESNET50
from skybench.learning.protocols import PROTOCOLS
from skybench.learning.stretch import Stretch
from skybench.learning.training import fit, predict, run_digest

TINY = PROTOCOLS["default"].model_copy(update={"epochs": 2, "batch_size": 4})

KILLED = """
import os, signal, sys
from tests_of_training import TINY, tiny
from skybench.learning.networks.resnet50 import RESNET50
from skybench.learning.training import fit

def kill(line):
    os.kill(os.getpid(), signal.SIGKILL)

fit(RESNET50, tiny(), TINY, seed=3, folder=sys.argv[1], report=kill)
"""


class Interrupted(Exception):
    """Stands for a kill."""


def tiny(*, multilabel: bool = False) -> Labelled:
    rng = np.random.default_rng(5)
    targets = np.arange(14, dtype=np.int8) % 2
    images = rng.normal(0, 20, (14, 28, 28)) + 400.0 * targets[:, None, None]
    split = np.repeat(np.array([TRAIN, VALIDATION, TEST], np.int8), [8, 3, 3])
    chosen = np.stack([targets, 1 - targets], axis=1) if multilabel else targets
    task = "multilabel" if multilabel else "classification"
    return Labelled(images.astype(np.int32), chosen, split, 2, task)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    fit(RESNET50, tiny(), TINY, seed=3, folder=folder)
    return folder


@pytest.mark.soak
def test_a_run_killed_after_an_epoch_ends_as_the_uninterrupted_one(
    whole: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "killed"
    script = KILLED.replace("tests_of_training", Path(__file__).stem)
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])
    }
    ended = subprocess.run(
        [sys.executable, "-c", script, str(folder)], env=environment, check=False
    )
    assert ended.returncode == -signal.SIGKILL
    (run,) = folder.iterdir()
    assert sorted(path.name for path in run.iterdir()) == [
        "best.safetensors",
        "last.ckpt",
        "log.txt",
    ]

    lines: list[str] = []
    resumed = fit(RESNET50, tiny(), TINY, seed=3, folder=folder, report=lines.append)
    expected = fit(RESNET50, tiny(), TINY, seed=3, folder=whole)
    assert [line[:9] for line in lines] == ["epoch 2/2"]
    assert [e.train_loss for e in resumed.history] == [e.train_loss for e in expected.history]
    assert resumed.weights.read_bytes() == expected.weights.read_bytes()
    np.testing.assert_array_equal(resumed.test_answers, expected.test_answers)


def test_what_a_power_loss_emptied_is_made_again(whole: Path, tmp_path: Path) -> None:
    (run,) = shutil.copytree(whole, tmp_path / "lost").iterdir()
    (run / "fit.json").write_bytes(b"")
    (run / "last.ckpt").write_bytes(bytes(1000))
    again = fit(RESNET50, tiny(), TINY, seed=3, folder=run.parent)
    expected = fit(RESNET50, tiny(), TINY, seed=3, folder=whole)
    assert again.weights.read_bytes() == expected.weights.read_bytes()
    np.testing.assert_array_equal(again.test_answers, expected.test_answers)


def test_a_finished_run_is_not_trained_again_and_no_checkpoint_is_left(whole: Path) -> None:
    lines: list[str] = []
    again = fit(RESNET50, tiny(), TINY, seed=3, folder=whole, report=lines.append)
    assert lines == []
    assert [path.name for path in again.weights.parent.iterdir() if path.suffix == ".ckpt"] == []
    assert len((again.weights.parent / "log.txt").read_text().splitlines()) == TINY.epochs


def test_best_epoch_is_the_best_on_validation(whole: Path) -> None:
    done = fit(RESNET50, tiny(), TINY, seed=3, folder=whole)
    assert done.best.validation_score == max(e.validation_score for e in done.history)
    assert done.best in done.history


def test_weights_alone_give_the_test_answers(whole: Path) -> None:
    data = tiny()
    done = fit(RESNET50, data, TINY, seed=3, folder=whole)
    again = predict(load_model(done.weights, RESNET50, data.form, 2), data, data.rows(TEST))
    np.testing.assert_array_equal(again, done.test_answers)
    np.testing.assert_allclose(again.sum(axis=1), 1, atol=1e-6)


def test_another_network_data_protocol_or_seed_is_another_run() -> None:
    data = tiny()
    changed = Labelled(data.images + 1, data.truth, data.split, data.outputs)
    longer = TINY.model_copy(update={"epochs": 3})
    other = dataclasses.replace(RESNET50, model="another")
    runs = [(data, TINY, 0), (changed, TINY, 0), (data, longer, 0), (data, TINY, 1)]
    digests = {run_digest(network, *run) for network in (RESNET50, other) for run in runs}
    assert len(digests) == 2 * len(runs)


def test_training_leaves_no_global_state_and_prints_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(11)
    before = torch.get_rng_state()
    one = TINY.model_copy(update={"epochs": 1})
    done = fit(RESNET50, tiny(multilabel=True), one, seed=0, folder=tmp_path / "work")
    assert done.test_answers.shape == (3, 2)
    assert torch.equal(torch.get_rng_state(), before)
    assert capfd.readouterr() == ("", "")
    assert [path.name for path in tmp_path.iterdir()] == ["work"]


@pytest.mark.parametrize("how", [Interrupted, KeyboardInterrupt])
def test_a_run_killed_after_its_last_epoch_is_only_finished(
    tmp_path: Path, how: type[BaseException]
) -> None:
    one = TINY.model_copy(update={"epochs": 1})
    handler = signal.getsignal(signal.SIGINT)

    def interrupt(line: str) -> None:
        raise how

    with pytest.raises(how):
        fit(RESNET50, tiny(), one, seed=0, folder=tmp_path, report=interrupt)
    assert signal.getsignal(signal.SIGINT) is handler
    lines: list[str] = []
    done = fit(RESNET50, tiny(), one, seed=0, folder=tmp_path, report=lines.append)
    assert lines == []
    assert [epoch.epoch for epoch in done.history] == [1]


def test_a_network_that_diverged_is_undecided() -> None:
    data = tiny()
    plain = Stretch(scale=1, mean=0, deviation=1)
    model = build_model(RESNET50, data.form, 2, stretch=plain, seed=0)
    torch.nn.init.constant_(model.network.fc.weight, float("nan"))
    assert predict(model, data, np.array([0, 1])).tolist() == [[0.5, 0.5]] * 2
