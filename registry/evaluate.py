"""Score somebody's predictions on a test split, and compare them with the stored baselines."""

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skybench.errors import (
    IntegrityError,
    MissingDependencyError,
    PredictionsError,
    VersionConflictError,
)
from skybench.registry.leaderboard import Standing, standing
from skybench.registry.open import open as open_version
from skybench.registry.open import present
from skybench.registry.reference import DatasetReference
from skybench.registry.scoring.metric import Metric
from skybench.registry.scoring.metrics import metric_named
from skybench.registry.scoring.prediction_tables import PredictionsSource, import_pyarrow
from skybench.registry.scoring.predictions import (
    TABLE_SUFFIX,
    predictions_suffix,
    read_predictions,
    write_predictions,
)
from skybench.registry.scoring.question import Predictions, Question
from skybench.registry.scoring.records import (
    BOUND,
    SUBMISSIONS,
    TEST_SPLIT,
    Record,
    check_record_name,
)
from skybench.registry.scoring.scoring import (
    ConfidenceInterval,
    TestScore,
    bound_fields,
    merit_of,
    paired_bootstrap,
    score,
)
from skybench.registry.scoring.tasks import AnswerKey, answer_key
from skybench.registry.storage.store import Store, version_key
from skybench.registry.versions.index import read_manifest
from skybench.registry.versions.manifest import Manifest, StoredObject, digest_of

UNNAMED = "submission"


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """How predictions differ from one stored record on the same test samples.

    Attributes
    ----------
    name : str
        Of the record.
    metric : Metric
        What the scores are.
    score : float
        Of the record.
    difference : ConfidenceInterval
        Score of the predictions minus that of the record, with the 95 % interval of the
        paired bootstrap by sample.
    """

    name: str
    metric: Metric
    score: float
    difference: ConfidenceInterval

    @property
    def beyond_chance(self) -> bool:
        """Whether the interval of the difference leaves out zero."""
        return self.difference.beyond_chance

    def __str__(self) -> str:
        """Say it in a sentence."""
        gap = self.difference
        side = "above" if gap.value > 0 else "below" if gap.value < 0 else "level with"
        verdict = "beyond chance" if self.beyond_chance else "within chance"
        amount = self.metric.gap_text(gap.low, gap.value, gap.high)
        return f"{amount} {side} {self.name}, {verdict}"


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """The score of predictions.

    Attributes
    ----------
    record : Record
        The score as the leaderboard keeps it: the headline with its interval, by class or
        target, confusion.
    comparisons : tuple of Comparison
        With each stored record, best first.
    notes : tuple of str
        What was assumed or put right in the predictions, and what could not be compared or
        measured, and why.
    submitted : bool
        Whether the record is now in the store.
    """

    record: Record
    comparisons: tuple[Comparison, ...]
    notes: tuple[str, ...]
    submitted: bool

    @property
    def score(self) -> float:
        """The headline on test, larger is better: what the record's metric names."""
        return self.record.score

    @property
    def accuracy(self) -> float | None:
        """The score where it is an accuracy, in a multi-label task of whole samples; else None."""
        return self.score if self.record.metric == "accuracy" else None

    @property
    def measures(self) -> pd.DataFrame:
        """A row a class or target, a column a metric; NaN where there is no number."""
        return pd.DataFrame.from_dict(self.record.by_part, orient="index").astype(float)

    def _overall(self) -> list[tuple[str, float]]:
        overall = self.record.overall.items()
        return [(name, value) for name, value in overall if value is not None]

    @property
    def interval(self) -> tuple[float, float]:
        """Ends of the 95 % interval of the score."""
        return self.record.interval.low, self.record.interval.high

    def __str__(self) -> str:
        """Return the score and one line a comparison."""
        metric = metric_named(self.record.metric)
        low, high = map(metric.text, self.interval)
        lines = [
            f"{self.record.name} on {self.record.dataset} {self.record.version}: {metric.title} "
            f"{metric.text(self.score)} ({low} to {high}) of {self.record.samples:,} samples",
            *(
                [self.measures.to_string(float_format="{:.6g}".format)]
                if len(self.measures)
                else []
            ),
            *(f"{name} {value:.6g}" for name, value in self._overall()),
            *map(str, self.comparisons),
            *self.notes,
        ]
        return "\n".join(lines)


