"""Prove that a released version in a store is the one that was published.

Fast reads no pixels: the manifest against the index, the metadata against the manifest, and
that every file is there with its size. Full also reads every file and every row.
"""

import os
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skybench.errors import IntegrityError, SkybenchError
from skybench.registry.content_hash import (
    BLOCK_ROWS,
    SAMPLE_DIM,
    Digests,
    VariableHash,
    assemble,
    headers_of,
    leaves,
)
from skybench.registry.index import read_manifest, resolve
from skybench.registry.manifest import Manifest, StoredObject
from skybench.registry.reference import DatasetReference
from skybench.registry.store import Store, version_key
from skybench.registry.zarr_format import open_raw

ParallelMap = Callable[..., Iterable[Any]]

_READ_BYTES = 1 << 22
_FIX = (
    "The copy may be damaged; restore it from another copy of the store, "
    "or release it again into a fresh store."
)


@dataclass(frozen=True, kw_only=True)
class VerifyReport:
    """What was checked of a version, and each thing that is not as it was published.

    Attributes
    ----------
    reference : str
        The exact version, like ``sky@1.0``.
    content_hash : str
        Root of the published content hash.
    full : bool
        Whether every row was read.
    files, bytes : int
        How many files there should be, and their size together.
    seconds : float
        Time that the check took.
    problems : tuple of str
        One sentence each, naming the file or the variable and rows; empty when all is well.
    """

    reference: str
    content_hash: str
    full: bool
    files: int
    bytes: int
    seconds: float
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether everything that was checked is as it was published."""
        return not self.problems

    def __str__(self) -> str:
        """Say what was checked, and each problem on a line of its own."""
        checked = "every byte and row" if self.full else "manifest, metadata and file sizes"
        verdict = "is as published" if self.ok else f"has {len(self.problems)} problems"
        lines = [
            f"{self.reference} {verdict}: {checked} of {self.files:,} files, "
            f"{self.bytes / 1e6:,.1f} MB, checked in {self.seconds:.1f} s",
            self.content_hash,
            *self.problems,
        ]
        return "\n".join(lines)

    def raise_if_damaged(self) -> None:
        """Raise the first problem as an `IntegrityError`."""
        if self.problems:
            more = len(self.problems) - 1
            rest = f" {more} more: skybench.verify({self.reference!r}) lists all." if more else ""
            msg = f"{self.problems[0]} {_FIX}{rest}"
            raise IntegrityError(msg)


def verify(
    reference: str | DatasetReference, *, store: str | Store | None = None, full: bool = False
) -> VerifyReport:
    """Return what is right and wrong with a released version in a store.

    Parameters
    ----------
    reference : str
        As for `skybench.open`.
    store : str or Store, optional
        Any fsspec URL. Default: ``$SKYBENCH_STORE``, else the user's data folder.
    full : bool
        Whether to read everything and compare every hash; otherwise only metadata and sizes.

    Raises
    ------
    NotFoundError
        There is no such version.
    IntegrityError
        The index or the manifest is damaged, so that nothing below it can be judged.

    Examples
    --------
    >>> import skybench
    >>> skybench.verify("sky@1.0", full=True).ok    # doctest: +SKIP
    True
    """
    store = Store(store)
    return check(read_manifest(store, resolve(reference, store)), store, full=full)


def check(manifest: Manifest, store: Store, *, full: bool) -> VerifyReport:
    """Return what is right and wrong with the files that a trusted manifest describes."""
    started = time.perf_counter()
    problems = list(_all_problems(manifest, store, full))
    return VerifyReport(
        reference=manifest.reference,
        content_hash=manifest.content.root,
        full=full,
        files=len(manifest.objects),
        bytes=sum(stored.size for stored in manifest.objects),
        seconds=time.perf_counter() - started,
        problems=tuple(problems),
    )


def _all_problems(manifest: Manifest, store: Store, full: bool) -> Iterator[str]:
    folder = version_key(manifest.dataset, manifest.version)
    wrong_sizes = list(size_problems(manifest, store.sizes(folder)))
    yield from wrong_sizes
    try:
        ds = open_raw(store.url_of(f"{folder}/{manifest.zarr}"))
    except SkybenchError as error:
        yield f"the Zarr store of {_name(manifest)} cannot be opened: {error}."
        return
    metadata = list(_metadata_problems(manifest, ds))
    yield from metadata
    if full:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            yield from _digest_problems(manifest, store, pool.map)
            if not metadata:
                yield from _row_problems(manifest, ds, pool.map)


def size_problems(manifest: Manifest, sizes: dict[str, int]) -> Iterator[str]:
    for stored in manifest.objects:
        got = sizes.get(stored.key)
        if got is None:
            yield f"file {stored.key} of {_name(manifest)} is missing."
        elif got != stored.size:
            yield (
                f"file {stored.key} of {_name(manifest)} has the wrong size: "
                f"expected {stored.size} bytes, got {got}."
            )
    chunks = sum(_is_chunk(key, manifest) for key in sizes)
    if chunks > manifest.chunk_count:
        yield (
            f"the Zarr store of {_name(manifest)} has chunks that were not published: "
            f"expected {manifest.chunk_count}, got {chunks}."
        )


def _is_chunk(key: str, manifest: Manifest) -> bool:
    return key.startswith(f"{manifest.zarr}/") and not key.endswith("/zarr.json")


def _metadata_problems(manifest: Manifest, ds: xr.Dataset) -> Iterator[str]:
    published = {name: variable.header for name, variable in manifest.content.variables.items()}
    found = headers_of(ds)
    for name in sorted(published.keys() | found.keys()):
        expected, got = published.get(name), found.get(name)
        if expected is None or got is None:
            state = "was not published" if expected is None else "is missing"
            yield f"variable {name} of {_name(manifest)} {state}."
            continue
        for key in sorted(expected):
            if expected[key] != got[key]:
                yield (
                    f"{key} of variable {name} of {_name(manifest)} was changed: "
                    f"expected {expected[key]!r}, got {got[key]!r}."
                )


def _digest_problems(manifest: Manifest, store: Store, map_: ParallelMap) -> Iterator[str]:
    folder = version_key(manifest.dataset, manifest.version)

    def problem(stored: StoredObject) -> str:
        try:
            got = file_digest(store, f"{folder}/{stored.key}")
        except SkybenchError as error:
            return f"file {stored.key} of {_name(manifest)} cannot be read: {error}."
        if got == stored.sha256:
            return ""
        return (
            f"file {stored.key} of {_name(manifest)} does not match the recorded hash: "
            f"expected {stored.sha256}, got {got}."
        )

    yield from filter(None, map_(problem, manifest.objects))


def file_digest(store: Store, key: str) -> str:
    """Return the ``sha256:…`` of a file, read in pieces."""
    digest = sha256()
    with store.open_read(key) as file:
        while piece := file.read(_READ_BYTES):
            digest.update(piece)
    return f"sha256:{digest.hexdigest()}"


def _row_problems(manifest: Manifest, ds: xr.Dataset, map_: ParallelMap) -> Iterator[str]:
    for name, published in sorted(manifest.content.variables.items()):
        variable = ds.variables[name]
        spans = _spans(variable)
        parts = list(map_(partial(_read_leaves, variable), spans))
        where = f"of {_name(manifest)}"
        readable = np.ones(len(published.blocks), bool)
        for (start, stop), part in zip(spans, parts, strict=True):
            if isinstance(part, str):
                readable[start // BLOCK_ROWS : -(-stop // BLOCK_ROWS)] = False
                yield f"{_rows(variable, name, start, stop)} {where} cannot be read: {part}."
        digests = [
            np.zeros((stop - start, 32), np.uint8) if isinstance(part, str) else part
            for (start, stop), part in zip(spans, parts, strict=True)
        ]
        yield from _block_problems(name, variable, published, digests, readable, where)


def _block_problems(
    name: str,
    variable: xr.Variable,
    published: VariableHash,
    digests: list[Digests],
    readable: NDArray[np.bool_],
    where: str,
) -> Iterator[str]:
    rows = np.concatenate(digests)
    got = assemble({name: published.header}, {name: rows}).variables[name].blocks
    wrong = (np.array(got) != np.array(published.blocks)) & readable
    edges = np.flatnonzero(np.diff(wrong, prepend=False, append=False))
    for first, end in edges.reshape(-1, 2).tolist():
        stop = min(end * BLOCK_ROWS, len(rows))
        yield (
            f"{_rows(variable, name, first * BLOCK_ROWS, stop)} {where} do not match the recorded "
            f"hash: expected sha256:{published.blocks[first]}, got sha256:{got[first]}."
        )


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
        return leaves(np.asarray(block.compute(scheduler="synchronous").values))
    except Exception as error:
        return f"{type(error).__name__}: {error}".rstrip(".")


def _rows(variable: xr.Variable, name: str, start: int, stop: int) -> str:
    whole = SAMPLE_DIM not in variable.dims
    return f"{name} values" if whole else f"{name} rows {start} to {stop - 1}"


def _name(manifest: Manifest) -> str:
    return f"{manifest.dataset} {manifest.version}"
