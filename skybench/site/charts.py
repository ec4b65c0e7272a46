"""Small charts as SVG within a page; their colours are those of the style sheet, by class.

Series differ by dashes, too, so that nothing is said by colour alone.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from markupsafe import Markup, escape
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SERIES = 8
"""Colours that the style sheet has; further series begin again."""

_MOST_BINS = 24
"""Whole numbers that span less have a bin each."""

_LOG_SPAN = 50.0
_LOW = 0.15
"""An axis is logarithmic where values span more, and half of them lie in this part of the span."""

_WIDTH, _HEIGHT, _FOOT = 240.0, 56.0, 14.0


def histogram(groups: Mapping[str, Floats], label: str) -> Markup:
    """Return the distribution of a number by group, each as a share of its group.

    Parameters
    ----------
    groups : mapping of str to (n,) array
        Finite values, in the order of the series' colours. Nothing is drawn where all are alike.
    label : str
        What is shown, for screen readers.
    """
    values = np.concatenate(list(groups.values()))
    with np.errstate(over="ignore"):
        if not (values.size and 0 < np.ptp(values) < np.inf):
            return Markup()
    edges, is_log = _edges(values)
    shares = [np.histogram(one, edges)[0] / max(len(one), 1) for one in groups.values()]
    top = max(float(share.max()) for share in shares) or 1.0
    lines = [_steps(share / top, k) for k, share in enumerate(shares)]
    ends = _ends(float(values.min()), float(values.max()), is_log)
    return _svg(_WIDTH, _HEIGHT + _FOOT, label, [*lines, *ends])


def _edges(values: Floats) -> tuple[Floats, bool]:
    low, high = float(values.min()), float(values.max())
    distinct = np.unique(values)
    bins = min(_MOST_BINS, 2 + int(np.sqrt(len(values))))
    if high - low < _MOST_BINS and np.array_equal(distinct, np.round(distinct)):
        return np.arange(low - 0.5, high + 1), False
    is_low = np.median(values) < low + _LOW * (high - low)
    if low > 0 and high / low > _LOG_SPAN and is_low:
        return np.geomspace(low, np.nextafter(high, np.inf), bins + 1), True
    return np.linspace(low, np.nextafter(high, np.inf), bins + 1), False


def _steps(heights: Floats, series: int) -> Markup:
    """Return a line that goes up and down with the bins."""
    x = np.repeat(np.linspace(1, _WIDTH - 1, len(heights) + 1), 2)
    y = _HEIGHT - np.concatenate([[0], np.repeat(heights, 2), [0]]) * (_HEIGHT - 3)
    return _line(x, y, series)


def _ends(low: float, high: float, is_log: bool) -> list[Markup]:
    y = _HEIGHT + _FOOT - 3
    middle = Markup('<text x="{}" y="{}" text-anchor="middle">log</text>').format(_WIDTH / 2, y)
    return [
        Markup('<line class="axis" x1="0" x2="{}" y1="{}" y2="{}"/>').format(
            _WIDTH, _HEIGHT, _HEIGHT
        ),
        Markup('<text x="0" y="{}">{}</text>').format(y, f"{low:.4g}"),
        *([middle] if is_log else []),
        Markup('<text x="{}" y="{}" text-anchor="end">{}</text>').format(_WIDTH, y, f"{high:.4g}"),
    ]


def interval(value: float, low: float, high: float, axis: tuple[float, float]) -> Markup:
    """Return a point with its interval on an axis that other rows of a table share."""
    width, middle = 120.0, 9.0
    span = (axis[1] - axis[0]) or 1.0
    x, left, right = (4 + (one - axis[0]) / span * (width - 8) for one in (value, low, high))
    drawn = Markup(
        '<line class="axis" x1="0" x2="{w}" y1="{m}" y2="{m}"/>'
        '<line class="interval" x1="{l}" x2="{r}" y1="{m}" y2="{m}"/>'
        '<circle class="point" cx="{x}" cy="{m}" r="3.5"/>'
    ).format(w=_number(width), m=middle, l=_number(left), r=_number(right), x=_number(x))
    return _svg(width, 2 * middle, "", [drawn])


def curves(lines: Mapping[str, Sequence[float]], label: str, *, is_log: bool = False) -> Markup:
    """Return numbers by epoch, a line a name; those that are not finite are left out.

    Parameters
    ----------
    lines : mapping of str to sequence of float
        The value after each epoch, from the first.
    label : str
        What is shown, for screen readers.
    is_log : bool
        Whether the axis is logarithmic, where all numbers are positive.
    """
    width, height, left = 420.0, 180.0, 48.0
    known = np.concatenate([np.asarray(line, float) for line in lines.values()])
    known = known[np.isfinite(known)]
    low, high = float(known.min()), float(known.max())
    scale = np.log if is_log and low > 0 else np.asarray
    epochs, bottom, span = max(map(len, lines.values())), scale(low), scale(high) - scale(low)
    drawn = [_axes(width, height, left, (f"{low:.3g}", f"{high:.3g}"), epochs)]
    for series, line in enumerate(lines.values()):
        y = np.asarray(line, float)
        x = left + 6 + np.arange(len(y)) / max(epochs - 1, 1) * (width - left - 12)
        there = np.isfinite(y)
        heights = (scale(y[there]) - bottom) / (span or 1.0)
        drawn.append(_line(x[there], height - 24 - heights * (height - 36), series))
    return _svg(width, height, label, drawn)


def _axes(width: float, height: float, left: float, ends: tuple[str, str], last: int) -> Markup:
    return Markup(
        '<line class="axis" x1="{l}" x2="{w}" y1="{b}" y2="{b}"/>'
        '<line class="axis" x1="{l}" x2="{l}" y1="4" y2="{b}"/>'
        '<text x="{t}" y="{low_y}" text-anchor="end">{low}</text>'
        '<text x="{t}" y="16" text-anchor="end">{high}</text>'
        '<text x="{l}" y="{f}">epoch 1</text>'
        '<text x="{w}" y="{f}" text-anchor="end">{last}</text>'
    ).format(
        l=left, w=width, b=height - 18, t=left - 6, f=height - 4,
        low_y=height - 20, low=ends[0], high=ends[1], last=last,
    )  # fmt: skip


def _line(x: Floats, y: Floats, series: int) -> Markup:
    points = " ".join(f"{_number(a)},{_number(b)}" for a, b in zip(x, y, strict=True))
    return Markup('<polyline class="series s{}" points="{}"/>').format(series % SERIES, points)


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _svg(width: float, height: float, label: str, parts: Sequence[Markup]) -> Markup:
    said = (
        Markup('role="img" aria-label="{}"').format(escape(label))
        if label
        else Markup('aria-hidden="true"')
    )
    head = Markup('<svg class="chart" viewBox="0 0 {w} {h}" width="{w}" height="{h}" {s}>').format(
        w=_number(width), h=_number(height), s=said
    )
    return head + Markup("").join(parts) + Markup("</svg>")
