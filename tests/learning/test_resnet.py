import numpy as np
import pytest
import torch

from skybench.learning.resnet import Stretch, build_model, parameter_count


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


def test_stretch_of_data_that_are_no_counts_follows_their_size() -> None:
    small = np.random.default_rng(0).normal(0, 1e-4, (50, 20, 20)).astype(np.float32)
    assert Stretch.of(small).scale == pytest.approx(1e-4, rel=0.1)
    shapes = np.zeros((50, 20, 20), np.float32)
    shapes[:, :10, :5] = 1
    # An eighth of the pixels is 1: the deviation is sqrt(1/8 * 7/8) = 0.3307.
    assert Stretch.of(shapes).scale == pytest.approx(0.3307, rel=1e-3)
    assert Stretch.of(np.zeros((2, 4, 4), np.float32)).scale == 1


def test_model_takes_several_bands() -> None:
    model = build_model(2, Stretch(scale=1, mean=0, deviation=1), seed=0, bands=3).eval()
    assert tuple(model(torch.zeros((2, 3, 32, 32), dtype=torch.int32)).shape) == (2, 2)
    assert tuple(model.network.conv1.weight.shape) == (64, 3, 7, 7)
