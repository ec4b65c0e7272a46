"""Build a recorded version into a store, and show it only when it is what skybench records.

The package holds the recipe and the hashes of each version that it records, so a machine that
holds nothing and reaches no mirror has the version all the same: rendered again, compared with
the recorded hashes, and published in the store with the recorded scores. Nothing is trained.
"""

import os
import sys
import time
from collections.abc import Iterator

from skybench.errors import (
    IntegrityError,
    NotFoundError,
    ParameterError,
    SkybenchError,
    StoreError,
)
from skybench.generators.generate import generate_as_stored
from skybench.generators.recipe import Recipe
from skybench.registry.open import Building
from skybench.registry.proof.comparison import compare
from skybench.registry.recorded import recorded_predictions, recorded_scores
from skybench.registry.reference import Version
from skybench.registry.scoring.records import Record
from skybench.registry.seals import recipe_of, sealing_of
from skybench.registry.storage.store import BASELINES, Store
from skybench.registry.versions.index import find, read_index
from skybench.registry.versions.index_lines import IndexEntry
from skybench.registry.versions.manifest import Manifest, digest_of
from skybench.release.building.build import BuildResult, build
from skybench.release.building.generator_identity import generator_identity
from skybench.release.building.scheduler import available_cpus
from skybench.release.publishing.card import card_scores, card_text
from skybench.release.publishing.catalog import refresh_catalog
from skybench.release.publishing.describe import describe_files
from skybench.release.publishing.publish import (
    GETTING,
    WorkFolder,
    prepare,
    publish,
    start_or_resume,
)
from skybench.release.reproduce import other_libraries

BUILD = "SKYBENCH_BUILD"
"""Environment variable; 0 refuses to build what a store lacks, as ``build="never"`` does."""

_TOLD_BYTES = 10**9
_TOLD_SECONDS = 60
_TRIAL_ROWS = 32


def is_allowed(build: Building) -> bool:
    """Tell whether a version that is nowhere at hand may be built.

    Raises
    ------
    ParameterError
        `build` or ``$SKYBENCH_BUILD`` is no such word.
    """
    if build not in ("missing", "never"):
        msg = f"build must be 'missing' or 'never', got {build!r}"
        raise ParameterError(msg)
    configured = os.environ.get(BUILD, "1")
    if configured not in ("0", "1"):
        msg = f"${BUILD} must be 0, to build nothing, or 1, got {configured!r}"
        raise ParameterError(msg)
    return build == "missing" and configured == "1"


def rebuild(
    manifest: Manifest, store: Store, *, workers: int | None = None, progress: bool = True
) -> IndexEntry:
    """Render a recorded version into a store, prove it, and publish it there.

    An interrupted call goes on where it was. Of several at once, one builds and the others wait.

    Parameters
    ----------
    manifest : Manifest
        As skybench records it.
    store : Store
        Where to; it does not list the version.
    workers : int, optional
        As for `build`.
    progress : bool
        Show a progress bar on standard error; what is large or slow is told before.

    Returns
    -------
    IndexEntry
        The version in the store. Its manifest has the recorded content; its files are those of
        this copy.

    Raises
    ------
    MissingDependencyError
        Another generator made it; the message says which skybench has that.
    NotFoundError
        A split of it is sealed: only the holder of the seal can build it.
    IntegrityError
        What is rendered here is not what is recorded; nothing is published.
    StoreError
        The store cannot be written.
    """
    _check_open(manifest)
    recipe = recipe_of(manifest)
    _check_writable(store, manifest)
    version = Version.parse(manifest.version)
    work = WorkFolder(store=store, dataset=manifest.dataset, version=version, suffix=GETTING)
    with store.lock(work.name, wait=store.is_local):
        if entry := find(read_index(store), manifest.dataset, version):
            return entry  # another process built it while this one waited
        start_or_resume(work, recipe)
        if work.journal() is None:
            _tell_cost(manifest, recipe, store, workers or available_cpus())
            built = build(
                recipe,
                work.data_url,
                workers=workers,
                progress=progress,
                algorithm=manifest.content.algorithm,
            )
            _prepare(work, manifest, built)
        entry = publish(work)
    refresh_catalog(store)
    return entry


