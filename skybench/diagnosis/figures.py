"""The figures of a diagnosis, by matplotlib without its global state.

Colours are those of Okabe and Ito (2008), which differ to every kind of eye, and cividis, which
also prints in grey.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from PIL import Image

from skybench.diagnosis.findings import Finding
from skybench.errors import MissingDependencyError
from skybench.registry.evaluate import Evaluation
from skybench.registry.scoring.coordinates import UNITS
from skybench.registry.scoring.metric import Metric
from skybench.registry.scoring.metrics import CALIBRATION_BINS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, VERMILLION, GREY = "#0072B2", "#D55E00", "#767676"

_BINS = 10
_MOST_WORDS = 12
_IN_A_ROW = 8
_MOST_NAMED = 15
"""Classes whose cells of a confusion matrix have room for a number."""


def new_figure(width: float, height: float) -> "Figure":
    """Return an empty figure of some inches.

    Raises
    ------
    MissingDependencyError
        matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure  # late: half a second, and it may be absent
    except ImportError:
        msg = "a diagnosis draws with matplotlib: pip install 'skybench[report]'"
        raise MissingDependencyError(msg) from None
    return Figure(figsize=(width, height), layout="constrained")


def of_findings(found: Evaluation, findings: Sequence[Finding]) -> "Figure":
    """Return the score against each coordinate that was found, its range shaded."""
    figure = new_figure(3.6 * len(findings), 3)
    for axes, finding in zip(_panels(figure, len(findings), 3), findings, strict=True):
        _curve(axes, found, finding.coordinate)
        if finding.word is None:
            low, high = axes.get_xlim()
            left = low if finding.low is None else finding.low
            right = high if finding.high is None else finding.high
            axes.axvspan(left, right, color=VERMILLION, alpha=0.18, linewidth=0)
            axes.set_xlim(low, high)
    return figure


def of_coordinates(found: Evaluation, names: Sequence[str]) -> "Figure":
    """Return the score against every coordinate, in bins of as many samples."""
    figure = new_figure(11, 2.4 * math.ceil(len(names) / 4))
    for axes, name in zip(_panels(figure, len(names), 4), names, strict=True):
        _curve(axes, found, name)
    return figure


def _panels(figure: "Figure", count: int, columns: int) -> "list[Axes]":
    columns = min(columns, count)
    grid = figure.subplots(math.ceil(count / columns), columns, squeeze=False, sharey=True)
    panels: list[Axes] = grid.ravel().tolist()
    for unused in panels[count:]:
        unused.set_axis_off()
    return panels[:count]


def _curve(axes: "Axes", found: Evaluation, name: str) -> None:
    """Draw the score in each bin with its interval, over the score of all samples."""
    table = found.by(name, bins=_BINS).head(_MOST_WORDS)
    is_word = found.coordinates[name].dtype.kind != "f"
    places = np.arange(len(table)) if is_word else [_middle(one) for one in table.index]
    spread = np.abs(table[["low", "high"]].to_numpy().T - table["score"].to_numpy())
    axes.axhline(found.score, color=GREY, linewidth=1, linestyle="--")
    style = "o" if is_word else "o-"
    axes.errorbar(places, table["score"], spread, fmt=style, color=BLUE, markersize=4, capsize=2)
    unit = found.coordinates.attrs[UNITS].get(name, "")
    axes.set_xlabel(f"{name} [{unit}]" if unit else name)
    if is_word:
        axes.set_xticks(places, [str(word) for word in table.index], rotation=40, ha="right")
    _as_score(axes, found.tested.metric)


def _middle(one: Any) -> float:
    return float(one.mid) if isinstance(one, pd.Interval) else float(one)


def _as_score(axes: "Axes", metric: Metric) -> None:
    place = axes.get_subplotspec()
    if place is not None and place.is_first_col():
        axes.set_ylabel(metric.title)
    if metric.is_share:
        axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)


