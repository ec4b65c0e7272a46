"""What is done to training images: how much of it, to which, and by position alone."""

import dataclasses

import numpy as np
import pytest
import torch

from skybench.learning.augmentation import (
    AUGMENTATIONS,
    Draws,
    augmented,
    blurred,
    chosen_augmentations,
    noisier,
    position_generator,
    shifted,
    zoomed,
)
from skybench.learning.labelled import Labelled
from skybench.learning.protocols import PROTOCOLS, Augmentation

ALL = tuple(
    Augmentation(kind=kind, amount=amount)
    for kind, amount in {"dihedral": 0, "shift": 2, "zoom": 0.2, "noise": 1, "blur": 2}.items()
)
PROTOCOL = PROTOCOLS["paper"].model_copy(update={"augmentations": ALL})


def draws(*position, rank=0, ranks=1):
    return Draws(generator=position_generator(*position), rank=rank, ranks=ranks)


def gaussians(count, size=31, deviation=3.0):
    y, x = np.mgrid[:size, :size] - size // 2
    image = np.exp(-0.5 * (x**2 + y**2) / deviation**2)
    return torch.from_numpy(image).float().repeat(count, 1, 1)


def moments(images):
    """Flux, centre and variance along x of each image."""
    x = torch.arange(images.shape[-1], dtype=torch.float64)
    columns = images.double().sum(-2)
    flux = columns.sum(-1)
    centre = (columns * x).sum(-1) / flux
    return flux, centre, (columns * (x - centre[:, None]) ** 2).sum(-1) / flux


def labelled(dims=("y", "x"), **others):
    shape = tuple({"y": 8, "x": 8, "band": 3}[dim] for dim in dims)
    images = np.random.default_rng(0).normal(0, 10, (6, *shape)).astype(np.float32)
    split = np.array([0, 0, 1, 1, 2, 2], np.int8)
    return Labelled(images, np.zeros(6, np.int8), split, 2, dims=dims, **others)


def test_a_shift_is_by_whole_pixels_up_to_its_amount_and_each_as_often():
    images = torch.zeros(2000, 15, 15)
    images[:, 7, 7] = 1
    places = shifted(images, draws(0), 2).flatten(1).argmax(1)
    steps, counts = np.unique(places % 15 - 7, return_counts=True)
    assert steps.tolist() == [-2, -1, 0, 1, 2]
    assert counts.min() > 330
    assert len(set(places.tolist())) == 25


def test_what_a_shift_brings_in_is_mirrored():
    image = torch.arange(4.0).repeat(50, 4, 1)
    seen = {tuple(one[0].tolist()) for one in shifted(image, draws(0), 1)}
    assert seen == {(0, 1, 2, 3), (1, 0, 1, 2), (1, 2, 3, 2)}


def test_a_zoom_keeps_centre_and_surface_brightness():
    images = gaussians(200)
    _, centre, variance = moments(zoomed(images, draws(1), 0.2))
    factor = np.sqrt(variance.numpy() / 9)
    assert centre.numpy() == pytest.approx(15, abs=0.01)
    assert factor.min() == pytest.approx(0.8, abs=0.03)
    assert factor.max() == pytest.approx(1.2, abs=0.03)
    assert zoomed(images, draws(1), 0.2).amax((1, 2)).numpy() == pytest.approx(1, abs=0.02)


def test_a_blur_adds_its_variance_and_keeps_the_flux():
    images = gaussians(200, size=51)
    flux, centre, variance = moments(blurred(images, draws(2), 4.0))
    assert flux.numpy() == pytest.approx(moments(images)[0].numpy(), rel=1e-4)
    assert centre.numpy() == pytest.approx(25, abs=1e-3)
    fwhm = 2.3548 * np.sqrt(np.clip(variance.numpy() - 9, 0, None))
    assert fwhm.max() == pytest.approx(4, abs=0.15)
    assert np.mean(fwhm) == pytest.approx(2, abs=0.3)


def test_noise_is_of_up_to_its_deviation():
    deviation = noisier(torch.zeros(400, 20, 20), draws(3), 5.0).flatten(1).std(1)
    assert deviation.max() == pytest.approx(5, abs=0.5)
    assert deviation.mean() == pytest.approx(2.5, abs=0.3)


@pytest.mark.parametrize("kind", AUGMENTATIONS)
def test_processes_that_share_a_batch_do_to_it_what_one_does(kind):
    images = torch.randn(8, 3, 9, 9, generator=torch.Generator().manual_seed(0))
    whole = AUGMENTATIONS[kind](images, draws(5, 6), 0.5)
    for rank in range(2):
        shared = AUGMENTATIONS[kind](images[rank::2], draws(5, 6, rank=rank, ranks=2), 0.5)
        torch.testing.assert_close(shared, whole[rank::2])


def test_planes_that_come_last_are_not_flipped():
    first, last = labelled(("band", "y", "x")), labelled(("y", "x", "band"))
    images = torch.from_numpy(first.images)
    options = {"noise": 2.0, "draws": lambda number: draws(1, number)}
    chosen = [one for one in ALL if one.kind != "noise"]  # which is drawn as the pixels lie
    expected = augmented(images, chosen, data=first, **options)
    got = augmented(images.movedim(1, -1), chosen, data=last, **options)
    torch.testing.assert_close(got.movedim(-1, 1), expected)


def test_what_would_change_the_answer_is_left_out():
    kept = {
        "all": labelled(),
        "noise blur": labelled(turns=False),
        "dihedral shift noise blur": labelled(task="regression"),
    }
    for names, data in kept.items():
        chosen, left = chosen_augmentations(PROTOCOL, data)
        there = [one.kind for one in chosen]
        assert there == ([one.kind for one in ALL] if names == "all" else names.split())
        assert sorted(there + left) == sorted(one.kind for one in ALL)
    series = dataclasses.replace(labelled(), dims=("time", "body"), turns=False)
    assert [one.kind for one in chosen_augmentations(PROTOCOL, series)[0]] == ["noise"]
