"""The pages of the site, as text; what they say of strangers' words is escaped."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jinja2
import numpy as np
from markupsafe import Markup

from skybench.diagnosis.page import Section
from skybench.generators.schema import SPLITS, main_variable
from skybench.registry.describing.citation import cite, pinned_reference
from skybench.registry.describing.licence import licence_url
from skybench.registry.evaluate import Evaluation
from skybench.registry.evidence import Ranked
from skybench.registry.scoring.records import Record, SeedScore
from skybench.site.charts import curves, interval
from skybench.site.opening import STORE, openings
from skybench.site.parameters import MOST_SAMPLES, parameters
from skybench.site.places import Links
from skybench.site.version import ShownVersion

_TEMPLATES = Path(__file__).parent / "templates"
_MOST_SCORES = 8
"""Beside a dataset; the leaderboard has all."""


@cache
def _templates() -> jinja2.Environment:
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters |= {"path": quote, "thousands": "{:,}".format}
    return templates


def _page(template: str, links: Links, **values: Any) -> str:
    return _templates().get_template(template).render(links=links, **values)


@dataclass(frozen=True, kw_only=True)
class Tile:
    """A picture of a sample.

    Attributes
    ----------
    file : str
        From the site's folder.
    caption : str
        Its number, and its classes where it has some.
    width, height : int
        In pixels.
    """

    file: str
    caption: str
    width: int
    height: int


@dataclass(frozen=True, kw_only=True)
class Model:
    """A record with what its page shows of it.

    Attributes
    ----------
    ranked : Ranked
    evaluation : Evaluation or None
        None where its score is only stated.
    sections : sequence of Section
        Where it breaks.
    images : mapping of str to str
        Files of the sections' pictures by their names, from the site's folder.
    """

    ranked: Ranked
    evaluation: Evaluation | None = None
    sections: Sequence[Section] = ()
    images: Mapping[str, str] = field(default_factory=dict)

    @property
    def record(self) -> Record:
        """The record."""
        return self.ranked.record


def home_page(links: Links, versions: Sequence[ShownVersion], sheets: Mapping[str, Tile]) -> str:
    """Return the first page: each dataset by its newest version.

    Parameters
    ----------
    links : Links
    versions : sequence of ShownVersion
        By dataset, the newest first.
    sheets : mapping of str to Tile
        A contact sheet a version, by slug; not all have one.
    """
    by_dataset = groupby(versions, key=lambda version: version.manifest.dataset)
    datasets = [_with_newest(list(several)) for _, several in by_dataset]
    return _page("home.html", links, datasets=datasets, sheets=sheets)


def _with_newest(versions: list[ShownVersion]) -> dict[str, Any]:
    """Return the version that a dataset is shown by, the newest not withdrawn, and the others."""
    shown = next((v for v in versions if v.entry.yanked is None), versions[0])
    return {"version": shown, "others": [v for v in versions if v is not shown]}


def explorer_page(links: Links) -> str:
    """Return the page of the explorer; what it shows is for its script to find."""
    return _page("explorer.html", links)


def dataset_page(
    links: Links,
    version: ShownVersion,
    tiles: Sequence[Tile],
    card: str | None,
    files: Sequence[str],
) -> str:
    """Return the page of a version.

    Parameters
    ----------
    links : Links
    version : ShownVersion
    tiles : sequence of Tile
        Its samples by class.
    card : str or None
        The data card's text.
    files : sequence of str
        Those of the version's own files that the store has, by name.
    """
    manifest = version.manifest
    store = STORE if "://" not in links.store else links.store
    return _page(
        "dataset.html",
        links,
        version=version,
        manifest=manifest,
        tiles=tiles,
        splits=_splits(version),
        rows=_ranking(version)[:_MOST_SCORES],
        parameters=parameters(version.ds, manifest.classes),
        most_samples=MOST_SAMPLES,
        openings=openings(manifest, main_variable(version.ds), store),
        mark=STORE,
        pin=pinned_reference(manifest),
        citation=cite(manifest),
        licence_url=licence_url(manifest.licence),
        card=card,
        files=files,
    )


def _splits(version: ShownVersion) -> list[dict[str, Any]]:
    """Return the splits in the order of their use, then the named sets."""
    content = version.manifest.content
    known = {name: place for place, name in enumerate(SPLITS)}
    names = sorted(content.splits, key=lambda n: (n in content.sets, known.get(n, len(known)), n))
    return [
        {"name": name, "is_set": name in content.sets, "part": content.splits[name]}
        for name in names
    ]


def leaderboard_page(
    links: Links, version: ShownVersion, evaluations: Mapping[str, Evaluation]
) -> str:
    """Return the leaderboard of a version.

    Parameters
    ----------
    links : Links
    version : ShownVersion
    evaluations : mapping of str to Evaluation
        Of the records whose scores were recomputed, by name.
    """
    ranked = version.standing.ranked
    return _page(
        "leaderboard.html",
        links,
        version=version,
        rows=_ranking(version),
        kinds=sorted({one.record.kind for one in ranked}),
        differences=_differences(evaluations),
        others=sorted({name for one in ranked for name in one.record.overall}),
    )


def _ranking(version: ShownVersion) -> list[dict[str, Any]]:
    """Return the records, best first, with rank, interval in words and drawn on one axis."""
    records = [one.record for one in version.standing.ranked]
    ends = [end for record in records for end in (record.interval.low, record.interval.high)]
    scores = [record.score for record in records]
    return [
        {
            "ranked": one,
            "rank": scores.index(one.record.score) + 1,
            "interval": _interval(one.record, (min(ends), max(ends))),
            "ends": _ends(version, one.record),
        }
        for one in version.standing.ranked
    ]


def _interval(record: Record, axis: tuple[float, float]) -> Markup:
    return interval(record.score, record.interval.low, record.interval.high, axis)


def _ends(version: ShownVersion, record: Record) -> str:
    return version.metric.interval_text(record.interval.low, record.interval.high)


def _differences(evaluations: Mapping[str, Evaluation]) -> dict[str, dict[str, list[Any]]]:
    """Return by model, and by model that it is compared with, the difference and its words."""
    return {
        name: {
            one.name: [
                one.difference.value,
                one.metric.gap_text(one.difference.low, one.difference.value, one.difference.high),
                one.beyond_chance,
            ]
            for one in found.comparisons
        }
        for name, found in evaluations.items()
    }


def model_page(links: Links, version: ShownVersion, model: Model) -> str:
    """Return the page of a record."""
    record = model.record
    return _page(
        "model.html",
        links,
        version=version,
        model=model,
        record=record,
        ends=_ends(version, record),
        measures=_measures(record),
        curves=_learning(record, version.metric.title),
        settings=_settings(record),
    )


def _measures(record: Record) -> dict[str, Any]:
    """Return the measures by class or target as a table."""
    names = sorted({name for part in record.by_part.values() for name in part})
    order = [part for part in (*record.classes, *record.targets) if part in record.by_part]
    rest = [part for part in record.by_part if part not in order]
    rows = {part: [record.by_part[part].get(name) for name in names] for part in order + rest}
    return {"names": names, "rows": rows}


def _learning(record: Record, metric: str) -> list[dict[str, Any]]:
    """Return the losses and the validation score of each seed that was trained in epochs."""
    return [
        {"seed": one.seed, "losses": _losses(one), "score": _validation(one, metric), "of": one}
        for one in record.scores
        if len(one.curve) > 1
    ]


def _losses(one: SeedScore) -> Markup:
    known = {
        "training": [_or_nan(epoch.train_loss) for epoch in one.curve],
        "validation": [_or_nan(epoch.validation_loss) for epoch in one.curve],
    }
    if not np.isfinite([value for line in known.values() for value in line]).any():
        return Markup()
    return curves(known, f"losses of seed {one.seed} by epoch", is_log=True)


def _validation(one: SeedScore, metric: str) -> Markup:
    scores = [epoch.validation_score for epoch in one.curve]
    return curves({metric: scores}, f"validation {metric} of seed {one.seed} by epoch")


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else value


def _settings(record: Record) -> dict[str, str]:
    """Return what a run was made with, for people."""
    found = record.hyperparameters | record.hardware
    found |= {f"{name}, version": version for name, version in record.libraries.items()}
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in found.items()
    }
