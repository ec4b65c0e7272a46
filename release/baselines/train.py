"""Train a network on any dataset, and write down what it came to as a baseline's is."""

import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from skybench.errors import NotFoundError, ParameterError
from skybench.learning.adaptation import Adaptation
from skybench.learning.catalogue.domain import beside, read_domain
from skybench.learning.execution import Execution, is_first_process, wait_for_all
from skybench.learning.heads import check_network
from skybench.learning.labelled import Labelled, TrainingData, load_training_data
from skybench.learning.networks.network import Network
from skybench.learning.networks.table import chosen_networks
from skybench.learning.operation_profile import OPERATIONS, TRACE
from skybench.learning.pretrained import weights_of_version
from skybench.learning.protocol_file import protocol_of
from skybench.learning.protocols import Protocol
from skybench.learning.readable import Readable, called, read
from skybench.learning.training import CURVE, Fit, fit
from skybench.learning.weights_file import Weights, read_weights
from skybench.registry.open import present
from skybench.registry.scoring.records import Record
from skybench.registry.storage.local_disk import flush, replacing
from skybench.registry.storage.store import Store
from skybench.registry.versions.index import read_manifest, resolve
from skybench.registry.versions.manifest import Manifest
from skybench.release.baselines.baseline_record import Recorder, record_name

WORK = "work"
"""The folder within the output that keeps checkpoints and finished seeds."""

_LONGEST_NAME = 32


@dataclass(frozen=True, kw_only=True)
class Trained:
    """What a training came to.

    Attributes
    ----------
    record : Record
        Of the kind own: the score on test with its interval, a curve by epoch and the times to
        accuracy of each seed.
    folder : Path
        Of all files; their names begin with that of the record.
    runs : dict of int to Fit
        By seed: predictions, weights, and a curve by iteration.
    """

    record: Record
    folder: Path
    runs: dict[int, Fit]

    @property
    def predictions(self) -> Path:
        """What every seed predicts for every test sample; `skybench.evaluate` takes it."""
        assert self.record.predictions is not None
        return self.folder / self.record.predictions.key.rpartition("/")[2]

    @property
    def weights(self) -> Path:
        """Of the seed that was best on validation."""
        assert self.record.weights is not None
        return self.folder / self.record.weights.key.rpartition("/")[2]

    def __str__(self) -> str:
        """Say the score, how long it took, and where all is."""
        record = self.record
        low, high = record.interval.low, record.interval.high
        lines = [
            f"{record.name}: {record.metric} {record.score:.4f} [{low:.4f}, {high:.4f}] on test"
        ]
        for scored in record.scores:
            lines += [
                f"seed {scored.seed}: {100 * at.share:.0f} % of the best validation score after "
                f"{at.seconds:.0f} s, {at.iterations:,} iterations"
                for at in scored.reached
            ]
        return "\n".join([*lines, str(self.folder)])


