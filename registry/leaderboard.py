"""The stored scores of a version, computed again from their predictions and ranked."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from skybench.errors import IntegrityError, NotFoundError, SkybenchError
from skybench.registry.evidence import Ranked, Scorer, check_question, read_record
from skybench.registry.ground_truth import GroundTruth
from skybench.registry.proof.file_check import unpublished
from skybench.registry.recorded import recorded_manifest, recorded_scores
from skybench.registry.reference import DatasetReference
from skybench.registry.scoring.records import SUBMISSIONS, About, Kind, Record
from skybench.registry.scoring.submissions import LOG, submissions_to
from skybench.registry.scoring.tasks import Columns, task_named
from skybench.registry.storage.store import BASELINES, Store
from skybench.registry.versions.index import read_manifest, resolve
from skybench.registry.versions.manifest import Manifest, StoredObject

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
    "evidence",
    "model",
    "protocol",
    "parameters",
    "created",
)
"""Columns of every leaderboard; the score's has the name of the task's metric instead."""

HONOUR = (
    "The truth of the test split lies in the store, so whoever submits could have read it: this "
    "board is an honour system. For contests there are sealed test sets, see docs/sealed.md."
)
"""What recomputing cannot show."""

SEALED = (
    "The test split is sealed: these scores are stated by the holder of the seal, and nobody else "
    "can compute them before it is opened."
)
"""What is said instead where nobody could have read the truth, nor recompute."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """The scores of one version.

    Attributes
    ----------
    manifest : Manifest
        Of the version.
    ranked : tuple of Ranked
        Its records, best first, each with what its score rests on.
    faults : tuple of str
        Why others are left out, a sentence each.
    caveat : str
        What no computation can show.
    """

    manifest: Manifest
    ranked: tuple[Ranked, ...]
    faults: tuple[str, ...]
    caveat: str

    @property
    def records(self) -> tuple[Record, ...]:
        """The records, best first, with the numbers that were computed."""
        return tuple(one.record for one in self.ranked)

    @property
    def notes(self) -> tuple[str, ...]:
        """What is left out, for people."""
        return tuple(f"left out: {fault}" for fault in self.faults)


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
        for a run shorter or smaller than its protocol. ``evidence`` is ``recomputed`` where the
        numbers are what the stored predictions come to, now; and ``stated`` where a baseline's
        predictions, or the data of a recorded version, are not here. ``attrs["notes"]`` lists what
        was left out and why, ``attrs["about"]`` what submitters say of their models by name, and
        ``attrs["caveat"]`` what no computation can show.

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
    scores = pd.Series([record.score for record in found.records], dtype=float)
    table = pd.DataFrame([_row(one) for one in found.ranked], columns=list(COLUMNS[1:]))
    table.insert(0, "rank", scores.rank(method="min", ascending=False).astype(int))
    table = table.rename(columns={"score": metric})
    measures = pd.DataFrame([_measures(r) for r in found.records], index=table.index)
    table = pd.concat([table, measures], axis=1)
    table.attrs = {
        "reference": found.manifest.reference,
        "task": found.manifest.task,
        "metric": metric,
        "content_hash": found.manifest.content.root,
        "notes": list(found.notes),
        "caveat": found.caveat,
        "about": {record.name: said for record in found.records if (said := _about(record))},
    }
    return table


def standing(
    reference: str | DatasetReference,
    *,
    store: str | Store | None = None,
    truth: GroundTruth | None = None,
) -> Standing:
    """Return the records of a version, best first; raises as `leaderboard` does.

    Its scores are computed again with `truth`, which is that of the version in the store unless it
    is given.
    """
    store = Store(store)
    try:
        entry = resolve(reference, store)
    except NotFoundError as error:
        return _recorded_standing(reference, error)
    return stored_standing(read_manifest(store, entry), store, truth)


def stored_standing(manifest: Manifest, store: Store, truth: GroundTruth | None = None) -> Standing:
    """Return the records of a version that a store has, whatever else lies beside them."""
    faults: list[str] = []
    lying = _lying(manifest, store, faults)  # before the log: what it names later is not missed
    entries = [*_baselines(manifest), *_submissions(manifest, store, faults)]
    faults += _strangers(manifest, store, lying - {entry.stored.key for entry in entries})
    scorer, ranked = Scorer(manifest, store, truth), dict[str, Ranked]()
    for entry in entries:
        try:
            _check_unique(entry.name, ranked)
            ranked[entry.name.casefold()] = scorer.score_again(entry.read(manifest, store))
        except SkybenchError as error:
            faults.append(str(error))
    if scorer.fault:
        faults.append(f"the recomputed scores, since {scorer.fault}")
    return _ranked(manifest, ranked.values(), faults, SEALED if scorer.is_sealed else HONOUR)


def _recorded_standing(reference: str | DatasetReference, missing: NotFoundError) -> Standing:
    """Return what skybench records of a version whose data are not here."""
    try:
        manifest, records = recorded_manifest(reference), recorded_scores(reference)
    except NotFoundError:
        raise missing from None
    ranked, faults = [], []
    for record in records:
        try:
            check_question(record, manifest)
            ranked.append(Ranked(record=record, evidence="stated"))
        except SkybenchError as error:
            faults.append(str(error))
    return _ranked(manifest, ranked, faults, HONOUR)


def _ranked(
    manifest: Manifest, ranked: Iterable[Ranked], faults: Sequence[str], caveat: str
) -> Standing:
    best_first = sorted(ranked, key=lambda one: (-one.record.score, one.record.name))
    return Standing(
        manifest=manifest, ranked=tuple(best_first), faults=tuple(faults), caveat=caveat
    )


@dataclass(frozen=True, kw_only=True)
class _Entry:
    """A record that the manifest or the log of submissions names.

    Attributes
    ----------
    stored : StoredObject
        Its file in the version's folder.
    name : str
        That it must have.
    kinds : tuple of str
        That it may be.
    predictions : str or None
        SHA-256 that its predictions must have; None where the record itself may say it.
    """

    stored: StoredObject
    name: str
    kinds: tuple[Kind, ...]
    predictions: str | None = None

    def read(self, manifest: Manifest, store: Store) -> Record:
        """Return the record, which is the one that was published.

        Raises
        ------
        SkybenchError
            It is not there, or another one is.
        """
        key = f"{manifest.key}/{self.stored.key}"
        where = store.url_of(key)
        record = read_record(self.stored, key, store)
        if record.kind not in self.kinds or record.name != self.name:
            msg = (
                f"{where} says that it is the {record.kind} {record.name}, but it was published "
                f"as the {' or '.join(self.kinds)} {self.name}"
            )
            raise IntegrityError(msg)
        if self.predictions not in (None, record.predictions and record.predictions.sha256):
            msg = f"{where} names other predictions than those that were submitted"
            raise IntegrityError(msg)
        return record


def baseline_names(manifest: Manifest) -> frozenset[str]:
    """Return the names of a version's baselines and floors."""
    return frozenset(entry.name for entry in _baselines(manifest))


