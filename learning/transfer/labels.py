"""Parts of a train split: so many labels, and a training on them of so many iterations."""

import dataclasses
import math
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from skybench.errors import ParameterError
from skybench.learning.labelled import TEST, TRAIN, VALIDATION, Labelled
from skybench.learning.protocols import Protocol

LABELS = (50, 100, 300, 1000)
"""Sizes that a curve of labels has where a split is large enough, and all of it."""

_LOOKS = 10
"""At validation in a training of few labels."""


def nested_rows(data: Labelled, seed: int) -> npt.NDArray[np.int64]:
    """Return the rows of the train split in an order whose first n are a fair sample, for any n.

    Of each class they have as large a share as the split has, to about one sample. Smaller samples
    are within the larger ones of the same seed.
    """
    rows, rng = data.rows(TRAIN), np.random.default_rng([seed, _STREAM])
    if data.task != "classification":
        return rng.permutation(rows)
    mixed = rng.permutation(rows)
    codes = data.truth[mixed]
    places = np.empty(len(mixed))
    for code in np.unique(codes):
        members = np.flatnonzero(codes == code)
        places[members] = (np.arange(len(members)) + 0.5) / len(members)
    return mixed[np.argsort(places, kind="stable")]


_STREAM = 0x6C61
"""Keeps the order of labels apart from all else that a seed draws."""


def chosen_sizes(labels: Iterable[int] | None, data: Labelled) -> tuple[int, ...]:
    """Return how many labels there shall be, ascending, the last being the whole train split.

    Raises
    ------
    ParameterError
        One of them is below two, or below the classes that there are.
    """
    whole = len(data.rows(TRAIN))
    least = max(2, data.outputs if data.task == "classification" else 0)
    sizes = sorted(set(LABELS if labels is None else labels))
    if labels is not None and sizes and sizes[0] < least:
        msg = f"labels must be at least {least}, one for each class, got {sizes[0]}"
        raise ParameterError(msg)
    return (*(size for size in sizes if least <= size < whole), whole)


def with_labels(
    data: Labelled, protocol: Protocol, *, labels: int, iterations: int, seed: int
) -> tuple[Labelled, Protocol]:
    """Return the data with so many labels, and the protocol for a number of iterations.

    Validation and test stay whole. Where labels are few they are gone through several times in an
    epoch, so that validation is looked at ten times in the training and not after each batch or
    two. Where they are many an epoch is one pass, and the training ends with a whole epoch, the
    second at least where the protocol has two phases.

    Parameters
    ----------
    data : Labelled
    protocol : Protocol
        Its number of epochs says only which share of them `freeze` is for.
    labels : int
        Of the train split.
    iterations : int
        Batches to learn from.
    seed : int
        Which labels.
    """
    batch = protocol.batch_size
    look = max(1, math.ceil(iterations / _LOOKS))
    rows = nested_rows(data, seed)[:labels]
    if labels < look * batch:
        rows = np.resize(rows, look * batch)
    phases = 2 if protocol.freeze is not None and protocol.freeze.epochs is not None else 1
    epochs = max(phases, math.ceil(iterations / max(1, len(rows) // batch)))
    kept = np.concatenate([rows, data.rows(VALIDATION), data.rows(TEST)])
    part = dataclasses.replace(
        data, images=data.images[kept], truth=data.truth[kept], split=data.split[kept]
    )
    return part, _of_epochs(protocol, epochs)


def _of_epochs(protocol: Protocol, epochs: int) -> Protocol:
    """Return the protocol with other epochs, its first phase being as large a share of them."""
    said = protocol.model_dump() | {"epochs": epochs}
    if protocol.freeze is not None and protocol.freeze.epochs is not None:
        first = round(protocol.freeze.epochs * epochs / protocol.epochs)
        said["freeze"] = said["freeze"] | {"epochs": min(max(1, first), epochs - 1)}
    return Protocol.model_validate(said)
