"""What a search of frames finds of what was injected, and how it measures that.

Frames are injected, searched by Source Extractor's algorithms as `sep` has them (Bertin & Arnouts
1996, A&AS 117, 393; Barbary 2016, JOSS 1, 58), and detections matched to sources by place. What lay
there before the injection does not count: a source near which something was detected already is
left out. Intervals are Wilson's (1927, JASA 22, 209).
"""

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from skybench.errors import MissingDependencyError, ParameterError
from skybench.generators.arrays import Floats
from skybench.survey.cutout_sample import source_extractor
from skybench.survey.frame import Frame
from skybench.survey.inject import Injection, inject
from skybench.survey.measure import THRESHOLD, flux_and_size

if TYPE_CHECKING:
    import pandas as pd

RADIUS = 3.0
"""Pixels within which a detection is that of a source."""

_Z = 1.959963984540054
"""Normal deviate of a 95 % interval."""


def detect(frame: Frame, band: int = 0, threshold: float = THRESHOLD) -> "pd.DataFrame":
    """Return what is found in a band of a frame: ``x``, ``y``, ``flux`` (counts), ``size``.

    The flux is that in a Kron ellipse of 2.5 radii, the size the radius of half of it, pixels.

    Raises
    ------
    MissingDependencyError
        sep is not installed.
    """
    sep = source_extractor()
    import pandas as pd  # late: it takes a while

    image = np.ascontiguousarray(frame.image[band], dtype=np.float32)
    bad = (frame.mask[band] != 0) | (frame.ivar[band] <= 0)
    noise = np.where(bad, 1e9, 1 / np.sqrt(np.maximum(frame.ivar[band], 1e-30)))
    clean = image - sep.Background(image, mask=bad).back()
    found = sep.extract(clean, threshold, err=noise, mask=bad)
    flux, size = flux_and_size(clean, found, bad)
    return pd.DataFrame({"x": found["x"], "y": found["y"], "flux": flux, "size": size})


def recovered(
    injected: Injection,
    *,
    band: int = 0,
    threshold: float = THRESHOLD,
    radius: float = RADIUS,
) -> "pd.DataFrame":
    """Return a row for each injected source: what it is, and whether and as what it was found.

    Its columns are ``magnitude``, ``half_light_radius``, ``colour`` (the first band less the last,
    where there are several), ``is_blended`` (something was there before), ``is_recovered``,
    ``flux_bias`` (measured over true flux, less 1) and ``size_bias`` (measured over true
    half-light radius along the major axis, less 1; the seeing is part of what is measured).

    Parameters
    ----------
    injected : Injection
        Of sources with one object each.
    band : int
    threshold : float
        Of detection, in noise levels.
    radius : float
        Of matches, pixels.
    """
    import pandas as pd  # late: it takes a while

    sources = injected.sources
    place = np.stack([sources["frame_x"].values, sources["frame_y"].values], axis=1)
    electrons = sources["flux_band"].values[:, 0].astype(np.float64)
    magnitudes = injected.before.electron_zeropoint - 2.5 * np.log10(electrons)
    old = detect(injected.before, band, threshold)
    new = detect(injected.after, band, threshold)
    near, match = _nearest(new, place, radius)
    flux = electrons[:, band] / injected.before.gain[band]
    table = pd.DataFrame(
        {
            "magnitude": magnitudes[:, band],
            "half_light_radius": _first_slot(injected, "half_light_radius"),
            "colour": magnitudes[:, 0] - magnitudes[:, -1],
            "is_blended": _nearest(old, place, radius)[0],
            "is_recovered": near,
        }
    )
    table["flux_bias"] = np.where(near, _taken(new["flux"], match) / flux - 1, np.nan)
    true_size = table["half_light_radius"]
    table["size_bias"] = np.where(near, _taken(new["size"], match) / true_size - 1, np.nan)
    return table


def _first_slot(injected: Injection, name: str) -> Floats:
    if name not in injected.sources:
        return np.full(injected.sources.sizes["sample"], np.nan)
    return injected.sources[name].values[:, 0].astype(np.float64)


def _nearest(
    found: "pd.DataFrame", place: Floats, radius: float
) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    """Return whether anything was found within the radius of places, and which."""
    from scipy.spatial import cKDTree  # late: it takes a while

    if not len(found):
        return np.zeros(len(place), np.bool_), np.zeros(len(place), np.intp)
    away, match = cKDTree(found[["x", "y"]].values).query(place)
    return np.asarray(away <= radius), np.asarray(match, dtype=np.intp)


def _taken(column: Any, match: NDArray[np.intp]) -> Floats:
    values = np.asarray(column, dtype=np.float64)
    return values[match] if values.size else np.full(match.shape, np.nan)


