"""The page that shows how well a matched recipe agrees with what it was made from."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from skybench.diagnosis.figures import BLUE, VERMILLION, new_figure
from skybench.diagnosis.page import Section, page
from skybench.survey.agreement import PERCENTILES, marginals
from skybench.survey.match import Match

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_IN_A_ROW = 8
_ROWS = 3
_COLUMNS = 4
_LEAST_P = 0.05
_LABELS = {
    "x1": "noise autocorrelation, x, lag 1",
    "x2": "noise autocorrelation, x, lag 2",
    "y1": "noise autocorrelation, y, lag 1",
    "y2": "noise autocorrelation, y, lag 2",
    "density": "detections per 10^4 pixels",
    "noise": "noise of a pixel, counts",
    "signal_to_noise": "signal to noise",
    "half_light_radius": "half-light radius, pixels",
    "axis_ratio": "axis ratio",
}
_LOGARITHMIC = ("signal_to_noise", "half_light_radius", "noise")


def sentences(found: Match) -> list[str]:
    """Return a line for each marginal: whether its percentiles are within the real intervals."""
    return [_sentence(_LABELS.get(str(name), str(name)), row) for name, row in _rows(found)]


def _rows(found: Match) -> list[tuple[str, dict[Any, Any]]]:
    return [(str(name), dict(row.items())) for name, row in found.agreement.iterrows()]


def _sentence(name: str, row: dict[Any, Any]) -> str:
    within = [percent for percent in PERCENTILES if row[f"within_{percent}"]]
    said = f"{len(within)} of {len(PERCENTILES)} percentiles within the real sample's intervals"
    verdict = "agrees" if row["p"] >= _LEAST_P else "differs"
    return f"{name}: {verdict} (distance {row['distance']:.2f}, p {row['p']:.3f}), {said}"


def table(found: Match) -> list[list[str]]:
    """Return the percentiles of each marginal as words, a head and a row each.

    A real percentile has its interval of 95 % in brackets, and the simulated one beside it.
    """
    head = ["", *(f"{p} %: real, matched" for p in PERCENTILES), "distance", "p"]
    return [head, *(_words(_LABELS.get(name, name), row) for name, row in _rows(found))]


def _words(name: str, row: dict[Any, Any]) -> list[str]:
    cells = [
        f"{row[f'real_{p}']:.3g} [{row[f'low_{p}']:.3g}, {row[f'high_{p}']:.3g}], "
        f"{row[f'matched_{p}']:.3g}{'' if row[f'within_{p}'] else ' *'}"
        for p in PERCENTILES
    ]
    return [name, *cells, f"{row['distance']:.2f}", f"{row['p']:.3f}"]


def write(found: Match, path: Path) -> None:
    """Write the page.

    Raises
    ------
    MissingDependencyError
        matplotlib is not installed.
    """
    sections = [
        Section(
            title="Percentiles",
            table=table(found),
            note=(
                "In brackets the interval of 95 % of the real sample's percentile, by bootstrap "
                "over its images; * is outside. Distance and p are of the test of Kolmogorov and "
                "Smirnov, p by permutation of images."
            ),
        ),
        Section(
            title="Marginals",
            picture=_marginals(found),
            note="Share of values up to each: real in blue, matched in orange.",
        ),
        Section(
            title="Real images",
            picture=_sheet(found, found.real.images),
            note="In the reference band, all by the stretch of one noise.",
        ),
        Section(title="Matched images", picture=_sheet(found, found.made.images)),
        Section(
            title="How it was made",
            sentences=[
                f"{len(found.real.images)} real images with {len(found.real_measured.sources)} "
                f"detections, {len(found.made.images)} simulated ones with "
                f"{len(found.made_measured.sources)}.",
                f"The PSF has a FWHM of {found.psf_fwhm:.2f} pixels in all bands.",
                f"The population was corrected in {found.rounds} rounds, on other random numbers "
                "than these images have.",
            ],
        ),
    ]
    title = f"{found.recipe.stem}: real and matched images"
    path.write_text(page(title, sections), encoding="utf-8")


def _marginals(found: Match) -> "Figure":
    real, made = marginals(found.real_measured), marginals(found.made_measured)
    names = [name for name, _ in _rows(found)]
    rows = math.ceil(len(names) / _COLUMNS)
    figure = new_figure(11, 2.4 * rows)
    panels = figure.subplots(rows, _COLUMNS, squeeze=False, sharey=True).ravel()
    for axes in panels[len(names) :]:
        axes.set_axis_off()
    for axes, name in zip(panels, names, strict=False):
        for (values, _), colour in ((real[name], BLUE), (made[name], VERMILLION)):
            axes.ecdf(values, color=colour)
        axes.set_xlabel(_LABELS.get(name, name))
        if name in _LOGARITHMIC:
            axes.set_xscale("log")
    return figure


def _sheet(found: Match, images: Any) -> "Figure":
    """Return the first images side by side; the sky, a band of the noise, is as dark in all."""
    plane = found.real.plane
    shown = images[: _ROWS * _IN_A_ROW, plane]
    rows = math.ceil(len(shown) / _IN_A_ROW)
    figure = new_figure(11, 1.4 * rows)
    panels = figure.subplots(rows, _IN_A_ROW, squeeze=False).ravel()
    for axes in panels:
        axes.set_axis_off()
    noise = float(found.real_measured.images["noise"].median())
    for axes, one in zip(panels, shown, strict=False):
        level = np.arcsinh((one - np.nanmedian(one)) / noise / 3)
        axes.imshow(level, cmap="gray", vmin=-0.7, vmax=4, origin="lower", interpolation="nearest")
    return figure
