"""The record of a score: what was trained or submitted, on which data, and how well it did.

A record is bound to the content of a version and to the content of its test split. It is small
JSON; weights and predictions lie beside it under their SHA-256. A submission names the manifest
that it was scored by; the manifest lists the baselines of its version by their SHA-256, so these
cannot name it. Records that were once written
read for ever, and are written again as they were; whoever reads one looks at ``score``,
``by_part`` and ``overall``, whatever its age.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    JsonValue,
    SerializerFunctionWrapHandler,
    StringConstraints,
    ValidationError,
    model_serializer,
    model_validator,
)

from skybench.errors import IntegrityError, ParameterError
from skybench.generators.plain_text import PlainLine
from skybench.generators.suggestion import unknown
from skybench.registry.reference import is_refused_by_windows
from skybench.registry.storage.store import Store
from skybench.registry.versions.manifest import (
    DatasetName,
    Digest,
    Manifest,
    StoredObject,
    StrictModel,
    UtcTime,
    VersionText,
    canonical_text,
    check_format,
    strict_json,
    validated,
)

FORMAT: Literal["skybench-record-2"] = "skybench-record-2"
FIRST_FORMAT: Literal["skybench-record-1"] = "skybench-record-1"
"""Until 0.2: what tasks of classes scored stood in fields named after accuracy."""

SUBMISSIONS = "submissions"
TEST_SPLIT = "test"
BOUND = ("dataset", "version", "content", "split_content", "manifest")
"""Fields that a file of predictions repeats, where its record has them, to be bound alike."""

WEIGHTS_SUFFIX = ".safetensors"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")

Kind = Literal["baseline", "floor", "submission", "own"]

UNRELEASED = "0.0"
"""The version that an own record names where its data are of none."""
Share = Annotated[float, Field(ge=0, le=1)]
ShortLine = Annotated[PlainLine, StringConstraints(min_length=1, max_length=300)]


def _check_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        msg = "must be a web address that begins with https:// and holds no password"
        raise ValueError(msg)
    if re.search(r"\s", url):
        msg = "must be a web address without spaces"
        raise ValueError(msg)
    return url


WebAddress = Annotated[ShortLine, AfterValidator(_check_url)]


def check_record_name(name: str) -> str:
    """Return `name` where it can name a record and its files.

    Raises
    ------
    ParameterError
        With the nearest name that can.
    """
    if is_refused_by_windows(f"{name}.json"):
        msg = f"{name!r} is a name of a file that Windows does not take; choose another"
        raise ParameterError(msg)
    if _NAME.fullmatch(name):
        return name
    near = re.sub(r"[^A-Za-z0-9._+-]+", "-", name).strip("-._+")[:64]
    hint = f"; did you mean {near!r}?" if near else ""
    msg = (
        "a name is 1 to 64 letters, digits, '.', '_', '+' and '-', starting with a letter or "
        f"digit, got {name!r}{hint}"
    )
    raise ParameterError(msg)


class ScoreInterval(StrictModel):
    """The 95 % bootstrap interval of the score over test samples."""

    low: float
    high: float


def _scored(values: Any, score: str, accuracy: str) -> Any:
    """Fill in the score of a record that was written when accuracy was the only one."""
    if isinstance(values, dict) and score not in values and accuracy in values:
        return {**values, score: values[accuracy]}
    return values


def _either(score: str, accuracy: str) -> ConfigDict:
    """Let the JSON Schema ask for the score, or for the accuracy alone as it was before 0.2."""

    def extra(schema: dict[str, Any]) -> None:
        schema["required"].remove(score)
        schema["anyOf"] = [{"required": [score]}, {"required": [accuracy]}]

    return ConfigDict(json_schema_extra=extra)


_ABOUT = {"code", "paper", "authors", "training_data", "pretraining"}
"""What submitters may say of their model."""

_WHERE_GIVEN = {
    *("accuracy", "accuracy_by_class", "validation_accuracy", "overall", "manifest"),
    "reached",
}
"""What only records of one of the two formats have, or only submissions, or only own records."""


class _AsItWas(StrictModel):
    """Part of a record: what not all records have is written where it was given, and only there."""

    @model_serializer(mode="wrap")
    def _without_what_was_not_given(self, whole: SerializerFunctionWrapHandler) -> dict[str, Any]:
        left_out = (_WHERE_GIVEN | _ABOUT) - self.model_fields_set
        return {name: value for name, value in whole(self).items() if name not in left_out}


class EpochScore(_AsItWas):
    """One point of a training curve; ``validation_score`` is of the record's metric.

    A loss is None where training had diverged.
    """

    model_config = _either("validation_score", "validation_accuracy")

    epoch: int = Field(ge=1)
    learning_rate: float
    train_loss: float | None
    validation_loss: float | None
    validation_score: float
    validation_accuracy: Share | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_accuracy(cls, values: Any) -> Any:
        return _scored(values, "validation_score", "validation_accuracy")


class Reached(StrictModel):
    """When validation first came to a share of its best score.

    Attributes
    ----------
    share : float
        Of the best score, which is larger the better.
    epoch, iterations : int
        The first epoch whose score is as high, and the batches until its end.
    seconds : float
        Training time until then, interruptions not counted.
    """

    share: float
    epoch: int = Field(ge=1)
    iterations: int
    seconds: float


class SeedScore(_AsItWas):
    """What one seed came to on test, and how it got there.

    Attributes
    ----------
    best_epoch : int or None
        The epoch that validation chose; None where nothing was trained in epochs.
    weights_sha256 : str or None
        Of the seed's safetensors; only those of the record's ``weights`` are kept.
    reached : tuple of Reached
        In own records: how long it took.
    """

    model_config = _either("score", "accuracy")

    seed: int
    score: float
    accuracy: Share | None = None
    accuracy_by_class: dict[str, Share | None] = Field(default_factory=dict)
    measures: dict[str, dict[str, float | None]] = Field(default_factory=dict)
    overall: dict[str, float | None] = Field(default_factory=dict)
    validation_score: float | None = None
    validation_accuracy: Share | None = None
    best_epoch: int | None = None
    wall_seconds: float | None = None
    weights_sha256: Digest | None = None
    curve: tuple[EpochScore, ...] = ()
    reached: tuple[Reached, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _from_accuracy(cls, values: Any) -> Any:
        with_score = _scored(values, "score", "accuracy")
        return _scored(with_score, "validation_score", "validation_accuracy")


class About(StrictModel):
    """What a submitter says of a model; nobody checks it.

    Attributes
    ----------
    code, paper : str or None
        Web addresses.
    authors : tuple of str
    parameters : int or None
        How many numbers of the model were fitted.
    training_data : str or None
        What it was trained on, beyond the training split.
    pretraining : str or None
        Whose weights it began with.
    """

    code: WebAddress | None = None
    paper: WebAddress | None = None
    authors: Annotated[tuple[ShortLine, ...], Field(max_length=200)] = ()
    parameters: int | None = Field(default=None, ge=0)
    training_data: ShortLine | None = None
    pretraining: ShortLine | None = None

    @classmethod
    def of(cls, said: Mapping[str, object]) -> Self:
        """Return what a mapping says.

        Raises
        ------
        ParameterError
            A key is unknown, or a value is none of its kind.
        """
        if strange := sorted(said.keys() - cls.model_fields.keys()):
            raise ParameterError(unknown("key of about", strange[0], cls.model_fields))
        try:
            return cls.model_validate(said)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(map(str, first["loc"]))
            msg = f"about: {place}: {first['msg']}, got {str(first['input'])[:80]!a}"
            raise ParameterError(msg) from None


class Record(_AsItWas, About):
    """A score on the test split of one released version.

    Attributes
    ----------
    kind : "baseline", "floor", "submission" or "own"
        Floors are what a trivial method reaches. An own record is of `skybench.train`, on any
        dataset; no store lists it.
    content, split_content : str
        Roots of the content hash of the version and of its test split. In an own record of data
        that are of no version, which is called 0.0, the SHA-256 of what training saw of them.
    manifest : str or None
        SHA-256 of the manifest that a submission was scored by, as `cite` names it.
    complete : bool
        Whether this is a full run. A baseline of fewer seeds or epochs than its protocol asks,
        or on a smaller dataset, says so here and in ``incomplete_because``.
    metric : str
        What ``score`` is, a key of `METRICS`: the mean over test samples of a merit that the task
        defines. accuracy: 1 where the sample is right, in a multi-label task all its classes. r2:
        R squared, averaged over targets. iou: intersection over union of an image's classes.
    score : float
        Mean over seeds, larger is better.
    classes, targets : tuple of str
        What is to be recognised, or the numbers to be predicted.
    measures : dict
        Of each class or target, its metrics by name, mean over seeds; None where there is no
        number, as for a class without test samples. ``docs/scoring.md`` lists them.
    overall : dict
        Other metrics of the test split as a whole, mean over seeds.
    accuracy, accuracy_by_class
        In the first format alone, as ``validation_accuracy`` is: the score and the only measure of
        tasks of classes. Read ``score`` and ``by_part``.
    confusion : nested lists
        Counts summed over seeds: [true][decided], and for a multi-label task one
        [truly present][decided present] matrix a class. Pixels in a segmentation, empty in a
        regression.
    scores : tuple of SeedScore
        One a seed.
    weights, predictions : StoredObject or None
        Files of the version's folder: weights of the seed that was best on validation, and what
        every seed predicts for every test sample.
    code, paper, authors, parameters, training_data, pretraining
        As in `About`.
    """

    model_config = _either("score", "accuracy")

    format: Literal["skybench-record-1", "skybench-record-2"] = FORMAT
    name: Annotated[str, AfterValidator(check_record_name)]
    kind: Kind
    dataset: DatasetName
    version: VersionText
    content: Digest
    split: str
    split_content: Digest
    manifest: Digest | None = None
    samples: int = Field(ge=1)
    task: PlainLine
    classes: tuple[PlainLine, ...] = ()
    targets: tuple[PlainLine, ...] = ()
    created: UtcTime
    model: PlainLine
    protocol: str | None = None
    hyperparameters: dict[str, JsonValue] = Field(default_factory=dict)
    seeds: tuple[int, ...]
    epochs: int | None = None
    complete: bool = True
    incomplete_because: str | None = None
    metric: str = "accuracy"
    score: float
    accuracy: Share | None = None
    interval: ScoreInterval
    accuracy_by_class: dict[str, Share | None] = Field(default_factory=dict)
    measures: dict[str, dict[str, float | None]] = Field(default_factory=dict)
    overall: dict[str, float | None] = Field(default_factory=dict)
    confusion: tuple[tuple[int, ...], ...] | tuple[tuple[tuple[int, ...], ...], ...] = ()
    scores: tuple[SeedScore, ...]
    hardware: dict[str, str] = Field(default_factory=dict)
    libraries: dict[str, str] = Field(default_factory=dict)
    wall_seconds: float | None = None
    weights: StoredObject | None = None
    predictions: StoredObject | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_accuracy(cls, values: Any) -> Any:
        return _scored(values, "score", "accuracy")

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if self.seeds != tuple(score.seed for score in self.scores) or not self.seeds:
            msg = "seeds and scores disagree"
            raise ValueError(msg)
        if self.complete == bool(self.incomplete_because):
            msg = "incomplete_because is given exactly where complete is false"
            raise ValueError(msg)
        if not self.interval.low <= self.score <= self.interval.high:
            msg = "score lies outside its interval"
            raise ValueError(msg)
        if self.weights is not None and not self.weights.key.endswith(WEIGHTS_SUFFIX):
            msg = f"weights must be {WEIGHTS_SUFFIX}, which is data; others can run code"
            raise ValueError(msg)
        self._check_accuracy()
        return self

    def _check_accuracy(self) -> None:
        first = self.format == FIRST_FORMAT
        if not first and (self.accuracy is not None or self.accuracy_by_class):
            msg = f"accuracy is a field of {FIRST_FORMAT}; give score and measures"
            raise ValueError(msg)
        if first and self.accuracy != (self.score if self.metric == "accuracy" else None):
            msg = f"accuracy {self.accuracy} is not the score of the metric {self.metric}"
            raise ValueError(msg)

    @property
    def by_part(self) -> dict[str, dict[str, float | None]]:
        """Each class or target with its measures by name, in records of every format."""
        first = {name: {"accuracy": share} for name, share in self.accuracy_by_class.items()}
        return self.measures or first

    def to_text(self) -> str:
        """Return the canonical JSON: sorted keys, UTF-8, a newline at the end."""
        return canonical_text(self.model_dump(mode="json"))

    @classmethod
    def from_text(cls, text: str, where: str) -> Self:
        """Return the record that a file holds; `where` names the file in messages.

        Raises
        ------
        StoreError
            It is of a newer format than this skybench reads.
        IntegrityError
            It is not a record; the message names the key at fault.
        """
        return cls.from_values(strict_json(text, where), where)

    @classmethod
    def from_values(cls, values: object, where: str) -> Self:
        """Return the record that JSON says; raises as `from_text`."""
        check_format(values, where, FORMAT)
        return validated(cls, values, where)

    def mismatch(self, manifest: Manifest) -> str | None:
        """Say why this score is not one of that version's test split, None where it is.

        The test split counts, not the whole content: a version that only adds to another keeps
        the other's scores.
        """
        expected = manifest.content.splits[self.split].root if self._has_split(manifest) else None
        if self.dataset == manifest.dataset and self.split_content == expected:
            return None
        return (
            f"{self.name} was scored on the {self.split} split of {self.dataset} {self.version} "
            f"with content {self.split_content}, but that of {manifest.reference} has "
            f"{expected}"
        )

    def _has_split(self, manifest: Manifest) -> bool:
        return self.split in manifest.content.splits


def record_schema() -> dict[str, Any]:
    """Return the JSON Schema of a record."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | Record.model_json_schema()


def records_text(records: Sequence[Record]) -> str:
    """Return the canonical JSON of several records, as the repository keeps them."""
    return canonical_text([record.model_dump(mode="json") for record in records])


def records_from_text(text: str, where: str) -> tuple[Record, ...]:
    """Return the records that one file of the repository holds.

    Raises
    ------
    StoreError
        One is of a newer format than this skybench reads.
    IntegrityError
        It is not a list of records.
    """
    values = strict_json(text, where)
    if not isinstance(values, list):
        msg = f"{where} must hold a list of records, got {type(values).__name__}"
        raise IntegrityError(msg)
    return tuple(
        Record.from_values(value, f"record {number} of {where}")
        for number, value in enumerate(values)
    )


def stored_records(store: Store, folder: str) -> tuple[Record, ...]:
    """Return the records in a folder of a store, by name."""
    keys = [f"{folder}/{name}" for name in store.names(folder) if name.endswith(".json")]
    return tuple(Record.from_text(store.read_text(key), store.url_of(key)) for key in keys)
