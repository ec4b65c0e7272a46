"""What a benchmark must not give away: questions to any dataset with splits and truth.

A network can be right for reasons that have nothing to do with the question: it met the same object
in training, the order of rows tells the class, or one number of the whole image does. Each check
looks for one such reason. A new one is a function and a line in `CHECKS`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr
from scipy.stats import chi2_contingency

from skybench.generators.codes import SAMPLE_DIM, SPLIT_VARIABLE
from skybench.learning.floors import FLOORS
from skybench.learning.global_statistics import NAMES, global_statistics
from skybench.learning.labelled import (
    TEST,
    TRAIN,
    VALIDATION,
    Labelled,
    TrainingData,
    load_training_data,
)
from skybench.learning.readable import Readable, read
from skybench.learning.stretch import Stretch
from skybench.registry.leaderboard import standing
from skybench.registry.scoring.tasks import task_named
from skybench.registry.storage.store import Store

MARGIN = 0.15
"""How far the best baseline has to be above what sees no form."""

SEEN = 3.0
"""Signal to noise above which an eye sees what makes a class."""

CHANCE = 1e-3
"""Probability below which an agreement is none by chance, for all questions of a check together."""

DIVISORS = (2, 3, 5, 7, 10)
"""Rows are counted by these, to see whether their order tells anything."""

_SHARES = 0.01
"""How far the share of a class in a split may be from that in all."""

_BINS = 50


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a check came to.

    Attributes
    ----------
    check : str
    figure : str
        What was found, with its number.
    number : float
        That number.
    bar : str
        What was asked.
    passed : bool or None
        None where there was nothing to hold it against.
    """

    check: str
    figure: str
    number: float
    bar: str
    passed: bool | None

    def __str__(self) -> str:
        """Say it in a line."""
        verdict = {True: "met", False: "NOT MET", None: "told"}[self.passed]
        return f"{self.check:<12} {verdict:<8} {self.figure} (asked: {self.bar})"


@dataclass(frozen=True, kw_only=True, eq=False)
class Subject:
    """A dataset that is examined.

    Attributes
    ----------
    ds : Dataset
        With codes.
    data : TrainingData
    best : float, optional
        Headline of the best trained baseline of the version.
    """

    ds: xr.Dataset
    data: TrainingData
    best: float | None = None

    @property
    def labelled(self) -> Labelled:
        """Images, truth and splits."""
        return self.data.labelled

    @cached_property
    def splits(self) -> npt.NDArray[np.int64]:
        """The code of each row's split, further ones included."""
        return np.asarray(self.ds.variables[SPLIT_VARIABLE].values, np.int64)

    @cached_property
    def answers(self) -> npt.NDArray[np.int64]:
        """One number a row: its class, or which combination of classes it has."""
        rows = self.labelled.truth.reshape(len(self.splits), -1)
        return np.unique(rows, axis=0, return_inverse=True)[1].reshape(-1)


def examine(reference: Readable, *, store: str | Store | None = None) -> tuple[Finding, ...]:
    """Look for what a dataset gives away: twins, order, balance, easy ways out, what is unseen.

    Parameters
    ----------
    reference : str, path, Recipe or Dataset
        A version as for `skybench.open`, a Zarr store, a recipe, which is drawn whole, or a
        dataset in memory.
    store
        As for `skybench.open`.

    Returns
    -------
    tuple of Finding
        One or more a check that concerns the task, in the order of `CHECKS`.

    Raises
    ------
    NotFoundError
        There is no such dataset, or it lacks a split.
    IntegrityError
        It lacks the truth that its task asks for.

    Examples
    --------
    >>> import skybench
    >>> ds = skybench.generate("shapes2", 0, 600)
    >>> print(skybench.examine(ds)[0])
    twins        met      0 of 600 samples have the pixels of another (asked: none)
    """
    ds, best = read(reference, store), None
    if "dataset" in ds.attrs:
        best = _best(f"{ds.attrs['dataset']}@{ds.attrs['version']}", store)
    subject = Subject(ds=ds.transpose(SAMPLE_DIM, ...), data=load_training_data(ds), best=best)
    return tuple(finding for check in CHECKS for finding in check(subject))


