"""The two ends of a transfer: the weights of its source, the samples of its target."""

from os import PathLike, fspath
from pathlib import Path

import xarray as xr

from skybench.errors import ParameterError
from skybench.learning.heads import HEADS
from skybench.learning.labelled import Labelled, TrainingData, load_training_data
from skybench.learning.networks.network import Network
from skybench.learning.networks.table import chosen_networks
from skybench.learning.protocols import Protocol
from skybench.learning.training import fit
from skybench.learning.weights_file import Weights, read_weights
from skybench.registry.open import Openable
from skybench.registry.open import open as open_version
from skybench.registry.storage.store import Store

Source = Openable | xr.Dataset | Weights


def read_data(reference: Openable | xr.Dataset, store: str | Store | None) -> TrainingData:
    """Read a dataset with its three splits into memory.

    Raises
    ------
    NotFoundError
        There is no such dataset, or it lacks a split.
    IntegrityError
        It lacks the truth that its task asks for.
    """
    if isinstance(reference, xr.Dataset):
        return load_training_data(reference)
    return load_training_data(open_version(reference, store=store, decode=False))


def network_for(network: str | Network, data: Labelled) -> Network:
    """Return a network that can learn from the samples.

    Raises
    ------
    ParameterError
        There is none of that name, or it cannot.
    """
    chosen = network if isinstance(network, Network) else chosen_networks([network])[0]
    if data.task not in HEADS:
        msg = f"no network has a head for a {data.task}"
        raise ParameterError(msg)
    if reason := chosen.refusal(data.form):
        msg = f"{chosen.name} cannot be trained on this: {reason}"
        raise ParameterError(msg)
    return chosen


def source_weights(
    source: Source,
    network: Network,
    *,
    protocol: Protocol,
    folder: Path,
    store: str | Store | None = None,
) -> Weights:
    """Return the weights of a source: given, read from a file, or of a training on a dataset.

    Parameters
    ----------
    source : Weights, path of a file, reference or Dataset
    network : Network
    protocol : Protocol
        Of the training, whose seed is 0.
    folder : Path
        Of the training; one that is finished is not made again.
    store
        As for `skybench.open`.

    Raises
    ------
    ParameterError
        The weights say that they are another network's, or the network cannot take the samples.
    NotFoundError, IntegrityError
        As `read_weights` and `read_data`.
    """
    if isinstance(source, Weights):
        return _of_network(source, network)
    if isinstance(source, str | PathLike) and Path(source).is_file():
        return _of_network(read_weights(source), network)
    data = read_data(source, store).labelled
    return read_weights(
        fit(network_for(network, data), data, protocol, seed=0, folder=folder).weights
    )


def _of_network(weights: Weights, network: Network) -> Weights:
    said = weights.about.network
    if said not in (None, network.name):
        msg = f"the weights are of {said}, not of {network.name}"
        raise ParameterError(msg)
    return weights


def called(end: Source) -> str:
    """Return what a source or target is called where results are told."""
    if isinstance(end, Weights):
        return end.about.origin.dataset or end.about.network or "weights"
    if isinstance(end, xr.Dataset):
        return str(end.attrs.get("recipe") or end.attrs.get("title") or "dataset")
    return fspath(end) if isinstance(end, PathLike) else str(end)
