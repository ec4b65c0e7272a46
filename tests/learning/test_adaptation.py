"""What makes a network see two surveys alike, against hand computation."""

import numpy as np
import pytest
import torch

from skybench.errors import ParameterError
from skybench.learning.adaptation import (
    ALIGNMENTS,
    Adaptation,
    Adversary,
    Coral,
    features_seen,
    with_statistics_of,
)
from skybench.learning.labelled import Labelled
from skybench.learning.model import build_model
from skybench.learning.networks.lenet5 import LENET5
from skybench.learning.networks.narrow_resnet import NARROW_RESNET
from skybench.learning.protocols import Protocol
from skybench.learning.sample_form import SampleForm
from skybench.learning.stretch import Stretch
from skybench.learning.training import fit, run_digest

FORM = SampleForm(dims=("y", "x"), shape=(16, 16))
PLAIN = Stretch(scale=1.0, mean=0.0, deviation=1.0)
ONE_EPOCH = Protocol(
    name="one", optimizer="adamw", learning_rate=1e-3, weight_decay=0.0, batch_size=8, epochs=1
)


def surveys(unlabelled=24):
    rng = np.random.default_rng(0)
    labels = np.arange(56) % 2
    images = rng.normal(100 * labels[:, None, None], 20, (56, 16, 16))
    split = np.repeat([0, 1, 2, 3], [16, 8, 8, 24]).astype(np.int8)
    split[len(split) - 24 + unlabelled :] = -1
    return Labelled(images.astype(np.float32), labels, split, 2)


def test_coral_is_the_distance_of_covariances():
    source = torch.tensor([[1.0, 0.0], [-1.0, 0.0], [0.0, 0.0]])
    target = torch.tensor([[0.0, 2.0], [0.0, -2.0], [0.0, 0.0]])
    # Covariances diag(1, 0) and diag(0, 4), so (1 + 16) / (4 x 2 x 2).
    assert float(Coral(2)(source, target, 0.5)) == pytest.approx(17 / 16)
    assert float(Coral(2)(source, source + 7, 0.5)) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("progress", "strength"), [(0.0, 0.0), (0.1, 0.46211716), (1.0, 0.9999092)]
)
def test_the_gradient_of_the_judge_is_turned_round(progress, strength):
    adversary = Adversary(3)
    source, target = torch.randn(4, 3), torch.randn(4, 3)
    mine = source.clone().requires_grad_()
    adversary(mine, target, progress).backward()
    plain = source.clone().requires_grad_()
    both = torch.cat([plain, target])
    truth = torch.tensor([0.0] * 4 + [1.0] * 4)
    torch.nn.functional.binary_cross_entropy_with_logits(
        adversary.judge(both)[:, 0], truth
    ).backward()
    torch.testing.assert_close(mine.grad, -strength * plain.grad, atol=1e-6, rtol=1e-4)


def test_statistics_become_those_of_the_images():
    model = build_model(NARROW_RESNET, FORM, 2, stretch=PLAIN, seed=0)
    images = np.random.default_rng(1).normal(3, 2, (64, 16, 16)).astype(np.float32)
    adapted = with_statistics_of(model, images, at_once=64)
    first = model.network.conv1(torch.asinh(torch.from_numpy(images))[:, None])
    torch.testing.assert_close(
        adapted.network.bn1.running_mean, first.mean((0, 2, 3)).detach(), atol=1e-5, rtol=1e-4
    )
    assert not model.network.bn1.running_mean.any()
    torch.testing.assert_close(adapted.network.fc.weight, model.network.fc.weight)


def test_networks_without_normalisation_and_single_images_are_refused():
    plain = build_model(LENET5, FORM, 2, stretch=PLAIN, seed=0)
    with pytest.raises(ParameterError, match="the network has no batch normalisation"):
        with_statistics_of(plain, np.zeros((8, 16, 16), np.float32))
    model = build_model(NARROW_RESNET, FORM, 2, stretch=PLAIN, seed=0)
    with pytest.raises(ParameterError, match="1 images: they are too few"):
        with_statistics_of(model, np.zeros((1, 16, 16), np.float32))


def test_features_are_what_goes_into_the_last_layer():
    model = build_model(LENET5, FORM, 2, stretch=PLAIN, seed=0).eval()
    images = torch.randn(3, 16, 16)
    with features_seen(model, "12") as seen, torch.no_grad():
        outputs = model(images)
    (found,) = seen
    assert found.shape == (3, 84)
    torch.testing.assert_close(model.network[12](found), outputs)
    with pytest.raises(ParameterError, match="which its last layer is"), features_seen(model, None):
        pass


@pytest.mark.parametrize("kind", ["coral", "dann"])
def test_a_training_with_an_alignment_is_a_run_of_its_own(kind, tmp_path):
    data, adapt = surveys(), Adaptation(kind=kind)
    plain = fit(LENET5, data, ONE_EPOCH, seed=0, folder=tmp_path)
    aligned = fit(LENET5, data, ONE_EPOCH, seed=0, folder=tmp_path, adapt=adapt)
    again = fit(LENET5, data, ONE_EPOCH, seed=0, folder=tmp_path / "again", adapt=adapt)
    assert aligned.weights.parent != plain.weights.parent
    assert (aligned.test_answers != plain.test_answers).any()
    np.testing.assert_array_equal(aligned.test_answers, again.test_answers)


def test_the_digest_of_other_runs_stays():
    data = surveys()
    assert run_digest(LENET5, data, ONE_EPOCH, 0) == run_digest(
        LENET5, data, ONE_EPOCH, 0, start=None, but="head", adapt=None
    )


def test_an_alignment_needs_unlabelled_samples_and_a_name(tmp_path):
    adapt = Adaptation(kind="coral")
    with pytest.raises(ParameterError, match="needs unlabelled samples, and the data have none"):
        fit(LENET5, surveys(0), ONE_EPOCH, seed=0, folder=tmp_path, adapt=adapt)
    with pytest.raises(ParameterError, match="coral"):
        Adaptation(kind="corall")
    with pytest.raises(ParameterError, match="above 0, got 0"):
        Adaptation(kind="dann", weight=0)


def test_every_alignment_can_be_asked_for_in_a_protocol():
    for kind in ALIGNMENTS:
        said = ONE_EPOCH.model_dump() | {"adapt": {"kind": kind, "target": "sdss_des/des"}}
        assert Protocol.model_validate(said).adapt.kind == kind
    with pytest.raises(ValueError, match="coral"):
        Protocol.model_validate(said | {"adapt": {"kind": "mmd", "target": "sdss_des/des"}})


def test_a_protocol_that_adapts_is_refused_where_nobody_reads_the_other_survey(tmp_path):
    said = ONE_EPOCH.model_dump() | {"adapt": {"kind": "coral", "target": "sdss_des/des"}}
    protocol = Protocol.model_validate(said)
    with pytest.raises(ParameterError, match=r"adapts to sdss_des/des, which skybench\.train does"):
        fit(NARROW_RESNET, surveys(), protocol, seed=0, folder=tmp_path)
