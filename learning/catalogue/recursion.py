"""Recursive training: what a network is sure of in another survey becomes its own lesson.

A teacher labels the unlabelled samples, those it is sure of join the train split, a student learns
from both and is the next teacher. `control` is the same training without the new labels.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from skybench.errors import NotFoundError, ParameterError
from skybench.learning.catalogue.calibration import calibrated, tempered
from skybench.learning.catalogue.domain import UNKNOWN, Joined
from skybench.learning.labelled import TRAIN, UNLABELLED, VALIDATION, Labelled
from skybench.learning.model import load_model
from skybench.learning.networks.network import Network
from skybench.learning.protocols import Protocol
from skybench.learning.training import Fit, fit, predict
from skybench.learning.weights_file import Weights, read_weights

Folder = str | os.PathLike[str]
Student = Literal["teacher", "afresh"]


@dataclass(frozen=True, kw_only=True)
class Rules:
    """How labels are chosen, how students begin, and when it ends.

    Parameters
    ----------
    rounds : int
        At most.
    cut : float
        The least calibrated probability of a label that joins.
    balanced : bool
        Whether each class gives as many labels as the rarest, its surest; else whatever the cut
        lets through, which drifts to the class that is easier.
    student : "teacher" or "afresh"
        Begins with the teacher's weights, or with weights drawn from the seed.
    least_new : float
        It ends when fewer of the unlabelled samples than this share have a new or another label.
    most_lost : float
        It ends when a student's validation score on the source is lower than the best by more
        than this; that student is given up.
    """

    rounds: int = 3
    cut: float = 0.95
    balanced: bool = True
    student: Student = "teacher"
    least_new: float = 0.01
    most_lost: float = 0.01

    def __post_init__(self) -> None:
        """Refuse numbers that choose nothing."""
        if self.rounds < 1 or not 0 < self.cut < 1:
            msg = f"rounds must be at least 1 and cut within 0 and 1, got {self.rounds}, {self.cut}"
            raise ParameterError(msg)
        if self.student not in ("teacher", "afresh"):
            msg = f"student must be 'teacher' or 'afresh', got {self.student!r}"
            raise ParameterError(msg)


@dataclass(frozen=True, kw_only=True)
class Round:
    """What one round did.

    Attributes
    ----------
    number : int
        From 1.
    labels : tuple of int
        New labels of each class that joined the train split.
    new : float
        The share of the unlabelled samples whose label is new, or another than before.
    right : float, optional
        The share of these labels that is right, where the truth is known; nothing learns it.
    temperature : float
        Of the teacher.
    validation : float, optional
        The student's score on the source; None where it ended before there was one.
    """

    number: int
    labels: tuple[int, ...]
    new: float
    right: float | None
    temperature: float
    validation: float | None = None

    def __str__(self) -> str:
        """Say it in a line."""
        judged = "" if self.right is None else f", {self.right:.2%} of them right"
        score = "" if self.validation is None else f"; validation {self.validation:.4f}"
        counts = " + ".join(map(str, self.labels))
        return f"round {self.number}: {counts} labels, {self.new:.1%} new{judged}{score}"


@dataclass(frozen=True, kw_only=True)
class Recursion:
    """How it went.

    Attributes
    ----------
    rounds : tuple of Round
    ended : str
        Why.
    best : Path
        Weights of the last student that was kept, or of the teacher.
    students : tuple of Fit
        Of the rounds, in order, also one that was given up.
    """

    rounds: tuple[Round, ...]
    ended: str
    best: Path
    students: tuple[Fit, ...]

    @property
    def kept(self) -> int:
        """The number of the round whose student is the best, 0 where the teacher stayed."""
        numbered = enumerate(self.students, 1)
        return next((number for number, one in numbered if one.weights == self.best), 0)


def train_recursively(
    network: Network,
    joined: Joined,
    protocol: Protocol,
    *,
    teacher: Folder,
    seed: int,
    folder: Folder,
    rules: Rules | None = None,
    report: Callable[[str], None] | None = None,
) -> Recursion:
    """Train students in rounds, each on the labels that the one before is sure of.

    Finished rounds are not trained again.

    Parameters
    ----------
    network : Network
    joined : Joined
        Its unlabelled samples are those of the other surveys.
    protocol : Protocol
        Of the students.
    teacher : path
        Of its weights; it has learnt the source.
    seed, folder, report
        As for `fit`.
    rules : Rules, optional

    Raises
    ------
    NotFoundError
        There are no unlabelled samples.
    """
    rules, data = rules or Rules(), joined.labelled
    hidden = data.rows(UNLABELLED)
    if not len(hidden):
        msg = "recursive training needs unlabelled samples, and the data have none"
        raise NotFoundError(msg)
    before, best = np.full(len(hidden), UNKNOWN), Path(teacher)
    ended, best_score = f"all {rules.rounds} rounds are done", 0.0
    rounds: list[Round] = []
    students: list[Fit] = []
    for number in range(1, rules.rounds + 1):
        labels, temperature, score = _labels(network, data, best, rules)
        best_score = max(best_score, score)
        told = _round(number, labels, before, joined, temperature)
        if told.new < rules.least_new:
            rounds.append(told)
            ended = f"{told.new:.1%} of the labels are new"
            break
        student = fit(
            network,
            with_labels(data, labels),
            protocol,
            seed=seed,
            folder=folder,
            report=report,
            start=_start(rules, best),
            but="none",
        )
        students.append(student)
        score = student.best.validation_score
        rounds.append(replace(told, validation=score))
        if report is not None:
            report(str(rounds[-1]))
        if score < best_score - rules.most_lost:
            ended = f"validation fell from {best_score:.4f} to {score:.4f}"
            break
        best, before = student.weights, labels
    return Recursion(rounds=tuple(rounds), ended=ended, best=best, students=tuple(students))


def control(
    network: Network,
    joined: Joined,
    protocol: Protocol,
    recursion: Recursion,
    *,
    teacher: Folder,
    seed: int,
    folder: Folder,
    rules: Rules | None = None,
) -> Fit | None:
    """Train as often and as long as a recursion did, on the source's own labels alone.

    Each round has as many iterations, and begins as the student did: what a recursion gains over
    this is due to its labels. None where there was no student.
    """
    rules, best, data = rules or Rules(), None, joined.labelled
    for told in recursion.rounds[: len(recursion.students)]:
        own = len(data.rows(TRAIN))
        epochs = max(1, round(protocol.epochs * (own + sum(told.labels)) / own))
        longer = Protocol.model_validate(protocol.model_dump() | {"epochs": epochs})
        weights = Path(teacher) if best is None else best.weights
        start = _start(rules, weights)
        best = fit(network, data, longer, seed=seed, folder=folder, start=start, but="none")
    return best


def with_labels(data: Labelled, labels: npt.NDArray[np.int64]) -> Labelled:
    """Return samples where those that got a label are in the train split; the rest stay hidden.

    Parameters
    ----------
    data : Labelled
    labels : (unlabelled sample,) array
        Codes, `UNKNOWN` where there is none.
    """
    rows = data.rows(UNLABELLED)
    truth, split = data.truth.copy(), data.split.copy()
    chosen = labels != UNKNOWN
    truth[rows[chosen]], split[rows[chosen]] = labels[chosen], TRAIN
    return replace(data, truth=truth, split=split)


def confident_labels(
    probabilities: npt.NDArray[np.float64], *, cut: float, balanced: bool
) -> npt.NDArray[np.int64]:
    """Return the class of each sample that is surer than `cut`, `UNKNOWN` of the others.

    Parameters
    ----------
    probabilities : (sample, class) array
        Calibrated.
    balanced : bool
        Whether each class keeps only as many as the rarest has, its surest ones.
    """
    top = probabilities.max(axis=1)
    labels = np.where(top >= cut, probabilities.argmax(axis=1), UNKNOWN)
    if not balanced:
        return labels
    classes = range(probabilities.shape[1])
    least = min(np.count_nonzero(labels == code) for code in classes)
    for code in classes:
        rows = np.flatnonzero(labels == code)
        labels[rows[np.argsort(-top[rows], kind="stable")[least:]]] = UNKNOWN
    return labels


def _start(rules: Rules, teacher: Path) -> Weights | None:
    """Return what a student begins with, None where that is drawn from the seed."""
    return read_weights(teacher) if rules.student == "teacher" else None


def _labels(
    network: Network, data: Labelled, teacher: Path, rules: Rules
) -> tuple[npt.NDArray[np.int64], float, float]:
    """Return what a teacher is sure of, its temperature and its validation score."""
    model = load_model(teacher, network, data.form, data.outputs)
    seen = data.rows(VALIDATION)
    known, truth = predict(model, data, seen), data.truth[seen]
    temperature = calibrated(known, truth).temperature
    found = tempered(predict(model, data, data.rows(UNLABELLED)), temperature)
    labels = confident_labels(found, cut=rules.cut, balanced=rules.balanced)
    return labels, temperature, float((known.argmax(axis=1) == truth).mean())


def _round(
    number: int,
    labels: npt.NDArray[np.int64],
    before: npt.NDArray[np.int64],
    joined: Joined,
    temperature: float,
) -> Round:
    chosen = labels != UNKNOWN
    truth = joined.true_labels[joined.labelled.rows(UNLABELLED)]
    judged = chosen & (truth != UNKNOWN)
    right = float((labels == truth)[judged].mean()) if judged.any() else None
    counts = np.bincount(labels[chosen], minlength=joined.labelled.outputs)
    return Round(
        number=number,
        labels=tuple(map(int, counts)),
        new=float((chosen & (labels != before)).mean()),
        right=right,
        temperature=temperature,
    )
