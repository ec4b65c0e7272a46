"""Hash what a recipe gives, piece by piece, and write none of its pixels."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from skybench.generators.recipe import Recipe
from skybench.registry.arrays.codes import SPLIT_VARIABLE
from skybench.registry.hashing.content_hash import leaves
from skybench.registry.storage.store import Store
from skybench.release.building.progress_bar import progress_bar
from skybench.release.building.progress_record import ShardRecord, read_record, write_record
from skybench.release.building.scheduler import PROCESSES_FROM_POINTS, available_cpus, run_tasks
from skybench.release.building.shard import rendered

_IDENTITY = "row hashes"

Rows = tuple[int, int]
ReadRecord = Callable[[int], ShardRecord | None]


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
        Where the record of their leaves goes.
    """

    recipe: str
    start: int
    stop: int
    folder: str


def hash_rows(job: RowsJob) -> int:
    """Render rows and record their hash leaves; return how many rows they are."""
    columns = rendered(job.recipe, job.start, job.stop)
    by_variable = {name: leaves(values) for name, values in columns.items()}
    record = ShardRecord.of(job.start, by_variable, columns.get(SPLIT_VARIABLE))
    write_record(Store(job.folder), _IDENTITY, record)
    return job.stop - job.start


@contextmanager
def hashed_rows(
    recipe: Recipe, pieces: Sequence[Rows], *, workers: int | None, progress: bool
) -> Iterator[ReadRecord]:
    """Hash pieces of a recipe's rows on all cores and give the function that reads a record.

    Records hold a kilobyte a row and lie in a temporary folder until the block ends, so memory
    holds one piece a worker.

    Parameters
    ----------
    recipe : Recipe
    pieces : sequence of (start, stop)
        Rows to render together; the record of each is read by its first row.
    workers : int, optional
        How many work at once. Default: one a processor.
    progress : bool
        Show a progress bar on standard error.
    """
    rows = sum(stop - start for start, stop in pieces)
    with tempfile.TemporaryDirectory(prefix="skybench-") as folder:
        jobs = [
            RowsJob(recipe=recipe.model_dump_json(), start=start, stop=stop, folder=folder)
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
        yield lambda start: read_record(store, _IDENTITY, start)
