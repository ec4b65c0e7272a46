"""The page of a trial of transfer: the gain against labels, and both sides against iterations."""

from pathlib import Path
from typing import TYPE_CHECKING

from skybench.diagnosis.figures import BLUE, GREY, VERMILLION, new_figure
from skybench.diagnosis.page import Section, page
from skybench.learning.transfer.result import Comparison, Side, TransferResult
from skybench.registry.scoring.scoring import ConfidenceInterval

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLUMNS = 3
_SIDES = (("transferred", BLUE), ("scratch", VERMILLION))


def table(found: TransferResult) -> list[list[str]]:
    """Return what each number of labels came to as words, a head and a row each."""
    head = ["labels", "transferred", "from scratch", "difference", "rates", "equal after"]
    return [head, *(_row(found, one) for one in found.comparisons)]


def _row(found: TransferResult, one: Comparison) -> list[str]:
    sooner, own = one.equal_after
    return [
        f"{one.labels:,}",
        _score(found, one.transferred),
        _score(found, one.scratch),
        found.words(one.difference),
        f"{one.transferred.rate:g}, {one.scratch.rate:g}",
        f"{'never' if sooner is None else f'{sooner:,}'}; scratch {own:,}",
    ]


def _score(found: TransferResult, side: Side) -> str:
    low, high = side.score.low, side.score.high
    return f"{found.share(side.score.value)} [{found.share(low)}, {found.share(high)}]"


def write(found: TransferResult, path: Path) -> None:
    """Write the page.

    Raises
    ------
    MissingDependencyError
        matplotlib is not installed.
    """
    sections = [
        Section(
            title="What the source's weights gain",
            sentences=found.summary().splitlines(),
            table=table(found),
            note=(
                f"Score: {found.metric} on {found.test:,} samples of test, {found.seeds} seeds. In "
                "brackets intervals of 95 % by bootstrap over seeds and samples; the difference is "
                "paired by both. Each side chose its learning rate on validation. Equal after: "
                "iterations until validation is as good as scratch ever is."
            ),
        ),
        Section(
            title="Against labels",
            picture=against_labels(found),
            note="On test, transferred in blue, from scratch in orange.",
        ),
        Section(
            title="Against iterations",
            picture=against_iterations(found),
            note="On validation, mean over seeds; dashed, the best of scratch.",
        ),
    ]
    title = f"{found.source} to {found.target}: {found.network}"
    path.write_text(page(title, sections), encoding="utf-8")


def against_labels(found: TransferResult) -> "Figure":
    """Return the test scores of both sides, and their difference, against labels."""
    figure = new_figure(9, 3.2)
    scores, gains = figure.subplots(1, 2)
    labels = [one.labels for one in found.comparisons]
    for name, colour in _SIDES:
        sides: list[Side] = [getattr(one, name) for one in found.comparisons]
        _with_intervals(scores, labels, [side.score for side in sides], colour)
    _with_intervals(gains, labels, [one.difference for one in found.comparisons], GREY)
    gains.axhline(0, color=GREY, linewidth=1, linestyle="--")
    scores.set_ylabel(found.metric)
    gains.set_ylabel("transferred less scratch")
    for axes in (scores, gains):
        axes.set_xscale("log")
        axes.set_xlabel("labels")
        _plain(axes)
    return figure


def _with_intervals(
    axes: "Axes", labels: list[int], values: list[ConfidenceInterval], colour: str
) -> None:
    below = [one.value - one.low for one in values]
    above = [one.high - one.value for one in values]
    middle = [one.value for one in values]
    axes.errorbar(labels, middle, (below, above), fmt="o-", color=colour, markersize=4, capsize=2)


def against_iterations(found: TransferResult) -> "Figure":
    """Return the validation scores of both sides against iterations, a panel for each labels."""
    rows = -(-len(found.comparisons) // _COLUMNS)
    figure = new_figure(3.6 * min(_COLUMNS, len(found.comparisons)), 2.8 * rows)
    columns = min(_COLUMNS, len(found.comparisons))
    panels = figure.subplots(rows, columns, squeeze=False, sharey=True).ravel()
    for axes in panels[len(found.comparisons) :]:
        axes.set_axis_off()
    for axes, one in zip(panels, found.comparisons, strict=False):
        for name, colour in _SIDES:
            side: Side = getattr(one, name)
            axes.plot(*zip(*side.curve, strict=True), "o-", color=colour, markersize=3)
        axes.axhline(one.scratch.best, color=GREY, linewidth=1, linestyle="--")
        axes.set_title(f"{one.labels:,} labels", fontsize=10)
        axes.set_xlabel("iterations")
        _plain(axes)
    panels[0].set_ylabel(f"validation {found.metric}")
    return figure


def _plain(axes: "Axes") -> None:
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
