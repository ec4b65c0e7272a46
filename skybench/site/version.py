"""What the site shows of one version: read once, for all of its pages."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import xarray as xr

from skybench.errors import SkybenchError, YankedVersionWarning
from skybench.registry.evidence import Ranked
from skybench.registry.ground_truth import GroundTruth, version_truth
from skybench.registry.leaderboard import Standing, record_files, stored_standing
from skybench.registry.open import open as open_version
from skybench.registry.reference import Version
from skybench.registry.scoring.metric import Metric
from skybench.registry.scoring.records import Record
from skybench.registry.scoring.tasks import task_named
from skybench.registry.storage.store import Store
from skybench.registry.versions.index import read_index, read_manifest
from skybench.registry.versions.index_lines import IndexEntry
from skybench.registry.versions.manifest import Manifest

_QUESTIONS = {
    "classification": "{words}?",
    "multilabel": "Which are in it: {words}?",
    "regression": "How large: {words}?",
    "segmentation": "Which pixel belongs to what: {words}?",
    "deblending": "Which light belongs to which source?",
}
"""What a task asks, by its name, in words of the classes or targets."""


@dataclass(frozen=True, kw_only=True)
class ShownVersion:
    """A version of a store with all that its pages say.

    Attributes
    ----------
    entry : IndexEntry
        Its line in the index.
    manifest : Manifest
    ds : Dataset
        As `skybench.open` returns it: lazy, its codes decoded.
    standing : Standing
        Its scores, recomputed where predictions and truth are there.
    truth : GroundTruth or None
        None where nobody knows it, as of a sealed test split.
    record_files : dict of str to str
        The file of each record in the version's folder, by name.
    """

    entry: IndexEntry
    manifest: Manifest
    ds: xr.Dataset = field(repr=False)
    standing: Standing = field(repr=False)
    truth: GroundTruth | None = field(repr=False)
    record_files: dict[str, str] = field(repr=False)

    @property
    def slug(self) -> str:
        """Its name in names of pages, like ``sky-1.0``."""
        return f"{self.manifest.dataset}-{self.manifest.version}"

    def page_of(self, record: Record) -> str:
        """Return the page of one of its models, by its path in the site."""
        return f"models/{self.slug}-{record.name}.html"

    @property
    def metric(self) -> Metric:
        """What its scores are."""
        return task_named(self.manifest.task).metric

    @property
    def best(self) -> Ranked | None:
        """The record with the highest score."""
        return next(iter(self.standing.ranked), None)

    @property
    def question(self) -> str:
        """What is asked of each sample, in a line."""
        *most, last = self.manifest.classes or self.manifest.targets or ("",)
        words = f"{', '.join(most)} or {last}" if most and self.manifest.classes else ""
        words = words or ", ".join(filter(None, (*most, last)))
        asked = _QUESTIONS[self.manifest.task].format(words=words)
        return asked[:1].upper() + asked[1:]


def read_versions(store: Store) -> list[ShownVersion]:
    """Return the versions of a store by name, the newest of each first.

    Raises
    ------
    IntegrityError
        The index, a manifest or the data of a version are damaged.
    StoreError
        The store cannot be read.
    """
    entries = sorted(read_index(store), key=lambda e: Version.parse(e.version), reverse=True)
    return [_read(entry, store) for entry in sorted(entries, key=lambda e: e.dataset)]


def _read(entry: IndexEntry, store: Store) -> ShownVersion:
    manifest = read_manifest(store, entry)
    with _of_withdrawn():
        ds = open_version(manifest.reference, store=store, build="never")
        truth = _truth(manifest, store)
    standing = stored_standing(manifest, store, truth)
    return ShownVersion(
        entry=entry,
        manifest=manifest,
        ds=ds,
        standing=standing,
        truth=truth,
        record_files=record_files(standing, store),
    )


@contextmanager
def _of_withdrawn() -> Iterator[None]:
    """Let withdrawn versions be opened without a warning: their pages say it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", YankedVersionWarning)
        yield


def _truth(manifest: Manifest, store: Store) -> GroundTruth | None:
    """Return what is right; where that is sealed or unreadable, the leaderboard says why."""
    try:
        truth = version_truth(manifest, store)
        _ = truth.answers
    except SkybenchError:
        return None
    return truth
