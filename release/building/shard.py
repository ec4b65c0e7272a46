"""One task of a build: render the rows of a shard, write them, record their hash leaves."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import xarray as xr
from numpy.typing import NDArray

from skybench import generators
from skybench.errors import IntegrityError, StoreError
from skybench.generators.generate import empty, generate
from skybench.generators.recipe import Recipe
from skybench.generators.recipe_file import recipe_from
from skybench.registry.arrays.codes import SAMPLE_DIM, SPLIT_VARIABLE
from skybench.registry.arrays.zarr_format import Layout, write_rows
from skybench.registry.hashing.content_hash import leaves
from skybench.registry.storage.store import Store
from skybench.release.building.progress_record import ShardRecord, write_record

Columns = dict[str, NDArray[Any]]


@dataclass(frozen=True, kw_only=True)
class ShardJob:
    """What a worker on any machine needs to build one shard.

    Attributes
    ----------
    recipe : str
        The recipe as JSON.
    url, progress_url : str
        The Zarr store to fill and the folder of progress records.
    identity : str
        The build that the record belongs to.
    code : str
        The `code_digest` of the machine that started the build.
    start, stop : int
        The rows of the shard.
    layout : Layout
        The chunk and shard rows of the store.
    """

    recipe: str
    url: str
    progress_url: str
    identity: str
    code: str
    start: int
    stop: int
    layout: Layout


def build_shard(job: ShardJob) -> int:
    """Render, write and record the rows of one shard; return how many they are.

    Raises
    ------
    IntegrityError
        The generator's dataset differs from its own template, or this worker runs other
        code than the machine that started the build.
    StoreError
        The shard cannot be written.
    """
    _check_code(job.code)
    columns = rendered(job.recipe, job.start, job.stop)
    by_variable = {name: leaves(values) for name, values in columns.items()}
    record = ShardRecord.of(job.start, by_variable, columns.get(SPLIT_VARIABLE))
    with writing(job.url):
        write_rows(job.url, job.start, columns, job.layout)
    write_record(Store(job.progress_url), job.identity, record)
    return job.stop - job.start


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


@cache
def code_digest() -> str:
    """Return the SHA-256 of the source of the generators, which decides the pixels."""
    folder = Path(generators.__path__[0])
    digest = sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def rendered(recipe: str, start: int, stop: int) -> Columns:
    """Return rows of the variables along ``sample``, made from a recipe in JSON.

    Raises
    ------
    IntegrityError
        The generator's dataset differs from its own template.
    """
    parsed, template = _prepared(recipe)
    shard = generate(parsed, start, stop)
    columns: Columns = {}
    for name, variable in template.variables.items():
        if SAMPLE_DIM in variable.dims:
            _check_block(str(name), shard, variable, stop - start)
            columns[str(name)] = shard.variables[name].values
    return columns


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
            "template; generate() and empty() disagree"
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
