"""Check rows against the block digests of a manifest: a few of them, or all."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from hashlib import sha256
from itertools import accumulate, pairwise
from itertools import count as count_up
from math import prod

import numpy as np
import xarray as xr
import zarr
from dask.local import get_sync
from numpy.typing import NDArray

from skybench.errors import IntegrityError, SkybenchError
from skybench.generators.codes import SAMPLE_DIM
from skybench.registry.arrays.shards import ShardForm
from skybench.registry.arrays.zarr_format import zarr_store
from skybench.registry.hashing.content_hash import (
    BLOCK_ROWS,
    Digests,
    VariableHash,
    assemble,
    block_digests,
    dataset_root,
    leaves,
)
from skybench.registry.hashing.parts import Members, members_of
from skybench.registry.proof.digests_beside import blocks_of
from skybench.registry.proof.file_check import (
    content_problem,
    digest_problem,
    name_of,
    threads,
    unreadable,
)
from skybench.registry.storage.store import Store
from skybench.registry.versions.manifest import Manifest, StoredObject, digest_of

_SAMPLED_BLOCKS = 4
_SAMPLED_BYTES = 1 << 26
"""What is read at most of a variable, but for its first sampled block."""

Part = tuple[int, int, Digests | str]
"""Rows and their leaves, or why they cannot be read."""

Read = tuple[str, list[Part]]
"""What is wrong with a file, and its rows."""


def sampled_blocks(manifest: Manifest) -> dict[str, list[int]]:
    """Return a few blocks of each variable, which follow from the content hash.

    Other datasets, and other versions, have others, so that no place is never looked at.
    """
    return {
        name: _chosen(f"{manifest.content.root} {name}", variable)
        for name, variable in sorted(manifest.content.variables.items())
    }


def sampled_problems(manifest: Manifest, store: Store, ds: xr.Dataset) -> Iterator[str]:
    """Yield what is wrong with the sampled blocks of a version as stored."""

    def problems(item: tuple[str, list[int]]) -> list[str]:
        name, blocks = item
        try:
            published = blocks_of(manifest, name, store)
        except IntegrityError as error:
            return [str(error)]
        where = (manifest, ds.variables[name], name)
        return [block_problem(*where, block, published[block]) for block in blocks]

    with threads() as pool:
        for said in pool.map(problems, sampled_blocks(manifest).items()):
            yield from filter(None, said)


def block_problem(
    manifest: Manifest, variable: xr.Variable, name: str, block: int, published: str
) -> str:
    """Return what is wrong with one block of rows, the empty text where nothing is."""
    rows = variable.sizes.get(SAMPLE_DIM, 1)
    start, stop = block * BLOCK_ROWS, min((block + 1) * BLOCK_ROWS, rows)
    made = _read_leaves(variable, (start, stop))
    where = f"{described_rows(variable, name, start, stop)} of {name_of(manifest)}"
    if isinstance(made, str):
        return f"{where} cannot be read: {made}."
    (got,) = block_digests(made)
    return "" if got == published else mismatch(where, published, got)


def full_problems(manifest: Manifest, store: Store, ds: xr.Dataset | None) -> Iterator[str]:
    """Yield what is wrong with any byte of any file, or any row.

    Parameters
    ----------
    manifest : Manifest
    store : Store
    ds : Dataset or None
        As stored, its headers as published; None checks files alone.
    """
    groups = _groups(manifest, store, ds)
    whole = _Whole(manifest, store, ds)
    with threads() as pool:
        results = pool.map(lambda read: read(), [read for _, reads in groups for read in reads])
        for name, reads in groups:
            done = [next(results) for _ in reads]
            yield from (problem for problem, _ in done if problem)
            if name is not None and ds is not None:
                parts = [part for _, found in done for part in found]
                yield from whole.add(name, ds.variables[name], parts)
    if ds is not None:
        yield from whole.root_problems()


class _Whole:
    """Gathers the roots of all variables, of the dataset and of its splits."""

    def __init__(self, manifest: Manifest, store: Store, ds: xr.Dataset | None) -> None:
        self._manifest, self._store = manifest, store
        self._roots: dict[str, str] = {}
        self._split_roots: dict[str, dict[str, str]] = {s: {} for s in manifest.content.splits}
        self._sound = True
        self._members: Members = {}
        if ds is not None:
            try:
                self._members = members_of(ds)
            except Exception:
                self._sound = False  # the rows of the split are told with those of all variables

    def add(self, name: str, variable: xr.Variable, parts: list[Part]) -> Iterator[str]:
        """Yield the problems of one variable."""
        where = f"of {name_of(self._manifest)}"
        try:
            known = blocks_of(self._manifest, name, self._store)
        except IntegrityError as error:
            self._sound = False
            yield str(error)
            return
        published = self._manifest.content.variables[name]
        digests = np.zeros((variable.sizes.get(SAMPLE_DIM, 1), 32), np.uint8)
        readable = np.ones(len(known), bool)
        for start, stop, part in parts:
            if isinstance(part, str):
                readable[start // BLOCK_ROWS : -(-stop // BLOCK_ROWS)] = False
                rows = described_rows(variable, name, start, stop)
                yield f"{rows} {where} cannot be read: {part}."
            else:
                digests[start:stop] = part
        made = assemble({name: published.header}, {name: digests}, self._members)
        self._roots[name] = made.variables[name].root
        for split, found in made.splits.items():
            self._split_roots.setdefault(split, {})[name] = found.variables[name]
        blocks = (known, made.variables[name].blocks or block_digests(digests))
        wrong = list(_block_problems(where, name, variable, blocks, readable))
        self._sound &= bool(readable.all()) and not wrong
        yield from wrong

    def root_problems(self) -> Iterator[str]:
        """Yield which roots do not follow, where the rows alone show nothing wrong."""
        content = self._manifest.content
        if not self._sound:
            return
        if (got := dataset_root(self._roots, content.attributes)) != content.root:
            yield (
                f"the content hash of {name_of(self._manifest)} does not follow from its rows: "
                f"expected {content.root}, got {got}."
            )
        for split, roots in self._split_roots.items():
            known = content.splits.get(split)
            root = dataset_root(roots, content.attributes)
            if known is None or known.variables != roots or known.root != root:
                yield f"the recorded hashes of split {split} do not follow from its rows."


def _groups(
    manifest: Manifest, store: Store, ds: xr.Dataset | None
) -> list[tuple[str | None, list[Callable[[], Read]]]]:
    """Return what to read: for each variable its rows, and for None the files without rows."""
    objects = {stored.key: stored for stored in manifest.objects}
    groups: list[tuple[str | None, list[Callable[[], Read]]]] = []
    variables = {} if ds is None else {str(name): v for name, v in ds.variables.items()}
    forms = shard_forms(manifest, store) if variables else {}
    for name, variable in sorted(variables.items()):
        form = forms.get(name)
        reads: list[Callable[[], Read]]
        if form is None:
            reads = [partial(_read_span, variable, span) for span in _spans(variable)]
        else:
            shards = [
                objects.pop(f"{manifest.zarr}/{name}/{key}", None) for key in form.shard_keys()
            ]
            reads = [
                partial(_read_shard, manifest, store, stored, form, number)
                for number, stored in enumerate(shards)
                if stored is not None
            ]
        groups.append((name, reads))
    groups.append((None, [partial(_read_file, manifest, store, o) for o in objects.values()]))
    return groups


def shard_forms(manifest: Manifest, store: Store) -> dict[str, ShardForm]:
    """Return the variables whose shards can be read in one pass with their digests."""
    folder = manifest.key
    group = zarr.open_group(zarr_store(store.url_of(f"{folder}/{manifest.zarr}")), mode="r")
    forms = {name: ShardForm.of(array) for name, array in group.arrays()}
    return {name: form for name, form in forms.items() if form is not None}


def _read_file(manifest: Manifest, store: Store, stored: StoredObject) -> Read:
    return content_problem(manifest, store, stored), []


def _read_shard(
    manifest: Manifest, store: Store, stored: StoredObject, form: ShardForm, number: int
) -> Read:
    key = f"{manifest.key}/{stored.key}"
    try:
        data = store.read_bytes(key)
    except SkybenchError as error:
        problem, reason = unreadable(manifest, stored, error), str(error)
        return problem, [(start, stop, reason) for start, stop in form.chunks(number)]
    problem = digest_problem(manifest, stored, digest_of(data))
    return problem, [(*rows, _leaves_in(form, data, rows)) for rows in form.chunks(number)]


def _leaves_in(form: ShardForm, data: bytes, rows: tuple[int, int]) -> Digests | str:
    try:
        return leaves(form.values(data, rows))
    except SkybenchError as error:
        return str(error)


def _read_span(variable: xr.Variable, span: tuple[int, int]) -> Read:
    return "", [(*span, _read_leaves(variable, span))]


def _chosen(seed: str, variable: VariableHash) -> list[int]:
    head = variable.header
    count = -(-head["shape"][0] // BLOCK_ROWS) if SAMPLE_DIM in head["dims"] else 1
    itemsize = np.dtype(head["dtype"]).itemsize
    row_bytes = max(1, itemsize * prod(head["shape"][1:]))
    wanted = max(1, min(_SAMPLED_BLOCKS, _SAMPLED_BYTES // (row_bytes * BLOCK_ROWS)))
    if count <= wanted:
        return list(range(count))
    drawn: set[int] = set()
    turns = count_up()
    while len(drawn) < wanted:
        digest = sha256(f"{seed} {next(turns)}".encode()).digest()
        drawn.add(int.from_bytes(digest, "little") % count)
    return sorted(drawn)


def _block_problems(
    where: str,
    name: str,
    variable: xr.Variable,
    blocks: tuple[Sequence[str], Sequence[str]],
    readable: NDArray[np.bool_],
) -> Iterator[str]:
    published, got = blocks
    wrong = (np.array(got) != np.array(published)) & readable
    edges = np.flatnonzero(np.diff(wrong, prepend=False, append=False))
    for first, end in edges.reshape(-1, 2).tolist():
        stop = min(end * BLOCK_ROWS, variable.sizes.get(SAMPLE_DIM, 1))
        rows = f"{described_rows(variable, name, first * BLOCK_ROWS, stop)} {where}"
        yield mismatch(rows, published[first], got[first])


def mismatch(where: str, published: str, got: str) -> str:
    """Return the problem of a block of rows whose digest is `got`."""
    return f"{where} do not match the recorded hash: expected sha256:{published}, got sha256:{got}."


def _spans(variable: xr.Variable) -> list[tuple[int, int]]:
    """Rows to read together: those of one chunk; one row stands for a variable without samples."""
    if SAMPLE_DIM not in variable.dims:
        return [(0, 1)]
    chunks = variable.chunksizes.get(SAMPLE_DIM, (variable.sizes[SAMPLE_DIM],))
    return list(pairwise(accumulate(chunks, initial=0)))


def _read_leaves(variable: xr.Variable, span: tuple[int, int]) -> Digests | str:
    try:
        if SAMPLE_DIM not in variable.dims:
            return leaves(np.asarray(variable.values)[None])
        block = variable.isel({SAMPLE_DIM: slice(*span)})
        return leaves(np.asarray(block.compute(scheduler=get_sync).values))
    except Exception as error:
        return f"{type(error).__name__}: {error}".rstrip(".")


def described_rows(variable: xr.Variable, name: str, start: int, stop: int) -> str:
    """Return how messages call rows, like ``image rows 0 to 255``."""
    whole = SAMPLE_DIM not in variable.dims
    return f"{name} values" if whole else f"{name} rows {start} to {stop - 1}"
