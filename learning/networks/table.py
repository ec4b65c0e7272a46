"""The table of networks: a new one is one file beside this and one line in it.

Installed packages add theirs by entry points in the group ``skybench.networks``, and those of timm
go by their names there.
"""

from collections.abc import Sequence

from skybench.errors import ParameterError
from skybench.extensions import Table
from skybench.generators.suggestion import unknown
from skybench.learning.networks.conv1d import CONV1D
from skybench.learning.networks.deepsphere import DEEPSPHERE
from skybench.learning.networks.gru import GRU
from skybench.learning.networks.inception_v3 import INCEPTION_V3
from skybench.learning.networks.lenet5 import LENET5
from skybench.learning.networks.narrow_resnet import NARROW_RESNET
from skybench.learning.networks.network import Network
from skybench.learning.networks.resnet18 import RESNET18
from skybench.learning.networks.resnet50 import RESNET50
from skybench.learning.networks.timm_encoder import PREFIX, is_of_timm, timm_encoder
from skybench.learning.networks.unet import UNET
from skybench.learning.networks.vgg16 import VGG16
from skybench.learning.networks.vit_tiny import VIT_TINY
from skybench.learning.networks.xception import XCEPTION

NETWORKS = Table(
    "skybench.networks",
    Network,
    RESNET50,
    RESNET18,
    NARROW_RESNET,
    LENET5,
    XCEPTION,
    INCEPTION_V3,
    VGG16,
    VIT_TINY,
    UNET,
    CONV1D,
    GRU,
    DEEPSPHERE,
)

DEFAULT_NETWORKS = (RESNET50.name,)
"""What a release trains where nothing else is asked for."""


def network_named(name: str) -> Network:
    """Return a network of `NETWORKS`, or one of timm, such as ``timm:convnext_atto``.

    Raises
    ------
    ParameterError
        There is none of that name; the message has the nearest.
    MissingDependencyError
        It is one of timm, which is not installed.
    """
    if name in NETWORKS:
        return NETWORKS[name]
    if is_of_timm(name):
        return timm_encoder(name)
    raise ParameterError(unknown("network", name, (*NETWORKS, f"{PREFIX}NAME")))


def chosen_networks(names: Sequence[str]) -> tuple[Network, ...]:
    """Return networks by name, each once; names and errors as of `network_named`."""
    return tuple(network_named(name) for name in dict.fromkeys(names))
