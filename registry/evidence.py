"""What a stored score rests on: it is computed again from its predictions, or only stated.

What is shown of a score is what was computed. A record that states another one is refused, whoever
wrote it and wherever it lies.
"""

import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from skybench.errors import IntegrityError, NotFoundError, SkybenchError
from skybench.registry.ground_truth import GroundTruth, version_truth
from skybench.registry.scoring.prediction_tables import MOST_BYTES
from skybench.registry.scoring.predictions import read_predictions
from skybench.registry.scoring.records import TEST_SPLIT, Record
from skybench.registry.scoring.scoring import TestScore, score
from skybench.registry.scoring.tasks import AnswerKey, task_named
from skybench.registry.seals import opened_seal, sealing_of
from skybench.registry.storage.store import MAX_TEXT_BYTES, Store
from skybench.registry.versions.manifest import Manifest, StoredObject, digest_of

Evidence = Literal["recomputed", "stated"]
"""Whether a score was computed again from its predictions, or is what its record says."""

_ABSOLUTE, _RELATIVE = 2e-5, 1e-4
"""By how much a stated number may differ: records are rounded, and so are libraries."""

_OF_INTERVAL = 0.05
"""By how much of its width an interval may: another NumPy may draw other resamples."""

_REMEMBERED = 256
_scored: dict[tuple[str, str], TestScore] = {}
"""By content of the test split and SHA-256 of the predictions: both say all that a score needs."""


@dataclass(frozen=True, kw_only=True)
class Ranked:
    """A record with the numbers that count.

    Attributes
    ----------
    record : Record
        Its score, interval and measures are the computed ones where they could be computed.
    evidence : "recomputed" or "stated"
    tested : TestScore or None
        What its predictions come to; None where they are not there.
    """

    record: Record
    evidence: Evidence
    tested: TestScore | None = None


class Scorer:
    """Computes the scores of one version's records again.

    Parameters
    ----------
    manifest : Manifest
    store : Store
    truth : GroundTruth, optional
        Of the version. Default: read when first needed, and compared with the content hash.
    """

    def __init__(self, manifest: Manifest, store: Store, truth: GroundTruth | None = None) -> None:
        self.manifest, self.store, self._given = manifest, store, truth
        self.fault: str | None = None
        """Why the truth cannot be read; None before it was needed."""
        self.is_sealed = truth is None and self._is_closed()
        """Whether nobody but the holder of a seal has the truth."""

    def score_again(self, record: Record) -> Ranked:
        """Return a record with what its predictions come to.

        Raises
        ------
        SkybenchError
            It is no score of this version's test split, or not what its predictions come to, or it
            is a submission and that cannot be known, though the truth is not sealed.
        """
        check_question(record, self.manifest)
        data = self._predictions(record)
        truth = None if data is None or self.is_sealed else self._truth
        if data is None or truth is None:
            self._check_may_be_stated(record, data)
            return Ranked(record=record, evidence="stated")
        tested = self._tested(data, truth)
        for said in _contradictions(record, tested, truth.key):
            msg = f"{record.name} {said}"
            raise IntegrityError(msg)
        computed = {key: value for key, value in tested.record_fields().items() if key != "scores"}
        shown = record.model_copy(update=computed)
        return Ranked(record=shown, evidence="recomputed", tested=tested)

    @cached_property
    def _truth(self) -> GroundTruth | None:
        """The truth, None where it cannot be read: that is tried only once."""
        try:
            truth = self._given or version_truth(self.manifest, self.store)
            _check_same(truth, self.manifest)
            _ = truth.answers
        except SkybenchError as error:
            self.fault = str(error)
            return None
        return truth

    def _predictions(self, record: Record) -> bytes | None:
        """Return the file that was scored, None where it is not there."""
        key = self._key(record)
        if record.predictions is None or not self.store.exists(key):
            return None
        return read_stored(record.predictions, key, self.store, MOST_BYTES)

    def _key(self, record: Record) -> str:
        return f"{self.manifest.key}/{record.predictions.key if record.predictions else ''}"

    def _is_closed(self) -> bool:
        try:
            is_sealed = sealing_of(self.manifest) is not None
            return is_sealed and opened_seal(self.manifest, self.store) is None
        except SkybenchError as error:  # what lies there is not the seal: that opens nothing
            self.fault = str(error)
            return True

    def _check_may_be_stated(self, record: Record, data: bytes | None) -> None:
        if record.kind == "submission" and not (self.is_sealed and data):
            reason = self.fault or f"{self.store.url_of(self._key(record))} are not there"
            msg = f"the score of {record.name} does not follow from its predictions: {reason}"
            raise NotFoundError(msg)

    def _tested(self, data: bytes, truth: GroundTruth) -> TestScore:
        key = (self.manifest.content.splits[TEST_SPLIT].root, digest_of(data))
        if key not in _scored:
            found = read_predictions(io.BytesIO(data), truth.question)
            if len(_scored) >= _REMEMBERED:
                _scored.clear()
            task, names = truth.key.task, truth.key.names
            _scored[key] = score(task, truth.answers, names, found.by_seed, truth.votes)
        return _scored[key]


