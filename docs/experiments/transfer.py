"""From `morphology` to pictures of the Galaxy Zoo sites: what pretraining gains, by which lever.

Each trial is one change from the first, which is what `skybench.transfer` does where nothing is
asked for. Trainings are shared: those from scratch are the same for most.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import xarray as xr

import skybench
from experiments.drawn import drawn
from experiments.experiment import Experiment, Numbers, Place, interval
from experiments.galaxy_zoo import CROP, FOLDER, for_zero_shot, of_fold, pictures
from skybench.learning.protocols import Protocol
from skybench.learning.transfer.appearance import appearance
from skybench.learning.transfer.result import Comparison, TransferResult
from skybench.learning.transfer.zero_shot import zero_shot
from skybench.registry.scoring.scoring import crossed_bootstrap
from skybench.survey.image_files import COLOURS

_SHARES = ("transferred", "scratch")

PRETRAINING = {
    "optimizer": "sgd",
    "learning_rate": 0.1,
    "momentum": 0.9,
    "weight_decay": 5e-4,
    "batch_size": 64,
    "epochs": 10,
    "schedule": "one-cycle",
    "warmup": 0.2,
    "augmentations": ["dihedral"],
}
FINE_TUNING = {
    "optimizer": "sgd",
    "learning_rate": 0.08,
    "momentum": 0.9,
    "weight_decay": 5e-4,
    "batch_size": 16,
    "epochs": 10,
    "schedule": "one-cycle",
    "warmup": 0.1,
    "augmentations": ["dihedral"],
}
_STRONG = ["dihedral", {"zoom": 0.3}, {"shift": 2}, {"blur": 1.5}]


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One way from simulated to real.

    Parameters
    ----------
    what : str
        In words, as the table has it.
    recipe : str
        That the network is pretrained on.
    changes : mapping
        Of the recipe.
    crop : int
        Pixels of the 64 that are kept of a simulated image.
    bands : tuple of str
        Of the pictures.
    pretraining, tuning : mapping
        What differs in the protocols.
    normalisation, but : str
        As `skybench.transfer` takes them.
    labels : tuple of int
        Beside the whole train split.
    folds, seeds : int
    """

    what: str
    recipe: str = "morphology"
    changes: Mapping[str, Any] = field(default_factory=dict)
    crop: int = 64
    bands: tuple[str, ...] = ("grey",)
    pretraining: Mapping[str, Any] = field(default_factory=dict)
    tuning: Mapping[str, Any] = field(default_factory=dict)
    normalisation: Literal["image", "target", "source"] = "image"
    but: Literal["head", "ends"] = "head"
    labels: tuple[int, ...] = (100,)
    folds: int = 3
    seeds: int = 1
    network: str = "narrow_resnet"
    side: int = 40
    iterations: int = 300
    rates: tuple[float, ...] = (0.02, 0.08)

    def protocol(self, phase: Literal["pretraining", "tuning"]) -> Protocol:
        """Return the protocol of one of both trainings."""
        usual = PRETRAINING if phase == "pretraining" else FINE_TUNING
        return Protocol.model_validate({"name": phase} | usual | dict(getattr(self, phase)))

    def source(self, place: Place) -> xr.Dataset:
        """Return what the network is pretrained on."""
        crop = None if self.crop == 64 else self.crop
        return drawn(place, self.recipe, changes=self.changes, crop=crop, side=self.side)


_LIKE_REAL, _CLOSER = {"noise.scale": 0.12}, 48
"""With so much noise, and of so many pixels of 64, images look as the pictures do: `appearance`."""

TRIALS = {
    "plain": Trial(what="the recipe as it is", seeds=3),
    "matched": Trial(
        what="noise and scale of the pictures, and zoom, shift and blur in pretraining",
        changes=_LIKE_REAL,
        crop=_CLOSER,
        pretraining={"augmentations": _STRONG},
    ),
    "low_noise": Trial(what="noise of the pictures", changes=_LIKE_REAL),
    "closer": Trial(what="scale of the pictures: the middle 48 pixels", crop=_CLOSER),
    "strong": Trial(
        what="zoom, shift and blur in pretraining", pretraining={"augmentations": _STRONG}
    ),
    "longer": Trial(what="25 epochs of pretraining for 10", pretraining={"epochs": 25}),
    "colours": Trial(what="in g, r and i", changes={"image.bands": ["g", "r", "i"]}, bands=COLOURS),
    "ends": Trial(what="all but both ends moves", but="ends"),
    "two_phases": Trial(
        what="the head first, then all at a fifth of the rate",
        tuning={"freeze": {"layers": "all but head", "epochs": 3, "then_rate": 0.2}},
    ),
    "target_stretch": Trial(what="one stretch, the target's", normalisation="target"),
    "source_stretch": Trial(what="one stretch, the source's", normalisation="source"),
}
"""By name; `experiments` says which are zero-shot, too."""

HEADLINES = ("plain", "matched")
"""Which are run first, and have a figure."""

_TUNED_ALONE = ("ends", "two_phases")
"""Whose pretraining is that of the first."""