def _best(reference: str, store: str | Store | None) -> float | None:
    """Return the headline of the best network that a version records."""
    records = standing(reference, store=store).records
    return max((record.score for record in records if record.kind == "baseline"), default=None)


def _twins(subject: Subject) -> list[Finding]:
    """Look for samples with the same pixels."""
    pixels = subject.labelled.images
    digests = [hash(np.ascontiguousarray(one).tobytes()) for one in pixels]
    many = int(pd.Series(digests).duplicated(keep=False).sum())
    return [
        Finding(
            check="twins",
            figure=f"{many} of {len(digests):,} samples have the pixels of another",
            number=many,
            bar="none",
            passed=many == 0,
        )
    ]


def _neighbours(subject: Subject) -> list[Finding]:
    """Look for one object in two splits, under other noise: the very same parameters."""
    table = _parameters(subject.ds)
    if not len(table.columns):
        return []
    groups = table.groupby(list(table.columns), dropna=False, sort=False).ngroup().to_numpy()
    splits = pd.Series(subject.splits).groupby(groups).nunique()
    shared = int(np.isin(groups, splits.index[splits > 1]).sum())
    return [
        Finding(
            check="neighbours",
            figure=f"{shared} of {len(table):,} samples have the parameters of another split's",
            number=shared,
            bar="none",
            passed=shared == 0,
        )
    ]


def _parameters(ds: xr.Dataset) -> pd.DataFrame:
    """Return the numbers that each sample was drawn by, a column each."""
    columns: dict[str, npt.NDArray[np.float64]] = {}
    for name in ds.coords:
        values = ds.variables[name]
        if values.dims[:1] == (SAMPLE_DIM,) and values.ndim <= 2 and values.dtype.kind == "f":
            flat = np.asarray(values.values, np.float64).reshape(len(values), -1)
            columns |= {f"{name}_{slot}": column for slot, column in enumerate(flat.T)}
    return pd.DataFrame(columns)


def _order(subject: Subject) -> list[Finding]:
    """Look for what the number of a row tells of its answer or split."""
    if subject.labelled.task not in ("classification", "multilabel"):
        return []
    rows = np.arange(len(subject.splits))
    told = {
        f"{what} by the row's remainder of {divisor}": _probability(rows % divisor, codes)
        for what, codes in (("the class", subject.answers), ("the split", subject.splits))
        for divisor in DIVISORS
    }
    told["the class by that of the row before"] = _probability(
        subject.answers[:-1], subject.answers[1:]
    )
    told["the class by the split"] = _probability(subject.splits, subject.answers)
    least = min(told, key=told.__getitem__)
    return [
        Finding(
            check="order",
            figure=f"most is told of {least}: p = {told[least]:.2g} of {len(told)} tests",
            number=told[least],
            bar=f"p above {CHANCE / len(told):.0e}",
            passed=told[least] > CHANCE / len(told),
        )
    ]


def _probability(first: npt.NDArray[np.integer], second: npt.NDArray[np.integer]) -> float:
    """Return how likely such an agreement of two codes is where there is none (chi squared)."""
    counts = pd.crosstab(first, second).to_numpy()
    counts = counts[:, counts.sum(axis=0) >= 5 * len(counts)]
    return 1.0 if min(counts.shape) < 2 else float(chi2_contingency(counts).pvalue)


def _balance(subject: Subject) -> list[Finding]:
    """Compare the shares of the classes in each split with those in all."""
    truth = subject.labelled.truth
    if subject.labelled.task == "classification":
        truth = np.eye(subject.labelled.outputs)[truth]
    elif subject.labelled.task != "multilabel":
        return []
    shares = truth.mean(axis=0)
    used = (TRAIN, VALIDATION, TEST)
    apart = max(
        float(np.abs(truth[subject.labelled.rows(split)].mean(axis=0) - shares).max())
        for split in used
    )
    few, many, off = 100 * shares.min(), 100 * shares.max(), 100 * apart
    # Where classes are not dealt but drawn, as several in one image are, chance has its part.
    least = min(len(subject.labelled.rows(split)) for split in used)
    allowed = max(_SHARES, 4 * float(np.sqrt(shares * (1 - shares)).max()) / least**0.5)
    return [
        Finding(
            check="balance",
            figure=f"classes have {few:.1f} to {many:.1f} %, in splits up to {off:.2f} points off",
            number=apart,
            bar=f"at most {100 * allowed:.1f} points off",
            passed=bool(apart <= allowed),
        )
    ]


