"""Train and score a version's baselines: ResNet-50 under each protocol, and the floors.

A record names what was run and is written last, after its predictions and weights, so a
baseline is there when its record is. Finished records are never made again, finished seeds
are not trained again, and a killed training goes on from its last epoch.
"""

import dataclasses
import hashlib
import platform
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from os import PathLike
from pathlib import Path
from typing import Any

import torch
from pydantic import JsonValue

from skybench.errors import ParameterError
from skybench.generators.recipe_file import load_recipe, packaged_recipes
from skybench.registry.index import utc_now
from skybench.registry.manifest import Manifest, StoredObject
from skybench.registry.predictions import write_predictions
from skybench.registry.records import TEST_SPLIT, EpochScore, Record, SeedScore
from skybench.registry.scoring import TestScore, score
from skybench.registry.store import BASELINES
from skybench.release.floors import FLOORS, Probabilities
from skybench.release.loading import TrainingData, load_training_data
from skybench.release.protocols import PROTOCOLS, Protocol
from skybench.release.resnet import MODEL_NAME, parameter_count
from skybench.release.training import Epoch, Fit, choose_device, choose_precision, fit, load_model

_LIBRARIES = ("skybench", "torch", "torchvision", "lightning", "numpy", "scipy", "safetensors")


def train_baselines(
    manifest: Manifest,
    url: str,
    *,
    output: str | PathLike[str],
    work: str | PathLike[str],
    protocols: Sequence[str] | None = None,
    seeds: int | None = None,
    epochs: int | None = None,
    progress: bool = True,
) -> tuple[Record, ...]:
    """Train and score every baseline that is not yet in `output`, and return all their records.

    Parameters
    ----------
    manifest : Manifest
        Of the version, for the names and hashes that the records are bound to.
    url : str
        The built Zarr store.
    output : path
        Gets ``<name>.json``, ``<name>-predictions.parquet`` and, for a network,
        ``<name>.safetensors``.
    work : path
        Keeps checkpoints and finished seeds.
    protocols : sequence of str, optional
        Keys of `PROTOCOLS`. Default: all; none trains the floors alone.
    seeds, epochs : int, optional
        Fewer or more than each protocol asks; the record says so.
    progress : bool
        Whether to print a line an epoch.

    Raises
    ------
    ParameterError
        A protocol is unknown, or a number is below one.
    NotFoundError
        The dataset lacks a split or its labels.
    """
    names = PROTOCOLS if protocols is None else protocols
    chosen = [_adjusted(name, seeds, epochs) for name in names]
    place = Path(output)
    place.mkdir(parents=True, exist_ok=True)
    job = _Job(manifest, load_training_data(url), place, Path(work), progress)
    floors = [_once(job, name, None, partial(_floor, job, name)) for name in FLOORS]
    return (*floors, *(_once(job, record_name(p), p, partial(_network, job, p)) for p in chosen))


def record_name(protocol: Protocol) -> str:
    """Return the name of ResNet-50's record under a protocol."""
    return "resnet50" if protocol.name == "default" else f"resnet50-{protocol.name}"


def hardware(image_shape: Sequence[int]) -> dict[str, str]:
    """Return the device that training runs on, its precision and its threads."""
    device, precision = choose_device(), choose_precision(image_shape)
    name = torch.cuda.get_device_name() if device == "cuda" else _processor()
    threads = str(torch.get_num_threads())
    return {"device": device, "name": name, "precision": precision, "threads": threads}


@dataclass(frozen=True)
class _Job:
    manifest: Manifest
    data: TrainingData
    output: Path
    work: Path
    progress: bool

    def say(self, line: str) -> None:
        if self.progress:
            print(f"{self.manifest.reference} {line}", flush=True)


def _adjusted(name: str, seeds: int | None, epochs: int | None) -> Protocol:
    if name not in PROTOCOLS:
        msg = f"protocol must be one of {', '.join(PROTOCOLS)}, got {name!r}"
        raise ParameterError(msg)
    changes = {"seeds_needed": seeds, "epochs": epochs}
    for key, value in changes.items():
        if value is not None and value < 1:
            msg = f"{key.removesuffix('_needed')} must be at least 1, got {value}"
            raise ParameterError(msg)
    return PROTOCOLS[name].model_copy(
        update={key: value for key, value in changes.items() if value is not None}
    )


def _once(job: _Job, name: str, protocol: Protocol | None, make: Callable[[], Record]) -> Record:
    path = job.output / f"{name}.json"
    if path.exists():
        record = Record.from_text(path.read_text(encoding="utf-8"), str(path))
        if _answers(record, job, protocol):
            return record
    record = make()
    partial_path = path.with_name(f"{path.name}.partial")
    partial_path.write_text(record.to_text(), encoding="utf-8")
    partial_path.replace(path)
    job.say(f"{name}: accuracy {record.accuracy:.4f} on test")
    return record


def _answers(record: Record, job: _Job, protocol: Protocol | None) -> bool:
    """Whether a record is of this content, and of this programme where it has one."""
    same_data = record.model_dump(include={"version", "content"}) == {
        "version": job.manifest.version,
        "content": job.manifest.content.root,
    }
    if protocol is None:
        return same_data
    seeds_there = record.seeds == tuple(range(protocol.seeds_needed))
    asked = _protocol_parameters(protocol)
    return same_data and seeds_there and asked.items() <= record.hyperparameters.items()


