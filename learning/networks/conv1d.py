"""A fully convolutional network for series."""

from typing import TYPE_CHECKING

from skybench.learning.networks.network import Network
from skybench.learning.sample_form import SampleForm

if TYPE_CHECKING:
    import torch

LAYERS = ((128, 8), (256, 5), (128, 3))
"""Maps and kernel of each layer."""


def build(form: SampleForm, outputs: int) -> "torch.nn.Module":
    """Make three convolutions with normalisations, and the mean over time before a last layer."""
    import torch  # seconds, and only where a network is built

    nn = torch.nn
    network, before = nn.Sequential(), form.planes
    for number, (maps, kernel) in enumerate(LAYERS, 1):
        network.add_module(f"conv{number}", nn.Conv1d(before, maps, kernel, padding=kernel // 2))
        network.add_module(f"bn{number}", nn.BatchNorm1d(maps))
        network.add_module(f"relu{number}", nn.ReLU())
        before = maps
    network.add_module("mean", nn.AdaptiveAvgPool1d(1))
    network.add_module("flatten", nn.Flatten())
    network.add_module("fc", nn.Linear(before, outputs))
    return network


CONV1D = Network(
    name="conv1d",
    title="Convolutions in time",
    model="fully convolutional network of three layers, {planes}-channel series",
    reference="Wang, Yan & Oates 2017, IJCNN, 1578",
    takes=("series",),
    build=build,
    stem="conv1",
    head="fc",
)
