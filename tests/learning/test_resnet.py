import torch

from skybench.learning.resnet import build_model, parameter_count
from skybench.learning.stretch import Stretch


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


def test_model_takes_several_bands() -> None:
    model = build_model(2, Stretch(scale=1, mean=0, deviation=1), seed=0, bands=3).eval()
    assert tuple(model(torch.zeros((2, 3, 32, 32), dtype=torch.int32)).shape) == (2, 2)
    assert tuple(model.network.conv1.weight.shape) == (64, 3, 7, 7)
