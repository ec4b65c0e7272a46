"""The page that shows whether fakes are told from real cutouts, and what gives them away."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from skybench.diagnosis.figures import BLUE, VERMILLION, new_figure
from skybench.diagnosis.page import Section, page
from skybench.generators.arrays import Integers
from skybench.learning.realism.certificate import BOUND
from skybench.learning.realism.cutouts import Cutouts
from skybench.learning.realism.realism import TREES, Realism
from skybench.learning.realism.statistics import meaning_of, statistic_names, statistics

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_IN_A_ROW = 8
_COLUMNS = 4
_TELLING = 8
_LEAST, _MOST = -0.7, 4.0
"""Of the stretch, asinh of thirds of the noise: the sky is dark grey."""


def write(found: Realism, path: Path) -> None:
    """Write the page.

    Raises
    ------
    MissingDependencyError
        matplotlib is not installed.
    """
    told = found.certificate
    sections = [
        Section(title="In short", sentences=found.summary().split("\n")),
        Section(
            title="The two judges",
            table=_judges(found),
            note=(
                f"AUC of the pairs that one training judged, with intervals of 95 % over frames; "
                f"0.5 is chance, and below {BOUND} is no better than it. The nulls are halves of "
                f"one sample; the wrong PSF is {told.psf_fwhm:.2f} pixels made a tenth broader."
            ),
        ),
        Section(
            title="What gives fakes away",
            table=_telling(found),
            picture=_distributions(found),
            note=(
                "Importance is the AUC that trees lose where a statistic is permuted; alone is the "
                "AUC of the statistic by itself, above 0.5 where fakes have more of it. Real in "
                "blue, fakes in orange."
            ),
        ),
        *(_pairs(found, one.judge) for one in told.judges),
    ]
    if found.saliency is not None:
        sections.append(
            Section(
                title="Where the network looks",
                picture=_saliency(found),
                note="How much its odds change with each pixel: mean of real cutouts and of fakes.",
            )
        )
    title = f"{told.real} and {told.fake}: are fakes told from real cutouts?"
    path.write_text(page(title, sections), encoding="utf-8")


def _judges(found: Realism) -> list[list[str]]:
    head = ["", "real and fake", "null: real", "null: fake", "wrong PSF", "verdict"]
    rows = [
        [one.judge, *map(str, (one.auc, one.null_real, one.null_fake, one.control)), one.verdict]
        for one in found.certificate.judges
    ]
    return [head, *rows]


def _telling(found: Realism) -> list[list[str]]:
    head = ["", "importance", "alone", "real", "fake", ""]
    rows = [
        [
            str(name),
            f"{row['importance']:.3f}",
            f"{row['alone']:.2f}",
            f"{row['real']:.3g}",
            f"{row['fake']:.3g}",
            meaning_of(str(name)),
        ]
        for name, row in found.importance.iterrows()
    ]
    return [head, *rows]


def _distributions(found: Realism) -> "Figure":
    names = [str(name) for name in found.importance.index[:_TELLING]]
    rows = math.ceil(len(names) / _COLUMNS)
    figure = new_figure(11, 2.4 * rows)
    panels = figure.subplots(rows, _COLUMNS, squeeze=False, sharey=True).ravel()
    every = statistic_names(found.real.bands)
    for sample, colour in ((found.real, BLUE), (found.fake, VERMILLION)):
        values = statistics(sample)
        for axes, name in zip(panels, names, strict=False):
            axes.ecdf(values[:, every.index(name)], color=colour)
            axes.set_xlabel(name)
    return figure


def _pairs(found: Realism, judge: str) -> Section:
    real, fake = found.surest(judge, _IN_A_ROW)
    figure = new_figure(11, 3.0)
    panels = figure.subplots(2, _IN_A_ROW, squeeze=False)
    for row, (sample, rows) in zip(panels, ((found.real, real), (found.fake, fake)), strict=True):
        _show(row, sample, rows)
    name = "trees" if judge == TREES else judge
    return Section(
        title=f"The pairs that {name} are surest of",
        picture=figure,
        note=f"Above real cutouts {_listed(real)}, below fakes {_listed(fake)}.",
    )


def _listed(rows: Integers) -> str:
    return ", ".join(map(str, rows.tolist()))


def _show(row: NDArray[Any], of: Cutouts, rows: Integers) -> None:
    noise = statistics(of)[:, statistic_names(of.bands).index(_noise_name(of))]
    for axes in row:
        axes.set_axis_off()
    for axes, at in zip(row, rows, strict=False):
        plane = of.images[at, of.plane]
        level = np.arcsinh((plane - np.nanmedian(plane)) / max(noise[at], 1e-30) / 3)
        axes.imshow(level, cmap="gray", vmin=_LEAST, vmax=_MOST, origin="lower")


def _noise_name(of: Cutouts) -> str:
    return "noise" if len(of.bands) == 1 else f"noise_{of.bands[of.plane]}"


def _saliency(found: Realism) -> "Figure":
    assert found.saliency is not None
    figure = new_figure(6, 3.2)
    panels = figure.subplots(1, 2)
    halves = np.split(found.saliency, [len(found.real)])
    for axes, maps, word in zip(panels, halves, ("real", "fake"), strict=True):
        axes.imshow(maps.mean(axis=0), cmap="cividis", origin="lower")
        axes.set_title(word)
        axes.set_axis_off()
    return figure
