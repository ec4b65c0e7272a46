"""Training is resumed after a kill as if nothing had happened, and chooses on validation."""

import dataclasses
import json
import math
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from skybench.errors import ParameterError
from skybench.learning.epoch_journal import EpochJournal
from skybench.learning.execution import Execution
from skybench.learning.labelled import TEST, TRAIN, VALIDATION, Labelled
from skybench.learning.layers import Layers
from skybench.learning.model import build_model, load_model
from skybench.learning.networks.lenet5 import LENET5
from skybench.learning.networks.network import Network
from skybench.learning.networks.resnet50 import RESNET50
from skybench.learning.operation_profile import OPERATIONS, TRACE
from skybench.learning.protocols import ALL_BUT_HEAD, PROTOCOLS, Augmentation, Freeze
from skybench.learning.sample_form import SampleForm
from skybench.learning.stretch import Stretch
from skybench.learning.training import fit, predict, run_digest, stretch_of
from skybench.learning.weights_file import read_weights

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


def tiny(*, multilabel: bool = False, side: int = 28) -> Labelled:
    rng = np.random.default_rng(5)
    targets = np.arange(14, dtype=np.int8) % 2
    images = rng.normal(0, 20, (14, side, side)) + 400.0 * targets[:, None, None]
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


FINE = TINY.model_copy(
    update={"epochs": 3, "augmentations": (Augmentation(kind="noise", amount=1),)}
)

KILLED_WITHIN = """
import os, signal, sys
from tests_of_training import FINE, dropping, tiny
from skybench.learning.epoch_journal import EpochJournal
from skybench.learning.execution import Execution
from skybench.learning.training import fit

kept = []
keep = EpochJournal._keep

def keep_and_die(self, trainer):
    keep(self, trainer)
    kept.append(trainer.global_step)
    if len(kept) == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)

EpochJournal._keep = keep_and_die
fit(dropping(), tiny(), FINE, seed=3, folder=sys.argv[1], execution=Execution(checkpoint_seconds=0))
"""


def dropping() -> Network:
    """A network that draws in training."""

    def build(form: SampleForm, outputs: int) -> torch.nn.Module:
        size = form.planes * math.prod(form.extent)
        layers = (torch.nn.Flatten(), torch.nn.Dropout(0.5), torch.nn.Linear(size, outputs))
        return torch.nn.Sequential(*layers)

    return Network(
        name="dropping",
        title="Dropping",
        model="dropout",
        reference="none",
        takes=("images",),
        build=build,
        head="2",
    )


def killed(folder: Path, checkpoints: int) -> None:
    """Train until so many checkpoints are written, and no further."""
    script = KILLED_WITHIN.replace("tests_of_training", Path(__file__).stem)
    paths = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    ended = subprocess.run(
        [sys.executable, "-c", script, str(folder), str(checkpoints)],
        env=os.environ | {"PYTHONPATH": paths},
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL


def interrupted(folder: Path, checkpoints: int) -> None:
    """Do the same by an exception, which is faster."""
    kept = []
    with pytest.MonkeyPatch.context() as patch:
        keep = EpochJournal._keep

        def keep_and_stop(self: EpochJournal, trainer: object) -> None:
            keep(self, trainer)
            kept.append(trainer)
            if len(kept) == checkpoints:
                raise Interrupted

        patch.setattr(EpochJournal, "_keep", keep_and_stop)
        how = Execution(checkpoint_seconds=0)
        with pytest.raises(Interrupted):
            fit(dropping(), tiny(), FINE, seed=3, folder=folder, execution=how)


# Epochs have two batches: the third checkpoint is in the middle of the second, the fourth at its
# end, and the first comes before any epoch is whole.
@pytest.mark.parametrize(
    ("stop", "checkpoints"), [(interrupted, 1), (killed, 3), (interrupted, 3), (interrupted, 4)]
)
def test_a_run_killed_within_an_epoch_ends_as_the_uninterrupted_one(
    tmp_path: Path, stop: Callable[[Path, int], None], checkpoints: int
) -> None:
    stop(tmp_path / "killed", checkpoints)
    resumed = fit(dropping(), tiny(), FINE, seed=3, folder=tmp_path / "killed")
    expected = fit(dropping(), tiny(), FINE, seed=3, folder=tmp_path / "whole")
    assert resumed.weights.read_bytes() == expected.weights.read_bytes()
    np.testing.assert_array_equal(resumed.test_answers, expected.test_answers)
    told = ["epoch", "learning_rate", "train_loss"]
    pd.testing.assert_frame_equal(resumed.curve[told], expected.curve[told])
    assert resumed.curve.index.tolist() == [1, 2, 3, 4, 5, 6]
    assert resumed.curve["seconds"].is_monotonic_increasing
    assert [epoch.iterations for epoch in resumed.history] == [2, 4, 6]


def test_a_run_begins_with_the_weights_that_it_is_given(tmp_path: Path) -> None:
    data = tiny()
    first = fit(LENET5, data, TINY, seed=3, folder=tmp_path)
    still = TINY.model_copy(update={"epochs": 1, "freeze": Freeze(layers=ALL_BUT_HEAD)})
    given = read_weights(first.weights)
    tuned = fit(LENET5, data, still, seed=4, folder=tmp_path, start=given)
    after = read_weights(tuned.weights).tensors
    same = {name for name in after if torch.equal(after[name], given.tensors[name])}
    assert LENET5.head is not None
    assert same == {name for name in after if not name.startswith(f"{LENET5.head}.")}
    digests = {run_digest(LENET5, data, still, 4, start) for start in (None, given)}
    assert len(digests) == 2


def test_normalisations_of_frozen_layers_keep_what_they_remember(tmp_path: Path) -> None:
    freeze = Freeze(layers=ALL_BUT_HEAD, epochs=1)
    protocol = TINY.model_copy(update={"freeze": freeze, "batch_size": 8})
    model = build_model(RESNET50, tiny().form, 2, stretch=stretch_of(tiny()), seed=0)
    layers = Layers(model.network, protocol, RESNET50.head)
    model.train()
    layers.prepare(0)
    assert not model.network.layer1[0].bn1.training
    assert [n for n, p in model.network.named_parameters() if p.requires_grad] == [
        "fc.weight",
        "fc.bias",
    ]
    layers.prepare(1)
    assert model.network.layer1[0].bn1.training
    assert all(p.requires_grad for p in model.parameters())


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        (("layer9",), "no layer 'layer9'; its layers are conv1, bn1"),
        (
            ("conv1", "bn1", "layer1", "layer2", "layer3", "layer4", "fc"),
            "nothing is left to train",
        ),
    ],
)
def test_layers_that_cannot_be_frozen_are_named(layers: tuple[str, ...], message: str) -> None:
    protocol = TINY.model_copy(update={"freeze": Freeze(layers=layers)})
    model = build_model(RESNET50, tiny().form, 2, stretch=stretch_of(tiny()), seed=0)
    with pytest.raises(ParameterError, match=message):
        Layers(model.network, protocol, "fc")