def common(trial: Trial, place: Place) -> dict[str, Any]:
    """Return what zero-shot and transfer are both asked for."""
    return {
        "network": trial.network,
        "normalisation": trial.normalisation,
        "pretraining": trial.protocol("pretraining"),
        "out": place.work / "transfer",
    }


def target(trial: Trial, place: Place) -> xr.Dataset:
    """Return the pictures."""
    assert place.real is not None
    return pictures(place.real, side=trial.side, bands=trial.bands)


def without_labels(trial: Trial, place: Place) -> dict[str, Any]:
    """Pretrain, and let the network tell the forms of nine tenths of the pictures."""
    source, pictured = trial.source(place), for_zero_shot(target(trial, place))
    told = zero_shot(source, pictured, **common(trial, place))
    place.report(told.summary())
    return {
        "accuracy": interval(told.accuracy),
        "samples": told.samples,
        "recall": told.recall,
        "auc": told.auc,
        "source_looks": asdict(appearance(source)),
        "pictures_look": asdict(appearance(pictured)),
        "pictures": pictured.attrs.get("content_hash"),
    }


def measured(trial: Trial, place: Place) -> dict[str, Any]:
    """Run a trial: transfer in each fold."""
    source, pictured, found = trial.source(place), target(trial, place), []
    for fold in range(trial.folds):
        one = skybench.transfer(
            source,
            of_fold(pictured, fold),
            but=trial.but,
            protocol=trial.protocol("tuning"),
            iterations=trial.iterations,
            labels=trial.labels,
            rates=trial.rates,
            seeds=trial.seeds,
            **common(trial, place),
        )
        place.report(f"fold {fold}: {one.summary()}")
        found.append(one)
    return {"comparisons": pooled(found), "pictures": pictured.attrs.get("content_hash")}


def pooled(found: list[TransferResult]) -> list[dict[str, Any]]:
    """Return for each number of labels what the folds say together, paired by seed and picture.

    A seed counts as one run, whatever the fold.
    """
    by_labels = zip(*(one.comparisons for one in found), strict=True)
    return [_together(list(folds)) for folds in by_labels]


def _together(folds: list[Comparison]) -> dict[str, Any]:
    sides = {
        name: np.concatenate([np.array(getattr(one, name).merits) for one in folds], axis=1)
        for name in _SHARES
    }
    said: dict[str, Any] = {"labels": [one.labels for one in folds]}
    said |= {name: interval(crossed_bootstrap(merits)) for name, merits in sides.items()}
    said["difference"] = interval(crossed_bootstrap(sides["transferred"] - sides["scratch"]))
    said["test"], said["seeds"] = sides["scratch"].shape[1], sides["scratch"].shape[0]
    for name in _SHARES:
        curves = [np.array(getattr(one, name).curve) for one in folds]
        said[f"{name}_curve"] = np.mean(curves, axis=0).tolist()
        said[f"{name}_rates"] = [getattr(one, name).rate for one in folds]
    return said


def labels_of(comparison: Mapping[str, Any]) -> str:
    """Return how many labels there were, in words: the whole train splits of folds differ."""
    least, most = min(comparison["labels"]), max(comparison["labels"])
    return f"{least}" if least == most else f"{least} to {most}"


def draw(numbers: Numbers, path: Path) -> None:
    """Draw validation against iterations, of both sides, a panel a number of labels."""
    from matplotlib.figure import Figure  # late: the page is written without it

    found = numbers["comparisons"]
    figure = Figure(figsize=(3 * len(found), 2.8), layout="constrained")
    panels = figure.subplots(1, len(found), sharey=True, squeeze=False)[0]
    for axes, one in zip(panels, found, strict=True):
        for name, label in zip(_SHARES, ("pretrained", "from scratch"), strict=True):
            iterations, scores = np.array(one[f"{name}_curve"]).T
            axes.plot(iterations, scores, marker=".", label=label)
        axes.set(title=f"{labels_of(one)} labels", xlabel="iterations")
    figure.axes[0].set_ylabel("accuracy on validation")
    figure.axes[0].legend(fontsize="small")
    figure.savefig(path, dpi=80)


def experiments() -> list[Experiment]:
    """Return the experiments of each trial: without labels where it pretrains anew, and with."""
    zero_shot_of = [name for name in TRIALS if name not in _TUNED_ALONE]
    return [
        *(_experiment("transfer", name, measured) for name in HEADLINES),
        *(_experiment("zero_shot", name, without_labels) for name in zero_shot_of),
        *(_experiment("transfer", name, measured) for name in TRIALS if name not in HEADLINES),
    ]


def _experiment(
    kind: str, name: str, measure: Callable[[Trial, Place], dict[str, Any]]
) -> Experiment:
    trial = TRIALS[name]
    said = asdict(trial)
    del said["what"]  # words alone
    if kind == "zero_shot":
        for key in ("tuning", "but", "labels", "folds", "seeds", "iterations", "rates"):
            del said[key]
    usual = {"pretraining": PRETRAINING, "tuning": FINE_TUNING, "crop_of_pictures": CROP}
    return Experiment(
        name=f"{kind}_{name}",
        settings={"trial": said, "usual": usual},
        measure=lambda place: measure(trial, place),
        draw=draw if kind == "transfer" and name in HEADLINES else None,
        needs=(FOLDER,),
    )
