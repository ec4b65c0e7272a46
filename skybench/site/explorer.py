"""The explorer's part of a site: its page, and what that cannot learn from the Zarr itself."""

import io
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from skybench.errors import NotFoundError, SkybenchError
from skybench.generators.recipe_file import load_recipe
from skybench.generators.schema import main_variable
from skybench.registry.arrays.zarr_format import open_raw
from skybench.registry.evidence import Ranked, read_stored
from skybench.registry.ground_truth import GroundTruth
from skybench.registry.recorded import recorded_manifest
from skybench.registry.scoring.mistakes import TRUTH, WRONG, answer_table
from skybench.registry.scoring.prediction_tables import MOST_BYTES
from skybench.registry.scoring.predictions import read_predictions
from skybench.registry.scoring.question import ID
from skybench.registry.scoring.tasks import task_named
from skybench.registry.seals import recipe_of
from skybench.registry.storage.store import Store
from skybench.registry.versions.manifest import Manifest
from skybench.site.version import ShownVersion

FOLDER = "explorer"

_SOURCE = Path(__file__).parent / FOLDER
_FILES = ("explorer.css", "explorer.js")
_DIGITS = 5


def write_explorer(
    store: Store, versions: Sequence[ShownVersion], folder: Path, *, store_url: str
) -> None:
    """Write what the explorer's page of a site loads.

    The page reads the store itself, by range requests. What it cannot know from there lies beside
    it: ``datasets.json``, with an entry a version, and ``answers/…json``, what each model with
    stored predictions says of the test split.

    Parameters
    ----------
    store : Store
    versions : sequence of ShownVersion
        Those that can be chosen, the first of them being shown first.
    folder : Path
        Of the whole site: the explorer goes into ``explorer`` in it.
    store_url : str
        The store's address for a browser: a URL, or relative to `folder`, such as ``..``.

    Raises
    ------
    NotFoundError
        The explorer's JavaScript is not built.
    """
    target = folder / FOLDER
    (target / "answers").mkdir(parents=True, exist_ok=True)
    for name in _FILES:
        _copy(_SOURCE / name, target / name)
    entries = [_entry(version, store, target) for version in versions]
    _write_json(target / "datasets.json", {"store": store_url, "datasets": entries})


def _copy(source: Path, target: Path) -> None:
    if not source.exists():
        msg = (
            f"{source} is not there: the explorer's JavaScript is not built yet. Run 'make site', "
            f"or 'npm install' and 'npm run build' in {source.parent}"
        )
        raise NotFoundError(msg)
    shutil.copyfile(source, target)


def _entry(version: ShownVersion, store: Store, target: Path) -> dict[str, Any]:
    manifest = version.manifest
    key = f"{manifest.key}/{manifest.zarr}"
    variable = main_variable(open_raw(store.url_of(key), chunked=False))
    return {
        "reference": manifest.reference,
        "title": manifest.title,
        "samples": manifest.samples,
        "zarr": key,
        "variable": variable,
        "code": list(_code(manifest, variable)),
        "models": list(_models(version, store, target)),
    }


def _code(manifest: Manifest, variable: str) -> Iterator[str]:
    """Yield Python that opens one sample and makes it again.

    The page fills in {row}, {next} row, and the address of the {store}.
    """
    place = "" if _is_recorded(manifest) else ', store="{store}"'
    yield f'ds = skybench.open("{manifest.reference}"{place})'
    yield "published = ds.isel(sample=[{row}]).load()"
    if _is_packaged(manifest):
        yield f'again = skybench.generate("{manifest.dataset}", {{row}}, {{next}})'
        yield f"assert again.{variable}.equals(published.{variable})"


def _is_recorded(manifest: Manifest) -> bool:
    """Tell whether `skybench.open` makes this version wherever it is missing."""
    try:
        return recorded_manifest(manifest.reference).content.root == manifest.content.root
    except NotFoundError:
        return False


def _is_packaged(manifest: Manifest) -> bool:
    """Tell whether the packaged recipe of that name gives the same samples."""
    try:
        recipe, packaged = recipe_of(manifest), load_recipe(manifest.dataset)
    except SkybenchError:  # of another generator, or of a recipe that is not packaged
        return False
    more = packaged.samples >= recipe.samples  # each sample is the same among any number of them
    return more and recipe == packaged.model_copy(update={"samples": recipe.samples})


def _models(version: ShownVersion, store: Store, target: Path) -> Iterator[dict[str, str]]:
    """Write what each model answers, and yield how the page finds it."""
    metric = task_named(version.manifest.task).metric
    for one in version.standing.ranked:
        if version.truth is None or one.tested is None:
            continue
        stem = f"{version.manifest.dataset}-{version.manifest.version}-{one.record.name}"
        file = target / "answers" / f"{stem}.json"
        _write_json(file, _answers(version.manifest, version.truth, one, store))
        score = f"{metric.title} {metric.text(one.record.score)}"
        yield {"name": one.record.name, "score": score, "answers": f"answers/{file.name}"}


def _answers(manifest: Manifest, truth: GroundTruth, one: Ranked, store: Store) -> dict[str, Any]:
    """Return the rows that a model was asked about, and columns of what it answered."""
    stored = one.record.predictions
    assert stored is not None
    assert one.tested is not None
    data = read_stored(stored, f"{manifest.key}/{stored.key}", store, MOST_BYTES)
    question = truth.question
    found = read_predictions(io.BytesIO(data), question)
    table = answer_table(
        question.task,
        question.names,
        question.ids,
        truth.answers,
        found.by_seed,
        one.tested.merit,
    )
    return {"rows": truth.rows.tolist(), "columns": dict(_columns(table))}


def _columns(table: pd.DataFrame) -> Iterator[tuple[str, list[Any]]]:
    for name in map(str, table):
        values = table[name]
        if name == WRONG:
            yield "outcome", np.where(values, "wrong", "right").tolist()
        elif name != ID and not name.startswith(TRUTH):
            yield name, [_short(value) for value in values.tolist()]


def _short(value: Any) -> Any:
    """Return a number with the digits that a page shows."""
    return float(f"{value:.{_DIGITS}g}") if isinstance(value, float) else value


def _write_json(path: Path, values: Mapping[str, Any]) -> None:
    text = json.dumps(values, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    path.write_text(text, encoding="utf-8")