def of_confusion(table: pd.DataFrame) -> "Figure":
    """Return the share of each truth that gets each answer, and the counts."""
    counts = table.to_numpy(np.float64)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    rows = [" ".join(map(str, key)) if isinstance(key, tuple) else str(key) for key in table.index]
    figure = new_figure(2.4 + 0.62 * counts.shape[1], 1.3 + 0.5 * len(rows))
    axes = figure.subplots()
    image = axes.imshow(shares, cmap="cividis", vmin=0, vmax=1, aspect="auto")
    axes.set_xticks(
        range(counts.shape[1]), [str(c) for c in table.columns], rotation=40, ha="right"
    )
    axes.set_yticks(range(len(rows)), rows)
    axes.set_xlabel("answer")
    axes.set_ylabel("truth")
    if counts.shape[1] <= _MOST_NAMED:
        for (row, column), share in np.ndenumerate(shares):
            colour = "black" if share > 0.5 else "white"
            text = f"{100 * share:.0f} %\n{counts[row, column]:,.0f}"
            axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=7)
    figure.colorbar(image, label="share of the truth")
    return figure


def of_calibration(table: pd.DataFrame) -> "Figure":
    """Return a reliability diagram: accuracy against top probability, with how many there are."""
    figure = new_figure(4, 4.4)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    spread = np.abs(table[["low", "high"]].to_numpy().T - table["accuracy"].to_numpy())
    above.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle="--")
    above.errorbar(
        table["confidence"],
        table["accuracy"],
        spread,
        fmt="o-",
        color=BLUE,
        markersize=4,
        capsize=2,
    )
    above.set_ylabel("accuracy")
    below.bar(table.index, table["samples"], width=0.9 / CALIBRATION_BINS, color=BLUE)
    below.set_xlabel("probability of the answer")
    below.set_ylabel("samples")
    for axes in (above, below):
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def of_numbers(found: Evaluation) -> "Figure":
    """Return the answers of a regression against the truth, by target."""
    names, truth = found.truth.key.names, found.truth.answers
    answers = np.mean(list(found.answers.values()), axis=0)
    figure = new_figure(3.6 * min(3, len(names)), 3.2 * math.ceil(len(names) / 3))
    columns = min(3, len(names))
    grid = figure.subplots(math.ceil(len(names) / columns), columns, squeeze=False).ravel()
    for k, axes in enumerate(grid):
        if k >= len(names):
            axes.set_axis_off()
            continue
        both = np.concatenate([truth[:, k], answers[:, k]])
        ends = [both.min(), both.max()]
        axes.hexbin(truth[:, k], answers[:, k], gridsize=40, mincnt=1, cmap="cividis", bins="log")
        axes.plot(ends, ends, color=VERMILLION, linewidth=1)
        axes.set_xlabel(f"true {names[k]}")
        axes.set_ylabel(f"answered {names[k]}")
    return figure


def of_samples(pictures: Sequence[Image.Image], captions: Sequence[str]) -> "Figure":
    """Return pictures in rows, each with its caption."""
    rows = math.ceil(len(pictures) / _IN_A_ROW)
    figure = new_figure(11, 1.9 * rows)
    grid = figure.subplots(rows, _IN_A_ROW, squeeze=False).ravel()
    for axes in grid:
        axes.set_axis_off()
    for axes, shown, caption in zip(grid, pictures, captions, strict=False):
        axes.imshow(np.asarray(shown), interpolation="nearest")
        axes.set_title(caption, fontsize=7)
    return figure


def of_rungs(metric: Metric, table: pd.DataFrame) -> "Figure":
    """Return the score on each rung, in the order given."""
    figure = new_figure(1.6 + 0.9 * len(table), 3)
    axes = figure.subplots()
    spread = np.abs(table[["low", "high"]].to_numpy().T - table["score"].to_numpy())
    places = np.arange(len(table))
    axes.errorbar(places, table["score"], spread, fmt="o", color=BLUE, capsize=3)
    axes.set_xticks(places, [str(name) for name in table.index], rotation=30, ha="right")
    axes.margins(x=0.15)
    _as_score(axes, metric)
    return figure
