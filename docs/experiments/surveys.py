"""From SDSS to DES: a network that learnt one survey is used on the other.

Trained on the SDSS galaxies of `sdss_des` that volunteers agree about, judged by the sets `hp` and
`fo` of both surveys, as Khan et al. (2019, Phys. Lett. B 795, 248) did with real ones.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import skybench
from experiments.drawn import drawn
from experiments.experiment import Experiment, Numbers, Place, interval
from skybench.learning.adaptation import Adaptation, with_statistics_of
from skybench.learning.catalogue.calibration import calibrated
from skybench.learning.catalogue.domain import Joined, joined, read_domain
from skybench.learning.catalogue.recursion import Recursion, Rules, control, train_recursively
from skybench.learning.catalogue.scores import paired_gain, table_of
from skybench.learning.labelled import TEST, UNLABELLED, VALIDATION
from skybench.learning.model import load_model
from skybench.learning.networks.network import Network
from skybench.learning.networks.table import NETWORKS
from skybench.learning.protocols import Protocol
from skybench.learning.training import Fit, fit, predict

CUT = "vote_fraction_spiral > 0.985 or vote_fraction_elliptical > 0.926"
SETS = {f"{part}_{name}": (part, name) for part in ("hp", "fo") for name in ("sdss", "des")}
LEARNING = {
    "optimizer": "sgd",
    "learning_rate": 0.1,
    "momentum": 0.9,
    "weight_decay": 5e-4,
    "batch_size": 64,
    "epochs": 10,
    "schedule": "one-cycle",
    "warmup": 0.2,
    "augmentations": ["dihedral", {"zoom": 0.3}],
}
WEIGHTS = {"coral": 100.0, "dann": 0.3}
"""Of the alignments. CORAL's term is small, for it is over the squared number of features."""

_STUDENTS = {"epochs": 4, "learning_rate": 0.03}
_NETWORK = "narrow_resnet"
_CHANGES = {"samples": 8000}
_MAPPED = 400

Answers = dict[int, NDArray[Any]]


def both(place: Place, changes: Mapping[str, Any] = _CHANGES) -> Joined:
    """Return SDSS to learn from, and DES beside it."""
    sdss, des = (
        read_domain(drawn(place, recipe, changes=changes), name=name)
        for recipe, name in (("sdss_des", "sdss"), ("sdss_des/des", "des"))
    )
    return joined(sdss, des, cut=CUT)


def protocol(**changes: Any) -> Protocol:
    """Return how networks are trained."""
    return Protocol.model_validate({"name": "surveys"} | LEARNING | changes)


def measured(place: Place, *, seeds: int, changes: Mapping[str, Any] = _CHANGES) -> dict[str, Any]:
    """Train by each method with each seed; return the table, the gains and what the steps did."""
    data, network = both(place, changes), NETWORKS[_NETWORK]
    methods: dict[str, Answers] = {}
    steps: list[dict[str, Any]] = []
    for seed in range(seeds):
        one = _Seed(place, data, network, seed)
        for name, method in one.methods.items():
            methods.setdefault(name, {})[seed] = method()
            place.report(f"seed {seed}: {name} is done")
        steps.append(one.steps)
    found = table_of(data, methods, SETS)
    pairs = [("direct", name) for name in methods if name not in ("direct", "control")]
    pairs += [("control", "recursion")]
    return {
        "samples": {name: len(data.rows(*chosen)) for name, chosen in SETS.items()},
        "trained_on": int((data.labelled.split == 0).sum()),
        "unlabelled": len(data.labelled.rows(UNLABELLED)),
        "table": found.to_dict("records"),
        "gains": [
            {
                "of": second,
                "over": first,
                "fo_des": interval(paired_gain(data, methods[second], methods[first], "fo", "des")),
            }
            for first, second in pairs
        ],
        "steps": steps,
    }


class _Seed:
    """The methods with one seed, in an order in which each finds what it begins with."""

    def __init__(self, place: Place, data: Joined, network: Network, seed: int) -> None:
        self.place, self.data, self.network, self.seed = place, data, network, seed
        self.steps: dict[str, Any] = {}
        self.methods: dict[str, Callable[[], NDArray[Any]]] = {
            "direct": lambda: self.teacher.test_answers,
            "adabn": self.adabn,
            "coral": lambda: self.aligned("coral"),
            "dann": lambda: self.aligned("dann"),
            "recursion": self.recursion,
            "control": self.control,
        }

    @property
    def common(self) -> dict[str, Any]:
        return {"seed": self.seed, "folder": self.place.work / "surveys"}

    @property
    def teacher(self) -> Fit:
        return fit(self.network, self.data.labelled, protocol(), **self.common)

    def adabn(self) -> NDArray[Any]:
        known = self.data.labelled
        model = load_model(self.teacher.weights, self.network, known.form, known.outputs)
        seen = known.rows(VALIDATION)
        adapted = with_statistics_of(model, known.images[known.rows(UNLABELLED)])
        self.steps["temperature"] = calibrated(
            predict(model, known, seen), known.truth[seen]
        ).temperature
        return predict(adapted, known, known.rows(TEST))

    def aligned(self, kind: str) -> NDArray[Any]:
        adapt = Adaptation(kind=kind, weight=WEIGHTS[kind])
        asked = self.data.labelled
        return fit(self.network, asked, protocol(), adapt=adapt, **self.common).test_answers

    @property
    def students(self) -> Recursion:
        return train_recursively(
            self.network,
            self.data,
            protocol(**_STUDENTS),
            teacher=self.teacher.weights,
            rules=Rules(rounds=1),
            **self.common,
        )

    def recursion(self) -> NDArray[Any]:
        found = self.students
        self.steps["round"] = str(found.rounds[0])
        return found.students[-1].test_answers if found.students else self.teacher.test_answers

    def control(self) -> NDArray[Any]:
        done = control(
            self.network,
            self.data,
            protocol(**_STUDENTS),
            self.students,
            teacher=self.teacher.weights,
            rules=Rules(rounds=1),
            **self.common,
        )
        return self.teacher.test_answers if done is None else done.test_answers


