"""What a network finds in samples of another dataset without having learned from any of them."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np
import numpy.typing as npt
import xarray as xr

from skybench.errors import ParameterError
from skybench.generators.suggestion import unknown
from skybench.learning.labelled import TEST, Labelled
from skybench.learning.model import build_model
from skybench.learning.networks.network import Network
from skybench.learning.protocol_file import protocol_of
from skybench.learning.protocols import Protocol
from skybench.learning.training import predict, stretch_of
from skybench.learning.transfer.ends import Ends, Normalisation, Source, called, open_ends
from skybench.registry.open import Openable
from skybench.registry.scoring.metric import Outcome
from skybench.registry.scoring.metrics import recall, right, roc_auc
from skybench.registry.scoring.scoring import ConfidenceInterval, bootstrap
from skybench.registry.scoring.tasks import task_named
from skybench.registry.storage.store import Store

_PLANES_AXIS = 1


@dataclass(frozen=True, kw_only=True)
class ZeroShot:
    """Classes of a target told by a network that learned those of a source.

    Attributes
    ----------
    source, target, network, normalisation : str
    mapping : dict
        Class of the source to class of the target.
    samples : int
        Of the test split that are of one of these classes.
    accuracy : ConfidenceInterval
        By bootstrap over samples.
    recall, auc : dict
        Of each class of the target; the area under the curve is that of the class against the rest.
    """

    source: str
    target: str
    network: str
    normalisation: str
    mapping: dict[str, str]
    samples: int
    accuracy: ConfidenceInterval
    recall: dict[str, float]
    auc: dict[str, float]

    def summary(self) -> str:
        """Return it in lines."""
        low, high = 100 * self.accuracy.low, 100 * self.accuracy.high
        classes = [
            f"{name}: recall {100 * self.recall[name]:.1f} %, AUC {self.auc[name]:.3f}"
            for name in self.recall
        ]
        first = (
            f"{self.source} to {self.target}, {self.network}, zero-shot: "
            f"{100 * self.accuracy.value:.1f} % [{low:.1f}, {high:.1f}] of {self.samples:,} samples"
        )
        return "\n".join([first, *classes])

    def to_json(self) -> str:
        """Return all of it as JSON."""
        return json.dumps(dataclasses.asdict(self), indent=1)


def zero_shot(
    source: Source,
    target: Openable | xr.Dataset,
    *,
    network: str | Network,
    out: str | PathLike[str],
    mapping: Mapping[str, str] | None = None,
    normalisation: Normalisation | None = None,
    pretraining: str | PathLike[str] | Protocol = "default",
    store: str | Store | None = None,
) -> ZeroShot:
    """Let a network that a source taught tell the classes of a target's test split.

    A class of the target is as probable as those of the source together that stand for it.
    Samples of a class that none stands for are left out. Where the source has one plane and the
    target several, the network sees their mean; where it is the other way, each plane is the same.

    Parameters
    ----------
    source, target, network, out, normalisation, pretraining, store
        As for `skybench.transfer`. Weights must say the names of their classes.
    mapping : mapping of str to str, optional
        Class of the source to class of the target. Default: to that of the same name.

    Raises
    ------
    ParameterError
        A class is none, less than two of the target are stood for, or it is no classification.

    Examples
    --------
    >>> from skybench.learning.transfer.zero_shot import zero_shot
    >>> found = zero_shot(                                              # doctest: +SKIP
    ...     "morphology@1", real, network="narrow_resnet", out="trial",
    ...     mapping={"spiral": "spiral", "round": "smooth", "cigar": "smooth"},
    ... )
    >>> found.accuracy, found.auc["spiral"]                             # doctest: +SKIP
    """
    ends = open_ends(
        source,
        target,
        network=network,
        normalisation=normalisation,
        pretraining=protocol_of(pretraining),
        folder=Path(out) / "source",
        store=store,
    )
    stands = _checked(mapping, ends)
    outcome = _outcome(ends, stands)
    return ZeroShot(
        source=called(source),
        target=called(target),
        network=ends.network.name,
        normalisation=ends.normalisation,
        mapping=stands,
        samples=len(outcome.truth),
        accuracy=bootstrap(right(outcome)),
        recall=dict(zip(outcome.names, recall(outcome).tolist(), strict=True)),
        auc=dict(zip(outcome.names, roc_auc(outcome).tolist(), strict=True)),
    )


def _outcome(ends: Ends, stands: Mapping[str, str]) -> Outcome:
    """Return what is told of the test samples whose class is stood for, beside the truth."""
    given, known, data = ends.weights.about.origin.names, ends.data.names, ends.data.labelled
    names = tuple(name for name in known if name in stands.values())
    probable = _predicted(ends)
    columns = [[k for k, one in enumerate(given) if stands.get(one) == name] for name in names]
    summed = np.stack([probable[:, some].sum(axis=1) for some in columns], axis=1)
    codes = np.array([names.index(name) if name in names else _NONE for name in known])
    truth = codes[data.truth[data.rows(TEST)].astype(np.int64)]
    kept = truth != _NONE
    shares = summed[kept] / np.maximum(summed[kept].sum(axis=1, keepdims=True), _LEAST)
    return task_named(data.task).outcome(shares, truth[kept], names)


_NONE = -1
_LEAST = float(np.finfo(np.float32).tiny)


def _checked(mapping: Mapping[str, str] | None, ends: Ends) -> dict[str, str]:
    """Return the mapping, or that of equal names, whose classes are all there."""
    given, wanted, task = ends.weights.about.origin.names, ends.data.names, ends.data.labelled.task
    if task != "classification":
        msg = f"zero-shot tells exclusive classes, and the target is a {task}"
        raise ParameterError(msg)
    stands = {name: name for name in given if name in wanted} if mapping is None else {**mapping}
    for names, classes, which in (
        (stands, given, "class of the source"),
        (stands.values(), wanted, "class of the target"),
    ):
        for name in names:
            if name not in classes:
                raise ParameterError(unknown(which, name, classes))
    if len({*stands.values()}) < _FEWEST:
        msg = (
            f"classes of the source must stand for two of the target or more, which has "
            f"{', '.join(wanted)}; the source has {', '.join(given) or 'none that it names'}"
        )
        raise ParameterError(msg)
    return stands


_FEWEST = 2


def _predicted(ends: Ends) -> npt.NDArray[np.float32]:
    """Return (test sample, class of the source) probabilities."""
    about, data = ends.weights.about, ends.data.labelled
    if about.form is None or about.outputs is None:
        msg = "the weights do not say what they learned from, which zero-shot must know"
        raise ParameterError(msg)
    stretch = ends.stretch or stretch_of(data)
    seen = dataclasses.replace(data, images=_as_planes(data, about.form.planes), dims=())
    model = build_model(ends.network, seen.form, about.outputs, stretch=stretch, seed=0)
    model.network.load_state_dict(ends.weights.tensors)
    return predict(model, seen, seen.rows(TEST))


def _as_planes(data: Labelled, planes: int) -> npt.NDArray[np.float32]:
    """Return images of (sample, plane, y, x) with as many planes as a network takes."""
    form = data.form
    order = (0, *(axis + 1 for axis in form.planes_first))
    images = data.images.transpose(order).astype(np.float32)
    images = images.reshape(len(images), form.planes, *form.extent)
    if form.planes == planes:
        return images
    if planes == 1:
        return np.asarray(images.mean(axis=_PLANES_AXIS, keepdims=True))
    if form.planes == 1:
        return images.repeat(planes, axis=_PLANES_AXIS)
    msg = f"the weights take {planes} planes, and the target's images have {form.planes}"
    raise ParameterError(msg)
