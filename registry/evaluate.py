"""Score somebody's predictions on a test split, and compare them with the stored baselines."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from os import PathLike
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skybench.errors import PredictionsError
from skybench.registry.evidence import Ranked, read_stored
from skybench.registry.ground_truth import GroundTruth, Judged, ground_truth
from skybench.registry.leaderboard import Standing, baseline_names, standing
from skybench.registry.scoring.breakdown import broken_down
from skybench.registry.scoring.coordinates import coordinate_table
from skybench.registry.scoring.metric import Metric
from skybench.registry.scoring.mistakes import confusion_table, worst_samples
from skybench.registry.scoring.prediction_tables import MOST_BYTES, PredictionsSource
from skybench.registry.scoring.predictions import (
    predictions_suffix,
    read_predictions,
    write_predictions,
)
from skybench.registry.scoring.question import Predictions, Question
from skybench.registry.scoring.records import (
    BOUND,
    TEST_SPLIT,
    About,
    Record,
    check_record_name,
)
from skybench.registry.scoring.scoring import (
    ConfidenceInterval,
    TestScore,
    bound_fields,
    paired_bootstrap,
    score,
)
from skybench.registry.scoring.submissions import add_submission
from skybench.registry.storage.store import Store
from skybench.registry.versions.manifest import Manifest
from skybench.registry.versions.recorded_manifests import cited_hash

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
    """The score of predictions, and where they are right and wrong.

    Attributes
    ----------
    name : str
        Of the model.
    truth : GroundTruth
        What was asked, and what is right.
    answers : dict of int to array
        What each seed predicts, in the order of ``truth.rows``: see `Predictions`.
    tested : TestScore
        What that comes to.
    record : Record or None
        The score as the leaderboard keeps it: the headline with its interval, by class or
        target, confusion. None where the truth is not that of a released version.
    comparisons : tuple of Comparison
        With each stored record, best first.
    notes : tuple of str
        What was assumed or put right in the predictions, and what could not be compared or
        measured, and why.
    submitted : bool
        Whether the record is now in the store.
    """

    name: str
    truth: GroundTruth = field(repr=False)
    answers: Mapping[int, NDArray[Any]] = field(repr=False)
    tested: TestScore = field(repr=False)
    record: Record | None = None
    comparisons: tuple[Comparison, ...] = ()
    notes: tuple[str, ...] = ()
    submitted: bool = False

    @property
    def score(self) -> float:
        """The headline, larger is better: what the task's metric names."""
        return self.tested.headline.value

    @property
    def accuracy(self) -> float | None:
        """The score where it is an accuracy, in a multi-label task of whole samples; else None."""
        return self.score if self.tested.metric.name == "accuracy" else None

    @property
    def measures(self) -> pd.DataFrame:
        """A row a class or target, a column a metric; NaN where there is no number."""
        return pd.DataFrame.from_dict(self.tested.measures, orient="index").astype(float)

    @property
    def interval(self) -> tuple[float, float]:
        """Ends of the 95 % interval of the score."""
        return self.tested.headline.low, self.tested.headline.high

    @cached_property
    def coordinates(self) -> pd.DataFrame:
        """One number or word a sample of each coordinate, by which the score can be broken down.

        A row a sample, with its ``sample_id`` as index; codes are words. See `coordinate_table` for
        samples of several sources and bands.
        """
        return coordinate_table(self.truth.ds, self.truth.rows)

    def by(self, *names: str, bins: int | Sequence[float] = 5) -> pd.DataFrame:
        """Break the score down by coordinates, to see where the model is right and where not.

        Parameters
        ----------
        *names : str
            Columns of `coordinates`, such as ``flux`` or ``label``; several make a table of all
            their combinations that have samples.
        bins : int or sequence of float
            A number of bins of about as many samples each, or the edges of bins, each from its
            lower edge up to but without its upper one. Words, and numbers with no more different
            values than bins, are not binned.

        Returns
        -------
        DataFrame
            A row a bin or word: ``samples``, ``score``, and ``low`` and ``high`` of its 95 %
            interval. The score is the mean of the task's merit, averaged over seeds, so the mean of
            the rows by their samples is the score of the samples that have the coordinate: accuracy
            (in a multi-label task of whole samples), IoU, or 1 - squared departure in units of the
            variance of the whole split. Intervals of accuracies are Wilson's, others are
            bootstrapped.

        Raises
        ------
        ParameterError
            There is no such coordinate, or the bins are none.

        Examples
        --------
        >>> found = skybench.evaluate("sky@1", "predictions.csv")      # doctest: +SKIP
        >>> found.by("psf_fwhm", "half_light_radius", bins=3)          # doctest: +SKIP
        """
        return broken_down(self.tested, self.coordinates, names, bins)

    def confusion(self) -> pd.DataFrame:
        """Return counts by truth (rows) and answer (columns), named, summed over seeds.

        They are of samples, in a segmentation of pixels. A multi-label task has two rows a class,
        truly absent and present, and two columns.

        Raises
        ------
        ParameterError
            The task asks for numbers: its answers are no classes.
        """
        return confusion_table(self.tested, self.truth.key.names)

    def worst(self, count: int = 24) -> pd.DataFrame:
        """Return the samples that the model is most wrong about, the most confident first.

        Several seeds are averaged before it is asked whether they are wrong.

        Returns
        -------
        DataFrame
            A row a sample that is wrong: ``sample_id``, ``truth``, ``answer`` and, of classes,
            ``confidence``: the probability of the wrong answer; of several labels, the largest
            probability against the truth. Of a regression every sample counts; it has truth and
            answer of each target, and ``error``, 1 - merit: the squared departure in units of the
            variance, averaged over targets. Of a segmentation ``error`` is 1 - IoU, and truth and
            answer are the classes in the maps; of a deblending it is 1 - overlap of light, and they
            are the numbers of sources with light.
        """
        key, ids = self.truth.key, self.truth.question.ids
        truth, merit = self.truth.answers, self.tested.merit
        return worst_samples(key.task, key.names, ids, truth, self.answers, merit).head(count)

    @property
    def _asked(self) -> str:
        """What was asked, in words: a version, and its split if that is not test."""
        name, split = self.truth.name.replace("@", " "), self.truth.split
        return name if split == TEST_SPLIT else f"{name}, {split}"

    def __str__(self) -> str:
        """Return the score and one line a comparison."""
        metric = self.tested.metric
        low, high = map(metric.text, self.interval)
        overall = ((n, value) for n, value in self.tested.overall.items() if value is not None)
        lines = [
            f"{self.name} on {self._asked}: {metric.title} "
            f"{metric.text(self.score)} ({low} to {high}) of {len(self.tested.merit):,} samples",
            *(
                [self.measures.to_string(float_format="{:.6g}".format)]
                if len(self.measures)
                else []
            ),
            *(f"{name} {value:.6g}" for name, value in overall),
            *map(str, self.comparisons),
            *self.notes,
        ]
        return "\n".join(lines)


