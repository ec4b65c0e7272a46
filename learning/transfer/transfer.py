"""What weights from one dataset are worth on another, measured beside a twin from scratch."""

from collections.abc import Callable, Iterable, Sequence
from os import PathLike
from pathlib import Path
from typing import Literal

import xarray as xr

from skybench.errors import ParameterError
from skybench.learning.labelled import TEST, VALIDATION, Labelled
from skybench.learning.model import build_model
from skybench.learning.networks.network import Network
from skybench.learning.protocol_file import protocol_of
from skybench.learning.protocols import Protocol
from skybench.learning.training import stretch_of
from skybench.learning.transfer.arms import Arm, Trial, lower_rates, train_arm, twin_protocol
from skybench.learning.transfer.ends import Normalisation, Source, called, open_ends
from skybench.learning.transfer.labels import chosen_sizes, with_labels
from skybench.learning.transfer.result import Comparison, Side, TransferResult
from skybench.learning.transplant import Transplant, for_planes, transplant, without_ends
from skybench.learning.weights_file import Weights
from skybench.registry.open import Openable
from skybench.registry.scoring.scoring import crossed_bootstrap
from skybench.registry.storage.local_disk import replacing
from skybench.registry.storage.store import Store

RESULT = "transfer.json"

_LABELS_SEED = 0


def transfer(
    source: Source,
    target: Openable | xr.Dataset,
    *,
    network: str | Network,
    out: str | PathLike[str],
    but: Literal["head", "ends"] = "head",
    normalisation: Normalisation | None = None,
    protocol: str | PathLike[str] | Protocol = "default",
    iterations: int = 300,
    labels: Iterable[int] | None = None,
    rates: Sequence[float] | None = None,
    seeds: int = 3,
    pretraining: str | PathLike[str] | Protocol = "default",
    store: str | Store | None = None,
    report: Callable[[str], None] | None = None,
) -> TransferResult:
    """Measure what a network gains on a target from weights that a source taught.

    Each network that begins with the source's weights has a twin that begins from scratch: the
    same samples, order, number of iterations and search of a learning rate, chosen on validation
    for each side by itself. Both are tested once, on the same samples; their difference is paired
    by seed and sample, and its interval of 95 % is the bootstrap over both.

    Run again with the same `out`, it goes on where it was stopped.

    Parameters
    ----------
    source : str, path, Dataset or Weights
        A file of weights (skybench's, or torchvision's as safetensors or .pth); or a dataset, as
        for `skybench.open`, on which the network is trained first.
    target : str or Dataset
        As for `skybench.open`; or a dataset in memory, such as `skybench.real` makes. It has three
        splits.
    network : str or Network
        A key of the table of networks.
    out : path
        A folder. Gets ``transfer.json``, and ``work``, where finished trainings are kept.
    but : "head" or "ends"
        What does not move: the last layer, or the first and last, as in the DeepBench paper. A
        layer whose shape differs never does, but a first layer of one plane is shared out to
        several, and one of several is summed.
    normalisation : "image", "target" or "source", optional
        Whether images are normalised by their own light, see `by_own_light`, in both datasets; or
        by one stretch, that of the target's labels or that of the source, which is for images of
        the same units. Default: image, unless weights are given that learned otherwise.
    protocol : str, path or Protocol
        How both sides are trained. Its epochs do not count; ``freeze`` and ``layer_decay`` are for
        the transferred side alone.
    iterations : int
        Batches that each training learns from; see `with_labels`.
    labels : iterable of int, optional
        Sizes of the train split, stratified and one within the other; the whole split is always
        there. Default: 50, 100, 300 and 1,000 where they are fewer.
    rates : sequence of float, optional
        Learning rates that each side chooses from. Default: 0.1, 0.3 and 1 times the protocol's.
    seeds : int
        Trainings of a side.
    pretraining : str, path or Protocol
        For a source that is a dataset.
    store
        As for `skybench.open`.
    report : callable, optional
        Gets a line a training.

    Returns
    -------
    TransferResult

    Raises
    ------
    ParameterError
        A number, a name or the network is not possible, or nothing of the weights fits.
    NotFoundError
        There is no such file, dataset or split.

    References
    ----------
    Voetberg et al. 2023, JOSS 8, 5334 (DeepBench), figure 7; Yosinski et al. 2014, NIPS, 3320.

    Examples
    --------
    >>> import skybench
    >>> found = skybench.transfer(                                      # doctest: +SKIP
    ...     "morphology@1", real, network="narrow_resnet", out="trial"
    ... )
    >>> print(found.summary())                                          # doctest: +SKIP
    """
    asked = protocol_of(protocol)
    _check_counts(iterations=iterations, seeds=seeds)
    if but not in ("head", "ends"):
        msg = f"but must be one of head, ends, got {but!r}"
        raise ParameterError(msg)
    ends = open_ends(
        source,
        target,
        network=network,
        normalisation=normalisation,
        pretraining=protocol_of(pretraining),
        folder=Path(out) / "source",
        store=store,
    )
    chosen, data = ends.network, ends.data.labelled
    moving = for_planes(without_ends(ends.weights, chosen, but), chosen, data.form.planes)
    moves = _what_moves(moving, chosen, data)
    if report is not None:
        report(str(moves))
    trial = Trial(
        network=chosen,
        rates=tuple(rates or lower_rates(asked)),
        seeds=seeds,
        stretch=ends.stretch,
        folder=Path(out) / "work",
        report=report,
    )
    comparisons = tuple(
        _compared(trial, data, asked, moving, labels=size, iterations=iterations)
        for size in chosen_sizes(labels, data)
    )
    result = TransferResult(
        source=called(source),
        target=called(target),
        network=chosen.name,
        protocol=asked.name,
        task=data.task,
        but=but,
        normalisation=ends.normalisation,
        moved=moves.moved,
        left=moves.left,
        seeds=seeds,
        validation=len(data.rows(VALIDATION)),
        test=len(data.rows(TEST)),
        rates=trial.rates,
        comparisons=comparisons,
    )
    with replacing(Path(out) / RESULT) as partial:
        partial.write_text(result.to_json(), encoding="utf-8")
    return result


