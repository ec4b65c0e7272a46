"""Write down a trained baseline: its record, predictions and weights."""

import dataclasses
import math
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from skybench.generators.recipe_file import load_recipe, packaged_recipes
from skybench.learning.augmentation import chosen_augmentations
from skybench.learning.device import hardware
from skybench.learning.epoch_journal import Epoch
from skybench.learning.floors import Answers, Floor
from skybench.learning.heads import HEADS
from skybench.learning.labelled import TEST, Labelled, TrainingData
from skybench.learning.networks.network import Network
from skybench.learning.protocols import PROTOCOLS, Protocol
from skybench.learning.training import Fit
from skybench.learning.weights_file import LIBRARIES
from skybench.registry.describing.library_versions import library_versions
from skybench.registry.scoring.predictions import predictions_suffix, write_predictions
from skybench.registry.scoring.records import (
    BOUND,
    TEST_SPLIT,
    UNRELEASED,
    EpochScore,
    Kind,
    Reached,
    Record,
    SeedScore,
)
from skybench.registry.scoring.scoring import TestScore, bound_fields, score
from skybench.registry.scoring.tasks import task_named
from skybench.registry.storage.local_disk import file_digest
from skybench.registry.storage.store import BASELINES
from skybench.registry.versions.index import utc_now
from skybench.registry.versions.manifest import Manifest, StoredObject


@dataclass(frozen=True, kw_only=True)
class Recorder:
    """Scores baselines on the test split and writes their files.

    Parameters
    ----------
    manifest : Manifest, optional
        Of the version, which the records are bound to. None where the data are of none.
    data : TrainingData
    output : Path
        The folder of the files.
    kind : "baseline" or "own"
        Of the records of networks.
    subject : str
        What the data are called that are of no version.
    """

    manifest: Manifest | None
    data: TrainingData
    output: Path
    kind: Kind = "baseline"
    subject: str = "data"

    def floor(self, name: str, floor: Floor) -> Record:
        """Return the record of a floor, and write its predictions."""
        tested = self._score({0: floor.answers})
        seed = tested.by_seed[0].model_copy(
            update={"validation_score": round(floor.validation_score, 6)}
        )
        fields: dict[str, Any] = tested.record_fields() | {"scores": (seed,)}
        return Record(
            **self._bound(name, "floor"),
            **fields,
            **_completeness(_size_shortfall(self.manifest)),
            model=floor.model,
            parameters=floor.parameters,
            hyperparameters=floor.hyperparameters,
            libraries=library_versions(LIBRARIES),
            predictions=self._write_predictions(name, {0: floor.answers}),
        )

    def network(self, network: Network, protocol: Protocol, runs: Mapping[int, Fit]) -> Record:
        """Return the record of a network's runs by seed; write predictions and the best weights."""
        name = record_name(network, protocol)
        answers = {seed: run.test_answers for seed, run in runs.items()}
        tested = self._score(answers)
        best = max(runs.values(), key=lambda run: run.best.validation_score)
        data = self.data.labelled
        scores = _seed_scores(tested, runs)
        if self.kind == "own":
            scores = tuple(_with_times(scored, runs[scored.seed]) for scored in scores)
        fields = tested.record_fields() | {"scores": scores}
        return Record(
            **self._bound(name, self.kind),
            **fields,
            **_completeness(_size_shortfall(self.manifest), *_run_shortfalls(protocol)),
            model=network.model_name(data.form),
            parameters=network.parameter_count(data.form, data.outputs),
            protocol=protocol.name,
            hyperparameters=hyperparameters(protocol, best, data),
            epochs=protocol.epochs,
            hardware=hardware(data.form.extent),
            libraries=library_versions(LIBRARIES),
            wall_seconds=round(sum(run.seconds for run in runs.values()), 1),
            weights=self._keep(best.weights, f"{name}.safetensors"),
            predictions=self._write_predictions(name, answers),
        )

    def _score(self, answers: Mapping[int, Answers]) -> TestScore:
        data = self.data
        return score(data.labelled.task, data.test_truth, data.names, answers, data.test_votes)

    def _bound(self, name: str, kind: Kind) -> dict[str, Any]:
        task, names = self.data.labelled.task, self.data.names
        if self.manifest is not None:
            return bound_fields(name, kind, self.manifest, task, names)
        return {
            "name": name,
            "kind": kind,
            "dataset": self.subject,
            "version": UNRELEASED,
            "content": f"sha256:{self.data.labelled.digest()}",
            "split": TEST_SPLIT,
            "split_content": f"sha256:{self.data.labelled.of_split(TEST).digest()}",
            "task": task,
            task_named(task).parts: names,
            "created": utc_now(),
        }

    def _write_predictions(self, name: str, answers: Mapping[int, Answers]) -> StoredObject:
        question = self.data.question
        path = self.output / f"{name}-predictions{predictions_suffix(question)}"
        bound = self._bound(name, self.kind)
        metadata = {key: bound[key] for key in BOUND if key in bound}
        write_predictions(path, question, answers, metadata)
        return stored_file(path)

    def _keep(self, weights: Path, name: str) -> StoredObject:
        return stored_file(Path(shutil.copyfile(weights, self.output / name)))


