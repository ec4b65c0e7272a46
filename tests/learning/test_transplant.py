"""Weights move by name and shape, and what moved is said."""

import pytest
import torch
import torchvision

from skybench.errors import ParameterError
from skybench.learning.model import build_model
from skybench.learning.networks.lenet5 import LENET5
from skybench.learning.networks.resnet50 import RESNET50
from skybench.learning.sample_form import SampleForm
from skybench.learning.stretch import Stretch
from skybench.learning.transplant import for_planes, transplant
from skybench.learning.weights_file import About, Weights

PLAIN = Stretch(scale=1, mean=0, deviation=1)


def model_of(network, *, outputs=4, planes=3, seed=0):
    form = SampleForm(dims=("band", "y", "x"), shape=(planes, 28, 28))
    return build_model(network, form, outputs, stretch=PLAIN, seed=seed)


def weights_of(network, **options):
    state = model_of(network, seed=1, **options).network.state_dict()
    return Weights(tensors=state, about=About(network=network.name))


ENDS = {
    "none": set(),
    "head": {"12.weight", "12.bias"},
    "ends": {"0.weight", "0.bias", "12.weight", "12.bias"},
}


@pytest.mark.parametrize("but", ENDS)
def test_what_is_left_behind_stays_and_all_else_moves(but):
    model, weights = model_of(LENET5), weights_of(LENET5)
    before = {name: value.clone() for name, value in model.network.state_dict().items()}
    done = transplant(model, weights, but=but)
    assert set(done.left) == ENDS[but]
    assert {*done.moved, *done.left} == before.keys()
    for name, value in model.network.state_dict().items():
        assert torch.equal(value, before[name] if name in done.left else weights.tensors[name])


def test_a_layer_of_another_shape_stays_and_is_told():
    done = transplant(model_of(LENET5, planes=1), weights_of(LENET5), but="none")
    assert done.left == ("0.weight",)
    assert str(done) == "9 of 10 tensors moved; left as they were: 0.weight"


def test_the_paper_moves_all_but_the_first_and_the_last_layer():
    # 53 convolutions of ResNet-50, of which one stays; 5 tensors each of 53 normalisations.
    done = transplant(model_of(RESNET50), weights_of(RESNET50), but="ends")
    assert len(done.moved) == 52 + 53 * 5
    assert done.left == ("conv1.weight", "fc.weight", "fc.bias")


def test_weights_move_into_plain_torchvision():
    theirs, weights = torchvision.models.resnet50(num_classes=9), weights_of(RESNET50)
    assert transplant(theirs, weights).left == ("fc.weight", "fc.bias")
    assert torch.equal(theirs.conv1.weight, weights.tensors["conv1.weight"])


def test_what_cannot_move_is_refused():
    with pytest.raises(ParameterError, match="none of the 10 tensors fits the model"):
        transplant(model_of(RESNET50), weights_of(LENET5))
    with pytest.raises(ParameterError, match="but must be one of none, head, ends, got 'all'"):
        transplant(model_of(LENET5), weights_of(LENET5), but="all")
    nameless = Weights(tensors=weights_of(LENET5).tensors, about=About())
    with pytest.raises(ParameterError, match="does not say which its head is; give network="):
        transplant(model_of(LENET5), nameless)
    assert transplant(model_of(LENET5), nameless, network=LENET5).left == ("12.weight", "12.bias")


def test_a_first_layer_of_one_plane_sees_the_mean_of_several_and_back():
    grey, colour = (model_of(LENET5, planes=planes).network.eval() for planes in (1, 3))
    given = Weights(tensors=dict(grey.state_dict()), about=About())
    spread = for_planes(given, LENET5, 3)
    colour.load_state_dict(spread.tensors)
    images = torch.linspace(-1, 1, 2 * 3 * 784).reshape(2, 3, 28, 28)
    with torch.inference_mode():
        expected = grey(images.mean(dim=1, keepdim=True))
        assert torch.allclose(colour(images), expected, atol=1e-5)
    again = for_planes(spread, LENET5, 1)
    for name, value in given.tensors.items():
        assert torch.allclose(again.tensors[name], value, atol=1e-6)