def _check_counts(**counts: int) -> None:
    for name, count in counts.items():
        if count < 1:
            msg = f"{name} must be at least 1, got {count}"
            raise ParameterError(msg)


def _what_moves(weights: Weights, network: Network, data: Labelled) -> Transplant:
    model = build_model(network, data.form, data.outputs, stretch=stretch_of(data), seed=0)
    return transplant(model, weights, network=network)


def _compared(
    trial: Trial,
    data: Labelled,
    protocol: Protocol,
    weights: Weights,
    *,
    labels: int,
    iterations: int,
) -> Comparison:
    """Train both sides on the same samples and pair what they come to on test."""
    part, asked = with_labels(
        data, protocol, labels=labels, iterations=iterations, seed=_LABELS_SEED
    )
    said = f"{labels:,} labels"
    own = train_arm(trial, part, asked, weights, f"{said}, transferred")
    twin = train_arm(trial, part, twin_protocol(asked), None, f"{said}, from scratch")
    return Comparison(
        labels=labels,
        iterations=own.runs[0].history[-1].iterations,
        transferred=_side(own, part),
        scratch=_side(twin, part),
        difference=crossed_bootstrap(own.merits(part) - twin.merits(part)),
    )


def _side(arm: Arm, data: Labelled) -> Side:
    merits = arm.merits(data)
    return Side(
        rate=arm.rate,
        score=crossed_bootstrap(merits),
        by_seed=tuple(float(merit.mean()) for merit in merits),
        curve=arm.curve,
        seconds=arm.seconds,
        merits=tuple(map(tuple, merits.tolist())),
    )