def evaluate(
    reference: Judged,
    predictions: PredictionsSource,
    *,
    name: str = UNNAMED,
    split: str = TEST_SPLIT,
    store: str | Store | None = None,
    submit: bool = False,
    content_hash: str | None = None,
    seal: str | PathLike[str] | None = None,
    about: Mapping[str, object] | None = None,
) -> Evaluation:
    """Score predictions on a test split, and compare them with a version's stored records.

    Parameters
    ----------
    reference : str, path, Recipe or Dataset
        A version as for `skybench.open`; or the path or URL of a Zarr store that skybench wrote; a
        recipe by name or path, or one of its rungs such as ``sky/hard``, of which nothing is
        rendered that the task does not ask about; or a dataset of `skybench.open` or
        `skybench.generate`. A name that is both means the version. Without a test split, the only
        split counts. What is not a version has no records.
    predictions : path, table, series or array
        A table with ``sample_id``, as a column or an index, and either ``label`` or one
        probability column a class; a multi-label task has one column a class with probabilities
        or 0 and 1, a regression one column a target in the target's unit. A column ``seed`` may
        tell several runs apart. It is a file, ``.csv``, ``.tsv``, ``.fits`` (each also with
        ``.gz``) or ``.parquet``; a DataFrame of pandas or polars or an Arrow table; a Series or
        DataArray of labels; or an array, list, tensor or ``.npy`` file of probabilities or labels
        in the order of the test split. A segmentation takes a ``.npz`` or ``.zarr`` of
        ``sample_id`` and ``segmentation (sample, y, x)``, or this array alone: 0 background,
        k + 1 class k; a deblending the same of ``light (sample, source, [band,] y, x)``, electrons.
    name : str
        Of the model, for the record.
    split : str
        Whose samples are asked about: a split, or a named set of the version or recipe, such as
        ``hp``. Of a set that is part of one split, predictions for all of that are taken, too.
        Records are of the test split, so that only its scores are compared and submitted.
    store : str or Store, optional
        Any fsspec URL. Default: ``$SKYBENCH_STORE``, else the user's data folder.
    submit : bool
        Whether to add the record and its predictions to the version's leaderboard.
    content_hash : str, optional
        The content the predictions were made for, of the version or of its test split; also read
        from the file where it is given there. Any other than this version's is refused. A file
        that names a test split is judged by that: another manifest that keeps it is no other.
    seal : str or path, optional
        The file of the seal of a version whose test split is sealed; not needed once it is opened.
    about : mapping, optional
        What others want to know of the model, for the record; nobody checks it. Web addresses
        ``code`` and ``paper``, a list of ``authors``, the number of fitted ``parameters``, and in a
        line each ``training_data`` beyond the training split and the ``pretraining`` that it began
        with.

    Raises
    ------
    SealedError
        The test split is sealed, and the seal is not at hand; the message names who scores.
    PredictionsError
        The file does not answer exactly this test split; the message names lines, ids or
        columns and the fix. Or something other than a version was to be submitted to.
    ParameterError
        ``about`` has an unknown key, or a value that is none of its kind.
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
    said, store = About.of(about or {}), Store(store)
    truth = ground_truth(reference, store, seal)
    truth = truth if split == TEST_SPLIT else truth.about(split)
    if submit:
        _check_submittable(name, truth)
    question = truth.question
    answer = _read(predictions, truth)
    notes = [_unchecked(truth, made_for) for made_for in (answer.content, content_hash) if made_for]
    file = _file(answer, truth) if submit else None
    if file is not None:
        answer = _as_kept(file, answer, question)
    key, right = truth.key, truth.answers
    tested = score(key.task, right, key.names, answer.by_seed, truth.votes)
    found = Evaluation(
        name=name,
        truth=truth,
        answers=answer.by_seed,
        tested=tested,
        notes=(*answer.notes, *filter(None, notes), *tested.notes),
    )
    if truth.manifest is None or split != TEST_SPLIT:
        return found
    return _with_records(found, truth.manifest, said, file, store)


def stored_evaluation(
    ranked: Ranked, known: Standing, truth: GroundTruth, store: Store
) -> Evaluation:
    """Return the evaluation of a record of a leaderboard, compared with the others there.

    Parameters
    ----------
    ranked : Ranked
        One of `known` whose score was recomputed.
    known : Standing
    truth : GroundTruth
        By which it was scored.
    store : Store
        That has its predictions.

    Raises
    ------
    PredictionsError
        The score is only stated: its predictions are not there.
    IntegrityError, StoreError
        The predictions changed since, or cannot be read.
    """
    record = ranked.record
    if ranked.tested is None or record.predictions is None:
        msg = f"the score of {record.name} is stated: its predictions are not in {store}"
        raise PredictionsError(msg)
    key = f"{known.manifest.key}/{record.predictions.key}"
    file = read_stored(record.predictions, key, store, MOST_BYTES)
    others = replace(known, ranked=tuple(one for one in known.ranked if one is not ranked))
    comparisons, notes = _compare(ranked.tested, others)
    return Evaluation(
        name=record.name,
        truth=truth,
        answers=read_predictions(io.BytesIO(file), truth.question).by_seed,
        tested=ranked.tested,
        record=record,
        comparisons=comparisons,
        notes=notes,
    )


def _read(predictions: PredictionsSource, truth: GroundTruth) -> Predictions:
    """Return predictions for what is asked, which may be given with those for the split around."""
    try:
        return read_predictions(predictions, truth.question)
    except PredictionsError as error:
        around = truth.around
        if around is None:
            raise
        try:
            whole = read_predictions(predictions, around.question)
        except PredictionsError:
            raise error from None
    inside = np.isin(around.rows, truth.rows)
    by_seed = {seed: answers[inside] for seed, answers in whole.by_seed.items()}
    note = f"of the predictions for {around.split}, those of {truth.split} were taken"
    return replace(whole, by_seed=by_seed, notes=(*whole.notes, note))


def _with_records(
    found: Evaluation, manifest: Manifest, about: About, file: bytes | None, store: Store
) -> Evaluation:
    """Return the evaluation on a version with its record, compared with those of others.

    The record is submitted where there is a file of predictions to keep with it.
    """
    known = standing(manifest.reference, store=store, truth=found.truth)
    comparisons, notes = _compare(found.tested, known)
    record = _record(found, manifest, about)
    if file is not None:
        suffix = predictions_suffix(found.truth.question)
        record = add_submission(record, file, suffix, store, taken=baseline_names(manifest))
    return replace(
        found,
        record=record,
        comparisons=comparisons,
        notes=(*found.notes, *known.notes, *notes),
        submitted=file is not None,
    )


def _unchecked(truth: GroundTruth, made_for: str) -> str | None:
    """Refuse what was made for other content; say where there is no hash to compare with."""
    if truth.manifest is not None:
        _check_content(made_for, truth.manifest, truth.split)
        return None
    return f"made for content {made_for}; {truth.name} has no recorded hash to compare it with"


def _check_content(made_for: str, manifest: Manifest, split: str) -> None:
    content = manifest.content
    if made_for in (content.root, content.splits[TEST_SPLIT].root, content.splits[split].root):
        return
    msg = (
        f"these predictions were made for content {made_for}, but {manifest.reference} has "
        f"{content.root} (test split {content.splits[TEST_SPLIT].root}). Predict again on "
        f"skybench.open({manifest.reference!r}, split='test')."
    )
    raise PredictionsError(msg)


def _compare(tested: TestScore, known: Standing) -> tuple[tuple[Comparison, ...], tuple[str, ...]]:
    comparisons, notes = [], []
    for ranked in known.ranked:
        record = ranked.record
        if ranked.tested is None:
            notes.append(f"not compared with {record.name}: its predictions are not in the store")
            continue
        gap = paired_bootstrap(tested.merit, ranked.tested.merit)
        comparisons.append(
            Comparison(name=record.name, metric=tested.metric, score=record.score, difference=gap)
        )
    return tuple(comparisons), tuple(notes)


def _record(found: Evaluation, manifest: Manifest, about: About) -> Record:
    key = found.truth.key
    bound = bound_fields(found.name, "submission", manifest, key.task, key.names)
    said = about.model_dump(exclude_defaults=True)
    return Record(
        **bound,
        **said,
        manifest=cited_hash(manifest),
        model=found.name,
        **found.tested.record_fields(),
    )


def _check_submittable(name: str, truth: GroundTruth) -> None:
    if truth.manifest is None:
        msg = (
            f"{truth.name} is not a released version, so it has no leaderboard to submit to; give "
            "a version such as sky@1, or leave out --submit"
        )
        raise PredictionsError(msg)
    if truth.split != TEST_SPLIT:
        msg = f"records are of the test split; leave out --submit to score {truth.split}"
        raise PredictionsError(msg)
    if name == UNNAMED:
        msg = "a submission needs a name of its own; give one with --name or name=…"
        raise PredictionsError(msg)


def _file(answer: Predictions, truth: GroundTruth) -> bytes:
    """Return the file of predictions that is kept with a record."""
    assert truth.manifest is not None
    content = truth.manifest.content
    split = content.splits[TEST_SPLIT].root
    identity = (truth.manifest.dataset, truth.manifest.version, content.root, split)
    buffer = io.BytesIO()
    bound = dict(zip(BOUND, (*identity, cited_hash(truth.manifest)), strict=True))
    write_predictions(buffer, truth.question, answer.by_seed, bound)
    return buffer.getvalue()


def _as_kept(file: bytes, answer: Predictions, question: Question) -> Predictions:
    """Return the predictions as they are read again: a score is that of what is kept.

    So nothing is kept that the board would refuse later, whichever way it came in.
    """
    if len(file) > MOST_BYTES:
        msg = f"the predictions take {len(file):,} bytes, more than the {MOST_BYTES:,} of a record"
        raise PredictionsError(msg)
    kept = read_predictions(io.BytesIO(file), question)
    return replace(answer, by_seed=kept.by_seed)