def record_files(known: Standing, store: Store) -> dict[str, str]:
    """Return the file of each record of a version, in its folder, by the record's name."""
    entries = [*_baselines(known.manifest), *_submissions(known.manifest, store, [])]
    names = {record.name for record in known.records}
    return {entry.name: entry.stored.key for entry in entries if entry.name in names}


def _baselines(manifest: Manifest) -> Iterator[_Entry]:
    for stored in manifest.objects:
        folder, _, name = stored.key.rpartition("/")
        if folder == BASELINES and name.endswith(".json"):
            stem = name.removesuffix(".json")
            yield _Entry(stored=stored, name=stem, kinds=("baseline", "floor"))


def _submissions(manifest: Manifest, store: Store, faults: list[str]) -> Iterator[_Entry]:
    """Yield the submissions; none where their log was changed, since no line of it is proven."""
    try:
        lines = submissions_to(manifest.key, store)
    except SkybenchError as error:
        faults.append(f"every submission, since {error}")
        return
    for line in lines:
        yield _Entry(
            stored=line.record,
            name=line.name,
            kinds=("submission",),
            predictions=line.predictions,
        )


def _lying(manifest: Manifest, store: Store, faults: list[str]) -> set[str]:
    """Return what lies where records do and looks like one."""
    try:
        return {
            f"{folder}/{name}"
            for folder in (BASELINES, SUBMISSIONS)
            for name in store.names(f"{manifest.key}/{folder}")
            if name.endswith(".json")
        }
    except SkybenchError as error:
        faults.append(str(error))
        return set()


def _strangers(manifest: Manifest, store: Store, keys: set[str]) -> Iterator[str]:
    """Yield what is said of records that nobody published or submitted."""
    for key in sorted(keys):
        if key.startswith(f"{BASELINES}/"):
            yield unpublished(manifest, key)
            continue
        yield (
            f"{store.shown(f'{manifest.key}/{key}')} is named by no line of {LOG}, so it was put "
            "there by hand, or by skybench 0.2: submit its predictions again (skybench evaluate … "
            "--submit) and move it away"
        )


def _check_unique(name: str, ranked: Mapping[str, Ranked]) -> None:
    if name.casefold() in ranked:
        msg = f"a second record has the name {name}, and records are never replaced"
        raise IntegrityError(msg)


def _row(ranked: Ranked) -> tuple[object, ...]:
    record = ranked.record
    return (
        record.name,
        record.kind,
        record.score,
        record.interval.low,
        record.interval.high,
        len(record.seeds),
        record.epochs,
        record.complete,
        ranked.evidence,
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


def _about(record: Record) -> dict[str, object]:
    """Return what a submitter says of a model, but for what has a column."""
    said = About.model_fields.keys() - set(COLUMNS)
    return record.model_dump(mode="json", include=said, exclude_defaults=True)
