"""One task of a build: render the rows of a shard, write them, keep their hashes."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import xarray as xr
from numpy.typing import NDArray

from skybench.errors import IntegrityError, NotFoundError, StoreError
from skybench.generators.codes import SAMPLE_DIM, SPLIT_VARIABLE
from skybench.generators.generate import empty, generate_as_stored
from skybench.generators.recipe import Recipe
from skybench.generators.recipe_file import recipe_from
from skybench.registry.arrays.zarr_format import Layout, write_rows
from skybench.registry.hashing.content_hash import leaves
from skybench.registry.storage.store import Store
from skybench.release.building.generator_identity import code_digest
from skybench.release.building.shard_hashes import ShardHashes, write_hashes

IDENTITY = "identity"
"""The file of a build's work folder that tells which build it is."""

Columns = dict[str, NDArray[Any]]


@dataclass(frozen=True, kw_only=True)
class ShardJob:
    """What a worker on any machine needs to build one shard.

    Attributes
    ----------
    recipe : str
        The recipe as JSON.
    url, progress_url : str
        The Zarr store to fill and the folder of the hashes of finished shards.
    identity : str
        The build that the hashes belong to.
    code : str
        The `code_digest` of the machine that started the build.
    start, stop : int
        The rows of the shard.
    layout : Layout
        The chunk and shard rows of the store.
    secret_seed : int, optional
        Of a sealed recipe, whose JSON is without it; the log of no scheduler shows it.
    """

    recipe: str
    url: str
    progress_url: str
    identity: str
    code: str
    start: int
    stop: int
    layout: Layout
    secret_seed: int | None = field(default=None, repr=False)


def build_shard(job: ShardJob) -> int:
    """Render, write and hash the rows of one shard; return how many they are.

    Raises
    ------
    IntegrityError
        The generator's dataset differs from its own template, or this worker runs other
        code than the machine that started the build.
    StoreError
        The shard cannot be written.
    """
    _check_code(job.code)
    columns = rendered(job.recipe, job.start, job.stop, job.secret_seed)
    hashes = hashed(job.start, columns)
    with writing(job.url):
        write_rows(job.url, job.start, columns, job.layout)
    write_hashes(Store(job.progress_url), job.identity, hashes)
    return job.stop - job.start


def check_worker(job: ShardJob) -> None:
    """Refuse a worker that could not build the shards of a build.

    Raises
    ------
    IntegrityError
        It runs other code than the machine that started the build.
    StoreError
        It does not see what that machine laid down, or cannot write there.
    """
    _check_code(job.code)
    work = Store(job.progress_url)
    try:
        seen = work.read_text(IDENTITY) == job.identity
    except NotFoundError:
        seen = False
    if not seen:
        msg = f"{work} on this worker is not the folder in which the build was started"
        raise StoreError(msg)
    work.check_writable()


@contextmanager
def writing(url: str) -> Iterator[None]:
    """Turn a failure of the disk or the network into a `StoreError` that says what to do."""
    try:
        yield
    except StoreError:
        raise
    except OSError as error:
        msg = (
            f"cannot write {url}: {error.strerror or error}. What was finished is kept: free some "
            "space or restore the access, then run the same command again to go on from there."
        )
        raise StoreError(msg) from error


def rendered(recipe: str, start: int, stop: int, secret_seed: int | None = None) -> Columns:
    """Return rows of the variables along ``sample``, made from a recipe in JSON.

    A sealed recipe needs its secret seed beside it.

    Raises
    ------
    IntegrityError
        The generator's dataset differs from its own template.
    """
    parsed, template = _prepared(recipe)
    shard = generate_as_stored(parsed.with_secret_seed(secret_seed), start, stop)
    columns: Columns = {}
    for name, variable in template.variables.items():
        if SAMPLE_DIM in variable.dims:
            _check_block(str(name), shard, variable, stop - start)
            columns[str(name)] = shard.variables[name].values
    return columns


def hashed(start: int, columns: Columns) -> ShardHashes:
    """Return the hashes of rows from ``start`` on, as `rendered` gives them."""
    by_variable = {name: leaves(values) for name, values in columns.items()}
    return ShardHashes.of(start, by_variable, columns.get(SPLIT_VARIABLE))


@lru_cache(maxsize=1)
def _prepared(recipe: str) -> tuple[Recipe, xr.Dataset]:
    """Return the recipe and its dataset with no samples, once for all shards of a build."""
    parsed = recipe_from(json.loads(recipe))
    return parsed, empty(parsed)


def _check_block(name: str, block: xr.Dataset, template: xr.Variable, rows: int) -> None:
    expected = (template.dims, (rows, *template.shape[1:]), template.dtype)
    variable = block.variables.get(name)
    got = None if variable is None else (variable.dims, variable.shape, variable.dtype)
    if got != expected:
        msg = (
            f"the generator gave variable {name!r} as {got}, expected {expected} from its "
            "template; generate_as_stored() and empty() disagree"
        )
        raise IntegrityError(msg)


def _check_code(expected: str) -> None:
    if code_digest() != expected:
        msg = (
            "this worker runs other generator code than the machine that started the build "
            f"(digest {code_digest()[:12]}, expected {expected[:12]}); install the same skybench "
            "on every worker and restart them, or build again if the code was edited meanwhile"
        )
        raise IntegrityError(msg)
