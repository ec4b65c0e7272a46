"""Training is resumed after a kill as if nothing had happened, and chooses on validation."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from skybench.release.protocols import PROTOCOLS, Protocol
from skybench.release.resnet import Stretch, build_model, parameter_count
from skybench.release.training import (
    TEST,
    TRAIN,
    VALIDATION,
    Labelled,
    classification_loss,
    dihedral,
    exact_match,
    fit,
    load_model,
    position_generator,
    predict,
    rate_factor,
    run_digest,
    shuffled,
)

TINY = PROTOCOLS["default"].model_copy(update={"epochs": 2, "batch_size": 4})

KILLED = """
import os, signal, sys
from tests_of_training import TINY, tiny
from skybench.release.training import fit

def kill(line):
    os.kill(os.getpid(), signal.SIGKILL)

fit(tiny(), TINY, seed=3, folder=sys.argv[1], report=kill)
"""


def tiny(*, multilabel: bool = False) -> Labelled:
    rng = np.random.default_rng(5)
    targets = np.arange(14, dtype=np.int8) % 2
    images = rng.normal(0, 20, (14, 28, 28)) + 400.0 * targets[:, None, None]
    split = np.repeat(np.array([TRAIN, VALIDATION, TEST], np.int8), [8, 3, 3])
    chosen = np.stack([targets, 1 - targets], axis=1) if multilabel else targets
    return Labelled(images.astype(np.int32), chosen, split, 2)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    fit(tiny(), TINY, seed=3, folder=folder)
    return folder


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
    resumed = fit(tiny(), TINY, seed=3, folder=folder, report=lines.append)
    expected = fit(tiny(), TINY, seed=3, folder=whole)
    assert [line[:9] for line in lines] == ["epoch 2/2"]
    assert [e.train_loss for e in resumed.history] == [e.train_loss for e in expected.history]
    assert resumed.weights.read_bytes() == expected.weights.read_bytes()
    np.testing.assert_array_equal(resumed.test_probabilities, expected.test_probabilities)


def test_a_finished_run_is_not_trained_again_and_no_checkpoint_is_left(whole: Path) -> None:
    lines: list[str] = []
    again = fit(tiny(), TINY, seed=3, folder=whole, report=lines.append)
    assert lines == []
    assert [path.name for path in again.weights.parent.iterdir() if path.suffix == ".ckpt"] == []
    assert len((again.weights.parent / "log.txt").read_text().splitlines()) == TINY.epochs


def test_best_epoch_is_the_best_on_validation(whole: Path) -> None:
    done = fit(tiny(), TINY, seed=3, folder=whole)
    assert done.best.validation_accuracy == max(e.validation_accuracy for e in done.history)
    assert done.best in done.history


def test_weights_alone_give_the_test_probabilities(whole: Path) -> None:
    data = tiny()
    done = fit(data, TINY, seed=3, folder=whole)
    again = predict(load_model(done.weights, 2), data, data.rows(TEST))
    np.testing.assert_array_equal(again, done.test_probabilities)
    np.testing.assert_allclose(again.sum(axis=1), 1, atol=1e-6)


def test_other_data_protocol_or_seed_is_another_run() -> None:
    data = tiny()
    changed = Labelled(data.images + 1, data.targets, data.split, data.classes)
    longer = TINY.model_copy(update={"epochs": 3})
    runs = [(data, TINY, 0), (changed, TINY, 0), (data, longer, 0), (data, TINY, 1)]
    assert len({run_digest(*run) for run in runs}) == len(runs)


def test_training_leaves_no_global_state_and_prints_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(11)
    before = torch.get_rng_state()
    one = TINY.model_copy(update={"epochs": 1})
    done = fit(tiny(multilabel=True), one, seed=0, folder=tmp_path / "work")
    assert done.test_probabilities.shape == (3, 2)
    assert torch.equal(torch.get_rng_state(), before)
    assert capfd.readouterr() == ("", "")
    assert [path.name for path in tmp_path.iterdir()] == ["work"]


def test_model_is_resnet50_with_one_channel() -> None:
    # torchvision's ResNet-50 has 25,557,032 parameters; the stem loses 2 of 3 channels
    # (2 * 64 * 49) and the head 997 of 1000 classes (997 * 2049).
    model = build_model(3, Stretch(scale=1, mean=0, deviation=1), seed=0)
    assert parameter_count(model) == 25_557_032 - 2 * 64 * 49 - 997 * 2049
    assert tuple(model.network.conv1.weight.shape) == (64, 1, 7, 7)


def test_model_weights_follow_the_seed() -> None:
    stretch = Stretch(scale=1, mean=0, deviation=1)
    first, same, other = (build_model(2, stretch, seed).network.fc.weight for seed in (0, 0, 1))
    assert torch.equal(first, same)
    assert not torch.equal(first, other)


def test_stretch_learns_the_noise_and_ignores_the_sources() -> None:
    images = np.random.default_rng(0).normal(0, 12, (50, 20, 20))
    images[:, :3, :3] += 5000
    stretch = Stretch.of(np.round(images).astype(np.int32))
    assert stretch.scale == pytest.approx(12, rel=0.1)


def test_stretch_of_empty_images_is_finite() -> None:
    assert Stretch.of(np.zeros((2, 4, 4), np.int32)) == Stretch(scale=1, mean=0, deviation=1e-6)


def test_order_depends_on_seed_and_epoch_and_holds_each_row_once() -> None:
    rows = np.arange(100, 164)
    batches = shuffled(rows, 16, 0, 0)
    assert [len(batch) for batch in batches] == [16] * 4
    assert sorted(np.concatenate(batches).tolist()) == rows.tolist()
    assert np.array_equal(batches, shuffled(rows, 16, 0, 0))
    assert not np.array_equal(batches, shuffled(rows, 16, 0, 1))
    assert not np.array_equal(batches, shuffled(rows, 16, 1, 0))


def test_a_rest_sits_out_but_a_small_split_is_one_batch() -> None:
    assert [len(batch) for batch in shuffled(np.arange(37), 16, 0, 0)] == [16, 16]
    assert [len(batch) for batch in shuffled(np.arange(7), 16, 0, 0)] == [7]


def test_dihedral_gives_each_of_the_eight_symmetries() -> None:
    image = torch.arange(9.0).reshape(1, 3, 3)
    turned = dihedral(image.repeat(400, 1, 1), position_generator(0, 0, 0))
    assert len({tuple(one.flatten().tolist()) for one in turned}) == 8


def test_dihedral_keeps_the_shape_of_images_that_are_not_square() -> None:
    image = torch.arange(6.0).reshape(1, 2, 3)
    turned = dihedral(image.repeat(100, 1, 1), position_generator(0))
    assert len({tuple(one.flatten().tolist()) for one in turned}) == 4


def test_loss_of_known_logits() -> None:
    # Two classes at logits 0 and log 3: probabilities 1/4 and 3/4.
    logits = torch.tensor([[0.0, float(np.log(3))]])
    assert float(classification_loss(logits, torch.tensor([1]), 0)) == pytest.approx(-np.log(0.75))
    # Sigmoids 1/2 and 3/4, truth present and absent: mean of log 2 and log 4.
    several = classification_loss(logits, torch.tensor([[1, 0]]), 0)
    assert float(several) == pytest.approx((np.log(2) + np.log(4)) / 2)


def test_exact_match_needs_all_classes() -> None:
    logits = torch.tensor([[1.0, -1.0], [1.0, 1.0]])
    assert exact_match(logits, torch.tensor([[1, 0], [1, 0]])).tolist() == [True, False]
    assert exact_match(logits, torch.tensor([0, 1])).tolist() == [True, False]


def test_one_cycle_rises_to_one_and_ends_near_zero() -> None:
    protocol = Protocol(
        name="t",
        optimizer="sgd",
        learning_rate=1,
        weight_decay=0,
        epochs=1,
        schedule="one-cycle",
        warmup=0.25,
    )
    factors = [rate_factor(protocol, step, 40) for step in range(41)]
    assert int(np.argmax(factors)) == 10
    assert max(factors) == 1
    assert factors[0] < 0.1
    assert factors[40] == pytest.approx(0)


def test_protocol_paper_is_what_the_paper_states() -> None:
    paper = PROTOCOLS["paper"]
    assert (paper.batch_size, paper.learning_rate, paper.weight_decay) == (64, 0.524, 0.00125)
    assert rate_factor(paper, 5, 10) == 1
