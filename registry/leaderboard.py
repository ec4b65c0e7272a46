"""The stored scores of a version, ranked."""

from dataclasses import dataclass, replace

import pandas as pd

from skybench.errors import NotFoundError
from skybench.registry.recorded import recorded_manifest, recorded_scores
from skybench.registry.reference import DatasetReference
from skybench.registry.scoring.records import SUBMISSIONS, Record, stored_records
from skybench.registry.scoring.tasks import Columns, task_named
from skybench.registry.seals import opened_seal, sealing_of
from skybench.registry.storage.store import BASELINES, Store
from skybench.registry.versions.index import read_manifest, resolve
from skybench.registry.versions.manifest import Manifest

COLUMNS = (
    "rank",
    "name",
    "kind",
    "score",
    "low",
    "high",
    "seeds",
    "epochs",
    "complete",
    "model",
    "protocol",
    "parameters",
    "created",
)
"""Columns of every leaderboard; the score's has the name of the task's metric instead."""

_STATED = (
    "the test split is sealed: these scores are stated by the holder of the seal, and nobody else "
    "can compute them before it is opened"
)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """The scores of one version.

    Attributes
    ----------
    manifest : Manifest
        Of the version.
    records : tuple of Record
        Best first; those of another test split are left out.
    notes : tuple of str
        Says which were left out and why.
    """

    manifest: Manifest
    records: tuple[Record, ...]
    notes: tuple[str, ...]


def leaderboard(
    reference: str | DatasetReference, *, store: str | Store | None = None
) -> pd.DataFrame:
    """Return the stored scores of a version as a table, best first.

    Parameters
    ----------
    reference : str
        As for `skybench.open`.
    store : str or Store, optional
        Any fsspec URL. Default: ``$SKYBENCH_STORE``, else the user's data folder. A version that
        is not there but was released with this skybench is read from the package.

    Returns
    -------
    DataFrame
        The score on test with its 95 % interval (``low``, ``high``) of each baseline, floor and
        submission. Its column is named as ``attrs["metric"]``: ``accuracy``, ``r2`` or ``iou``.
        After the columns that all have, each other metric of the whole split has one, such as
        ``expected_calibration_error``. A regression has five more a target: ``flux_rmse``,
        ``flux_mae``, ``flux_r2``, ``flux_bias`` and ``flux_scatter``; a segmentation has one a
        class, such as ``star_iou``. Six columns a class would hide the ranking of a
        classification: its records and `skybench.evaluate` have them. ``complete`` is False
        for a run shorter or smaller than its protocol. ``attrs["notes"]`` lists what is not
        comparable and was left out.

    Raises
    ------
    NotFoundError
        There is no such version.

    Examples
    --------
    >>> import skybench
    >>> skybench.leaderboard("sky@0")        # doctest: +SKIP
    """
    found = standing(reference, store=store)
    metric = task_named(found.manifest.task).metric.name
    ranked = pd.Series([record.score for record in found.records], dtype=float)
    table = pd.DataFrame([_row(record) for record in found.records], columns=list(COLUMNS[1:]))
    table.insert(0, "rank", ranked.rank(method="min", ascending=False).astype(int))
    table = table.rename(columns={"score": metric})
    measures = pd.DataFrame([_measures(r) for r in found.records], index=table.index)
    table = pd.concat([table, measures], axis=1)
    table.attrs = {
        "reference": found.manifest.reference,
        "task": found.manifest.task,
        "metric": metric,
        "content_hash": found.manifest.content.root,
        "notes": list(found.notes),
    }
    return table


def standing(reference: str | DatasetReference, *, store: str | Store | None = None) -> Standing:
    """Return the records of a version, best first; raises as `leaderboard` does."""
    store = Store(store)
    try:
        entry = resolve(reference, store)
    except NotFoundError as error:
        return _recorded_standing(reference, error)
    manifest = read_manifest(store, entry)
    sealed = sealing_of(manifest) is not None and opened_seal(manifest, store) is None
    folders = [f"{entry.key}/{folder}" for folder in (BASELINES, SUBMISSIONS)]
    found = _compared(manifest, [r for folder in folders for r in stored_records(store, folder)])
    return replace(found, notes=(_STATED, *found.notes)) if sealed else found


def _compared(manifest: Manifest, records: list[Record]) -> Standing:
    faults = {record.name: record.mismatch(manifest) for record in records}
    same = [record for record in records if faults[record.name] is None]
    return Standing(
        manifest=manifest,
        records=tuple(sorted(same, key=lambda record: (-record.score, record.name))),
        notes=tuple(f"left out, not comparable: {fault}" for fault in faults.values() if fault),
    )


def _recorded_standing(reference: str | DatasetReference, missing: NotFoundError) -> Standing:
    try:
        return _compared(recorded_manifest(reference), list(recorded_scores(reference)))
    except NotFoundError:
        raise missing from None


def _row(record: Record) -> tuple[object, ...]:
    return (
        record.name,
        record.kind,
        record.score,
        record.interval.low,
        record.interval.high,
        len(record.seeds),
        record.epochs,
        record.complete,
        record.model,
        record.protocol,
        record.parameters,
        record.created,
    )


def _measures(record: Record) -> dict[str, float | None]:
    form = task_named(record.task).form
    if isinstance(form, Columns) and form.bounded:
        return record.overall
    return record.overall | {
        f"{part}_{name}": value
        for part in (*record.targets, *record.classes)
        for name, value in record.by_part.get(part, {}).items()
    }
