"""What a trial of transfer came to, as numbers: the paired difference, curves, what moved."""

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Any

from skybench.registry.scoring.scoring import ConfidenceInterval
from skybench.registry.scoring.tasks import task_named


@dataclass(frozen=True, kw_only=True)
class Side:
    """One side of a comparison.

    Parameters
    ----------
    rate : float
        The learning rate that validation chose.
    score : ConfidenceInterval
        On test, over seeds and samples.
    by_seed : tuple of float
    curve : tuple of (int, float)
        Iterations, and the mean validation score of the seeds after so many.
    seconds : float
        Mean training time of a seed.
    merits : tuple of tuple of float
        What each seed got on each test sample, to pool trials of several splits. Not in JSON.
    """

    rate: float
    score: ConfidenceInterval
    by_seed: tuple[float, ...]
    curve: tuple[tuple[int, float], ...]
    seconds: float
    merits: tuple[tuple[float, ...], ...] = field(default=(), compare=False, repr=False)

    def first_at(self, score: float) -> int | None:
        """Return after how many iterations validation first came to a score, None if never."""
        return next((iterations for iterations, reached in self.curve if reached >= score), None)

    @property
    def best(self) -> float:
        """The best of the mean validation scores."""
        return max(score for _, score in self.curve)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Transferred against scratch with so many labels.

    Parameters
    ----------
    labels : int
        Of the train split.
    iterations : int
        That each side learned from.
    transferred, scratch : Side
    difference : ConfidenceInterval
        Transferred less scratch, paired by seed and test sample.
    """

    labels: int
    iterations: int
    transferred: Side
    scratch: Side
    difference: ConfidenceInterval

    @property
    def equal_after(self) -> tuple[int | None, int]:
        """Iterations until validation is as good as scratch ever is: transferred, and scratch."""
        best = self.scratch.best
        own = self.scratch.first_at(best)
        assert own is not None
        return self.transferred.first_at(best), own


@dataclass(frozen=True, kw_only=True)
class TransferResult:
    """A trial of transfer.

    Attributes
    ----------
    source, target : str
        What they are called.
    network, protocol : str
    task : str
        Of the target.
    but, normalisation : str
        As they were asked for.
    moved, left : tuple of str
        Names of tensors that came from the source, and that did not.
    seeds, validation, test : int
        Trainings of a side, and samples of the two splits, which are whole with any labels.
    rates : tuple of float
        That each side chose from.
    comparisons : tuple of Comparison
        By labels, ascending; the last with the whole train split.
    """

    source: str
    target: str
    network: str
    protocol: str
    task: str
    but: str
    normalisation: str
    moved: tuple[str, ...]
    left: tuple[str, ...]
    seeds: int
    validation: int
    test: int
    rates: tuple[float, ...]
    comparisons: tuple[Comparison, ...]

    def summary(self) -> str:
        """Return it in lines: what moved, and for each number of labels what it gained."""
        lines = [
            f"{self.source} to {self.target}, {self.network}, {self.protocol}: {self.seeds} seeds, "
            f"{self.validation:,} samples of validation and {self.test:,} of test",
            f"{len(self.moved)} of {len(self.moved) + len(self.left)} tensors moved; left: "
            f"{', '.join(self.left) or 'none'}",
        ]
        return "\n".join([*lines, *(self._line(one) for one in self.comparisons)])

    def _line(self, one: Comparison) -> str:
        gained, (sooner, own) = one.difference, one.equal_after
        best = f"as good as scratch after {sooner:,}" if sooner else "never as good as scratch"
        return (
            f"{one.labels:,} labels, {one.iterations:,} iterations: {self.words(gained)} "
            f"({self.share(one.transferred.score.value)} against "
            f"{self.share(one.scratch.score.value)}); on validation {best}, scratch itself "
            f"after {own:,}"
        )

    def words(self, gained: ConfidenceInterval) -> str:
        """Return a difference with its interval, in points where scores are shares."""
        scale, unit = (100, " points") if self._is_share else (1, "")
        value, low, high = (scale * x for x in (gained.value, gained.low, gained.high))
        digits = 1 if self._is_share else 3
        return f"{value:+.{digits}f}{unit} [{low:+.{digits}f}, {high:+.{digits}f}]"

    def share(self, score: float) -> str:
        """Return a score as it is read: in percent where it is a share."""
        return f"{100 * score:.1f} %" if self._is_share else f"{score:.3f}"

    @property
    def metric(self) -> str:
        """What scores are."""
        return task_named(self.task).metric.title

    @property
    def _is_share(self) -> bool:
        return task_named(self.task).metric.is_share

    def to_json(self) -> str:
        """Return all but the merits as JSON, which `from_json` takes."""
        said = dataclasses.asdict(self)
        for one in said["comparisons"]:
            del one["transferred"]["merits"], one["scratch"]["merits"]
        return json.dumps(said, indent=1)

    @classmethod
    def from_json(cls, text: str) -> "TransferResult":
        """Return what `to_json` wrote."""
        said = json.loads(text)
        for name in ("moved", "left", "rates"):
            said[name] = tuple(said[name])
        said["comparisons"] = tuple(_comparison(one) for one in said["comparisons"])
        return cls(**said)


def _comparison(said: dict[str, Any]) -> Comparison:
    sides = {name: _side(said[name]) for name in ("transferred", "scratch")}
    return Comparison(**said | sides | {"difference": ConfidenceInterval(**said["difference"])})


def _side(said: dict[str, Any]) -> Side:
    return Side(
        rate=said["rate"],
        score=ConfidenceInterval(**said["score"]),
        by_seed=tuple(said["by_seed"]),
        curve=tuple((int(iterations), score) for iterations, score in said["curve"]),
        seconds=said["seconds"],
    )
