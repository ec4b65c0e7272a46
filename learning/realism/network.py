"""The judge of pixels: the network of obiwan, trained a little, and where it looks."""

from collections.abc import Callable
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import torch

from skybench.generators.arrays import Floats, Integers, Singles
from skybench.learning.labelled import TEST, TRAIN, VALIDATION, Labelled
from skybench.learning.model import load_model
from skybench.learning.networks.network import Network
from skybench.learning.protocols import Protocol
from skybench.learning.realism.auc import Scores
from skybench.learning.realism.folds import Labelling
from skybench.learning.training import Fit, fit

PROTOCOL = Protocol(
    name="realism",
    optimizer="adamw",
    learning_rate=2e-3,
    weight_decay=1e-4,
    batch_size=32,
    epochs=1,
    schedule="one-cycle",
    warmup=0.2,
    augmentation="dihedral",
    seeds_needed=1,
)
"""Adam as obiwan's, with a schedule for few epochs and the square's symmetries for few cutouts."""

_VALIDATION = 6
"""One in so many cutouts that are not judged chooses the epoch."""

_FAKE = 1


class Judgement(NamedTuple):
    """What a network says, and the pixels that it says it by.

    Attributes
    ----------
    scores : Scores
    saliency : (sample, y, x) float32 array
        How much the odds of a fake change with each pixel, over the mean of the cutout (Simonyan
        et al. 2014, arXiv:1312.6034), planes summed up.
    """

    scores: Scores
    saliency: Singles


def judge(
    planes: Singles,
    labelling: Labelling,
    network: Network,
    seed: int,
    *,
    epochs: int,
    report: Callable[[str], None] | None = None,
) -> Judgement:
    """Return what networks say of cutouts that they did not learn from, one for each fold.

    Parameters
    ----------
    planes : (sample, plane, y, x) float32 array
        As `unit_planes` gives them.
    labelling : Labelling
    network : Network
    seed : int
        Of folds and weights.
    epochs : int
    report : callable, optional
        Gets a line a fold.

    Raises
    ------
    MissingDependencyError
        torch or lightning is missing.
    """
    folds = labelling.folds(seed)
    values, saliency = np.zeros(folds.size), np.zeros(planes[:, 0].shape, np.float32)
    protocol = PROTOCOL.model_copy(update={"epochs": epochs})
    for fold in np.unique(folds):
        data = _labelled(planes, labelling, folds, int(fold), seed)
        with TemporaryDirectory() as folder:
            done = fit(network, data, protocol, seed=seed, folder=folder)
            judged = data.rows(TEST)
            odds = np.clip(done.test_answers[:, _FAKE].astype(np.float64), 1e-7, 1 - 1e-7)
            values[judged] = np.log(odds / (1 - odds))
            saliency[judged] = _saliency(done, network, data)
        if report is not None:
            report(f"fold {fold + 1} of {folds.max() + 1}: epoch {done.best.epoch} is the best")
    return Judgement(Scores(values=values, folds=folds), saliency)


def unit_planes(planes: Singles) -> Singles:
    """Return planes in units of their scatter over all cutouts; what is missing has the median.

    Bands and weights share the network's stretch, so that they must have one scale.
    """
    units = np.empty_like(planes)
    for i, plane in enumerate(np.moveaxis(planes, 1, 0)):
        middle = np.nanmedian(plane, axis=(1, 2), keepdims=True)
        every = float(np.median(middle))
        scatter = 1.4826 * float(np.nanmedian(np.abs(plane - middle))) or abs(every) or 1.0
        units[:, i] = (np.where(np.isfinite(plane), plane, middle) - every) / scatter
    return units


def _labelled(
    planes: Singles, labelling: Labelling, folds: Integers, fold: int, seed: int
) -> Labelled:
    split = np.where(folds == fold, TEST, TRAIN).astype(np.int8)
    split[_choosing(labelling, folds, fold, seed)] = VALIDATION
    return Labelled(
        images=planes,
        truth=labelling.is_fake.astype(np.int8),
        split=split,
        outputs=2,
        dims=("band", "y", "x"),
    )


def _choosing(labelling: Labelling, folds: Integers, fold: int, seed: int) -> Integers:
    """Return rows that choose the epoch: some of each class, which may share learned frames.

    Nothing leaks, since none of their frames is judged.
    """
    random = np.random.default_rng([seed, fold])
    rows = np.flatnonzero(folds != fold)
    each = [random.permutation(rows[labelling.is_fake[rows] == c]) for c in (False, True)]
    return np.concatenate([some[: max(2, some.size // _VALIDATION)] for some in each])


def _saliency(done: Fit, network: Network, data: Labelled) -> Floats:
    model = load_model(done.weights, network, data.form, data.outputs).eval()
    maps = []
    for rows in np.array_split(data.rows(TEST), max(1, data.rows(TEST).size // 64)):
        pixels = torch.from_numpy(data.images[rows]).requires_grad_()
        outputs = model(pixels)
        (outputs[:, _FAKE] - outputs[:, 0]).sum().backward()
        assert pixels.grad is not None
        maps.append(pixels.grad.abs().sum(dim=1).numpy())
    steep = np.concatenate(maps)
    return np.asarray(steep / np.maximum(steep.mean(axis=(1, 2), keepdims=True), 1e-30))