def evaluate(
    reference: str | DatasetReference,
    predictions: PredictionsSource,
    *,
    name: str = UNNAMED,
    store: str | Store | None = None,
    submit: bool = False,
    content_hash: str | None = None,
) -> Evaluation:
    """Score predictions on a version's test split, and compare them with its stored records.

    Parameters
    ----------
    reference : str
        As for `skybench.open`.
    predictions : path, table, series or array
        A table with ``sample_id``, as a column or an index, and either ``label`` or one
        probability column a class; a multi-label task has one column a class with probabilities
        or 0 and 1, a regression one column a target in the target's unit. A column ``seed`` may
        tell several runs apart. It is a file, ``.csv``, ``.tsv``, ``.fits`` (each also with
        ``.gz``) or ``.parquet``; a DataFrame of pandas or polars or an Arrow table; a Series or
        DataArray of labels; or a NumPy array of probabilities or labels in the order of the test
        split. A segmentation takes a ``.npz`` or ``.zarr`` of ``sample_id`` and ``segmentation
        (sample, y, x)``, or this array alone: 0 background, k + 1 class k.
    name : str
        Of the model, for the record.
    store : str or Store, optional
        Any fsspec URL. Default: ``$SKYBENCH_STORE``, else the user's data folder.
    submit : bool
        Whether to add the record and its predictions to the version's leaderboard.
    content_hash : str, optional
        The content the predictions were made for, of the version or of its test split; also read
        from the file where it is given there. Any other than this version's is refused.

    Raises
    ------
    PredictionsError
        The file does not answer exactly this test split; the message names lines, ids or
        columns and the fix.
    VersionConflictError
        A record of that name is there already.
    NotFoundError
        There is no such version.

    Examples
    --------
    >>> import skybench
    >>> skybench.evaluate("sky@1", "predictions.csv", name="MyNet").accuracy  # doctest: +SKIP
    """
    check_record_name(name)
    store = Store(store)
    manifest = read_manifest(store, present(reference, store))
    exact = DatasetReference.parse(manifest.reference)
    ds = open_version(exact, store=store, decode=False)
    key = answer_key(ds, manifest.reference)
    question = question_of(key)
    answer = read_predictions(predictions, question)
    for made_for in (answer.content, content_hash):
        _check_content(made_for, manifest)
    truth = key.answers(TEST_SPLIT)
    tested = score(key.task, truth, key.names, answer.by_seed)
    known = standing(exact, store=store)
    comparisons, notes = _compare(tested, known, question, truth, store)
    record = _record(name, manifest, key, tested)
    if submit:
        record = _submit(record, known, answer, question, store)
    return Evaluation(
        record=record,
        comparisons=comparisons,
        notes=(*answer.notes, *tested.notes, *known.notes, *notes),
        submitted=submit,
    )


def question_of(key: AnswerKey) -> Question:
    """Return what predictions for the test split must answer."""
    ids = {split: key.ids[key.rows(split)] for split in np.unique(key.splits).tolist()}
    return Question(
        task=key.task,
        names=key.names,
        ids=ids.pop(TEST_SPLIT),
        shape=key.truth.shape,
        other_ids=ids,
    )


def _check_content(made_for: str | None, manifest: Manifest) -> None:
    content = manifest.content
    if made_for in (None, content.root, content.splits[TEST_SPLIT].root):
        return
    msg = (
        f"these predictions were made for content {made_for}, but {manifest.reference} has "
        f"{content.root} (test split {content.splits[TEST_SPLIT].root}). Predict again on "
        f"skybench.open({manifest.reference!r}, split='test')."
    )
    raise PredictionsError(msg)


