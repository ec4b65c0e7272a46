"""The stretch and the order of planes that every network sees."""

import pytest
import torch

from skybench.learning.model import StretchedNetwork, planes_first
from skybench.learning.sample_form import SampleForm
from skybench.learning.stretch import Stretch


@pytest.mark.parametrize(
    ("dims", "shape", "seen"),
    [
        (("y", "x"), (4, 5), (2, 1, 4, 5)),
        (("band", "y", "x"), (3, 4, 5), (2, 3, 4, 5)),
        (("y", "x", "band"), (4, 5, 3), (2, 3, 4, 5)),
        (("time",), (7,), (2, 1, 7)),
        (("time", "body", "axis"), (7, 3, 2), (2, 6, 7)),
        (("z", "y", "x"), (4, 5, 6), (2, 1, 4, 5, 6)),
    ],
)
def test_planes_come_before_what_a_sample_extends_over(dims, shape, seen):
    form = SampleForm(dims=dims, shape=shape)
    assert tuple(planes_first(torch.zeros((2, *shape)), form).shape) == seen


def test_each_plane_of_a_series_is_one_number_over_time():
    positions = torch.arange(2 * 7 * 6).reshape(2, 7, 3, 2)
    form = SampleForm(dims=("time", "body", "axis"), shape=(7, 3, 2))
    seen = planes_first(positions, form)
    assert torch.equal(seen[:, 3], positions[:, :, 1, 1])


def test_networks_see_stretched_pixels():
    form = SampleForm(dims=("y", "x"), shape=(1, 2))
    stretch = Stretch(scale=2, mean=1, deviation=4)
    model = StretchedNetwork(torch.nn.Flatten(), form, stretch)
    # asinh(sinh(1)) = 1 is the mean; asinh(sinh(5)) = 5 is one deviation above it.
    electrons = 2 * torch.sinh(torch.tensor([[[1.0, 5.0]]]))
    assert model(electrons).tolist() == [pytest.approx([0, 1], abs=1e-6)]


def test_a_pixel_that_is_not_finite_is_seen_as_the_mean():
    form = SampleForm(dims=("y", "x"), shape=(1, 3))
    model = StretchedNetwork(torch.nn.Flatten(), form, Stretch(scale=2, mean=1, deviation=4))
    images = torch.tensor([[[float("nan"), float("inf"), -float("inf")]]])
    assert model(images).tolist() == [[0, 0, 0]]
