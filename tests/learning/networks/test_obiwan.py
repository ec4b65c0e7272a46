import pytest
import torch

from skybench.learning.networks.obiwan import OBIWAN, OBIWAN_POOL7
from skybench.learning.sample_form import SampleForm


def images(side, planes=6):
    return SampleForm(dims=("band", "y", "x"), shape=(planes, side, side))


@pytest.mark.parametrize("network", [OBIWAN, OBIWAN_POOL7])
def test_it_has_the_parameters_of_its_table_for_six_planes_of_64_pixels(network):
    # 18 (6 * 49 + 1) + 36 (18 * 49 + 1) + 54 (36 * 49 + 1) + 64 (54 * 8 * 8 + 1) + 2 (64 + 1).
    assert network.parameter_count(images(64), 2) == 5_310 + 31_788 + 95_310 + 221_248 + 130


@pytest.mark.parametrize("network", [OBIWAN, OBIWAN_POOL7])
@pytest.mark.parametrize("side", [28, 33, 100])
def test_it_takes_any_size_and_number_of_planes(network, side):
    with torch.no_grad():
        seen = network.build(images(side, planes=1), 2)(torch.ones((1, 1, side, side)))
    assert seen.shape == (1, 2)


def test_averages_are_as_wide_as_the_code_has_them_or_the_table():
    spots = torch.zeros((1, 18, 32, 32))
    spots[:, :, 16, 16] = 1
    wide = [
        int((network.build(images(64), 2)[2](spots)[0, 0] > 0).sum())
        for network in (OBIWAN, OBIWAN_POOL7)
    ]
    assert wide == [1, 9]  # one of stride 2 in 2 x 2; three along each side, or four, in 7 x 7
