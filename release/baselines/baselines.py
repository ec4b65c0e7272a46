"""Train and score a version's baselines: ResNet-50 under each protocol, and the floors.

A record names what was run and is written last, after its predictions and weights, so a
baseline is there when its record is. Finished records are never made again, finished seeds
are not trained again, and a killed training goes on from its last epoch.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from os import PathLike
from pathlib import Path

from skybench.errors import ParameterError
from skybench.learning.epoch_journal import replacing
from skybench.learning.floors import FLOORS
from skybench.learning.heads import HEADS
from skybench.learning.labelled import TrainingData, load_training_data
from skybench.learning.protocols import PROTOCOLS, Protocol
from skybench.learning.training import Fit, fit
from skybench.registry.scoring.records import Record
from skybench.registry.versions.manifest import Manifest
from skybench.release.baselines.baseline_record import Recorder, protocol_parameters, record_name


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
        The dataset lacks a split.
    IntegrityError
        It lacks the truth that its task asks for.

    Notes
    -----
    A segmentation, and samples that are no images, have floors and no network.
    """
    names = PROTOCOLS if protocols is None else protocols
    chosen = [_adjusted(name, seeds, epochs) for name in names]
    place = Path(output)
    place.mkdir(parents=True, exist_ok=True)
    data = load_training_data(url)
    job = _Job(Recorder(manifest=manifest, data=data, output=place), Path(work), progress)
    floors = FLOORS[data.labelled.task]
    records = [_once(job, name, None, partial(_floor, job, name)) for name in floors]
    if chosen and (reason := _no_network(data)):
        job.say(f"no network is trained: {reason}")
        return tuple(records)
    return (*records, *(_once(job, record_name(p), p, partial(_network, job, p)) for p in chosen))


def _no_network(data: TrainingData) -> str | None:
    if data.labelled.task not in HEADS:
        return f"ResNet-50 has no head for a {data.labelled.task}"
    if not data.is_image:
        return f"samples of ({', '.join(data.dims)}) are no images"
    return None


@dataclass(frozen=True)
class _Job:
    recorder: Recorder
    work: Path
    progress: bool

    def say(self, line: str) -> None:
        if self.progress:
            print(f"{self.recorder.manifest.reference} {line}", flush=True)


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
    path = job.recorder.output / f"{name}.json"
    if path.exists():
        record = Record.from_text(path.read_text(encoding="utf-8"), str(path))
        if _answers(record, job.recorder.manifest, protocol):
            return record
    record = make()
    with replacing(path) as unfinished:
        unfinished.write_text(record.to_text(), encoding="utf-8")
    job.say(f"{name}: {record.metric} {record.score:.4f} on test")
    return record


def _answers(record: Record, manifest: Manifest, protocol: Protocol | None) -> bool:
    """Whether a record is of this content, and of this programme where it has one."""
    same_data = record.model_dump(include={"version", "content"}) == {
        "version": manifest.version,
        "content": manifest.content.root,
    }
    if protocol is None:
        return same_data
    seeds_there = record.seeds == tuple(range(protocol.seeds_needed))
    asked = protocol_parameters(protocol)
    return same_data and seeds_there and asked.items() <= record.hyperparameters.items()


def _floor(job: _Job, name: str) -> Record:
    data = job.recorder.data.labelled
    return job.recorder.floor(name, FLOORS[data.task][name](data))


def _network(job: _Job, protocol: Protocol) -> Record:
    runs = {seed: _fit(job, protocol, seed) for seed in range(protocol.seeds_needed)}
    return job.recorder.network(protocol, runs)


def _fit(job: _Job, protocol: Protocol, seed: int) -> Fit:
    def report(line: str) -> None:
        job.say(f"{record_name(protocol)} seed {seed} {line}")

    return fit(
        job.recorder.data.labelled,
        protocol,
        seed=seed,
        folder=job.work / f"{record_name(protocol)}-seed{seed}",
        report=report,
    )
