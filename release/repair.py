"""Mend a damaged copy of a version: fetch or rebuild the files that are wrong, and no others.

A file is put in place only when its SHA-256 is the one that was published, so a repair can make
nothing worse. What is right is read, and never written.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from math import prod
from pathlib import Path

import xarray as xr

from skybench.errors import IntegrityError, NotFoundError, SkybenchError
from skybench.generators.codes import SAMPLE_DIM
from skybench.generators.generate import empty
from skybench.generators.recipe import Recipe
from skybench.registry.arrays.zarr_format import (
    Layout,
    RowWriter,
    choose_layout,
    create,
    open_raw,
)
from skybench.registry.exports.croissant import croissant_text
from skybench.registry.hashing.content_hash import block_digests_of, hash_dataset_and_samples
from skybench.registry.progress_bar import progress_bar
from skybench.registry.proof.file_check import damaged_descriptions, damaged_files
from skybench.registry.proof.row_check import shard_forms
from skybench.registry.recorded import recorded_manifest
from skybench.registry.reference import DatasetReference
from skybench.registry.scoring.records import SUBMISSIONS, stored_records
from skybench.registry.seals import recipe_of, seal_at_hand
from skybench.registry.storage.local_disk import is_unfinished
from skybench.registry.storage.store import BASELINES, CROISSANT, SIGNATURE, Store
from skybench.registry.verify import VerifyReport, check_version
from skybench.registry.versions.index import read_manifest, resolve
from skybench.registry.versions.index_lines import IndexEntry
from skybench.registry.versions.manifest import (
    DIGEST_BYTES,
    Manifest,
    StoredObject,
    digest_of,
)
from skybench.release.building.generator_identity import generator_identity
from skybench.release.building.group import rendered
from skybench.release.building.scheduler import (
    available_cpus,
    check_workers,
    run_tasks,
)
from skybench.release.mirror import fetch_what_is_right
from skybench.release.publishing.card import card_scores, card_text

_FETCHERS = 8


@dataclass(frozen=True, kw_only=True)
class Repair:
    """What a repair did.

    Attributes
    ----------
    fetched, rebuilt : tuple of str
        Keys of files that were put in place, inside the version's folder.
    left : tuple of str
        A sentence for each file that could not be mended, with the reason.
    report : VerifyReport
        The full verification afterwards.
    """

    fetched: tuple[str, ...]
    rebuilt: tuple[str, ...]
    left: tuple[str, ...]
    report: VerifyReport

    @property
    def ok(self) -> bool:
        """Whether the version is as published now."""
        return self.report.ok

    def __str__(self) -> str:
        """Say what was mended, what could not be, and how the version is now."""
        lines = [f"fetched {key}" for key in self.fetched]
        lines += [f"rebuilt {key}" for key in self.rebuilt]
        return "\n".join([*lines, *self.left, str(self.report)])


def repair(
    reference: str | DatasetReference,
    *,
    store: str | Store | None = None,
    mirror: str | Store | None = None,
    workers: int | None = None,
    progress: bool = True,
) -> Repair:
    """Mend what is damaged in a store's copy of a version, and verify it again in full.

    Parameters
    ----------
    reference : str
        As for `skybench.open`.
    store : str or Store, optional
        Any fsspec URL. Default: ``$SKYBENCH_STORE``, else the user's data folder.
    mirror : str or Store, optional
        Another store with the version, from which files are fetched. What it does not have
        right, and everything where there is none, is made again from the recipe.
    workers : int, optional
        How many work at once. Default: one a processor.
    progress : bool
        Show a progress bar on standard error while rows are rendered.

    Raises
    ------
    NotFoundError
        There is no such version.
    IntegrityError
        The index is damaged, or the manifest is and no right copy of it is known.
    StoreError
        The store cannot be written, or another process works at the version.
    """
    check_workers(workers)
    place, source = Store(store), None if mirror is None else Store(mirror)
    entry = resolve(reference, place)
    with place.lock(f"{entry.dataset}-{entry.version}", wait=False):
        _remove_unfinished(entry, place)
        manifest, mended = _trusted(entry, place, source)
        wrong = _wrong(manifest, place)
        fetched = [] if source is None else _fetch(wrong, entry, source, place)
        remaining = [stored for stored in wrong if stored.key not in fetched]
        rebuilder = _Rebuilder(manifest, entry, place, workers or available_cpus(), progress)
        rebuilt, left = rebuilder.rebuild(remaining)
        copied, written, lost = _mend_descriptions(entry, manifest, place, source)
        return Repair(
            fetched=(*mended, *fetched, *copied),
            rebuilt=(*rebuilt, *written),
            left=(*left, *lost),
            report=check_version(entry, manifest, place, depth="full"),
        )


def _remove_unfinished(entry: IndexEntry, place: Store) -> None:
    """Delete what a repair left that was killed as it wrote."""
    of_others = (f"{SUBMISSIONS}/", f".{SIGNATURE}.")  # are written without this lock
    for name in place.sizes(entry.key):
        if is_unfinished(name) and not name.startswith(of_others):
            place.remove(f"{entry.key}/{name}")


def _trusted(
    entry: IndexEntry, store: Store, mirror: Store | None
) -> tuple[Manifest, tuple[str, ...]]:
    """Return the manifest that was published, put in place again where it was damaged."""
    try:
        return read_manifest(store, entry), ()
    except SkybenchError as error:
        for text in _copies(entry, mirror):
            if digest_of(text) == entry.manifest:
                store.write(entry.manifest_key, text)
                return read_manifest(store, entry), ("manifest.json",)
        msg = f"{error} Neither a mirror nor skybench has the right one (--mirror URL)."
        raise IntegrityError(msg) from None


def _copies(entry: IndexEntry, mirror: Store | None) -> Iterator[str]:
    """Yield other copies of a manifest, right or wrong."""
    if mirror is not None:
        with suppress(SkybenchError):
            yield mirror.read_text(entry.manifest_key)
    with suppress(NotFoundError):
        yield recorded_manifest(entry.reference).to_text()


def _wrong(manifest: Manifest, store: Store) -> list[StoredObject]:
    damaged = damaged_files(manifest, store)
    return [stored for stored in manifest.objects if stored.key in damaged]


def _fetch(
    wrong: Sequence[StoredObject], entry: IndexEntry, mirror: Store, store: Store
) -> list[str]:
    """Put those files in place that the mirror has right; return their keys."""
    files = {f"{entry.key}/{stored.key}": stored for stored in wrong}
    fetched = fetch_what_is_right(files, entry, mirror, store, workers=_FETCHERS)
    store.flush(*fetched)
    return [files[key].key for key in fetched]


def _mend_descriptions(
    entry: IndexEntry, manifest: Manifest, place: Store, mirror: Store | None
) -> tuple[list[str], list[str], list[str]]:
    """Put listed card and Croissant in place; return the fetched, the written, why not others."""
    fetched: list[str] = []
    written: list[str] = []
    lost: list[str] = []
    for name in damaged_descriptions(entry, place):
        key, listed = f"{entry.key}/{name}", entry.descriptions[name]
        copy = _text_in(mirror, key)
        text = copy if digest_of(copy) == listed else _written(name, manifest, place)
        if digest_of(text) != listed:
            lost.append(f"{name} is not what this skybench writes; fetch it: --mirror URL")
            continue
        place.write(key, text)
        (fetched if text == copy else written).append(name)
    return fetched, written, lost


def _text_in(mirror: Store | None, key: str) -> str:
    with suppress(SkybenchError):
        return "" if mirror is None else mirror.read_text(key)
    return ""


def _written(name: str, manifest: Manifest, place: Store) -> str:
    if name == CROISSANT:
        return croissant_text(manifest)
    with suppress(SkybenchError):  # a record that could not be mended
        records = stored_records(place, f"{manifest.key}/{BASELINES}")
        return card_text(manifest, card_scores(records))
    return ""


@dataclass(frozen=True, kw_only=True)
class ShardRows:
    """What a worker needs to make some shards of one row range again, in a scratch store."""

    recipe: str
    url: str
    start: int
    stop: int
    names: tuple[str, ...]
    layout: Layout
    secret_seed: int | None = field(default=None, repr=False)


def make_shards(job: ShardRows) -> int:
    """Render the rows of some shards and write the variables that are wanted; return the rows."""
    writer = RowWriter(job.url, job.start, job.layout)
    for start, stop in job.layout.pieces(job.stop, job.start):
        columns = rendered(job.recipe, start, stop, job.secret_seed)
        writer.add({name: columns[name] for name in job.names})
    writer.close()
    return job.stop - job.start


@dataclass(frozen=True)
class _Rebuilder:
    manifest: Manifest
    entry: IndexEntry
    store: Store
    workers: int
    progress: bool

    def rebuild(self, wrong: Sequence[StoredObject]) -> tuple[list[str], list[str]]:
        """Make files again; return the keys of those put in place, and why others were not."""
        inside = [stored for stored in wrong if self._inside(stored) is not None]
        digests = [stored for stored in wrong if self._is_digests(stored)]
        left = [
            f"{stored.key} does not follow from the recipe; fetch it: --mirror URL"
            for stored in wrong
            if stored not in inside and stored not in digests
        ]
        rebuilt, refused = self._rebuild_zarr(inside) if inside else ([], [])
        if refused:
            left += [f"{stored.key} follows from rows that are still damaged" for stored in digests]
        else:
            more, refused = self._rebuild_digests(digests)
            rebuilt += more
        return rebuilt, [*left, *refused]

    def _is_digests(self, stored: StoredObject) -> bool:
        folders = (self.manifest.sample_digests, self.manifest.blocks)
        return any(f and (stored.key == f or stored.key.startswith(f"{f}/")) for f in folders)

    def _inside(self, stored: StoredObject) -> str | None:
        """Return the key of a file inside the Zarr store, None for others."""
        prefix = f"{self.manifest.zarr}/"
        return stored.key[len(prefix) :] if stored.key.startswith(prefix) else None

    def _rebuild_zarr(self, wrong: Sequence[StoredObject]) -> tuple[list[str], list[str]]:
        try:
            recipe = recipe_of(self.manifest, seal_at_hand(self.manifest, self.store))
        except SkybenchError as error:
            return [], [f"{len(wrong)} files cannot be rebuilt: {error}"]
        rebuilt, refused = [], []
        with tempfile.TemporaryDirectory(prefix="skybench-") as folder:
            scratch = Path(folder) / "data.zarr"
            self._render(recipe, str(scratch), [str(self._inside(stored)) for stored in wrong])
            for stored in wrong:
                path = scratch / str(self._inside(stored))
                placed, why = self._place(stored, path.read_bytes() if path.exists() else b"")
                rebuilt += placed
                refused += why
        return rebuilt, refused

    def _render(self, recipe: Recipe, scratch: str, keys: Sequence[str]) -> None:
        """Lay a scratch store down, and fill the shards that are wanted."""
        template, samples = empty(recipe), self.manifest.samples
        layout = self._layout() or choose_layout(template, samples)
        create(scratch, template, samples, layout)
        lengths = {
            str(name): layout.shard_rows_of(variable.dtype.itemsize * prod(variable.shape[1:]))
            for name, variable in template.variables.items()
            if SAMPLE_DIM in variable.dims
        }
        jobs = [
            ShardRows(
                recipe=recipe.portable_json,
                url=scratch,
                start=start,
                stop=min(start + length, samples),
                names=tuple(sorted(wanted)),
                layout=layout,
                secret_seed=recipe.secret_seed,
            )
            for (start, length), wanted in sorted(_names_by_rows(keys, lengths).items())
            if start < samples
        ]
        rows = sum(job.stop - job.start for job in jobs)
        with progress_bar(f"Rebuilding {recipe.name}", rows, shown=self.progress) as advance:
            run_tasks(
                make_shards,
                jobs,
                workers=self.workers,
                threads=None,
                on_done=advance,
            )

    def _layout(self) -> Layout | None:
        """Return the layout that the metadata tell, None where they are damaged."""
        try:
            forms = [*shard_forms(self.manifest, self.store).values()]
        except Exception:  # metadata are read by other libraries, which raise anything
            return None
        if not forms:
            return None
        lengths = [form.shard_rows for form in forms]
        return Layout(
            chunk_rows=forms[0].chunk_rows, shard_rows=min(lengths), group_rows=max(lengths)
        )

    def _rebuild_digests(self, wrong: Sequence[StoredObject]) -> tuple[list[str], list[str]]:
        """Make digests again from the rows that they are of."""
        rebuilt: list[str] = []
        refused: list[str] = []
        ds = open_raw(self.store.url_of(f"{self.entry.key}/{self.manifest.zarr}"))
        for stored in wrong:
            placed, why = self._place(stored, self._digests(ds, stored))
            rebuilt += placed
            refused += why
        return rebuilt, refused

    def _digests(self, ds: xr.Dataset, stored: StoredObject) -> bytes:
        """Return what a file of digests should hold."""
        of_samples = self.manifest.files_of(self.manifest.sample_digests)
        if stored not in of_samples:
            return block_digests_of(ds, stored.key.rpartition("/")[2])
        before = of_samples[: of_samples.index(stored)]
        first = sum(file.size for file in before) // DIGEST_BYTES
        rows = slice(first, first + stored.size // DIGEST_BYTES)
        digests = hash_dataset_and_samples(ds.isel({SAMPLE_DIM: rows}))[1]
        return digests.tobytes()

    def _place(self, stored: StoredObject, data: bytes) -> tuple[list[str], list[str]]:
        """Put a file in place if it is the published one; else return why not."""
        if _is(stored, data):
            self.store.write(f"{self.entry.key}/{stored.key}", data)
            return [stored.key], []
        return [], [self._refusal(stored, data)]

    def _refusal(self, stored: StoredObject, data: bytes) -> str:
        here, made = generator_identity(), self.manifest.generator
        other = ", ".join(
            f"{name} {made.get(name, 'unknown')} (here {here[name]})"
            for name in ("skybench", "numpy", "scipy", "zarr", "numcodecs")
            if made.get(name) != here[name]
        )
        return (
            f"{stored.key} was made again, but is not the published file and was not put in "
            f"place: expected {stored.sha256}, got {digest_of(data)}. "
            + (f"It was made with {other}; install these, or" if other else "Instead")
            + " fetch it: --mirror URL"
        )


def _names_by_rows(
    keys: Sequence[str], lengths: Mapping[str, int]
) -> dict[tuple[int, int], set[str]]:
    """Return the variables to make by first row and length, from keys like ``image/c/3/0/0``."""
    names: dict[tuple[int, int], set[str]] = {}
    for key in keys:
        name, _, place = key.partition("/c/")
        if name in lengths and place:
            start = int(place.split("/")[0]) * lengths[name]
            names.setdefault((start, lengths[name]), set()).add(name)
    return names


def _is(stored: StoredObject, data: bytes) -> bool:
    return len(data) == stored.size and digest_of(data) == stored.sha256
