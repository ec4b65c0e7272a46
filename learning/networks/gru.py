"""A recurrent network for series."""

from typing import TYPE_CHECKING

from skybench.learning.networks.network import Network
from skybench.learning.sample_form import SampleForm

if TYPE_CHECKING:
    import torch

UNITS, LAYERS = 64, 2


def build(form: SampleForm, outputs: int) -> "torch.nn.Module":
    """Make two layers of gated units, and a linear last layer.

    The last layer sees the mean over time: gradients reach every time alike.
    """
    import torch  # seconds, and only where a network is built

    class Recurrent(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gru = torch.nn.GRU(form.planes, UNITS, LAYERS, batch_first=True)
            self.fc = torch.nn.Linear(UNITS, outputs)

        def forward(self, series: torch.Tensor) -> torch.Tensor:
            states, _ = self.gru(series.transpose(1, 2))
            answers: torch.Tensor = self.fc(states.mean(dim=1))
            return answers

    return Recurrent()


GRU = Network(
    name="gru",
    title="Gated recurrent units",
    model="GRU of two layers, {planes}-channel series",
    reference="Cho et al. 2014, EMNLP, 1724",
    takes=("series",),
    build=build,
    stem="gru.weight_ih_l0",
    head="fc",
)
