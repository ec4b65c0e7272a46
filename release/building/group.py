"""One task of a build: render the rows of a group, write its shards, keep their hashes."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skybench.errors import IntegrityError, NotFoundError, StoreError
from skybench.generators.codes import SAMPLE_DIM, SPLIT_VARIABLE
from skybench.generators.generate import empty, generate_as_stored
from skybench.generators.recipe import Recipe
from skybench.generators.recipe_file import recipe_from
from skybench.generators.strata import deal, splits_before
from skybench.registry.arrays.zarr_format import Layout, RowWriter
from skybench.registry.hashing.content_hash import canonical_json
from skybench.registry.storage.store import Store
from skybench.release.building.generator_identity import code_digest
from skybench.release.building.group_hashes import GroupHasher, write_hashes

IDENTITY = "identity"
"""The file of a build's work folder that tells which build it is."""

ORDER = "order.json"
"""The file of a work folder with all that its tasks share."""

Columns = dict[str, NDArray[Any]]


@dataclass(frozen=True, kw_only=True)
class BuildOrder:
    """What all tasks of a build share: it lies once in the work folder, and tasks name its hash.

    Attributes
    ----------
    recipe : str
        The recipe as JSON.
    url : str
        The Zarr store to fill.
    identity : str
        The build that the hashes belong to.
    code : str
        The `code_digest` of the machine that started the build.
    layout : Layout
        The rows of chunks, shards and groups of the store.
    """

    recipe: str
    url: str
    identity: str
    code: str
    layout: Layout

    @property
    def text(self) -> bytes:
        """What the file in the work folder holds."""
        return canonical_json(asdict(self))

    @property
    def digest(self) -> str:
        """SHA-256 of the file."""
        return sha256(self.text).hexdigest()

    @classmethod
    def from_text(cls, text: bytes) -> "BuildOrder":
        """Return the order in a file."""
        values = json.loads(text)
        return cls(**{**values, "layout": Layout(**values["layout"])})


@dataclass(frozen=True, kw_only=True)
class GroupJob:
    """What a worker on any machine needs to build one group.

    Attributes
    ----------
    work : str
        The URL of the folder of unfinished work, with the order and the hashes of finished groups.
    order : str
        The hash of the order, which has the recipe.
    start, stop : int
        The rows of the group.
    secret_seed : int, optional
        Of a sealed recipe, whose JSON is without it; the log of no scheduler shows it.
    """

    work: str
    order: str
    start: int
    stop: int
    secret_seed: int | None = field(default=None, repr=False)


def build_group(job: GroupJob) -> int:
    """Render, write and hash the rows of one group; return how many they are.

    Memory holds the values of a few chunks, and the shards that are begun, compressed.

    Raises
    ------
    IntegrityError
        The generator's dataset differs from its own template, or this worker runs other
        code than the machine that started the build.
    StoreError
        The work folder is not the one of this build, or the shards cannot be written.
    """
    order = _order(job.work, job.order)
    _check_code(order.code)
    hasher = None
    with writing(order.url):
        writer = RowWriter(order.url, job.start, order.layout)
        for start, stop in order.layout.pieces(job.stop, job.start):
            columns = rendered(order.recipe, start, stop, job.secret_seed)
            hasher = hasher or row_hasher(order.recipe, start, columns)
            hasher.add(columns)
            writer.add(columns)
        writer.close()
    if hasher is not None:
        write_hashes(Store(job.work), order.identity, *hasher.result())
    return job.stop - job.start


def check_worker(job: GroupJob) -> None:
    """Refuse a worker that could not build the groups of a build.

    Raises
    ------
    IntegrityError
        It runs other code than the machine that started the build.
    StoreError
        It does not see what that machine laid down, or cannot write there.
    """
    _check_code(_order(job.work, job.order).code)
    Store(job.work).check_writable()


@lru_cache(maxsize=1)
def _order(work: str, digest: str) -> BuildOrder:
    """Return the order that a work folder holds, once for all groups of a build."""
    store = Store(work)
    try:
        text = store.read_text(ORDER).encode()
    except NotFoundError:
        text = b""
    if sha256(text).hexdigest() != digest:
        msg = f"{store} on this worker is not the folder in which the build was started"
        raise StoreError(msg)
    return BuildOrder.from_text(text)


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


def row_hasher(recipe: str, start: int, columns: Columns) -> GroupHasher:
    """Return what hashes rows from ``start`` on of a recipe in JSON; `columns` are the first."""
    parsed, template = _prepared(recipe)
    return GroupHasher(start, template, _splits_before(parsed, start, columns))


def _splits_before(recipe: Recipe, start: int, columns: Columns) -> dict[str, int]:
    """Return how many rows of each split come before, none where a family deals otherwise."""
    fractions = list(recipe.split_fractions.values())
    codes = columns.get(SPLIT_VARIABLE, np.empty(0))
    dealt = deal(recipe.seed, start, start + len(codes), [1.0], fractions)[1]
    if not len(codes) or not np.array_equal(codes, dealt):
        return {}
    counts = splits_before(recipe.seed, start, fractions)
    return dict(zip(recipe.split_fractions, counts.tolist(), strict=True))


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
