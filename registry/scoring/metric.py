"""What a metric is, and what it is computed from."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skybench.errors import ExtensionError
from skybench.generators.recipe import TASK_NAMES

Array = NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one run predicts for the samples of a split, beside what is right.

    Attributes
    ----------
    predicted : array
        As a file of predictions has it: (sample, class) probabilities, (sample, target) numbers
        or (sample, y, x) codes.
    decided : array
        The answers in the form of the truth.
    truth : array
        (sample,) class codes, (sample, class) zeros and ones, (sample, target) numbers or
        (sample, y, x) codes.
    names : tuple of str
        Of the classes or targets.
    votes : (sample, class) array, optional
        The probability of each class with volunteers, where it is known.
    """

    predicted: Array
    decided: Array
    truth: Array
    names: tuple[str, ...]
    votes: Array | None = None

    @cached_property
    def present(self) -> NDArray[np.bool_]:
        """Whether each class truly is in each sample: (sample, class)."""
        return self._by_class(self.truth)

    @cached_property
    def found(self) -> NDArray[np.bool_]:
        """Whether each class was decided to be in each sample: (sample, class)."""
        return self._by_class(self.decided)

    def _by_class(self, codes: Array) -> NDArray[np.bool_]:
        """Return one column a class, whether samples have one class each or several."""
        if codes.ndim == 1:
            codes = codes[:, None] == np.arange(len(self.names))
        return np.asarray(codes, np.bool_)


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A measure of predictions; it has at least one of the three forms.

    Metrics stand in the table of `skybench.registry.scoring.metrics`; installed packages add
    theirs by entry points in the group ``skybench.metrics``. A form that needs a package which
    is not there raises `MissingDependencyError` and is left out with a note.

    Parameters
    ----------
    name : str
        In records and as the column of a leaderboard.
    title : str
        For people.
    tasks : tuple of str
        The tasks whose records have it. The task says which of its metrics is the headline.
    is_share : bool
        Whether it is a share from 0 to 1, to be shown in percent.
    of_votes : bool
        Whether it needs the votes of an `Outcome`; records of datasets without are without it.
    merit : callable, optional
        `Outcome` to (sample,) numbers, larger is better, whose mean is the score: it has a
        bootstrap interval, two models can be paired by sample, and it can be a task's headline.
    by_part : callable, optional
        `Outcome` to one number a class or target, NaN where there is none.
    overall : callable, optional
        `Outcome` to one number of the split, NaN where there is none.

    Examples
    --------
    >>> right = Metric(
    ...     name="right", title="right answers", tasks=("classification",),
    ...     merit=lambda outcome: outcome.decided == outcome.truth,
    ... )
    >>> codes = np.array([0, 1, 1])
    >>> known = Outcome(predicted=np.eye(2)[codes], decided=codes, truth=codes, names=("a", "b"))
    >>> float(right.merit(known).mean())
    1.0
    """

    name: str
    title: str
    tasks: tuple[str, ...]
    is_share: bool = False
    of_votes: bool = False
    merit: Callable[[Outcome], Array] | None = None
    by_part: Callable[[Outcome], Array] | None = None
    overall: Callable[[Outcome], float] | None = None

    def __post_init__(self) -> None:
        """Refuse a metric that measures nothing, or no task that there is."""
        if not (self.merit or self.by_part or self.overall):
            msg = f"the metric {self.name!r} needs one of merit, by_part and overall"
            raise ExtensionError(msg)
        if unknown := [name for name in self.tasks if name not in TASK_NAMES]:
            msg = (
                f"the metric {self.name!r} is for the task {unknown[0]!r}, which is none of "
                f"{', '.join(TASK_NAMES)}; mend its tasks"
            )
            raise ExtensionError(msg)

    def text(self, value: float) -> str:
        """Return the value for people.

        Examples
        --------
        >>> from skybench.registry.scoring.metrics import METRICS
        >>> METRICS["r2"].text(0.95), METRICS["iou"].text(0.95)
        ('0.9500', '95.00%')
        """
        return f"{value:.2%}" if self.is_share else f"{value:.4f}"

    def interval_text(self, low: float, high: float) -> str:
        """Return the ends of an interval for people, shares in percent.

        Examples
        --------
        >>> from skybench.registry.scoring.metrics import METRICS
        >>> METRICS["r2"].interval_text(0.9, 0.95), METRICS["iou"].interval_text(0.9, 0.95)
        ('0.900 to 0.950', '90.0 to 95.0')
        """
        factor, digits = (100, 1) if self.is_share else (1, 3)
        return f"{factor * low:.{digits}f} to {factor * high:.{digits}f}"

    def gap_text(self, low: float, value: float, high: float) -> str:
        """Return a difference with its interval for people, shares in points."""
        ends = (value, low, high)
        if self.is_share:
            middle, *outer = (f"{100 * end:+.2f}" for end in ends)
            return f"{middle} points ({outer[0]} to {outer[1]})"
        middle, *outer = (f"{end:+.4f}" for end in ends)
        return f"{middle} ({outer[0]} to {outer[1]})"
