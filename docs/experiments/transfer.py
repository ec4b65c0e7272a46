"""From `morphology` to pictures of the Galaxy Zoo sites: what pretraining gains, by which lever.

Each trial is one change from the first, which is what `skybench.transfer` does where nothing is
asked for. Trainings are shared: those from scratch are the same for most.
"""

from collections.abc import Mapping
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
from skybench.learning.transfer.result import Comparison, TransferResult
from skybench.learning.transfer.zero_shot import zero_shot
from skybench.registry.scoring.scoring import crossed_bootstrap

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


TRIALS = {
    "transfer": Trial(what="as it is", labels=(50, 100), folds=3, seeds=3),
    "transfer_high_signal": Trial(what="a third of the noise (`easy`)", recipe="morphology/easy"),
    "transfer_no_noise": Trial(what="no noise (`clean`)", recipe="morphology/clean"),
    "transfer_cropped": Trial(what="the middle 48 of 64 pixels", crop=48),
    "transfer_strong": Trial(
        what="zoom, shift and blur in pretraining", pretraining={"augmentations": _STRONG}
    ),
    "transfer_longer": Trial(what="25 epochs of pretraining", pretraining={"epochs": 25}),
    "transfer_ends": Trial(what="all but both ends moves", but="ends"),
    "transfer_target_stretch": Trial(what="one stretch, the target's", normalisation="target"),
    "transfer_source_stretch": Trial(what="one stretch, the source's", normalisation="source"),
    "transfer_two_phases": Trial(
        what="head first, then all at a fifth of the rate",
        tuning={"freeze": {"layers": "all but head", "epochs": 3, "then_rate": 0.2}},
    ),
    "transfer_colours": Trial(
        what="in g, r and i",
        changes={"image.bands": ["g", "r", "i"]},
        bands=("blue", "green", "red"),
    ),
    "transfer_together": Trial(
        what="a third of the noise, the middle 48 pixels, zoom, shift and blur",
        recipe="morphology/easy",
        crop=48,
        pretraining={"augmentations": _STRONG},
        labels=(50, 100),
        folds=3,
        seeds=3,
    ),
}


def measured(trial: Trial, place: Place) -> dict[str, Any]:
    """Run a trial: transfer in each fold, and zero-shot on nine tenths of the pictures."""
    assert place.real is not None
    source, target = trial.source(place), pictures(place.real, side=trial.side, bands=trial.bands)
    common: dict[str, Any] = {
        "network": trial.network,
        "normalisation": trial.normalisation,
        "pretraining": trial.protocol("pretraining"),
        "out": place.work / "transfer",
    }
    told = zero_shot(source, for_zero_shot(target), **common)
    place.report(told.summary())
    found = []
    for fold in range(trial.folds):
        one = skybench.transfer(
            source,
            of_fold(target, fold),
            but=trial.but,
            protocol=trial.protocol("tuning"),
            iterations=trial.iterations,
            labels=trial.labels,
            rates=trial.rates,
            seeds=trial.seeds,
            **common,
        )
        place.report(f"fold {fold}: {one.summary()}")
        found.append(one)
    return {
        "zero_shot": {
            "accuracy": interval(told.accuracy),
            "samples": told.samples,
            "recall": told.recall,
            "auc": told.auc,
        },
        "comparisons": pooled(found),
    }


def pooled(found: list[TransferResult]) -> list[dict[str, Any]]:
    """Return for each number of labels what the folds say together, paired by seed and picture."""
    return [
        _together(list(of_labels))
        for of_labels in zip(*(r.comparisons for r in found), strict=True)
    ]


def _together(folds: list[Comparison]) -> dict[str, Any]:
    sides = {
        name: np.concatenate([np.array(getattr(one, name).merits) for one in folds], axis=1)
        for name in _SHARES
    }
    said: dict[str, Any] = {"labels": min(one.labels for one in folds)}
    said |= {name: interval(crossed_bootstrap(merits)) for name, merits in sides.items()}
    said["difference"] = interval(crossed_bootstrap(sides["transferred"] - sides["scratch"]))
    said["test"], said["seeds"] = sides["scratch"].shape[1], sides["scratch"].shape[0]
    for name in _SHARES:
        curves = [np.array(getattr(one, name).curve) for one in folds]
        said[f"{name}_curve"] = np.mean(curves, axis=0).tolist()
        said[f"{name}_rates"] = [getattr(one, name).rate for one in folds]
    return said


def draw(numbers: Numbers, path: Path) -> None:
    """Draw validation against iterations, of both sides, a panel a number of labels."""
    from matplotlib.figure import Figure  # late: the page is written without it

    found = numbers["comparisons"]
    figure = Figure(figsize=(3 * len(found), 2.8), layout="constrained")
    for axes, one in zip(
        figure.subplots(1, len(found), sharey=True, squeeze=False)[0], found, strict=True
    ):
        for name, label in zip(_SHARES, ("pretrained", "from scratch"), strict=True):
            iterations, scores = np.array(one[f"{name}_curve"]).T
            axes.plot(iterations, scores, marker=".", label=label)
        axes.set(title=f"{one['labels']} labels", xlabel="iterations")
    figure.axes[0].set_ylabel("accuracy on validation")
    figure.axes[0].legend(fontsize="small")
    figure.savefig(path, dpi=80)


def experiments() -> list[Experiment]:
    """Return an experiment a trial."""
    usual = {"pretraining": PRETRAINING, "tuning": FINE_TUNING, "crop_of_pictures": CROP}
    return [
        Experiment(
            name=name,
            settings={"trial": asdict(trial), "usual": usual},
            measure=lambda place, trial=trial: measured(trial, place),
            draw=draw if trial.seeds > 1 else None,
            needs=(FOLDER,),
        )
        for name, trial in TRIALS.items()
    ]
