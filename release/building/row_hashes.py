"""Hash what a recipe gives, piece by piece, and write none of its pixels."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from skybench.generators.recipe import Recipe
from skybench.registry.progress_bar import progress_bar
from skybench.registry.storage.store import Store
from skybench.release.building.scheduler import PROCESSES_FROM_POINTS, available_cpus, run_tasks
from skybench.release.building.shard import hashed, rendered
from skybench.release.building.shard_hashes import ShardHashes, read_hashes, write_hashes

_IDENTITY = "row hashes"

Rows = tuple[int, int]
ReadHashes = Callable[[int], ShardHashes | None]


@dataclass(frozen=True, kw_only=True)
class RowsJob:
    """What a worker needs to hash some rows.

    Attributes
    ----------
    recipe : str
        The recipe as JSON.
    start, stop : int
        The rows.
    folder : str
        Where their hashes go.
    secret_seed : int, optional
        Of a sealed recipe.
    """

    recipe: str
    start: int
    stop: int
    folder: str
    secret_seed: int | None = field(default=None, repr=False)


def hash_rows(job: RowsJob) -> int:
    """Render rows and keep their hashes; return how many rows they are."""
    rows = rendered(job.recipe, job.start, job.stop, job.secret_seed)
    hashes = hashed(job.start, rows)
    write_hashes(Store(job.folder), _IDENTITY, hashes)
    return job.stop - job.start


@contextmanager
def hashed_rows(
    recipe: Recipe, pieces: Sequence[Rows], *, workers: int | None, progress: bool
) -> Iterator[ReadHashes]:
    """Hash pieces of a recipe's rows on all cores and give the function that reads them.

    Hashes take a kilobyte a row and lie in a temporary folder until the block ends, so memory
    holds one piece a worker.

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
        jobs = [
            RowsJob(
                recipe=recipe.model_dump_json(),
                start=start,
                stop=stop,
                folder=folder,
                secret_seed=recipe.secret_seed,
            )
            for start, stop in pieces
        ]
        with progress_bar(f"Rendering {recipe.name} again", rows, shown=progress) as advance:
            run_tasks(
                hash_rows,
                jobs,
                workers=workers or available_cpus(),
                threads=rows * recipe.points < PROCESSES_FROM_POINTS,
                on_done=advance,
            )
        store = Store(folder)
        yield lambda start: read_hashes(store, _IDENTITY, start)
