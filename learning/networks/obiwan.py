"""The network by which obiwan tells injected galaxies from real ones."""

from functools import partial
from typing import TYPE_CHECKING

from skybench.learning.networks.network import Network
from skybench.learning.sample_form import SampleForm

if TYPE_CHECKING:
    import torch

MAPS = (18, 36, 54)
"""Feature maps of the three convolutions: three, six and nine for each of obiwan's six planes."""

_KERNEL = 7
_UNITS = 64


def build(form: SampleForm, outputs: int, *, pool: int = 2) -> "torch.nn.Module":
    """Make it for any number of planes; its six are images and weights in g, r and z.

    Parameters
    ----------
    form : SampleForm
    outputs : int
    pool : int
        Side of the averages between convolutions, whose stride is 2: 2 as in obiwan's code, 7 as in
        the table that describes it. Both halve the image, so the number of parameters is the same.
        The code's is the default, since its figures came of it.
    """
    import torch  # seconds, and only where a network is built

    nn = torch.nn
    layers: list[torch.nn.Module] = []
    for before, after in zip((form.planes, *MAPS), MAPS, strict=False):
        convolution = nn.Conv2d(before, after, _KERNEL, padding=_KERNEL // 2)
        average = nn.AvgPool2d(
            pool, stride=2, padding=pool // 2 if pool % 2 else 0, count_include_pad=False
        )
        layers += [convolution, nn.ReLU(), average]
    ny, nx = (_halved(side, pool) for side in form.extent)
    layers += [nn.Flatten(), nn.Linear(MAPS[-1] * ny * nx, _UNITS), nn.ReLU()]
    network = nn.Sequential(*layers, nn.Linear(_UNITS, outputs))
    for numbers in network.parameters():  # as TensorFlow begins, which obiwan was trained by
        if numbers.ndim == 1:
            nn.init.zeros_(numbers)
        else:
            nn.init.xavier_uniform_(numbers)
    return network


def _halved(side: int, pool: int) -> int:
    """Return what three averages leave of a side; those of 7 pixels begin on the border."""
    for _ in MAPS:
        side = side // 2 if pool % 2 == 0 else (side + 1) // 2
    return side


OBIWAN = Network(
    name="obiwan",
    title="obiwan's network",
    model="obiwan's three convolutions with averages of 2 x 2, {planes}-channel input",
    reference="Burleigh et al. 2018, github.com/legacysurvey/obiwan, dplearn/cnn.py",
    takes=("images",),
    smallest=8,
    build=build,
    stem="0",
    head="12",
)

OBIWAN_POOL7 = Network(
    name="obiwan_pool7",
    title="obiwan's with the pools of its table",
    model="obiwan's three convolutions with averages of 7 x 7, {planes}-channel input",
    reference="Burleigh et al. 2018, github.com/legacysurvey/obiwan, doc/deeplearning",
    takes=("images",),
    build=partial(build, pool=7),
    stem="0",
    head="12",
)
