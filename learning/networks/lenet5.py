"""LeNet-5: a small convolutional network, for small images of few classes."""

import math
from typing import TYPE_CHECKING

from skybench.learning.networks.network import Network
from skybench.learning.sample_form import SampleForm

if TYPE_CHECKING:
    import torch


def build(form: SampleForm, outputs: int) -> "torch.nn.Module":
    """Make LeNet-5 as it is made today: maxima, full connections, a linear last layer.

    The units are the paper's tanh: it is bounded, so that the learning rates of the protocols,
    chosen for a network with normalisations, do not drive its outputs away. Weights begin with the
    deviation 1 / sqrt(inputs), which such units need to learn (LeCun et al. 1998, Efficient
    BackProp, equation 16). Maps of other images than 28 x 28 are averaged to its 5 x 5, so that
    the number of parameters stays.
    """
    import torch  # seconds, and only where a network is built

    nn = torch.nn
    network = nn.Sequential(
        nn.Conv2d(form.planes, 6, 5, padding=2),
        nn.Tanh(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.Tanh(),
        nn.MaxPool2d(2),
        nn.AdaptiveAvgPool2d(5),
        nn.Flatten(),
        nn.Linear(16 * 5 * 5, 120),
        nn.Tanh(),
        nn.Linear(120, 84),
        nn.Tanh(),
        nn.Linear(84, outputs),
    )
    for numbers in network.parameters():
        if numbers.ndim == 1:
            nn.init.zeros_(numbers)
        else:
            nn.init.normal_(numbers, std=1 / math.sqrt(numbers[0].numel()))
    return network


LENET5 = Network(
    name="lenet5",
    title="LeNet-5",
    model="LeNet-5 with tanh and maximum pooling, {planes}-channel input",
    reference="LeCun et al. 1998, Proc. IEEE 86, 2278",
    takes=("images",),
    smallest=12,
    build=build,
    stem="0",
    head="12",
)
