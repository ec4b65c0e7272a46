"""Train and score a version's baselines: networks under each protocol, and the floors.

A record names what was run and is written last, after its predictions and weights, so a
baseline is there when its record is. Finished records are never made again, finished seeds
are not trained again, and a killed training goes on from its last epoch.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from os import PathLike
from pathlib import Path

from skybench.errors import IntegrityError
from skybench.learning.floors import floors_of
from skybench.learning.heads import refusal_of
from skybench.learning.labelled import load_training_data
from skybench.learning.networks.network import Network
from skybench.learning.networks.table import DEFAULT_NETWORKS, chosen_networks
from skybench.learning.protocols import Protocol, chosen_protocols
from skybench.learning.training import Fit, fit
from skybench.registry.scoring.records import Record
from skybench.registry.storage.local_disk import flush, replacing
from skybench.registry.versions.manifest import Manifest, StoredObject
from skybench.release.baselines.baseline_record import (
    Recorder,
    protocol_parameters,
    record_name,
    stored_file,
)


def train_baselines(
    manifest: Manifest,
    url: str,
    *,
    output: str | PathLike[str],
    work: str | PathLike[str],
    networks: Sequence[str] = DEFAULT_NETWORKS,
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
    networks : sequence of str
        Keys of `NETWORKS`; none trains the floors alone.
    protocols : sequence of str, optional
        Keys of `PROTOCOLS`. Default: all; none trains the floors alone.
    seeds, epochs : int, optional
        Fewer or more than each protocol asks; the record says so.
    progress : bool
        Whether to print a line an epoch.

    Raises
    ------
    ParameterError
        A network or protocol is unknown, or a number is below one.
    NotFoundError
        The dataset lacks a split.
    IntegrityError
        It lacks the truth that its task asks for.

    Notes
    -----
    A network that cannot take the samples or learn the task is left out, and a line says so.
    """
    trained, chosen = chosen_networks(networks), chosen_protocols(protocols, seeds, epochs)
    place = Path(output)
    place.mkdir(parents=True, exist_ok=True)
    data = load_training_data(url).of_version(manifest)
    recorder = Recorder(manifest=manifest, data=data, output=place)
    job = _Job(manifest, recorder, Path(work), progress)
    floors = floors_of(data.labelled)
    records = [_once(job, name, None, partial(_floor, job, name)) for name in floors]
    for network in trained if chosen else ():
        if reason := refusal_of(network, data.labelled):
            job.say(f"{network.name} is not trained: {reason}")
        else:
            records += _under_each(job, network, chosen)
    return tuple(records)


@dataclass(frozen=True)
class _Job:
    manifest: Manifest
    recorder: Recorder
    work: Path
    progress: bool

    def say(self, line: str) -> None:
        if self.progress:
            print(f"{self.manifest.reference} {line}", flush=True)


def _under_each(job: _Job, network: Network, protocols: Sequence[Protocol]) -> list[Record]:
    return [
        _once(job, record_name(network, p), p, partial(_network, job, network, p))
        for p in protocols
    ]


def _once(job: _Job, name: str, protocol: Protocol | None, make: Callable[[], Record]) -> Record:
    path = job.recorder.output / f"{name}.json"
    before = _left(path)
    if before is not None and _answers(before, job.manifest, protocol):
        return before
    record = make()
    flush([file for file, _ in _files(record, path.parent)], path.parent)
    with replacing(path) as unfinished:
        unfinished.write_text(record.to_text(), encoding="utf-8")
    job.say(f"{name}: {record.metric} {record.score:.4f} on test")
    return record


def _left(path: Path) -> Record | None:
    """Return the record that an interrupted run left, None where it or a file of it is damaged."""
    try:
        record = Record.from_text(path.read_text(encoding="utf-8"), str(path))
        is_whole = all(stored_file(file) == kept for file, kept in _files(record, path.parent))
    except (OSError, ValueError, IntegrityError):
        return None
    return record if is_whole else None


def _files(record: Record, folder: Path) -> list[tuple[Path, StoredObject]]:
    kept = [record.weights, record.predictions]
    return [(folder / s.key.rpartition("/")[2], s) for s in kept if s is not None]


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
    return job.recorder.floor(name, floors_of(data)[name](data))


def _network(job: _Job, network: Network, protocol: Protocol) -> Record:
    runs = {seed: _fit(job, network, protocol, seed) for seed in range(protocol.seeds_needed)}
    return job.recorder.network(network, protocol, runs)


def _fit(job: _Job, network: Network, protocol: Protocol, seed: int) -> Fit:
    name, data = record_name(network, protocol), job.recorder.data.labelled

    def report(line: str) -> None:
        job.say(f"{name} seed {seed} {line}")

    folder = job.work / f"{name}-seed{seed}"
    return fit(network, data, protocol, seed=seed, folder=folder, report=report)
