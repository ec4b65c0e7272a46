"""Build a dataset from its recipe: groups of shards in parallel, hashed as written, resumable."""

import time
from dataclasses import dataclass

from skybench.errors import IntegrityError, ParameterError
from skybench.generators.recipe import Recipe
from skybench.registry.arrays.zarr_format import chunk_keys, missing_chunks
from skybench.registry.hashing.content_hash import ALGORITHM, Algorithm, ContentHash, Digests
from skybench.registry.progress_bar import progress_bar
from skybench.release.building.build_plan import BuildPlan, FinishedBuild, stored_digests
from skybench.release.building.group import build_group, check_worker, writing
from skybench.release.building.group_hashes import content_of_groups, read_hashes
from skybench.release.building.scheduler import (
    available_cpus,
    check_address,
    check_workers,
    run_tasks,
)


@dataclass(frozen=True, kw_only=True)
class BuildResult:
    """A finished build.

    Attributes
    ----------
    url : str
        The Zarr store.
    content : ContentHash
        Its content hash.
    chunk_count : int
        Objects of chunk data in the store.
    rendered_samples : int
        Samples made by this call: fewer than all after a resumption, 0 if all was there.
    seconds : float
        Wall time of this call.
    """

    url: str
    content: ContentHash
    chunk_count: int
    rendered_samples: int
    seconds: float

    @property
    def sample_digests(self) -> Digests:
        """One digest a sample, (samples, 32) uint8, as ``<name>.samples`` beside the store has it.

        That is a folder of files where there are many, and all of them are read.
        """
        return stored_digests(self.url)


def build(
    recipe: Recipe,
    target: str,
    *,
    samples: int | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: bool = True,
    chunk_rows: int | None = None,
    shard_rows: int | None = None,
    algorithm: Algorithm = ALGORITHM,
) -> BuildResult:
    """Render a recipe into a Zarr store and return its content hash.

    A build that was interrupted, even killed, goes on where it was when called again with
    the same arguments; a finished one is returned as it is. The content is the same whatever
    the workers, the scheduler and the layout.

    Parameters
    ----------
    recipe : Recipe
        What to make.
    target : str
        Path or fsspec URL of the Zarr store. Unfinished work lies in ``<target>.building``;
        a local target appears when it is complete, any other is complete once
        ``<name>.build.json`` is beside it.
    samples : int, optional
        A number of samples other than the recipe's.
    workers : int, optional
        How many work on this machine, at first as threads. Processes do the rest where the first
        task has cost so much that they repay the seconds that they take to start. Default: one a
        processor.
    scheduler : str, optional
        Address of a running dask scheduler, like ``tcp://10.0.0.1:8786``, whose workers have
        the same skybench and reach the target.
    progress : bool
        Show a progress bar on standard error.
    chunk_rows, shard_rows : int, optional
        Rows of a chunk and of a shard, instead of `choose_layout`'s.
    algorithm : str
        Of the content hash: an older one for what is recorded with it.

    Raises
    ------
    ParameterError
        `samples`, `workers`, the layout or the form of the address is wrong.
    VersionConflictError
        The target holds something else.
    StoreError
        It cannot be written, another process is building it, or no scheduler answers.
    """
    begin = time.perf_counter()
    check_workers(workers)
    check_address(scheduler)
    plan = BuildPlan.of(with_samples(recipe, samples), target, chunk_rows, shard_rows, algorithm)
    rendered, finished = 0, plan.finished()
    if finished is None:
        plan.work.check_writable()
        with plan.work.lock("build", wait=False), writing(plan.url):
            rendered = _render_missing(plan, workers, scheduler, progress)
            finished = _finish(plan)
    return BuildResult(
        url=plan.url,
        content=finished.content,
        chunk_count=finished.chunk_count,
        rendered_samples=rendered,
        seconds=time.perf_counter() - begin,
    )


def with_samples(recipe: Recipe, samples: int | None) -> Recipe:
    """Return a recipe with another number of samples, None for its own.

    Raises
    ------
    ParameterError
        The number is below 1.
    """
    if samples is None:
        return recipe
    if samples < 1:
        msg = f"samples must be at least 1, got {samples}"
        raise ParameterError(msg)
    return recipe.model_copy(update={"samples": samples})


def _render_missing(
    plan: BuildPlan, workers: int | None, scheduler: str | None, progress: bool
) -> int:
    """Render the groups that have no hashes yet; return how many samples that made."""
    jobs = plan.jobs(plan.start_or_resume())
    todo = sum(job.stop - job.start for job in jobs)
    total = plan.recipe.samples
    if workers is None:
        workers = available_cpus()
    bar = progress_bar(f"Building {plan.recipe.name}", total, done=total - todo, shown=progress)
    with bar as advance:
        run_tasks(
            build_group,
            jobs,
            workers=workers,
            threads=None,
            scheduler=scheduler,
            check=check_worker,
            on_done=advance,
        )
    return todo


def _finish(plan: BuildPlan) -> FinishedBuild:
    keys = chunk_keys(plan.data_url)
    missing = missing_chunks(plan.data_url, keys)
    if missing:
        msg = (
            f"{len(missing)} of {len(keys)} chunk files of {plan.data_url} are missing, the first "
            f"is {missing[0]}; were all workers writing to the same store? Delete {plan.work} "
            "and build again."
        )
        raise IntegrityError(msg)
    groups = (read_hashes(plan.work, plan.identity, start) for start, _ in plan.groups)
    content = content_of_groups(
        plan.template, plan.recipe.samples, groups, plan.algorithm, plan.keep_blocks
    )
    finished = FinishedBuild(identity=plan.identity, chunk_count=len(keys), content=content)
    plan.finish(finished)
    return finished
