"""A graph of the sphere: its edges, its spectrum, and answers that rotations leave."""

import healpy
import numpy as np
import pytest
import torch

from skybench.learning.networks.deepsphere import DEEPSPHERE, graph
from skybench.learning.sample_form import SampleForm


def maps_of(pixels):
    return SampleForm(dims=("pixel",), shape=(pixels,))


def test_a_pixel_is_joined_with_those_that_touch_it():
    places, weights = graph(8)
    touching = healpy.get_all_neighbours(8, np.arange(768), nest=True).T
    for pixel in range(768):
        joined = set(places[pixel][weights[pixel] > 0].tolist())
        # The nearest eight are the touching ones but about the corners of base pixels.
        assert len(joined & {*touching[pixel].tolist()}) >= min(6, len(joined))


@pytest.mark.parametrize("nside", [1, 2, 8])
def test_its_filters_are_bounded(nside):
    places, weights = graph(nside)
    pixels = len(places)
    matrix = np.zeros((pixels, pixels))
    np.put_along_axis(matrix, places, weights, axis=1)
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-7)
    spectrum = np.linalg.eigvalsh(matrix)
    assert spectrum.min() >= -1
    assert spectrum.max() == pytest.approx(1, abs=1e-6)


def test_a_quarter_turn_of_the_map_is_answered_alike():
    # Turning by 90 degrees about the poles moves base pixel 4 k + i to 4 k + (i + 1) mod 4.
    network = DEEPSPHERE.build(maps_of(12 * 16), 3).eval()
    faces = torch.randn((2, 1, 3, 4, 16), generator=torch.Generator().manual_seed(0))
    turned = faces.roll(1, dims=3)
    with torch.inference_mode():
        answers = [network(maps.reshape(2, 1, -1)) for maps in (faces, turned)]
    torch.testing.assert_close(*answers, rtol=1e-4, atol=1e-5)


def test_what_is_no_whole_sphere_is_refused():
    assert DEEPSPHERE.refusal(maps_of(12 * 64)) is None
    assert "maps of 12 nside^2 pixels" in DEEPSPHERE.refusal(maps_of(12 * 9))
    assert "maps of 12 nside^2 pixels" in DEEPSPHERE.refusal(maps_of(100))
