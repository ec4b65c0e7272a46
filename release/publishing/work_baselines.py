"""Train the baselines of a version into its work folder, before it is published."""

import shutil
from collections.abc import Sequence
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

import platformdirs

from skybench.errors import MissingDependencyError
from skybench.registry.scoring.records import Record
from skybench.registry.storage.store import BASELINES
from skybench.registry.versions.manifest import Manifest
from skybench.release.publishing.publish import TRAINING, WorkFolder

PACKAGES = ("torch", "torchvision", "lightning", "safetensors", "pyarrow")


def check_installed() -> None:
    """Raise a `MissingDependencyError` unless what trains baselines is installed."""
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        msg = (
            f"a release trains baselines, which needs {', '.join(missing)}; "
            "run pip install 'skybench[baselines]'"
        )
        raise MissingDependencyError(msg)


def train_into(
    work: WorkFolder,
    manifest: Manifest,
    url: str,
    *,
    networks: Sequence[str],
    protocols: Sequence[str] | None,
    seeds: int | None,
    epochs: int | None,
    progress: bool,
) -> None:
    """Leave the records, predictions and weights of this run in the work folder, and no others.

    Training needs a local folder: for a store elsewhere it happens in the user's cache, and the
    finished files are copied.

    Parameters
    ----------
    work : WorkFolder
        Of the version.
    manifest : Manifest
        Its names and hashes, which the records are bound to.
    url : str
        The built Zarr store.
    networks, protocols, seeds, epochs, progress
        As for `train_baselines`.
    """
    from skybench.release.baselines.baselines import train_baselines

    store = work.store
    scratch = store.local_path(work.key) if store.is_local else _cache(work)
    records = train_baselines(
        manifest,
        url,
        output=scratch / BASELINES,
        work=scratch / TRAINING / manifest.content.root.removeprefix("sha256:")[:12],
        networks=networks,
        protocols=protocols,
        seeds=seeds,
        epochs=epochs,
        progress=progress,
    )
    wanted = {name for record in records for name in _file_names(record)}
    if not store.is_local:
        for name in sorted(wanted):
            store.write(f"{work.baselines}/{name}", (scratch / BASELINES / name).read_bytes())
    for name in set(store.names(work.baselines)) - wanted:
        store.remove(f"{work.baselines}/{name}")


def remove_cache(work: WorkFolder) -> None:
    """Delete what training left in the user's cache."""
    shutil.rmtree(_cache(work), ignore_errors=True)


def _file_names(record: Record) -> list[str]:
    stored = [record.weights, record.predictions]
    return [f"{record.name}.json", *(s.key.rpartition("/")[2] for s in stored if s is not None)]


def _cache(work: WorkFolder) -> Path:
    place = sha256(work.store.url.encode()).hexdigest()[:12]
    return Path(platformdirs.user_cache_dir("skybench", appauthor=False)) / place / work.name
