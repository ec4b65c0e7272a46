import pytest
import torch

from skybench.learning.model import build_model
from skybench.learning.networks.resnet50 import RESNET50
from skybench.learning.sample_form import SampleForm
from skybench.learning.stretch import Stretch

IMAGE = SampleForm(dims=("y", "x"), shape=(28, 28))
COLOURS = SampleForm(dims=("band", "y", "x"), shape=(3, 28, 28))
FIRST_OF_STEM = [-0.03135252, 0.03249746, -0.02256775]
FIRST_OF_HEAD = [-0.00774908, -0.00862435, -0.01562794]


def model_of(form):
    return build_model(RESNET50, form, 3, stretch=Stretch(scale=1, mean=0, deviation=1), seed=0)


def test_it_is_torchvisions_with_another_stem_and_head():
    # torchvision's ResNet-50 has 25,557,032 parameters; the stem loses 2 of 3 channels
    # (2 * 64 * 49) and the head 997 of 1000 classes (997 * 2049).
    assert RESNET50.parameter_count(IMAGE, 3) == 25_557_032 - 2 * 64 * 49 - 997 * 2049
    assert RESNET50.parameter_count(COLOURS, 3) == 25_557_032 - 997 * 2049


def test_records_call_it_what_they_did():
    assert RESNET50.model_name(IMAGE) == "torchvision resnet50, one-channel stem"
    assert RESNET50.model_name(COLOURS) == "torchvision resnet50, 3-channel stem"


def test_weights_of_published_records_fit():
    names = list(model_of(IMAGE).state_dict())
    assert names[:4] == ["scale", "mean", "deviation", "network.conv1.weight"]
    assert names[-2:] == ["network.fc.weight", "network.fc.bias"]
    assert len(names) == 3 + 320


def test_first_weights_of_a_seed_are_those_of_version_0_2():
    # Made by skybench 0.2: a training that was interrupted under it goes on.
    weights = model_of(IMAGE).state_dict()
    stem, head = weights["network.conv1.weight"], weights["network.fc.weight"]
    assert stem.flatten()[:3].tolist() == pytest.approx(FIRST_OF_STEM, rel=1e-6)
    assert head.flatten()[:3].tolist() == pytest.approx(FIRST_OF_HEAD, rel=1e-6)
    assert not torch.count_nonzero(weights["network.layer4.2.bn3.weight"])