def _check_same(truth: GroundTruth, manifest: Manifest) -> None:
    """Refuse data that say of themselves what no hash covers, and the manifest does not."""
    said: dict[str, tuple[object, object]] = {"task": (truth.key.task, manifest.task)}
    if task_named(truth.key.task).parts == "targets" and manifest.targets:
        said["targets"] = (truth.key.names, manifest.targets)
    for field, (got, expected) in said.items():
        if got != expected:
            msg = f"the data of {truth.name} {_has_other(field, got, expected)}"
            raise IntegrityError(msg)


def read_record(stored: StoredObject, key: str, store: Store) -> Record:
    """Return the record in a file; raises as `read_stored` does."""
    where = store.url_of(key)
    try:
        text = read_stored(stored, key, store, MAX_TEXT_BYTES).decode()
    except UnicodeDecodeError as error:
        msg = f"{where} is no record: it is not UTF-8 text (byte {error.start})"
        raise IntegrityError(msg) from None
    return Record.from_text(text, where)


def read_stored(stored: StoredObject, key: str, store: Store, most_bytes: int) -> bytes:
    """Return the content of a file that has the size and SHA-256 which are stored elsewhere.

    Raises
    ------
    IntegrityError
        It has others, or is larger than such a file can be.
    NotFoundError, StoreError
        It cannot be read.
    """
    where = store.url_of(key)
    if (size := store.size(key)) != stored.size:
        raise _changed(where, f"{stored.size:,} bytes", f"{size:,} bytes")
    if size > most_bytes:
        msg = f"{where} has {size:,} bytes, more than {most_bytes:,}; skybench wrote no such"
        raise IntegrityError(msg)
    data = store.read_bytes(key)
    if (got := digest_of(data)) != stored.sha256:
        raise _changed(where, stored.sha256, got)
    return data


def _changed(where: str, expected: str, got: str) -> IntegrityError:
    msg = (
        f"{where} is not the file that was published: expected {expected}, got {got}. "
        "Restore it from a copy of the store"
    )
    return IntegrityError(msg)


def check_question(record: Record, manifest: Manifest) -> None:
    """Refuse a record that answers another question than the test split of a version.

    Raises
    ------
    IntegrityError
        It is of another split, dataset, content, task or metric.
    """
    task = task_named(manifest.task)
    asked = {"split": TEST_SPLIT, "task": task.name, "metric": task.metric.name}
    for field, expected in asked.items():
        if (got := getattr(record, field)) != expected:
            msg = f"{record.name} {_has_other(field, got, expected)}"
            raise IntegrityError(msg)
    if fault := record.mismatch(manifest):
        raise IntegrityError(fault)


def _has_other(field: str, got: object, expected: object) -> str:
    return f"has the {field} {ascii(got)[:200]}, which must be {expected!r} here"


def _contradictions(record: Record, tested: TestScore, key: AnswerKey) -> Iterator[str]:
    """Yield what a record states and its predictions do not come to."""
    parts = task_named(key.task).parts
    if (got := getattr(record, parts)) != key.names:
        yield _has_other(parts, got, key.names)
    if (record.samples, record.seeds) != (len(tested.merit), tuple(tested.by_seed)):
        yield (
            f"states {record.samples:,} samples and {len(record.seeds)} seeds, but its predictions "
            f"have {len(tested.merit):,} and {len(tested.by_seed)}, or others"
        )
        return
    width = tested.headline.high - tested.headline.low
    for what, stated, computed, slack in _numbers(record, tested):
        near = slack * width + _ABSOLUTE
        if not _agree(stated, computed, near):
            yield f"states {what} {stated}, but its predictions come to {computed}"


def _agree(stated: float | None, computed: float | None, near: float) -> bool:
    if stated is None or computed is None:
        return stated is computed
    return math.isclose(stated, computed, rel_tol=_RELATIVE, abs_tol=near)


def _numbers(
    record: Record, tested: TestScore
) -> Iterator[tuple[str, float | None, float | None, float]]:
    """Yield each stated number that is computed here, too: its name, both, and its slack."""
    found = tested.headline
    yield "a score of", record.score, found.value, 0
    yield "the lower end", record.interval.low, found.low, _OF_INTERVAL
    yield "the upper end", record.interval.high, found.high, _OF_INTERVAL
    for stated in record.scores:
        yield f"of seed {stated.seed}", stated.score, tested.by_seed[stated.seed].score, 0
    for name in record.overall.keys() & tested.overall.keys():
        yield name, record.overall[name], tested.overall[name], 0
    for part, measures in record.by_part.items():
        computed = tested.measures.get(part, {})
        for name in measures.keys() & computed.keys():
            yield f"of {part} the {name}", measures[name], computed[name], 0
