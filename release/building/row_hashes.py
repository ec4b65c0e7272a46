"""Hash what a recipe gives, piece by piece, and write none of its pixels."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache, partial

from skybench.generators.recipe import Recipe
from skybench.registry.hashing.content_hash import Digests
from skybench.registry.progress_bar import progress_bar
from skybench.registry.storage.store import Store
from skybench.release.building.group import rendered, row_hasher
from skybench.release.building.group_hashes import (
    GroupHashes,
    read_hashes,
    read_samples,
    write_hashes,
)
from skybench.release.building.scheduler import available_cpus, run_tasks

_IDENTITY = "row hashes"
_RECIPE = "recipe.json"

Rows = tuple[int, int]
Hashes = tuple[GroupHashes, Digests]
ReadHashes = Callable[[int], Hashes | None]
"""The first row of a piece to its hashes and the digests of its samples."""


@dataclass(frozen=True, kw_only=True)
class RowsJob:
    """What a worker needs to hash some rows.

    Attributes
    ----------
    start, stop : int
        The rows.
    folder : str
        Where their hashes go; the recipe lies there, as JSON.
    secret_seed : int, optional
        Of a sealed recipe.
    """

    start: int
    stop: int
    folder: str
    secret_seed: int | None = field(default=None, repr=False)


def hash_rows(job: RowsJob) -> int:
    """Render rows and keep their hashes; return how many rows they are."""
    recipe = _recipe(job.folder)
    rows = rendered(recipe, job.start, job.stop, job.secret_seed)
    hasher = row_hasher(recipe, job.start, rows)
    hasher.add(rows)
    write_hashes(Store(job.folder), _IDENTITY, *hasher.result())
    return job.stop - job.start


@lru_cache(maxsize=1)
def _recipe(folder: str) -> str:
    return Store(folder).read_text(_RECIPE)


@contextmanager
def hashed_rows(
    recipe: Recipe, pieces: Sequence[Rows], *, workers: int | None, progress: bool
) -> Iterator[ReadHashes]:
    """Hash pieces of a recipe's rows on all cores and give the function that reads them.

    Hashes lie in a temporary folder until the block ends, so memory holds one piece a worker.

    Parameters
    ----------
    recipe : Recipe
    pieces : sequence of (start, stop)
        Rows to render together; the hashes of each are read by its first row.
    workers : int, optional
        How many work at once. Default: one a processor.
    progress : bool
        Show a progress bar on standard error.
    """
    rows = sum(stop - start for start, stop in pieces)
    with tempfile.TemporaryDirectory(prefix="skybench-") as folder:
        store = Store(folder)
        store.write(_RECIPE, recipe.portable_json, durable=False)
        jobs = [
            RowsJob(start=start, stop=stop, folder=folder, secret_seed=recipe.secret_seed)
            for start, stop in pieces
        ]
        with progress_bar(f"Rendering {recipe.name} again", rows, shown=progress) as advance:
            run_tasks(
                hash_rows,
                jobs,
                workers=workers or available_cpus(),
                threads=None,
                on_done=advance,
            )
        yield partial(_read, store)


def _read(store: Store, start: int) -> Hashes | None:
    group = read_hashes(store, _IDENTITY, start)
    samples = None if group is None else read_samples(store, group)
    return None if group is None or samples is None else (group, samples)
