"""The coordinates that errors depend on, found by a scan over their ranges.

Each coordinate is cut into at most 20 bins of equal numbers of samples. Of all ranges of
neighbouring bins, or of all words, that is taken in which the merit lies so far below that of the
other samples that "within or not" explains most of its variance. What the range explains is taken
out, and the next coordinate is looked for in what is left: three stumps, each of one coordinate.

As so many ranges are tried, some would stand out by chance. How far is found by shuffling the
merits among the samples 199 times, each time with the same search over all coordinates: a finding
counts where no more than one shuffle does as well (p <= 0.01, for all ranges and coordinates
together).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skybench.registry.scoring.breakdown import interval_of
from skybench.registry.scoring.coordinates import UNITS
from skybench.registry.scoring.question import LABEL
from skybench.registry.scoring.scoring import ConfidenceInterval, TestScore

MOST_FINDINGS = 3
SHUFFLES = 199
CHANCE = 0.01

_BINS = 20
_FEWEST = 10
"""Samples of a bin or word."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A range of a coordinate in which a model is worse.

    Attributes
    ----------
    coordinate, unit : str
    low, high : float or None
        The range: from low up to but without high; None where it is open.
    word : str or None
        Instead of a range.
    inside : (sample,) bool array
    score, elsewhere : ConfidenceInterval
        Within, and of the other samples that have the coordinate.
    explains : float
        Share of the variance of the merits.
    chance : float
        How often shuffled merits explain as much.
    """

    coordinate: str
    unit: str
    low: float | None = None
    high: float | None = None
    word: str | None = None
    inside: NDArray[np.bool_] = field(repr=False)
    score: ConfidenceInterval
    elsewhere: ConfidenceInterval
    explains: float
    chance: float

    @property
    def where(self) -> str:
        """The range in words."""
        name, unit = self.coordinate, f" {self.unit}" if self.unit else ""
        if self.word is not None:
            return f"{name} is {self.word}"
        if self.low is None:
            return f"{name} < {self.high:.3g}{unit}"
        if self.high is None:
            return f"{name} ≥ {self.low:.3g}{unit}"
        return f"{name} is from {self.low:.3g} to {self.high:.3g}{unit}"


@dataclass(frozen=True, kw_only=True)
class _Candidate:
    """A coordinate in bins, with the ranges of bins that are tried.

    Attributes
    ----------
    codes : (sample,) array
        The bin of each sample, and one more for those that have none.
    counts : (bin,) array
    ranges : (range, bin) bool array
    edges : (bin + 1,) array or None
        Of a number.
    words : list of str or None
    """

    codes: NDArray[np.intp]
    counts: Floats
    ranges: NDArray[np.bool_]
    edges: Floats | None = None
    words: list[str] | None = None

    def explained(self, merits: Floats) -> Floats:
        """Return the sum of squares that each range explains, 0 where it is no drop."""
        sums = np.bincount(self.codes, merits, minlength=len(self.counts) + 1)[:-1]
        total, whole = self.counts.sum(), sums.sum()
        within = self.ranges @ self.counts
        excess = self.ranges @ sums - within * whole / total
        return np.where(excess < 0, excess**2 * total / (within * (total - within)), 0.0)


def find(tested: TestScore, table: pd.DataFrame) -> list[Finding]:
    """Return up to three coordinates that explain most of what a model gets wrong.

    Parameters
    ----------
    tested : TestScore
    table : DataFrame
        The coordinates of the same samples, as `coordinate_table` returns them.
    """
    candidates = _candidates(table)
    left = tested.merit - tested.merit.mean()
    variance = float((left**2).sum())
    found: list[Finding] = []
    while candidates and variance > 0 and len(found) < MOST_FINDINGS:
        name, choice, most = _best(candidates, left)
        chance = _chance(candidates, left, most)
        if chance > CHANCE:
            break
        candidate = candidates.pop(name)
        inside, others = _sides(candidate, choice)
        left = _taken_out(left, inside, others)
        score, elsewhere = (interval_of(tested, tested.merit[side]) for side in (inside, others))
        if score.value < elsewhere.value:
            finding = Finding(
                coordinate=name,
                unit=table.attrs[UNITS].get(name, ""),
                **_range(candidate, choice),
                inside=inside,
                score=score,
                elsewhere=elsewhere,
                explains=most / variance,
                chance=chance,
            )
            found.append(finding)
    return found


def _taken_out(merits: Floats, *sides: NDArray[np.bool_]) -> Floats:
    """Return the merits less the mean of those that are on the same side."""
    left = merits.copy()
    for side in sides:
        left[side] -= left[side].mean()
    return left


def repeated(table: pd.DataFrame) -> list[str]:
    """Return the coordinates of words that tell samples apart just as one before does.

    The label is taken first, so these are, for instance, the class and the kind of its source.
    """
    words = sorted((n for n in table if table[n].dtype.kind != "f"), key=lambda n: n != LABEL)
    partitions: set[bytes] = set()
    found = []
    for name in map(str, words):
        # Numbered as they appear, equal partitions are equal numbers, whatever the words.
        partition = pd.factorize(table[name])[0].tobytes()
        found += [name] if partition in partitions else []
        partitions.add(partition)
    return found


def _candidates(table: pd.DataFrame) -> dict[str, _Candidate]:
    left_out = {LABEL, *repeated(table)}
    made = {name: _candidate(table[name]) for name in table.columns if name not in left_out}
    return {name: candidate for name, candidate in made.items() if candidate is not None}


def _candidate(values: "pd.Series[Any]") -> _Candidate | None:
    """Return a coordinate to be tried, None where all its samples are alike or few."""
    candidate = _numbers(values) if values.dtype.kind == "f" else _words(values)
    return candidate if len(candidate.counts) > 1 and len(candidate.ranges) else None


def _numbers(values: "pd.Series[Any]") -> _Candidate:
    numbers = values.to_numpy(np.float64)
    there = np.isfinite(numbers)
    bins = min(_BINS, int(there.sum()) // _FEWEST)
    parts = np.linspace(0, 1, bins + 1)
    edges = np.unique(np.quantile(numbers[there], parts)) if bins > 1 else np.empty(0)
    count = max(len(edges) - 1, 0)
    codes = np.full(len(numbers), count)
    if count:
        codes[there] = np.searchsorted(edges[1:-1], numbers[there], side="right")
    first, last = (index[:, None] for index in np.triu_indices(count))
    ranges = (np.arange(count) >= first) & (np.arange(count) <= last)
    return _Candidate(
        codes=codes, counts=_counts(codes, count), ranges=_proper(ranges), edges=edges
    )


def _words(values: "pd.Series[Any]") -> _Candidate:
    sizes = values[values != ""].value_counts()
    words = sorted(str(word) for word in sizes.index)
    places = {word: code for code, word in enumerate(words)}
    codes = np.array([places.get(word, len(words)) for word in values], np.intp)
    ranges = np.eye(len(words), dtype=bool)
    counts = _counts(codes, len(words))
    return _Candidate(
        codes=codes, counts=counts, ranges=_proper(ranges[counts >= _FEWEST]), words=words
    )


def _counts(codes: NDArray[np.intp], bins: int) -> Floats:
    return np.bincount(codes, minlength=bins + 1)[:-1].astype(np.float64)


def _proper(ranges: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Leave out the range of all, which has no other samples."""
    return np.asarray(ranges[~ranges.all(axis=1)])