def _check_open(manifest: Manifest) -> None:
    if sealing := sealing_of(manifest):
        msg = (
            f"the {sealing.split} split of {manifest.reference} is sealed, so that it cannot be "
            f"built from its recipe: 'skybench get {manifest.reference} --from URL' fetches it"
        )
        raise NotFoundError(msg)


def _check_writable(store: Store, manifest: Manifest) -> None:
    if store.is_web:
        msg = (
            f"{manifest.reference} is not at {store}, and nothing can be built on a web server; "
            "leave out the store to build it in your own"
        )
        raise NotFoundError(msg)
    try:
        store.check_writable()
    except SkybenchError as error:
        msg = f"{manifest.reference} is not in {store} and cannot be built there: {error}"
        raise StoreError(msg) from error
    store.check_space(_data_bytes(manifest))


def _prepare(work: WorkFolder, manifest: Manifest, built: BuildResult) -> None:
    _check_content(work, manifest, built)
    records = recorded_scores(manifest.reference)
    for key, content in _score_files(manifest, records):
        work.store.write(f"{work.key}/{key}", content)
    here = manifest.model_copy(
        update={
            "generator": generator_identity(),
            "chunk_count": built.chunk_count,
            "objects": describe_files(work.store, work.files(manifest.zarr)),
        }
    )
    prepare(work, here, card_text(here, card_scores(records)))


def _check_content(work: WorkFolder, manifest: Manifest, built: BuildResult) -> None:
    if built.content == manifest.content:
        return
    differing = compare(manifest.content, built.content).lines()
    said = "; ".join([*differing, *other_libraries(manifest)])
    work.discard()
    msg = (
        f"{manifest.reference} was built here, but is not what skybench records: expected "
        f"{manifest.content.root}, got {built.content.root}. {said}. Nothing was published; "
        f"'skybench reproduce {manifest.reference}' tells more"
    )
    raise IntegrityError(msg)


def _score_files(
    manifest: Manifest, records: tuple[Record, ...]
) -> Iterator[tuple[str, str | bytes]]:
    """Yield the key and the content of each file of scores that comes with skybench."""
    published = {stored.key: stored.sha256 for stored in manifest.objects}
    for record in records:
        key, text = f"{BASELINES}/{record.name}.json", record.to_text()
        if published.get(key) != digest_of(text):
            msg = (
                f"the recorded score {record.name} is not the one that was published with "
                f"{manifest.reference}; install skybench again"
            )
            raise IntegrityError(msg)
        yield key, text
        predictions = recorded_predictions(manifest.reference, record)
        if record.predictions is not None and predictions is not None:
            yield record.predictions.key, predictions


def _data_bytes(manifest: Manifest) -> int:
    return sum(s.size for s in manifest.objects if not s.key.startswith(f"{BASELINES}/"))


def _tell_cost(manifest: Manifest, recipe: Recipe, store: Store, workers: int) -> None:
    """Say what is to come where that is much, measured on a few rows."""
    rows = min(_TRIAL_ROWS, recipe.samples)
    generate_as_stored(recipe, 0, rows)  # the first call also fills tables
    started = time.perf_counter()
    generate_as_stored(recipe, 0, rows)
    seconds = (time.perf_counter() - started) / rows * recipe.samples / workers
    if (size := _data_bytes(manifest)) > _TOLD_BYTES or seconds > _TOLD_SECONDS:
        print(
            f"{manifest.reference} is built once, into {store}: {recipe.samples:,} samples, "
            f"{size / 1e9:,.1f} GB, about {max(1, round(seconds / 60)):,} minutes. Ctrl-C stops; "
            "the same call then goes on",
            file=sys.stderr,
        )
