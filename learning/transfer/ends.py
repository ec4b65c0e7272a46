"""The two ends of a transfer: the weights of its source, the samples of its target."""

import dataclasses
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Literal, get_args

from skybench.errors import ParameterError
from skybench.learning.heads import check_network
from skybench.learning.labelled import Labelled, TrainingData, load_training_data
from skybench.learning.networks.network import Network
from skybench.learning.networks.table import chosen_networks
from skybench.learning.protocols import Protocol
from skybench.learning.readable import Readable, read
from skybench.learning.readable import called as called_dataset
from skybench.learning.stretch import Stretch
from skybench.learning.training import fit
from skybench.learning.transfer.per_image import STRETCH, UNIT, by_own_light
from skybench.learning.weights_file import Weights, read_weights
from skybench.registry.storage.store import Store

Source = Readable | Weights

Normalisation = Literal["image", "target", "source"]
"""By each image's own light, or by one stretch: that of the target's train split, or the source's.
"""


@dataclass(frozen=True, kw_only=True)
class Ends:
    """What a transfer goes from and to.

    Parameters
    ----------
    network : Network
    weights : Weights
        Of the source.
    data : TrainingData
        Of the target, normalised.
    stretch : Stretch, optional
        Of its images. Default: what its train split teaches.
    normalisation : str
    """

    network: Network
    weights: Weights
    data: TrainingData
    stretch: Stretch | None
    normalisation: Normalisation


def open_ends(
    source: Source,
    target: Readable,
    *,
    network: str | Network,
    normalisation: Normalisation | None,
    pretraining: Protocol,
    folder: Path,
    store: str | Store | None,
) -> Ends:
    """Return the weights of a source and the samples of a target, both normalised alike.

    Parameters are those of `skybench.transfer`.

    Raises
    ------
    ParameterError
        The normalisation is none, or is not the weights'; or as `network_for`.
    NotFoundError, IntegrityError
        There is no such file or dataset, or it lacks what training needs.
    """
    if normalisation not in (None, *get_args(Normalisation)):
        names = ", ".join(get_args(Normalisation))
        msg = f"normalisation must be one of {names}, got {normalisation!r}"
        raise ParameterError(msg)
    known = load_training_data(read(target, store))
    chosen = network_for(network, known.labelled)
    if isinstance(source, str | PathLike) and Path(source).is_file():
        source = read_weights(source)
    how = normalisation or _fitting(source, known.labelled)
    if isinstance(source, Weights):
        weights = source
    else:
        weights = _learned(source, chosen, pretraining, how == "image", folder, store)
    _check(weights, chosen, how)
    stretch = weights.about.normalisation if how == "source" else None
    if how == "image":
        known = dataclasses.replace(known, labelled=by_own_light(known.labelled))
        stretch = STRETCH
    return Ends(network=chosen, weights=weights, data=known, stretch=stretch, normalisation=how)


def _fitting(source: Source, data: Labelled) -> Normalisation:
    """Return by image where weights have learned so or will, and samples are images."""
    if data.form.kind != "images":
        return "target"
    learned_so = not isinstance(source, Weights) or source.about.origin.unit == UNIT
    return "image" if learned_so else "target"


def _learned(
    source: Readable,
    network: Network,
    protocol: Protocol,
    by_image: bool,
    folder: Path,
    store: str | Store | None,
) -> Weights:
    """Train on the source with the seed 0; a training that is finished is not made again."""
    data, stretch = load_training_data(read(source, store)).labelled, None
    if by_image:
        data, stretch = by_own_light(data), STRETCH
    chosen = network_for(network, data)
    done = fit(chosen, data, protocol, seed=0, folder=folder, stretch=stretch)
    return read_weights(done.weights)


def _check(weights: Weights, network: Network, how: Normalisation) -> None:
    about = weights.about
    if about.network not in (None, network.name):
        msg = f"the weights are of {about.network}, not of {network.name}"
        raise ParameterError(msg)
    if how == "source" and about.normalisation is None:
        msg = "the weights do not say how their samples were stretched; take another normalisation"
        raise ParameterError(msg)
    if how == "image" and about.origin.unit != UNIT:
        said = about.origin.unit or "a unit that they do not name"
        msg = (
            f"the weights learned from pixels in {said}, not from images by their own light; take "
            "normalisation='target', or give the dataset that they learned from as the source"
        )
        raise ParameterError(msg)


def network_for(network: str | Network, data: Labelled) -> Network:
    """Return a network that can learn from the samples.

    Raises
    ------
    ParameterError
        There is none of that name, or it cannot.
    """
    chosen = network if isinstance(network, Network) else chosen_networks([network])[0]
    check_network(chosen, data)
    return chosen


def called(end: Source) -> str:
    """Return what a source or target is called where results are told."""
    if isinstance(end, Weights):
        return end.about.origin.dataset or end.about.network or "weights"
    return called_dataset(end)