def of_networks(place: Place, names: tuple[str, ...]) -> dict[str, Any]:
    """Train each network once and use it directly."""
    data = both(place)
    methods: dict[str, Answers] = {}
    seconds = {}
    for name in names:
        done = fit(NETWORKS[name], data.labelled, protocol(), seed=0, folder=place.work / "surveys")
        methods[name], seconds[name] = {0: done.test_answers}, done.seconds
        place.report(f"{name} is done")
    return {"table": table_of(data, methods, SETS).to_dict("records"), "seconds": seconds}


def of_features(place: Place) -> dict[str, Any]:
    """Map what networks see of both surveys: directly, and trained with an alignment."""
    data, network = both(place), NETWORKS[_NETWORK]
    common = {"seed": 0, "folder": place.work / "surveys"}
    runs = {"direct": fit(network, data.labelled, protocol(), **common)}
    for kind, weight in WEIGHTS.items():
        adapt = Adaptation(kind=kind, weight=weight)
        runs[kind] = fit(network, data.labelled, protocol(), adapt=adapt, **common)
    return {name: _map_of(run, data) for name, run in runs.items()}


def _map_of(run: Fit, data: Joined) -> dict[str, Any]:
    found = skybench.features(
        run.weights, *(one.ds for one in data.domains), names=("sdss", "des"), at_most=_MAPPED
    )
    said = {
        name: {"silhouette": one.silhouette, "purity": one.purity, "by_chance": one.by_chance}
        for name, one in (("by_survey", found.by_survey), ("by_class", found.by_class))
        if one is not None
    }
    places = np.round(found.tsne, 1).tolist()
    return said | {"tsne": places, "survey": found.survey.tolist(), "label": found.label.tolist()}


def draw(numbers: Numbers, path: Path) -> None:
    """Draw the accuracy of each method on each set, with its interval."""
    from matplotlib.figure import Figure  # late: the page is written without it

    rows = numbers["table"]
    methods = list(dict.fromkeys(row["method"] for row in rows))
    figure = Figure(figsize=(7, 3), layout="constrained")
    axes = figure.subplots()
    for number, name in enumerate(SETS):
        found = [next(r for r in rows if r["method"] == m and r["set"] == name) for m in methods]
        value = np.array([100 * row["accuracy"] for row in found])
        ends = np.array([[100 * row["accuracy_low"], 100 * row["accuracy_high"]] for row in found])
        at = np.arange(len(methods)) + 0.15 * (number - 1.5)
        reach = np.abs(ends.T - value)
        axes.errorbar(at, value, reach, fmt="o", ms=4, label=name.replace("_", " "))
    axes.set_xticks(range(len(methods)), methods)
    axes.set_ylabel("accuracy, %")
    axes.legend(fontsize="small", ncols=4)
    figure.savefig(path, dpi=80)


def draw_features(numbers: Numbers, path: Path) -> None:
    """Draw the t-SNE of each training: a colour a survey, a marker a class."""
    from matplotlib.figure import Figure  # late: the page is written without it

    figure = Figure(figsize=(3 * len(numbers), 3), layout="constrained")
    panels = figure.subplots(1, len(numbers), squeeze=False)[0]
    for axes, (title, found) in zip(panels, numbers.items(), strict=True):
        places, survey, label = (np.array(found[key]) for key in ("tsne", "survey", "label"))
        for code, name in enumerate(("SDSS", "DES")):
            for kind, marker in enumerate("o+"):
                x, y = places[(survey == code) & (label == kind)].T
                axes.scatter(x, y, s=6, c=f"C{code}", marker=marker, lw=0.5, label=name)
        axes.set(title=title, xticks=[], yticks=[])
    handles, names = panels[0].get_legend_handles_labels()
    panels[0].legend(handles[::2], names[::2], fontsize="small")
    figure.savefig(path, dpi=80)


_USUAL = {"learning": LEARNING, "cut": CUT, "changes": _CHANGES, "network": _NETWORK}
_SEEDS = 2
_NETWORKS = ("narrow_resnet", "lenet5", "resnet18")


def experiments() -> list[Experiment]:
    """Return the methods, the maps of features and the networks."""
    adapting = _USUAL | {"students": _STUDENTS, "weights": WEIGHTS}
    return [
        Experiment(
            name="surveys",
            settings=adapting | {"seeds": _SEEDS},
            measure=lambda place: measured(place, seeds=_SEEDS),
            draw=draw,
        ),
        Experiment(
            name="surveys_features",
            settings=adapting | {"mapped": _MAPPED},
            measure=of_features,
            draw=draw_features,
        ),
        Experiment(
            name="surveys_networks",
            settings=_USUAL | {"networks": _NETWORKS},
            measure=lambda place: of_networks(place, _NETWORKS),
        ),
    ]