def _floor(job: _Job, name: str) -> Record:
    floor = FLOORS[name](job.data.labelled)
    tested = score(job.data.task, job.data.truth, job.data.classes, {0: floor.probabilities})
    seed = tested.by_seed[0].model_copy(
        update={"validation_accuracy": round(floor.validation_accuracy, 6)}
    )
    fields: dict[str, Any] = tested.record_fields() | {"scores": (seed,)}
    return Record(
        **_bound(job, name, "floor"),
        **fields,
        **_completeness(_size_shortfall(job.manifest)),
        model=floor.model,
        parameters=floor.parameters,
        hyperparameters=floor.hyperparameters,
        libraries=_libraries(),
        predictions=_write_predictions(job, name, {0: floor.probabilities}),
    )


def _network(job: _Job, protocol: Protocol) -> Record:
    name = record_name(protocol)
    runs = {seed: _fit(job, protocol, seed) for seed in range(protocol.seeds_needed)}
    probabilities = {seed: run.test_probabilities for seed, run in runs.items()}
    tested = score(job.data.task, job.data.truth, job.data.classes, probabilities)
    best = max(runs.values(), key=lambda run: run.best.validation_accuracy)
    fields = tested.record_fields() | {"scores": _seed_scores(tested, runs)}
    return Record(
        **_bound(job, name, "baseline"),
        **fields,
        **_completeness(_size_shortfall(job.manifest), *_run_shortfalls(protocol)),
        model=MODEL_NAME,
        parameters=parameter_count(load_model(best.weights, len(job.data.classes))),
        protocol=protocol.name,
        hyperparameters=_hyperparameters(protocol, best),
        epochs=protocol.epochs,
        hardware=hardware(job.data.labelled.images.shape[1:]),
        libraries=_libraries(),
        wall_seconds=round(sum(run.seconds for run in runs.values()), 1),
        weights=_keep(job, best.weights, f"{name}.safetensors"),
        predictions=_write_predictions(job, name, probabilities),
    )


def _fit(job: _Job, protocol: Protocol, seed: int) -> Fit:
    def report(line: str) -> None:
        job.say(f"{record_name(protocol)} seed {seed} {line}")

    return fit(
        job.data.labelled,
        protocol,
        seed=seed,
        folder=job.work / f"{record_name(protocol)}-seed{seed}",
        report=report,
    )


def _bound(job: _Job, name: str, kind: str) -> dict[str, Any]:
    content = job.manifest.content
    return {
        "name": name,
        "kind": kind,
        "dataset": job.manifest.dataset,
        "version": job.manifest.version,
        "content": content.root,
        "split": TEST_SPLIT,
        "split_content": content.splits[TEST_SPLIT].root,
        "task": job.data.task,
        "classes": job.data.classes,
        "created": utc_now(),
    }


def _seed_scores(tested: TestScore, runs: Mapping[int, Fit]) -> tuple[SeedScore, ...]:
    return tuple(
        scored.model_copy(
            update={
                "validation_accuracy": round(runs[seed].best.validation_accuracy, 6),
                "best_epoch": runs[seed].best.epoch,
                "wall_seconds": round(runs[seed].seconds, 1),
                "weights_sha256": _digest(runs[seed].weights),
                "curve": tuple(_curve_point(epoch) for epoch in runs[seed].history),
            }
        )
        for seed, scored in tested.by_seed.items()
    )


def _curve_point(epoch: Epoch) -> EpochScore:
    return EpochScore(
        epoch=epoch.epoch,
        learning_rate=_rounded(epoch.learning_rate),
        train_loss=_rounded(epoch.train_loss),
        validation_loss=_rounded(epoch.validation_loss),
        validation_accuracy=_rounded(epoch.validation_accuracy),
    )


def _rounded(value: float) -> float:
    return float(f"{value:.5g}")


def _hyperparameters(protocol: Protocol, run: Fit) -> dict[str, JsonValue]:
    stretch = {f"stretch_{key}": value for key, value in dataclasses.asdict(run.stretch).items()}
    return _protocol_parameters(protocol) | stretch


def _protocol_parameters(protocol: Protocol) -> dict[str, JsonValue]:
    return protocol.model_dump(mode="json", exclude={"name", "seeds_needed"})


def _run_shortfalls(protocol: Protocol) -> list[str | None]:
    full = PROTOCOLS[protocol.name]
    return [
        _shortfall(protocol.seeds_needed, full.seeds_needed, "seeds"),
        _shortfall(protocol.epochs, full.epochs, "epochs"),
    ]


def _size_shortfall(manifest: Manifest) -> str | None:
    if manifest.dataset not in packaged_recipes():
        return None
    return _shortfall(manifest.samples, load_recipe(manifest.dataset).samples, "samples")


def _shortfall(got: int, full: int, what: str) -> str | None:
    return f"{got:,} of {full:,} {what}" if got < full else None


def _completeness(*shortfalls: str | None) -> dict[str, Any]:
    reasons = [reason for reason in shortfalls if reason]
    return {"complete": not reasons, "incomplete_because": "; ".join(reasons) or None}


def _write_predictions(
    job: _Job, name: str, probabilities: Mapping[int, Probabilities]
) -> StoredObject:
    path = job.output / f"{name}-predictions.parquet"
    bound = _bound(job, name, "baseline")
    metadata = {key: bound[key] for key in ("dataset", "version", "content", "split_content")}
    write_predictions(path, job.data.test_ids, job.data.classes, probabilities, metadata)
    return _stored(path)


def _keep(job: _Job, weights: Path, name: str) -> StoredObject:
    return _stored(Path(shutil.copyfile(weights, job.output / name)))


def _stored(path: Path) -> StoredObject:
    return StoredObject(
        key=f"{BASELINES}/{path.name}", size=path.stat().st_size, sha256=_digest(path)
    )


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def _libraries() -> dict[str, str]:
    return {"python": platform.python_version()} | {name: _version(name) for name in _LIBRARIES}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"


def _processor() -> str:
    listing = Path("/proc/cpuinfo")
    if listing.exists():
        for line in listing.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
