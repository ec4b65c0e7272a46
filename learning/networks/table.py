"""The table of networks: a new one is one file beside this and one line in it.

Installed packages add theirs by entry points in the group ``skybench.networks``.
"""

from collections.abc import Sequence

from skybench.errors import ParameterError
from skybench.extensions import Table
from skybench.generators.suggestion import unknown
from skybench.learning.networks.lenet5 import LENET5
from skybench.learning.networks.network import Network
from skybench.learning.networks.obiwan import OBIWAN, OBIWAN_POOL7
from skybench.learning.networks.resnet50 import RESNET50

NETWORKS = Table(
    "skybench.networks",
    Network,
    RESNET50,
    LENET5,
    OBIWAN,
    OBIWAN_POOL7,
)

DEFAULT_NETWORKS = (RESNET50.name,)
"""What a release trains where nothing else is asked for."""


def chosen_networks(names: Sequence[str]) -> tuple[Network, ...]:
    """Return networks by name.

    Raises
    ------
    ParameterError
        There is none of a name; the message has the nearest.
    """
    for name in names:
        if name not in NETWORKS:
            raise ParameterError(unknown("network", name, NETWORKS))
    return tuple(NETWORKS[name] for name in dict.fromkeys(names))
