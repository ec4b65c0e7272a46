"""The page docs/experiments.md, written from the results alone."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from experiments.experiment import Experiment, Numbers
from experiments.surveys import SETS
from experiments.table import EXPERIMENTS
from experiments.transfer import HEADLINES, TRIALS, labels_of

PAGE = Path(__file__).parent.parent / "experiments.md"

Results = Mapping[str, Numbers]

HEAD = """# Experiments

What networks that learn from simulated skies are worth on real ones and on another survey, and
whether simulated cutouts are told from real ones: measured by

```sh
make experiments REAL=folder-of-real-images
make experiments REAL=folder ARGS="transfer_plain surveys"
```

and written by it from [experiments/results](experiments/results), where each result has its
settings, seeds and versions. A result that is there is not measured again, unless its settings
have changed; what was stopped goes on where it was, from `experiments-work`. All of it is sized
for two cores. Intervals are those of 95 %, over samples and seeds together.
"""

TRANSFER = """
## From `morphology` to Galaxy Zoo

The real side is pictures that the Galaxy Zoo sites show as examples
([zooniverse/Galaxy-Zoo](https://github.com/zooniverse/Galaxy-Zoo): DECaLS, KiDS, HST, SDSS, and
simulated ones of Illustris), in the five classes of `morphology`, the middle 55 % of each at 40x40
pixels in grey. `narrow_resnet` is pretrained on the 6,000 training images of the recipe; then it,
and a twin from scratch, learn from the same labels for 300 batches of 16, each at the better of
two rates. A fifth of the pictures is tested in each of three folds; differences are paired by seed
and picture ([transfer.md](transfer.md)).
"""

_MATCHED = """
*Matched* means that noise and size of the pictures were measured, without their labels, and the
recipe was changed to have them, as the table of looks below says; with zoom, shift and blur.
"""

ZERO_SHOT = """
### Without a label

The network tells the forms of nine tenths of the pictures as it tells those of the simulation. One
pretraining each, so that differences below some five points are within chance.

Side by side, rings and mergers are the forms that differ: rings of the pictures are mostly faint
and wide about a bright bulge, those of the recipe hold most of the light and are compact; mergers
of the pictures are often two nuclei in one envelope, or lie in a wide field with others, those of
the recipe are drawn-out pairs with tails.
"""

APPEARANCE = """
How images look once each is seen by its own light, medians with the quantiles 10 and 90 %
(`skybench.learning.transfer.appearance`):
"""

LEVERS = """
### One change at a time

Each line against its twin from scratch on the same pictures.
"""

SURVEYS = """
## From SDSS to DES

`sdss_des` with 8,000 galaxies at 64x64 pixels in g, r and i; trained on the SDSS images that
volunteers agree about, tested on the sets `hp` and `fo` of both surveys. DES images for adaptation
and recursion are unlabelled ([catalogue.md](catalogue.md)).
"""

REALISM = """
## Realism

Areas under the curve of judges that tell real cutouts from simulated ones: 0.5 is chance. The
nulls are halves of one sample, the control is the fakes under a PSF that is a tenth too broad,
which must be caught ([realism.md](realism.md)). HST and DECaLS are recipes by `skybench match`;
injected are galaxies put into the frames in which the real ones were detected, none fitted to any.
"""

TRAINING = """
## Time to accuracy

One training on `sdss_des`, on the machine of these experiments, which others used at the same
time: seconds are upper bounds.
"""


def page(results: Results) -> str:
    """Return the text of the page."""
    sections = (
        _transfer(results),
        _zero_shot(results),
        _levers(results),
        _surveys(results),
        _realism(results),
        _training(results),
        _lacking(results),
    )
    return HEAD + "".join(sections)


def read() -> dict[str, dict[str, Any]]:
    """Return the numbers of all experiments that have a result of their present settings."""
    found = {name: one.numbers() for name, one in EXPERIMENTS.items()}
    return {name: numbers for name, numbers in found.items() if numbers is not None}


def write() -> None:
    """Write the page of the results that are there."""
    PAGE.write_text(page(read()), encoding="utf-8")


def _transfer(results: Results) -> str:
    rows = [
        [
            name,
            labels_of(one),
            one["seeds"],
            _share(one["transferred"]),
            _share(one["scratch"]),
            _points(one["difference"]),
        ]
        for name in HEADLINES
        for one in _compared(results, name)
    ]
    if not rows:
        return ""
    head = [
        "pretraining",
        "labels",
        "seeds",
        "pretrained, %",
        "from scratch, %",
        "difference, points",
    ]
    figures = "".join(
        _figure(f"transfer_{name}", f"validation against iterations, {name}", results)
        for name in HEADLINES
    )
    return TRANSFER + _table(head, rows) + _MATCHED + figures


def _compared(results: Results, name: str) -> Sequence[Mapping[str, Any]]:
    return list(results.get(f"transfer_{name}", {}).get("comparisons", ()))


def _zero_shot(results: Results) -> str:
    found = {
        trial.what: results[f"zero_shot_{name}"]
        for name, trial in TRIALS.items()
        if f"zero_shot_{name}" in results
    }
    if not found:
        return ""
    head = ["pretraining", "accuracy, %", "AUC of spiral", *(f"recall: {c}" for c in _CLASSES)]
    rows = [
        [
            what,
            _share(one["accuracy"]),
            f"{one['auc']['spiral']:.3f}",
            *(f"{one['recall'][name]:.2f}" for name in _CLASSES),
        ]
        for what, one in found.items()
    ]
    looks = {what: one["source_looks"] for what, one in found.items()}
    looks["*the pictures*"] = next(iter(found.values()))["pictures_look"]
    seen = [[what, *(_quantiles(one[key]) for key in _LOOKS)] for what, one in looks.items()]
    return ZERO_SHOT + _table(head, rows) + APPEARANCE + _table(["", *_LOOKS.values()], seen)


_CLASSES = ("round", "cigar", "spiral", "ring", "merging")
_LOOKS = {"noise": "noise over peak", "half_light_radius": "half-light radius over side"}


def _quantiles(found: Sequence[float]) -> str:
    low, middle, high = found
    return f"{middle:.3f} [{low:.3f}, {high:.3f}]"


def _levers(results: Results) -> str:
    rows = [
        [
            trial.what,
            labels_of(one),
            one["seeds"],
            _share(one["transferred"]),
            _points(one["difference"]),
        ]
        for name, trial in TRIALS.items()
        if name not in HEADLINES
        for one in _compared(results, name)
    ]
    head = ["change", "labels", "seeds", "pretrained, %", "difference, points"]
    return LEVERS + _table(head, rows) if rows else ""


def _surveys(results: Results) -> str:
    if "surveys" not in results:
        return ""
    found = results["surveys"]
    said = (
        f"Of SDSS {found['trained_on']:,} images teach, of DES {found['unlabelled']:,} are seen "
        "without labels. Accuracy in percent:\n"
    )
    gains = "".join(
        f"- {one['of']} over {one['over']} on fo DES: {_points(one['fo_des'])} points\n"
        for one in found["gains"]
    )
    steps = "".join(
        f"- seed {seed}: {step['round']}; temperature {step['temperature']:.2f}\n"
        for seed, step in enumerate(found["steps"])
    )
    return (
        SURVEYS
        + f"\n{said}"
        + _by_method(found["table"], "method")
        + _calibration(found["table"])
        + f"\nPaired by sample and seed:\n\n{gains}\nRounds:\n\n{steps}"
        + _figure("surveys", "accuracy by method", results)
        + _features(results)
        + _networks(results)
    )


def _by_method(rows: Sequence[Mapping[str, Any]], word: str) -> str:
    methods = dict.fromkeys(row["method"] for row in rows)
    body = [
        [method, one["seeds"], *(_accuracy(rows, method, name) for name in SETS)]
        for method in methods
        for one in [next(row for row in rows if row["method"] == method)]
    ]
    head = [word, "seeds", *(name.replace("_", " ") for name in SETS)]
    return _table(head, body)


def _accuracy(rows: Sequence[Mapping[str, Any]], method: str, name: str) -> str:
    row = next(row for row in rows if (row["method"], row["set"]) == (method, name))
    return _share([row["accuracy"], row["accuracy_low"], row["accuracy_high"]])


def _calibration(rows: Sequence[Mapping[str, Any]]) -> str:
    of_set = [row for row in rows if row["set"] == "fo_des"]
    body = [[row["method"], f"{row['auc']:.4f}", f"{row['ece']:.4f}"] for row in of_set]
    return "\nOn fo DES:\n" + _table(["method", "AUC", "calibration error"], body)


def _features(results: Results) -> str:
    if "surveys_features" not in results:
        return ""
    found = results["surveys_features"]
    body = [
        [
            name,
            f"{one['by_survey']['silhouette']:.3f}",
            f"{one['by_survey']['purity']:.3f} ({one['by_survey']['by_chance']:.3f})",
            f"{one['by_class']['purity']:.3f} ({one['by_class']['by_chance']:.3f})",
        ]
        for name, one in found.items()
    ]
    head = ["training", "silhouette by survey", "purity by survey (by chance)", "by class"]
    text = "\nWhat goes into the last layer, of SDSS and DES:\n"
    return text + _table(head, body) + _figure("surveys_features", "t-SNE of features", results)


def _networks(results: Results) -> str:
    if "surveys_networks" not in results:
        return ""
    return "\nNetworks, used directly:\n" + _by_method(
        results["surveys_networks"]["table"], "network"
    )


def _realism(results: Results) -> str:
    rows, figures = [], ""
    for name in ("realism_hst", "realism_decals", "realism_injected"):
        if name not in results:
            continue
        told = results[name]["certificate"]
        counts = f"{told['real_cutouts']} and {told['fake_cutouts']}"
        rows += [
            [
                name.removeprefix("realism_"),
                counts,
                one["judge"],
                *(_auc(one[key]) for key in ("auc", "null_real", "null_fake", "control")),
                results[name]["verdicts"][one["judge"]],
            ]
            for one in told["judges"]
        ]
        figures += _figure(name, f"areas under the curve of {name}", results)
    head = ["sample", "real and fake", "judge", "AUC", "null: real", "null: fake", "wrong PSF", ""]
    return REALISM + _table(head, rows) + figures if rows else ""


def _auc(one: Mapping[str, float]) -> str:
    return f"{one['value']:.3f} [{one['low']:.3f}, {one['high']:.3f}]"


def _training(results: Results) -> str:
    if "training" not in results:
        return ""
    found = results["training"]
    rows = [
        [f"{100 * one['share']:.0f}", one["iterations"], f"{one['seconds']:.0f}"]
        for one in found["reached"]
    ]
    dearest = ", ".join(f"`{name}` {share}" for name, share in found["operations"])
    head = ["% of the best validation score", "iterations", "seconds"]
    return (
        TRAINING
        + _table(head, rows)
        + f"\nAccuracy on test {_share(found['score'])} %. Of ten iterations the dearest "
        f"operations take: {dearest}.\n"
    )


def _lacking(results: Results) -> str:
    lacking = [name for name in EXPERIMENTS if name not in results]
    if not lacking:
        return ""
    names = "\n".join(lacking)
    return (
        "\n## Not measured yet\n\nThese have no result of their present settings:\n\n"
        f"```\n{names}\n```\n"
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n" + "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)


def _figure(name: str, about: str, results: Results) -> str:
    one: Experiment = EXPERIMENTS[name]
    if name not in results or one.draw is None:
        return ""
    return f"\n![{about}](experiments/results/{one.figure.name})\n"


def _share(found: Sequence[float]) -> str:
    value, low, high = (100 * number for number in found)
    return f"{value:.1f} [{low:.1f}, {high:.1f}]"


def _points(found: Sequence[float]) -> str:
    value, low, high = (100 * number for number in found)
    return f"{value:+.1f} [{low:+.1f}, {high:+.1f}]"