def test_rates_decay_from_the_head_inwards() -> None:
    protocol = TINY.model_copy(update={"layer_decay": 0.5, "learning_rate": 0.8})
    model = build_model(LENET5, tiny().form, 2, stretch=stretch_of(tiny()), seed=0)
    groups = Layers(model.network, protocol, LENET5.head).groups()
    assert [group["lr"] for group in groups] == [0.8, 0.4, 0.2, 0.1, 0.05]
    assert groups[0]["params"][0] is model.network[-1].weight


def test_loggers_and_profile_lie_in_the_folder_of_the_run(tmp_path: Path) -> None:
    how = Execution(loggers=("csv", "tensorboard"), profile=True, progress=True)
    one = TINY.model_copy(update={"epochs": 2})
    done = fit(LENET5, tiny(), one, seed=0, folder=tmp_path, execution=how)
    run = done.weights.parent
    table = pd.read_csv(run / "csv" / "metrics.csv")
    losses = table.dropna(subset="train_loss")
    np.testing.assert_allclose(losses["train_loss"], done.curve["train_loss"], rtol=1e-5)
    assert table["validation_score"].dropna().tolist() == [e.validation_score for e in done.history]
    assert list((run / "tensorboard").glob("events.*"))
    assert json.loads((run / TRACE).read_text())["traceEvents"]
    operations = (run / OPERATIONS).read_text().splitlines()
    assert any("conv" in line for line in operations)


def test_a_logger_that_is_not_there_is_named() -> None:
    with pytest.raises(ParameterError, match="did you mean 'tensorboard'"):
        Execution(loggers=("tensorbord",))


def test_two_processes_come_to_what_one_does(tmp_path: Path) -> None:
    """Sums are made in another order, so losses differ by rounding of float32 and no more.

    Images of 16 pixels are trained in float32 on every processor.
    """
    script = TOGETHER.replace("tests_of_training", Path(__file__).stem)
    paths = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    (tmp_path / "together.py").write_text(script)
    command = ["torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    subprocess.run(
        [sys.executable, "-m", *command, str(tmp_path / "together.py"), str(tmp_path / "two")],
        env=os.environ | {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
        check=True,
    )
    one = fit(LENET5, tiny(side=16), ALIKE, seed=3, folder=tmp_path / "one")
    two = fit(LENET5, tiny(side=16), ALIKE, seed=3, folder=tmp_path / "two")
    assert len((two.weights.parent / "log.txt").read_text().splitlines()) == ALIKE.epochs
    np.testing.assert_allclose(
        two.curve["train_loss"], one.curve["train_loss"], rtol=1e-4, atol=1e-6
    )
    np.testing.assert_allclose(two.test_answers, one.test_answers, atol=1e-4)


ALIKE = TINY.model_copy(
    update={"learning_rate": 0.01, "augmentations": (Augmentation(kind="shift", amount=2),)}
)

TOGETHER = """
import sys
from tests_of_training import ALIKE, tiny
from skybench.learning.execution import Execution
from skybench.learning.networks.lenet5 import LENET5
from skybench.learning.training import fit

fit(LENET5, tiny(side=16), ALIKE, seed=3, folder=sys.argv[1], execution=Execution(devices=2))
"""


def test_a_batch_that_cannot_be_shared_out_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="batch_size 4 cannot be shared out to 3 processes"):
        fit(LENET5, tiny(), TINY, seed=0, folder=tmp_path, execution=Execution(devices=3))