def _compare(
    tested: TestScore, known: Standing, question: Question, truth: NDArray[Any], store: Store
) -> tuple[tuple[Comparison, ...], tuple[str, ...]]:
    comparisons, notes = [], []
    for record in known.records:
        try:
            other = stored_predictions(record, known.manifest, question, store)
        except MissingDependencyError as error:
            notes.append(f"not compared with {record.name}: {error}")
            continue
        if other is None:
            notes.append(f"not compared with {record.name}: its predictions are not in the store")
            continue
        theirs = merit_of(question.task, truth, question.names, other.by_seed)
        gap = paired_bootstrap(tested.merit, theirs)
        comparisons.append(
            Comparison(name=record.name, metric=tested.metric, score=record.score, difference=gap)
        )
    return tuple(comparisons), tuple(notes)


def stored_predictions(
    record: Record, manifest: Manifest, question: Question, store: Store
) -> Predictions | None:
    """Read the predictions of a stored record, None where they are not kept.

    Raises
    ------
    IntegrityError
        They are not those that were scored.
    """
    if record.predictions is None:
        return None
    key = f"{manifest.key}/{record.predictions.key}"
    if not store.exists(key):
        return None
    if (size := store.size(key)) != record.predictions.size:
        raise _not_scored(store.url_of(key), f"{record.predictions.size} bytes", size)
    data = store.read_bytes(key)
    if (got := digest_of(data)) != record.predictions.sha256:
        raise _not_scored(store.url_of(key), record.predictions.sha256, got)
    if predictions_suffix(question) == TABLE_SUFFIX:
        import_pyarrow()
    return read_predictions(io.BytesIO(data), question)


def _not_scored(where: str, expected: str, got: object) -> IntegrityError:
    msg = (
        f"{where} does not match its record: expected {expected}, got {got}. "
        "Restore it from a copy of the store."
    )
    return IntegrityError(msg)


def _record(name: str, manifest: Manifest, key: AnswerKey, tested: TestScore) -> Record:
    bound = bound_fields(name, "submission", manifest, key.task, key.names)
    return Record(**bound, model=name, **tested.record_fields())


def _submit(
    record: Record, known: Standing, answer: Predictions, question: Question, store: Store
) -> Record:
    """Write predictions first and the record last, under a lock, where the name is free."""
    if record.name == UNNAMED:
        msg = "a submission needs a name of its own; give one with --name or name=…"
        raise PredictionsError(msg)
    folder = version_key(record.dataset, record.version)
    key = f"{SUBMISSIONS}/{record.name}-predictions{predictions_suffix(question)}"
    data = _file(record, answer, question)
    stored = StoredObject(key=key, size=len(data), sha256=digest_of(data))
    record = record.model_copy(update={"predictions": stored})
    with store.lock(f"submissions-{record.dataset}-{record.version}"):
        _check_free(record.name, known, store, f"{folder}/{SUBMISSIONS}")
        store.write(f"{folder}/{key}", data)
        store.write(f"{folder}/{SUBMISSIONS}/{record.name}.json", record.to_text())
    return record


def _check_free(name: str, known: Standing, store: Store, folder: str) -> None:
    submitted = [n.removesuffix(".json") for n in store.names(folder) if n.endswith(".json")]
    taken = {n.casefold() for n in (*submitted, *(r.name for r in known.records))}
    if name.casefold() in taken:
        free = next(f"{name}-{n}" for n in range(2, 10**6) if f"{name}-{n}".casefold() not in taken)
        msg = (
            f"{known.manifest.reference} already has a record named {name}, and records are "
            f"never replaced; submit under another name, such as --name {free}"
        )
        raise VersionConflictError(msg)


def _file(record: Record, answer: Predictions, question: Question) -> bytes:
    buffer = io.BytesIO()
    bound = {name: getattr(record, name) for name in BOUND}
    write_predictions(buffer, question, answer.by_seed, bound)
    return buffer.getvalue()