def train(
    reference: Readable,
    *,
    out: str | PathLike[str],
    network: str | Network | None = None,
    protocol: str | PathLike[str] | Protocol = "default",
    seeds: int | None = None,
    epochs: int | None = None,
    store: str | Store | None = None,
    devices: int = 1,
    loggers: Sequence[str] = (),
    profile: bool = False,
    progress: bool = False,
    report: Callable[[str], None] | None = None,
) -> Trained:
    """Train a network on a dataset: choose the epoch on validation, predict test once.

    Run again with the same `out`, it goes on where it was stopped, also within an epoch, and ends
    as an uninterrupted training would, to the bit.

    Parameters
    ----------
    reference : str, path, Recipe or Dataset
        A version as for `skybench.open`, a Zarr store, a recipe or one of its rungs, which is drawn
        whole, or a dataset in memory.
    out : path
        A folder. Gets ``NAME.json``, the record; ``NAME-predictions.parquet``;
        ``NAME.safetensors``; and for each seed ``NAME-seedK-iterations.parquet``, a row an
        iteration. NAME is the network's, with that of the protocol unless it is the default.
    network : str or Network, optional
        A key of the table of networks. Default: what the protocol says.
    protocol : str, path or Protocol
        ``default``, ``paper`` or a YAML file; see ``docs/training.md``.
    seeds, epochs : int, optional
        Other numbers than the protocol's.
    store
        As for `skybench.open`.
    devices : int
        Processes that train together, one a GPU where there are GPUs.
    loggers : sequence of str
        Of ``tensorboard``, ``csv``, ``wandb`` and ``mlflow``.
    profile : bool
        Whether to write a trace, and a table of the ten dearest operations.
    progress : bool
        Whether a bar on standard error counts the iterations.
    report : callable, optional
        Gets a line an epoch.

    Raises
    ------
    ParameterError
        Network, protocol or a number is none, or the network cannot take the samples.
    NotFoundError
        There is no such dataset, or it lacks a split.
    IntegrityError
        It lacks the truth that its task asks for.

    Examples
    --------
    >>> import skybench
    >>> done = skybench.train("sky@1", network="lenet5", out="run")     # doctest: +SKIP
    >>> done.record.score, done.predictions                             # doctest: +SKIP
    """
    asked = _asked(protocol_of(protocol), seeds, epochs)
    chosen = _network(network, asked)
    folder = Path(out)
    (folder / WORK).mkdir(parents=True, exist_ok=True)
    data, manifest = _data(reference, store, folder / WORK)
    check_network(chosen, data.labelled)
    how = Execution(devices=devices, loggers=tuple(loggers), profile=profile, progress=progress)
    start, name = _start(asked, chosen, store), record_name(chosen, asked)
    samples, adapt = _aligned(data, asked, store)
    runs = {
        seed: fit(
            chosen,
            samples,
            asked,
            seed=seed,
            folder=folder / WORK / f"{name}-seed{seed}",
            report=report,
            start=start,
            adapt=adapt,
            execution=how,
        )
        for seed in range(asked.seeds_needed)
    }
    recorder = Recorder(
        manifest=manifest, data=data, output=folder, kind="own", subject=_called(reference)
    )
    path = folder / f"{name}.json"
    if is_first_process():
        _write(recorder.network(chosen, asked, runs), path, runs)
    wait_for_all()
    record = Record.from_text(path.read_text(encoding="utf-8"), str(path))
    return Trained(record=record, folder=folder, runs=runs)


def _asked(protocol: Protocol, seeds: int | None, epochs: int | None) -> Protocol:
    changes = {"seeds_needed": seeds, "epochs": epochs}
    given = {key: number for key, number in changes.items() if number is not None}
    return Protocol.model_validate(protocol.model_dump() | given)


def _network(network: str | Network | None, protocol: Protocol) -> Network:
    if isinstance(network, Network):
        return network
    name = network or protocol.network
    if name is None:
        msg = f"name a network: the protocol {protocol.name} has none"
        raise ParameterError(msg)
    return chosen_networks([name])[0]


def _data(
    reference: Readable, store: str | Store | None, work: Path
) -> tuple[TrainingData, Manifest | None]:
    ds = read(reference, store)
    data = load_training_data(ds, unpacked=work)
    if "dataset" not in ds.attrs:  # no manifest describes it
        return data, None
    place = Store(store)
    manifest = read_manifest(place, resolve(f"{ds.attrs['dataset']}@{ds.attrs['version']}", place))
    return data.of_version(manifest), manifest


def _aligned(
    data: TrainingData, protocol: Protocol, store: str | Store | None
) -> tuple[Labelled, Adaptation | None]:
    """Return what is learnt from, with the other survey that the protocol adapts to."""
    asked = protocol.adapt
    if asked is None:
        return data.labelled, None
    other = read_domain(asked.target, parts=(asked.part,), store=store)
    adapt = Adaptation(kind=asked.kind, weight=asked.weight)
    return beside(data.labelled, other, asked.part), adapt


def _called(reference: Readable) -> str:
    """Return a name of a dataset, as versions have one."""
    words = re.sub(r"[^a-z0-9]+", "_", Path(called(reference)).stem.lower()).strip("_0123456789")
    return words[:_LONGEST_NAME] or "data"


def _start(protocol: Protocol, network: Network, store: str | Store | None) -> Weights | None:
    """Return the weights that the protocol's `init` names."""
    if protocol.init is None:
        return None
    if Path(protocol.init).is_file():
        return read_weights(protocol.init)
    place = Store(store)
    try:
        present(protocol.init, place)
        return weights_of_version(protocol.init, network.name, place)
    except NotFoundError as error:
        msg = f"init: {error}"
        raise NotFoundError(msg) from None


def _write(record: Record, path: Path, runs: dict[int, Fit]) -> None:
    """Write the record last: where it is, all else is."""
    files = []
    for seed, run in runs.items():
        for name in (CURVE, TRACE, OPERATIONS, "log.txt"):
            there = run.weights.parent / name
            if there.exists():
                kept = path.with_name(f"{path.stem}-seed{seed}-{name}")
                files.append(Path(shutil.copyfile(there, kept)))
    flush(files, path.parent)
    with replacing(path) as unfinished:
        unfinished.write_text(record.to_text(), encoding="utf-8")