def _easy_way_out(subject: Subject) -> list[Finding]:
    """Compare boosted trees on global statistics with the best baseline that sees form."""
    floors = FLOORS[subject.labelled.task]
    if "histogram" not in floors:
        return []
    answers = floors["histogram"](subject.labelled).answers
    task = task_named(subject.labelled.task)
    score = float(np.mean(task.merit(task.decide(answers), subject.data.test_truth)))
    figure = f"boosted trees on global statistics reach {task.primary} {score:.3f}"
    if subject.best is not None:
        figure += (
            f", the best baseline {subject.best:.3f}: {100 * (subject.best - score):.1f} points"
        )
    return [
        Finding(
            check="easy way out",
            figure=figure,
            number=score,
            bar=f"{100 * MARGIN:.0f} points below the best baseline",
            passed=None if subject.best is None else subject.best - score >= MARGIN,
        )
    ]


def _given_away(subject: Subject) -> list[Finding]:
    """Name the global statistic that tells most of each target, with its R squared on test."""
    if subject.labelled.task != "regression":
        return []
    data = subject.labelled
    stretch = Stretch.of(data.images[data.rows(TRAIN)])
    seen = {s: global_statistics(data.images[data.rows(s)], stretch) for s in (TRAIN, TEST)}
    findings = []
    for column, target in enumerate(subject.data.names):
        known, asked = (data.truth[data.rows(s), column] for s in (TRAIN, TEST))
        told = [
            _r_squared(seen[TRAIN][:, k], known, seen[TEST][:, k], asked)
            for k in range(seen[TRAIN].shape[1])
        ]
        best = int(np.argmax(told))
        findings.append(
            Finding(
                check="given away",
                figure=f"{NAMES[best % len(NAMES)]} tells {target} with R2 = {told[best]:.2f}",
                number=told[best],
                bar="what physics says, and no more",
                passed=None,
            )
        )
    return findings


def _r_squared(
    statistic: npt.NDArray[np.floating],
    known: npt.NDArray[np.floating],
    other: npt.NDArray[np.floating],
    asked: npt.NDArray[np.floating],
) -> float:
    """Return how much of a target one number tells, by the mean in bins of that number."""
    edges = np.unique(np.quantile(statistic, np.linspace(0, 1, _BINS + 1)[1:-1]))
    means = pd.Series(known).groupby(np.searchsorted(edges, statistic)).mean()
    guesses = means.reindex(np.arange(len(edges) + 1)).interpolate(limit_direction="both")
    rest = asked - guesses.to_numpy()[np.searchsorted(edges, other)]
    return 1 - float(np.nanvar(rest) / np.nanvar(asked))


def _seen(subject: Subject) -> list[Finding]:
    """Say how well what is asked for can be seen, where the dataset records it."""
    kept = subject.ds.variables.get("feature_signal_to_noise")
    if kept is None:
        return []
    figures = np.asarray(kept.values, np.float64)
    figures = figures[np.isfinite(figures)]
    low, middle = np.percentile(figures, [1, 50])
    return [
        Finding(
            check="seen",
            figure=f"what tells a source is seen at {low:.1f} in 99 of 100, median {middle:.0f}",
            number=low,
            bar=f"a signal to noise of {SEEN:g} in 99 of 100",
            passed=bool(low >= SEEN),
        )
    ]


CHECKS: tuple[Callable[[Subject], list[Finding]], ...] = (
    _twins,
    _neighbours,
    _order,
    _balance,
    _easy_way_out,
    _given_away,
    _seen,
)
"""What is asked, in this order; each returns nothing where its question makes no sense."""