def completeness_rounds(
    frame: Frame,
    catalogue: object,
    *,
    rounds: int = 10,
    count: int,
    seed: int = 0,
    separation: float = 20.0,
    band: int = 0,
    threshold: float = THRESHOLD,
) -> "pd.DataFrame":
    """Return `recovered` of several injections into one frame, with the column ``round``.

    Round i has seed + i and takes the catalogue's next rows.

    Parameters
    ----------
    frame : Frame
    catalogue
        As for `inject`, without places.
    rounds, count : int
        Injections, and sources in each: few enough that they hide none of each other.
    seed, separation, band, threshold
        As for `inject` and `recovered`.
    """
    import pandas as pd  # late: it takes a while

    if rounds < 1:
        msg = f"rounds must be at least 1, got {rounds}"
        raise ParameterError(msg)
    tables = []
    for number in range(rounds):
        made = inject(
            frame,
            catalogue=catalogue,
            count=count,
            first=number * count,
            seed=seed + number,
            separation=separation,
        )
        found = recovered(made, band=band, threshold=threshold)
        tables.append(found.assign(round=number))
    return pd.concat(tables, ignore_index=True)


def completeness(
    found: "pd.DataFrame", by: str = "magnitude", edges: Sequence[float] | int = 8
) -> "pd.DataFrame":
    """Return the recovered fraction and the biases in bins of a column.

    Parameters
    ----------
    found : DataFrame
        As `recovered` returns it; blended sources are left out.
    by : str
        ``magnitude``, ``half_light_radius`` or ``colour``.
    edges : sequence of float or int
        Of the bins, or how many of equal width.

    Returns
    -------
    DataFrame
        A row a bin: ``low``, ``high``, ``sources``, ``fraction`` with ``fraction_low`` and
        ``fraction_high`` (Wilson, 95 %), and the median ``flux_bias`` and ``size_bias`` with
        their ``…_error``: 1.253 times the robust scatter over the root of the number.

    Raises
    ------
    ParameterError
        There is no such column, or nothing to count.
    """
    import pandas as pd  # late: it takes a while

    if by not in found or by in ("is_recovered", "is_blended"):
        msg = f"completeness goes by magnitude, half_light_radius or colour, got {by!r}"
        raise ParameterError(msg)
    counted = found[~found["is_blended"] & np.isfinite(found[by])]
    if not len(counted):
        msg = "no source is left to be counted: all are blended with what was there before"
        raise ParameterError(msg)
    ends = np.histogram_bin_edges(counted[by], edges)
    place = np.clip(np.searchsorted(ends, counted[by], side="right") - 1, 0, len(ends) - 2)
    rows = []
    for i in range(len(ends) - 1):
        inside = counted[(place == i) & (counted[by] >= ends[0]) & (counted[by] <= ends[-1])]
        rows.append({"low": ends[i], "high": ends[i + 1]} | _counted(inside))
    return pd.DataFrame(rows)


def _counted(inside: "pd.DataFrame") -> dict[str, float]:
    hits, total = int(inside["is_recovered"].sum()), len(inside)
    low, high = wilson(hits, total)
    row = {
        "sources": total,
        "fraction": hits / total if total else np.nan,
        "fraction_low": low,
        "fraction_high": high,
    }
    for name in ("flux_bias", "size_bias"):
        values = np.asarray(inside[name].dropna(), dtype=np.float64)
        middle = float(np.median(values)) if values.size else np.nan
        scatter = 1.4826 * np.median(np.abs(values - middle)) if values.size else np.nan
        row |= {name: middle, f"{name}_error": 1.253 * scatter / np.sqrt(max(1, values.size))}
    return row


def wilson(hits: int, total: int) -> tuple[float, float]:
    """Return the 95 % interval of a probability by which so many of a number were hit.

    Examples
    --------
    >>> low, high = wilson(8, 10)
    >>> round(low, 3), round(high, 3)
    (0.49, 0.943)
    """
    if not total:
        return 0.0, 1.0
    share, z2 = hits / total, _Z**2 / total
    middle = (share + z2 / 2) / (1 + z2)
    half = _Z * np.sqrt(share * (1 - share) / total + z2 / (4 * total)) / (1 + z2)
    # Rounding could leave the share itself outside.
    return min(share, max(0.0, float(middle - half))), max(share, min(1.0, float(middle + half)))


def plot_completeness(tables: dict[str, "pd.DataFrame"], path: str | PathLike[str]) -> Path:
    """Write the tables of `completeness`, by the column of each, as one figure and return its path.

    Raises
    ------
    MissingDependencyError
        matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure  # late: an extra
    except ImportError:
        msg = "plots need matplotlib: pip install 'skybench[survey]'"
        raise MissingDependencyError(msg) from None
    figure = Figure(figsize=(4 * len(tables), 7), layout="constrained")
    axes = figure.subplots(3, len(tables), squeeze=False, sharex="col")
    for column, (by, table) in zip(axes.T, tables.items(), strict=True):
        middle = (table["low"] + table["high"]) / 2
        below = table["fraction"] - table["fraction_low"]
        above = table["fraction_high"] - table["fraction"]
        column[0].errorbar(middle, table["fraction"], [below, above], fmt="o-")
        column[0].set_ylim(-0.02, 1.02)
        for panel, name in zip(column[1:], ("flux_bias", "size_bias"), strict=True):
            panel.errorbar(middle, table[name], table[f"{name}_error"], fmt="o-")
            panel.axhline(0, color="grey", linewidth=0.8)
        column[-1].set_xlabel(by.replace("_", " "))
    for panel, label in zip(axes[:, 0], ("recovered", "flux bias", "size bias"), strict=True):
        panel.set_ylabel(label)
    target = Path(path)
    figure.savefig(target, dpi=110)
    return target
