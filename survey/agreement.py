"""How well the marginals of two measured samples agree.

Sources of one image are not independent, as they share its noise and its depth, so images are
what is resampled (Efron & Tibshirani 1993, chapter 8) and permuted; where a sample has fewer than
ten, its sources are. Distances are those of Kolmogorov and Smirnov.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from skybench.generators.arrays import Floats
from skybench.survey.measure import LAGS, Measurements

if TYPE_CHECKING:
    import pandas as pd

PERCENTILES = (10, 50, 90)

_ROUNDS = 500
"""Of the bootstrap, and of permutations."""

_FEWEST = 10
"""Images that can be resampled."""

_WORST = 4.0
"""Most that a percentile adds to a misfit: one that is far off is not worth all the others."""

_OF_SOURCES = ("signal_to_noise", "magnitude", "half_light_radius", "axis_ratio")
_OF_IMAGES = ("density", "noise", *LAGS)


def marginals(found: Measurements) -> dict[str, tuple[Floats, NDArray[np.int64]]]:
    """Return the values of each marginal, and the image that each is of."""
    colours = [name for name in map(str, found.sources) if " - " in name]
    at = found.sources["image"].to_numpy(np.int64)
    each = {name: (found.sources[name].to_numpy(np.float64), at) for name in _OF_SOURCES}
    each |= {name: (found.sources[name].to_numpy(np.float64), at) for name in colours}
    rows = np.arange(len(found.images))
    each |= {name: (found.images[name].to_numpy(np.float64), rows) for name in _OF_IMAGES}
    return {
        name: (values[np.isfinite(values)], images[np.isfinite(values)])
        for name, (values, images) in each.items()
    }


def agreement(real: Measurements, made: Measurements, seed: int = 0) -> "pd.DataFrame":
    """Return how well each marginal agrees, a row each.

    Returns
    -------
    DataFrame
        By marginal: ``real`` and ``matched``, how many values; for each of the percentiles 10, 50
        and 90 ``real_P`` with ``low_P`` and ``high_P``, its bootstrap interval of 95 %,
        ``matched_P``, ``within_P``; ``distance`` of Kolmogorov and Smirnov, and ``p``, the
        share of permutations with a distance as large.
    """
    import pandas as pd  # late: it takes a while

    random = np.random.default_rng(seed)
    ours, theirs = marginals(made), marginals(real)
    rows = {}
    for name, (values, images) in theirs.items():
        if values.size and ours[name][0].size:
            rows[name] = _row((values, images), ours[name], random)
    return pd.DataFrame.from_dict(rows, orient="index")


_Values = tuple[Floats, NDArray[np.int64]]


class Intervals:
    """What the percentiles of a sample's marginals are, and how well they are known."""

    def __init__(self, percentiles: dict[str, tuple[Floats, Floats]]) -> None:
        self._percentiles = percentiles

    @classmethod
    def of(cls, real: Measurements, seed: int = 0) -> "Intervals":
        """Return those of a sample."""
        random = np.random.default_rng(seed)
        told = {name: given for name, given in marginals(real).items() if given[0].size}
        return cls(
            {
                name: (np.percentile(given[0], PERCENTILES), _ends(given, random))
                for name, given in told.items()
            }
        )

    def misfit(self, made: Measurements) -> float:
        """Return the mean square of differences, over half of the intervals; 4 at most each."""
        each, theirs = [], marginals(made)
        for name, (wanted, (low, high)) in self._percentiles.items():
            values, _ = theirs[name]
            if not values.size:
                each.append(np.full(len(PERCENTILES), _WORST))
                continue
            got = np.percentile(values, PERCENTILES)
            half = np.where(got > wanted, high - wanted, wanted - low)
            away = np.abs(got - wanted)
            each.append(
                np.where(away == 0, 0.0, np.minimum((away / np.maximum(half, 1e-30)) ** 2, _WORST))
            )
        return float(np.mean(each))


def _ends(given: _Values, random: np.random.Generator) -> Floats:
    """Return the ends of the intervals of 95 %, by bootstrap: (end, percentile)."""
    drawn = _resampled(given, random)
    spread = np.array([np.percentile(drawn(), PERCENTILES) for _ in range(_ROUNDS)])
    return np.asarray(np.percentile(spread, (2.5, 97.5), axis=0))


def _row(real: _Values, made: _Values, random: np.random.Generator) -> dict[str, float]:
    row: dict[str, float] = {"real": real[0].size, "matched": made[0].size}
    ends = _ends(real, random)
    for i, percent in enumerate(PERCENTILES):
        own = float(np.percentile(made[0], percent))
        row[f"real_{percent}"] = float(np.percentile(real[0], percent))
        row[f"low_{percent}"], row[f"high_{percent}"] = ends[:, i].tolist()
        row[f"matched_{percent}"] = own
        row[f"within_{percent}"] = bool(ends[0, i] <= own <= ends[1, i])
    row["distance"], row["p"] = permuted(real, made, random)
    return row


def _resampled(given: _Values, random: np.random.Generator) -> Callable[[], Floats]:
    """Return what draws a sample again, image by image where there are enough of them."""
    values, images = given
    groups = [values[images == one] for one in np.unique(images)]
    if len(groups) < _FEWEST:
        return lambda: random.choice(values, values.size)
    return lambda: np.concatenate(
        [groups[i] for i in random.integers(len(groups), size=len(groups))]
    )


def permuted(real: _Values, made: _Values, random: np.random.Generator) -> tuple[float, float]:
    """Return the distance of two samples, and the share of permutations with one as large.

    Examples
    --------
    >>> import numpy as np
    >>> one = (np.arange(20.0), np.arange(20))
    >>> far = (np.arange(20.0) + 30, np.arange(20))
    >>> distance, p = permuted(one, far, np.random.default_rng(0))
    >>> distance, p < 0.01
    (1.0, True)
    """
    values = np.concatenate([real[0], made[0]])
    groups = np.concatenate([_groups(real), -1 - _groups(made)])
    names, member = np.unique(groups, return_inverse=True)
    rank = np.argsort(np.argsort(values, kind="stable"), kind="stable")
    last = np.r_[np.diff(np.sort(values)) > 0, True]  # ties count as one step

    def distance(is_real: NDArray[np.bool_]) -> float:
        chosen = np.empty(values.size, np.bool_)
        chosen[rank] = is_real[member]
        shares = np.cumsum(chosen) / max(1, chosen.sum())
        others = np.cumsum(~chosen) / max(1, (~chosen).sum())
        return float(np.abs(shares - others)[last].max())

    is_real = names >= 0
    seen = distance(is_real)
    more = sum(distance(random.permutation(is_real)) >= seen - 1e-12 for _ in range(_ROUNDS))
    return seen, (1 + more) / (1 + _ROUNDS)


def _groups(given: _Values) -> NDArray[np.int64]:
    values, images = given
    is_enough = np.unique(images).size >= _FEWEST
    return images if is_enough else np.arange(values.size, dtype=np.int64)
