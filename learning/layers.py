"""Which layers of a network are trained, and how fast each."""

from typing import Any

import torch

from skybench.errors import ParameterError
from skybench.learning.protocols import ALL_BUT_HEAD, Protocol


class Layers:
    """The layers of a network as a protocol wants them trained.

    Parameters
    ----------
    network : Module
    protocol : Protocol
    head : str, optional
        What the names of the tensors of the last layer begin with.

    Raises
    ------
    ParameterError
        The protocol freezes layers that are not there, or all, or all but an unknown head.
    """

    def __init__(self, network: torch.nn.Module, protocol: Protocol, head: str | None) -> None:
        self.network, self.protocol, self.head = network, protocol, head
        names = [name for name, _ in network.named_parameters()]
        kept = [name for name in names if self._is_frozen(name)]
        if protocol.freeze is not None:
            self._check(names, kept)
        self._parameters = [network.get_parameter(name) for name in kept]
        self._modules = [m for name, m in network.named_modules() if name and self._is_frozen(name)]

    def prepare(self, epoch: int) -> None:
        """Freeze or thaw the layers for an epoch: weights, and what normalisations remember."""
        freeze = self.protocol.freeze
        if freeze is None:
            return
        trained = freeze.epochs is not None and epoch >= freeze.epochs
        for parameter in self._parameters:
            parameter.requires_grad_(trained)
        for module in self._modules:
            module.train(trained)

    def groups(self) -> list[dict[str, Any]]:
        """Return the parameters for an optimizer; the last layer's first where rates decay."""
        decay = self.protocol.layer_decay
        if decay is None:
            return [{"params": list(self.network.parameters())}]
        stages: dict[str, list[torch.nn.Parameter]] = {}
        for name, parameter in self.network.named_parameters():
            stages.setdefault(name.partition(".")[0], []).append(parameter)
        rate = self.protocol.learning_rate
        return [
            {"params": parameters, "lr": rate * decay**depth}
            for depth, parameters in enumerate(reversed(stages.values()))
        ]

    def _is_frozen(self, name: str) -> bool:
        freeze = self.protocol.freeze
        if freeze is None:
            return False
        if freeze.layers != ALL_BUT_HEAD:
            return any(_is_within(name, layer) for layer in freeze.layers)
        # A module around the head is neither frozen nor not.
        head = self.head or ""
        return not (_is_within(name, head) or _is_within(head, name))

    def _check(self, names: list[str], kept: list[str]) -> None:
        freeze = self.protocol.freeze
        assert freeze is not None
        tops = ", ".join(dict.fromkeys(name.partition(".")[0] for name in names))
        if freeze.layers == ALL_BUT_HEAD:
            if self.head is None:
                msg = f"freeze: this network does not say which its head is; name layers of {tops}"
                raise ParameterError(msg)
            return
        for layer in freeze.layers:
            if not any(_is_within(name, layer) for name in names):
                msg = f"freeze: the network has no layer {layer!r}; its layers are {tops}"
                raise ParameterError(msg)
        if len(kept) == len(names) and freeze.epochs is None:
            msg = f"freeze: nothing is left to train of {tops}"
            raise ParameterError(msg)


def _is_within(name: str, layer: str) -> bool:
    return name == layer or name.startswith(f"{layer}.")
