"""Say where a model breaks: in sentences, and on a page with figures."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from skybench.diagnosis import figures, sentences
from skybench.diagnosis.calibration import is_of_probabilities, reliability
from skybench.diagnosis.findings import (
    CHANCE,
    MOST_FINDINGS,
    SHUFFLES,
    Finding,
    find,
    repeated,
)
from skybench.diagnosis.page import PAGE, Section, write_page
from skybench.errors import ParameterError
from skybench.generators.schema import main_variable
from skybench.registry.evaluate import UNNAMED, Evaluation, evaluate
from skybench.registry.ground_truth import Judged
from skybench.registry.pictures import picture
from skybench.registry.scoring.breakdown import interval_of
from skybench.registry.scoring.metrics import CALIBRATION_BINS
from skybench.registry.scoring.mistakes import ANSWER, CONFIDENCE, ERROR, TRUTH
from skybench.registry.scoring.prediction_tables import PredictionsSource
from skybench.registry.scoring.question import ID
from skybench.registry.storage.local_disk import reporting_unwritable, write_new
from skybench.registry.storage.store import Store

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_WORST = 24
_TILE = 128
_CAPTION = 22

_METHOD = (
    "Each coordinate is cut into 20 ranges of equal numbers of samples, and the run of ranges is "
    "taken in which being within or not explains most of the variance of the score by sample; "
    "what it explains is taken out before the next coordinate is looked for, up to "
    f"{MOST_FINDINGS}. A finding counts if at most one of {SHUFFLES} shuffles of the scores does "
    f"as well in any range of any coordinate (p ≤ {CHANCE:g}). "
)


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """Where a model breaks.

    Attributes
    ----------
    evaluation : Evaluation
    findings : tuple of Finding
        What explains most of its errors, the most telling first; empty where nothing stands out.
    sentences : tuple of str
        The score, what was found, and the scores on other rungs.
    rungs : DataFrame
        Score of each rung, with its interval; empty where none were given.
    page : Path
    """

    evaluation: Evaluation
    findings: tuple[Finding, ...]
    sentences: tuple[str, ...]
    rungs: pd.DataFrame
    page: Path

    def __str__(self) -> str:
        """Return the sentences and where the page is."""
        return "\n".join([*self.sentences, str(self.page)])


def diagnose(
    reference: Judged,
    predictions: PredictionsSource,
    *,
    out: str | os.PathLike[str],
    name: str = UNNAMED,
    store: str | Store | None = None,
    rungs: Mapping[str, PredictionsSource] | None = None,
) -> Diagnosis:
    """Say where a model is wrong and what that depends on, and write a page about it.

    The page, ``index.html``, needs no other file; its pictures also lie beside it as PNGs. It has
    the score with its 95 % interval (Wilson's for accuracies, else bootstrapped) against every
    coordinate, up to three coordinates that explain most of the errors (see
    `skybench.diagnosis.findings`), confusions, calibration where probabilities were given, and
    pictures of the samples that the model is most confidently wrong about.

    Parameters
    ----------
    reference, predictions, name, store
        As for `skybench.evaluate`.
    out : path
        The folder to make. Nothing may be there.
    rungs : mapping of str to predictions, optional
        What the same model answers on other rungs of the recipe, such as ``{"hard": …}``; a key may
        also be all that `reference` may be as text.

    Raises
    ------
    ParameterError
        Something is at `out`, or the recipe has no such rung.
    MissingDependencyError
        matplotlib is not installed.
    PredictionsError, NotFoundError
        As `skybench.evaluate` does.
    StoreError
        The folder cannot be written.

    Examples
    --------
    >>> import skybench
    >>> found = skybench.diagnose("sky@1", "predictions.csv", out="report")   # doctest: +SKIP
    >>> print(found)                                                         # doctest: +SKIP
    """
    folder = Path(out)
    _check_free(folder)
    found = evaluate(reference, predictions, name=name, store=store)
    on_rungs = _on_rungs(found, rungs or {}, store)
    findings, said, sections = explained(found, on_rungs)
    title = f"Where {name} breaks on {found.truth.name}"
    with reporting_unwritable(folder):
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            write_new(folder, partial(write_page, title=title, sections=sections))
        except FileExistsError:
            _check_free(folder)
            raise
    return Diagnosis(
        evaluation=found, findings=findings, sentences=said, rungs=on_rungs, page=folder / PAGE
    )


def explained(
    found: Evaluation, rungs: pd.DataFrame | None = None
) -> tuple[tuple[Finding, ...], tuple[str, ...], list[Section]]:
    """Return what was found in a model's answers, the sentences that say it, and a page's sections.

    Parameters
    ----------
    found : Evaluation
    rungs : DataFrame, optional
        ``score``, ``low`` and ``high`` by rung, the first of them that of `found`.

    Raises
    ------
    MissingDependencyError
        matplotlib is not installed.
    """
    rungs = pd.DataFrame() if rungs is None else rungs
    findings = tuple(find(found.tested, found.coordinates))
    said = _sentences(found, findings, rungs)
    return findings, said, _sections(found, findings, said, rungs)


def _check_free(folder: Path) -> None:
    if os.path.lexists(folder):
        msg = f"{folder} exists; choose another name or delete it first."
        raise ParameterError(msg)


def _sentences(
    found: Evaluation, findings: Sequence[Finding], rungs: pd.DataFrame
) -> tuple[str, ...]:
    told = [sentences.of_finding(found, finding) for finding in findings]
    nothing = sentences.of_nothing(found, len(found.coordinates.columns))
    on_rungs = sentences.of_rungs(found.tested.metric, rungs)
    return (sentences.of_score(found), *(told or [nothing]), *on_rungs)


def _sections(
    found: Evaluation, findings: Sequence[Finding], said: Sequence[str], rungs: pd.DataFrame
) -> list[Section]:
    made = [
        _found(found, findings, said),
        _coordinates(found),
        _answers(found),
        _calibration(found),
        _worst(found),
        _rungs(found, rungs),
    ]
    return [section for section in made if section is not None]


def _found(found: Evaluation, findings: Sequence[Finding], said: Sequence[str]) -> Section:
    shares = ", ".join(f"{f.coordinate} {100 * f.explains:.0f} %" for f in findings)
    explained = f"Of the variance they explain: {shares}." if findings else ""
    return Section(
        title="What was found",
        sentences=[*said, *found.notes],
        picture=figures.of_findings(found, findings) if findings else None,
        file="findings.png",
        note=_METHOD + explained,
    )


def _coordinates(found: Evaluation) -> Section | None:
    table = found.coordinates.drop(columns=repeated(found.coordinates))
    varied = [name for name in map(str, table) if table[name][table[name] != ""].nunique() > 1]
    if not varied:
        return None
    return Section(
        title="Against every coordinate",
        picture=figures.of_coordinates(found, varied),
        file="coordinates.png",
        note="Points are bins of equal numbers of samples with 95 % intervals (Wilson's for "
        "accuracies, else bootstrapped), the dashed line is the score of all. Of several sources "
        "in a sample the values are those of the brightest, of the label's class where it has one.",
    )


def _answers(found: Evaluation) -> Section:
    if found.tested.confusion is None:
        figure = figures.of_numbers(found)
        return Section(title="Answers and truth", picture=figure, file="answers.png")
    figure = figures.of_confusion(found.confusion())
    return Section(title="Confusions", picture=figure, file="confusion.png")


def _calibration(found: Evaluation) -> Section | None:
    if not is_of_probabilities(found):
        return None
    table = reliability(found)
    return Section(
        title="Calibration",
        sentences=[sentences.of_calibration(found, table)],
        picture=figures.of_calibration(table),
        file="calibration.png",
        note=f"{CALIBRATION_BINS} bins of equal width of the probability of the answer "
        "(Guo et al. 2017).",
    )


def _worst(found: Evaluation) -> Section | None:
    worst = found.worst(_WORST)
    if worst.empty:
        return None
    order = "the largest error" if ERROR in worst else "the most confident"
    return Section(
        title="Worst samples",
        sentences=[f"The samples that the model is wrong about, {order} first."],
        picture=_gallery(found, worst),
        file="worst.png",
    )


def _gallery(found: Evaluation, worst: pd.DataFrame) -> "Figure":
    places = found.coordinates.index.get_indexer(pd.Index(worst[ID]))
    samples = found.truth.samples(np.asarray(places))
    data = samples[main_variable(samples)]
    pictures = [picture(data.isel(sample=k), _TILE) for k in range(len(worst))]
    return figures.of_samples(pictures, [_caption(row) for row in worst.to_dict("records")])


def _caption(row: "dict[Any, Any]") -> str:
    if TRUTH not in row:
        return f"{row[ID]}: error {row[ERROR]:.2g}"
    last = f"error {row[ERROR]:.2g}" if ERROR in row else f"{100 * row[CONFIDENCE]:.0f} %"
    return f"{row[ID]}: {_short(row[TRUTH])}\n> {_short(row[ANSWER])}\n{last}"


def _short(answer: Any) -> str:
    text = answer if isinstance(answer, str) else f"{answer:.3g}"
    return text[:_CAPTION] or "none"


def _rungs(found: Evaluation, table: pd.DataFrame) -> Section | None:
    if table.empty:
        return None
    return Section(
        title="On other rungs",
        picture=figures.of_rungs(found.tested.metric, table),
        file="rungs.png",
    )


def _on_rungs(
    found: Evaluation, rungs: Mapping[str, PredictionsSource], store: str | Store | None
) -> pd.DataFrame:
    """Return the score on the reference and on each rung, empty without rungs."""
    if not rungs:
        return pd.DataFrame()
    base = found.truth.recipe_name
    others = {
        rung: evaluate(rung if "/" in rung or "@" in rung else f"{base}/{rung}", given, store=store)
        for rung, given in rungs.items()
    }
    scores = {
        rung: interval_of(one.tested, one.tested.merit)
        for rung, one in ({found.truth.name: found} | others).items()
    }
    rows = {rung: (one.value, one.low, one.high) for rung, one in scores.items()}
    return pd.DataFrame.from_dict(rows, orient="index", columns=["score", "low", "high"])