def record_name(network: Network, protocol: Protocol) -> str:
    """Return the name of a network's record under a protocol."""
    return network.name if protocol.name == "default" else f"{network.name}-{protocol.name}"


def _seed_scores(tested: TestScore, runs: Mapping[int, Fit]) -> tuple[SeedScore, ...]:
    return tuple(
        scored.model_copy(
            update={
                "validation_score": round(runs[seed].best.validation_score, 6),
                "best_epoch": runs[seed].best.epoch,
                "wall_seconds": round(runs[seed].seconds, 1),
                "weights_sha256": file_digest(runs[seed].weights),
                "curve": tuple(_curve_point(epoch) for epoch in runs[seed].history),
            }
        )
        for seed, scored in tested.by_seed.items()
    )


_SHARES = (0.9, 0.95, 0.99)


def _with_times(scored: SeedScore, run: Fit) -> SeedScore:
    """Add when validation came to shares of its best score; without, where that is not positive."""
    best = run.best.validation_score
    reached = tuple(_reached(share, run) for share in _SHARES if best > 0)
    return scored.model_copy(update={"reached": reached}) if reached else scored


def _reached(share: float, run: Fit) -> Reached:
    least = share * run.best.validation_score
    number, epoch = next(e for e in enumerate(run.history, 1) if e[1].validation_score >= least)
    seconds = sum(earlier.seconds for earlier in run.history[:number])
    return Reached(
        share=share, epoch=epoch.epoch, iterations=epoch.iterations, seconds=round(seconds, 2)
    )


def _curve_point(epoch: Epoch) -> EpochScore:
    return EpochScore(
        epoch=epoch.epoch,
        learning_rate=_rounded(epoch.learning_rate),
        train_loss=_finite(epoch.train_loss),
        validation_loss=_finite(epoch.validation_loss),
        validation_score=_rounded(epoch.validation_score),
    )


def _rounded(value: float) -> float:
    return float(f"{value:.5g}")


def _finite(loss: float) -> float | None:
    return _rounded(loss) if math.isfinite(loss) else None


def hyperparameters(protocol: Protocol, run: Fit, data: Labelled) -> dict[str, JsonValue]:
    """Return what was chosen for a run, with the stretch and the scaling that it learned.

    Where a turned image has another answer, ``augmentation_skipped`` says that none was made.
    """
    stretch = {f"stretch_{key}": value for key, value in dataclasses.asdict(run.stretch).items()}
    skipped: dict[str, JsonValue] = {} if data.turns else {"augmentation_skipped": True}
    if protocol.augmentations:
        skipped = {"augmentations_skipped": list(chosen_augmentations(protocol, data)[1])}
    return protocol_parameters(protocol) | stretch | HEADS[data.task](data).learned | skipped


def protocol_parameters(protocol: Protocol) -> dict[str, JsonValue]:
    """Return what a protocol fixes for a single run."""
    return protocol.model_dump(mode="json", exclude={"name", "seeds_needed"})


def _run_shortfalls(protocol: Protocol) -> list[str | None]:
    full = PROTOCOLS.get(protocol.name, protocol)
    return [
        _shortfall(protocol.seeds_needed, full.seeds_needed, "seeds"),
        _shortfall(protocol.epochs, full.epochs, "epochs"),
    ]


def _size_shortfall(manifest: Manifest | None) -> str | None:
    if manifest is None or manifest.dataset not in packaged_recipes():
        return None
    return _shortfall(manifest.samples, load_recipe(manifest.dataset).samples, "samples")


def _shortfall(got: int, full: int, what: str) -> str | None:
    return f"{got:,} of {full:,} {what}" if got < full else None


def _completeness(*shortfalls: str | None) -> dict[str, Any]:
    reasons = [reason for reason in shortfalls if reason]
    return {"complete": not reasons, "incomplete_because": "; ".join(reasons) or None}


def stored_file(path: Path) -> StoredObject:
    """Return what a record says of a file of its baseline."""
    return StoredObject(
        key=f"{BASELINES}/{path.name}", size=path.stat().st_size, sha256=file_digest(path)
    )
