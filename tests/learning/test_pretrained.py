"""Pretrained networks: what they say, what they take, and that strangers can go on with them."""

import json

import numpy as np
import pytest
import safetensors
import safetensors.torch
import torch
import torchvision

import skybench
from skybench.errors import NotFoundError, ParameterError, UnlikeTrainingWarning
from skybench.learning.labelled import Labelled, Origin
from skybench.learning.networks.table import NETWORKS
from skybench.learning.protocols import PROTOCOLS
from skybench.learning.training import fit

ONCE = PROTOCOLS["default"].model_copy(update={"epochs": 1, "batch_size": 8})


def labelled(planes=3, task="classification"):
    rng = np.random.default_rng(2)
    codes = np.arange(32) % 2
    images = rng.normal(0, 20, (32, planes, 20, 20)) + 300.0 * codes[:, None, None, None]
    split = np.repeat(np.array([0, 1, 2], np.int8), [16, 8, 8])
    truth = codes.astype(np.int8)
    if task == "regression":
        truth = np.stack([codes + 5.0, codes * 100.0], axis=1)
    return Labelled(
        images.astype(np.int32),
        truth,
        split,
        2,
        task,
        dims=("band", "y", "x"),
        origin=Origin(names=("dark", "bright"), unit="electron"),
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    return fit(NETWORKS["narrow_resnet"], labelled(), ONCE, seed=0, folder=folder)


def test_predictions_are_those_of_the_training_by_name(trained):
    model = skybench.pretrained(trained.weights)
    assert model.classes == ("dark", "bright")
    assert model.normalisation == trained.stretch
    found = model.predict(labelled().images[24:])
    assert [*found.columns] == ["dark", "bright"]
    np.testing.assert_allclose(found.to_numpy(), trained.test_answers, atol=1e-6)


def test_targets_come_in_their_units(tmp_path):
    data = labelled(task="regression")
    done = fit(NETWORKS["narrow_resnet"], data, ONCE, seed=0, folder=tmp_path)
    found = skybench.pretrained(done.weights).predict(data.images[24:])
    np.testing.assert_allclose(found.to_numpy(), done.test_answers, rtol=1e-5)


def test_features_are_what_the_last_layer_sees(trained):
    model, images = skybench.pretrained(trained.weights), labelled().images[:4]
    features = model.features(images)
    assert tuple(features.shape) == (4, 128)
    with torch.inference_mode():
        outputs = model(torch.from_numpy(images))
    torch.testing.assert_close(model.network.fc(features).detach(), outputs)


def test_images_scaled_to_one_are_told_and_not_given_one_class_in_silence(trained):
    model = skybench.pretrained(trained.weights)
    images = labelled().images.astype(np.float32)
    scaled = (images - images.min()) / (images.max() - images.min())
    with pytest.warns(
        UnlikeTrainingWarning, match=r"from 0 to 1, are unlike .* in electron"
    ) as told:
        model.predict(scaled)
    assert "model.normalised_for(images)" in str(told[0].message)
    model.predict(scaled, check=False)
    model.normalised_for(scaled).predict(scaled)


def test_ends_are_made_anew_and_all_else_stays(trained):
    model = skybench.pretrained(trained.weights, classes=["a", "b", "c"], channels=5)
    old = skybench.pretrained(trained.weights).network.state_dict()
    assert model.classes == ("a", "b", "c")
    with torch.inference_mode():
        assert tuple(model(torch.zeros((2, 5, 20, 20))).shape) == (2, 3)
    new = model.network.state_dict()
    same = {name for name in old if old[name].shape == new[name].shape}
    assert old.keys() - same == {"conv1.weight", "fc.weight", "fc.bias"}
    assert all(torch.equal(old[name], new[name]) for name in same)


def test_what_it_cannot_take_is_told(trained, tmp_path):
    model = skybench.pretrained(trained.weights)
    with pytest.raises(ParameterError, match=r"takes 3 planes, got 5; pretrained\(…, channels=5\)"):
        model.predict(np.zeros((2, 5, 20, 20)))
    with pytest.raises(ParameterError, match="takes \\(sample, band, y, x\\), got 2 axes"):
        model.predict(np.zeros((2, 5)))
    with pytest.raises(NotFoundError, match="no file of weights"):
        skybench.pretrained(tmp_path / "none.safetensors")
    tensors = safetensors.torch.load_file(trained.weights)
    safetensors.torch.save_file(tensors, tmp_path / "plain.safetensors")
    with pytest.raises(ParameterError, match="does not say of which network its weights are"):
        skybench.pretrained(tmp_path / "plain.safetensors")
    plain = skybench.pretrained(tmp_path / "plain.safetensors", network="narrow_resnet")
    assert plain.classes == ("0", "1")
    with pytest.raises(ParameterError, match=r"none of the|are not of resnet18"):
        skybench.pretrained(tmp_path / "plain.safetensors", network="resnet18")


def test_a_stranger_goes_on_in_plain_torchvision(tmp_path):
    done = fit(NETWORKS["resnet18"], labelled(), ONCE, seed=0, folder=tmp_path)
    # The lines of docs/weights.md, with nothing of skybench.
    with safetensors.safe_open(done.weights, "pt") as file:
        about = json.loads(file.metadata()["skybench"])
    model = torchvision.models.resnet18(num_classes=about["outputs"])
    model.load_state_dict(safetensors.torch.load_file(done.weights))
    model.fc = torch.nn.Linear(model.fc.in_features, 4)
    stretch = about["normalisation"]
    images = torch.from_numpy(labelled().images[:8]).float()
    seen = (torch.asinh(images / stretch["scale"]) - stretch["mean"]) / stretch["deviation"]
    labels = torch.arange(8) % 4
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    losses = []
    for _ in range(6):
        loss = torch.nn.functional.cross_entropy(model(seen), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0]
