"""Files of weights say what they are, are read for ever, and equal weights are equal files."""

import dataclasses
import json
from importlib.metadata import version

import numpy as np
import pytest
import safetensors.torch
import torch
import torchvision

from skybench.errors import IntegrityError, NotFoundError
from skybench.learning.labelled import Labelled, Origin
from skybench.learning.model import build_model, load_model
from skybench.learning.networks.lenet5 import LENET5
from skybench.learning.networks.resnet50 import RESNET50
from skybench.learning.protocols import PROTOCOLS
from skybench.learning.sample_form import SampleForm
from skybench.learning.stretch import Stretch
from skybench.learning.weights_file import about_run, read_weights, save_weights

FORM = SampleForm(dims=("band", "y", "x"), shape=(3, 28, 28))
STRETCH = Stretch(scale=12.3456789, mean=0.1, deviation=1.7)
ORIGIN = Origin(
    names=("round", "flat"),
    bands=("g", "r", "i"),
    unit="electron",
    licence="CC-BY-4.0",
    dataset="sky@1.0",
    content="sha256:00",
)


def model_of(network, outputs=2):
    return build_model(network, FORM, outputs, stretch=STRETCH, seed=3)


def about(network):
    images = np.zeros((6, *FORM.shape), np.int32)
    split = np.repeat(np.arange(3, dtype=np.int8), 2)
    data = Labelled(images, split % 2, split, 2, dims=FORM.dims, origin=ORIGIN)
    return about_run(network, data, PROTOCOLS["default"], seed=3)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "lenet5.safetensors"
    save_weights(path, model_of(LENET5), about(LENET5))
    return path


def test_a_file_says_what_its_weights_are(file):
    said = read_weights(file).about
    assert (said.network, said.task, said.outputs, said.seed) == ("lenet5", "classification", 2, 3)
    assert (said.form, said.normalisation, said.origin) == (FORM, STRETCH, ORIGIN)
    assert said.protocol["learning_rate"] == PROTOCOLS["default"].learning_rate
    assert said.libraries["torch"] == version("torch")


def test_what_it_says_is_json_in_the_header_that_any_reader_of_safetensors_shows(file):
    with safetensors.safe_open(file, framework="numpy") as opened:
        said = json.loads(opened.metadata()["skybench"])
    assert said["origin"]["names"] == ["round", "flat"]
    assert said["normalisation"] == dataclasses.asdict(STRETCH)


def test_tensors_lie_under_the_networks_own_names(file):
    assert read_weights(file).tensors.keys() == model_of(LENET5).network.state_dict().keys()


def test_equal_weights_are_equal_files(file, tmp_path):
    for number in range(3):
        save_weights(tmp_path / f"{number}", model_of(LENET5), about(LENET5))
        assert (tmp_path / f"{number}").read_bytes() == file.read_bytes()


def test_plain_torchvision_loads_the_tensors(tmp_path):
    path = tmp_path / "resnet50.safetensors"
    ours = model_of(RESNET50, 7).eval()
    save_weights(path, ours, about(RESNET50))
    theirs = torchvision.models.resnet50(num_classes=7).eval()
    theirs.load_state_dict(safetensors.torch.load_file(path))
    images = torch.randn((2, *FORM.shape), generator=torch.Generator().manual_seed(0))
    electrons = STRETCH.scale * torch.sinh(images * STRETCH.deviation + STRETCH.mean)
    with torch.inference_mode():
        torch.testing.assert_close(theirs(images), ours(electrons), rtol=1e-3, atol=1e-3)


def test_a_model_is_read_back_as_it_was(file):
    again = load_model(file, LENET5, FORM, 2)
    images = torch.arange(2.0 * 3 * 28 * 28).reshape(2, 3, 28, 28)
    assert torch.equal(again(images), model_of(LENET5).eval()(images))
    assert again.stretch == STRETCH


def test_files_of_0_3_are_read(tmp_path):
    # They have the state of the module: the stretch as three tensors, and the prefix "network.".
    model = model_of(LENET5).eval()
    state = {name: value.contiguous() for name, value in model.state_dict().items()}
    safetensors.torch.save_file(state, tmp_path / "old")
    weights = read_weights(tmp_path / "old")
    assert weights.tensors.keys() == model.network.state_dict().keys()
    assert weights.about.normalisation.scale == pytest.approx(STRETCH.scale, rel=1e-7)
    images = torch.ones((1, *FORM.shape))
    assert torch.equal(load_model(tmp_path / "old", LENET5, FORM, 2)(images), model(images))


def test_any_safetensors_are_weights_of_which_nothing_is_known(tmp_path):
    safetensors.torch.save_file({"fc.weight": torch.ones(2)}, tmp_path / "theirs")
    weights = read_weights(tmp_path / "theirs")
    assert (weights.about.network, weights.about.normalisation) == (None, None)
    with pytest.raises(IntegrityError, match="does not say how its samples are stretched"):
        load_model(tmp_path / "theirs", LENET5, FORM, 2)


def test_a_file_that_is_none_is_told(tmp_path, file):
    with pytest.raises(NotFoundError, match="no file of weights at"):
        read_weights(tmp_path / "nothing")
    (tmp_path / "cut").write_bytes(file.read_bytes()[:-100])
    with pytest.raises(IntegrityError, match="cut is no file of weights"):
        read_weights(tmp_path / "cut")
    said = {"skybench": '{"seed": "many"}'}
    safetensors.torch.save_file({"a": torch.ones(1)}, tmp_path / "odd", metadata=said)
    with pytest.raises(IntegrityError, match="odd is no file of weights"):
        read_weights(tmp_path / "odd")


def test_weights_of_another_network_are_refused(file):
    with pytest.raises(IntegrityError, match="is not of lenet5 with 5 outputs"):
        load_model(file, LENET5, FORM, 5)


@pytest.mark.parametrize("wrapped", [False, True])
def test_state_dicts_of_torchvision_are_read(tmp_path, wrapped):
    state = torchvision.models.resnet18(num_classes=7).state_dict()
    path = tmp_path / "theirs.pth"
    behind = {f"module.{name}": value for name, value in state.items()}
    torch.save({"epoch": 90, "state_dict": behind} if wrapped else state, path)
    weights = read_weights(path)
    assert weights.tensors.keys() == state.keys()
    assert torch.equal(weights.tensors["fc.weight"], state["fc.weight"])


class Runs:
    """What a pickle may hold: a call."""

    def __reduce__(self):
        return (print, ("run",))


def test_no_code_of_a_pickle_is_run(tmp_path, capsys):
    torch.save({"fc.weight": torch.ones(1), "other": Runs()}, tmp_path / "evil.pth")
    with pytest.raises(IntegrityError, match="no file of tensors alone"):
        read_weights(tmp_path / "evil.pth")
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(IntegrityError, match="has no tensors by name"):
        read_weights(tmp_path / "list.pth")
    assert "run" not in capsys.readouterr().out