def _best(candidates: Mapping[str, _Candidate], merits: Floats) -> tuple[str, int, float]:
    """Return the coordinate and its range that explain most, with how much."""
    explained = {name: one.explained(merits) for name, one in candidates.items()}
    name = max(explained, key=lambda name: float(explained[name].max()))
    return name, int(explained[name].argmax()), float(explained[name].max())


def _chance(candidates: Mapping[str, _Candidate], merits: Floats, most: float) -> float:
    rng = np.random.default_rng(0)
    as_much = sum(_best(candidates, rng.permutation(merits))[2] >= most for _ in range(SHUFFLES))
    return (1 + as_much) / (1 + SHUFFLES)


def _sides(candidate: _Candidate, choice: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which samples are in a range, and which others have the coordinate."""
    there = candidate.codes < len(candidate.counts)
    inside = np.append(candidate.ranges[choice], False)[candidate.codes]
    return inside, there & ~inside


def _range(candidate: _Candidate, choice: int) -> dict[str, Any]:
    """Return the fields of a finding that say which range it is."""
    bins = np.flatnonzero(candidate.ranges[choice])
    if candidate.words is not None:
        return {"word": candidate.words[bins[0]]}
    assert candidate.edges is not None
    low, high = candidate.edges[bins[0]], candidate.edges[bins[-1] + 1]
    is_first, is_last = bins[0] == 0, bins[-1] == len(candidate.counts) - 1
    return {"low": None if is_first else float(low), "high": None if is_last else float(high)}
