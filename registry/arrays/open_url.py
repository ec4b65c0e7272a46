"""Open one Zarr store of skybench's as users have it: lazy, one split of it, codes as strings."""

from collections.abc import Callable, Hashable
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import dask.array as da
import numpy as np
import xarray as xr
from dask.base import tokenize
from dask.highlevelgraph import HighLevelGraph
from dask.typing import Key
from numpy.typing import NDArray

from skybench.errors import IntegrityError, NotFoundError
from skybench.generators.codes import (
    ID_VARIABLE,
    SAMPLE_DIM,
    SET_VARIABLE,
    once,
    presented,
    with_variables,
)
from skybench.registry.arrays.chunked_rows import stored_rows
from skybench.registry.arrays.zarr_format import in_chunks, missing_chunks, open_raw
from skybench.registry.hashing.parts import members_of

_CHOSEN_BY = {SAMPLE_DIM, "class", SET_VARIABLE}
"""Dimensions of the coordinates by which samples are chosen."""

_READ_AT_ONCE = 1 << 24
"""Bytes of coordinates that hardly delay the opening; more of them are read when they are used."""

MOST_IN_MEMORY = 1 << 28
"""Bytes of coordinates that stay there once they are read."""


def is_url(text: str) -> bool:
    """Tell whether text is the path or URL of a Zarr store, and no reference to a version."""
    return (
        "://" in text or text.rstrip("/").endswith(".zarr") or (Path(text) / "zarr.json").is_file()
    )


def open_url(url: str, *, split: str | None = None, decode: bool = True) -> xr.Dataset:
    """Return the dataset in one Zarr store, without the manifest that would prove it.

    Parameters
    ----------
    url : str
        A path or any fsspec URL of a store that skybench wrote.
    split, decode
        As for `skybench.open`.

    Raises
    ------
    NotFoundError
        There is no such store or split.
    IntegrityError
        Chunks are missing, which would read as fill values without an error.
    """
    stored = open_raw(url, chunked=False)
    ds = with_coordinates(stored, url)
    if split is not None:
        ds = select_split(ds, split)
    if missing := missing_chunks(url):
        msg = (
            f"{url} lacks {len(missing)} of its chunks, first {missing[0]}; "
            "the copy is incomplete, fetch or build it again"
        )
        raise IntegrityError(msg)
    ds = ds.drop_encoding()
    return presented(ds) if decode else ds


def with_coordinates(stored: xr.Dataset, url: str) -> xr.Dataset:
    """Return a dataset in chunks, with what samples are chosen and grouped by in memory.

    That are the coordinates on (sample), and which classes are present. Then ``where``, masks and
    ``groupby`` work as on any dataset. Numbers of sources, such as ``flux``, are read whenever they
    are used, so that masks and groups can be made of them, too. Where all that is more than can be
    read in no time, each coordinate is read when it is first used, up to two million samples all
    but their identity, by which they are found; those of a dataset of tens of millions are dask
    arrays.

    Parameters
    ----------
    stored : Dataset
        As `open_raw` gives it, not in chunks.
    url : str
        Where it is from.
    """
    coords = {n: stored.variables[n] for n in stored.coords if SAMPLE_DIM in stored[n].dims}
    held = in_memory(stored, partial(stored_rows, url), _READ_AT_ONCE)
    if held or not coords:
        numbers = {n: v for n, v in coords.items() if "flag_values" not in v.attrs}
        lazy = {n: v for n, v in numbers.items() if v.nbytes <= MOST_IN_MEMORY}
    else:
        identity = stored[[name for name in coords if name == ID_VARIABLE]]
        held = in_memory(identity, partial(stored_rows, url), _READ_AT_ONCE)
        lazy = {n: _kept(v) for n, v in coords.items() if v.nbytes <= MOST_IN_MEMORY}
    others = stored.drop_vars(lazy.keys() | held.keys())
    return with_variables(stored, {**in_chunks(others, url).variables, **lazy, **held})


def in_memory(
    stored: xr.Dataset, read: Callable[[str, xr.Variable], NDArray[Any]], most: int
) -> dict[Hashable, xr.Variable]:
    """Return what samples are chosen by, read at once; nothing where that has too many bytes.

    Parameters
    ----------
    stored : Dataset
        As `open_raw` gives it, not in chunks.
    read : callable
        Name and stored variable to values.
    most : int
        Bytes that may be read.
    """
    coords = {n: stored.variables[n] for n in stored.coords if SAMPLE_DIM in stored[n].dims}
    chosen_by = {n: v for n, v in coords.items() if {*v.dims} <= _CHOSEN_BY}
    if sum(variable.nbytes for variable in chosen_by.values()) > most:
        return {}
    return {n: xr.Variable(v.dims, read(str(n), v), v.attrs) for n, v in chosen_by.items()}


def _kept(variable: xr.Variable) -> xr.Variable:
    """Return a lazy variable that stays in memory once all of it is read."""
    return xr.Variable(variable.dims, once(variable._data), variable.attrs)


def select_split(ds: xr.Dataset, split: str) -> xr.Dataset:
    """Return the samples of one split or set, in order, in chunks of one length.

    Parameters
    ----------
    ds : Dataset
        As stored, with codes not decoded.
    split : str
        A name in the flag meanings of the coordinate ``split`` or ``set``.

    Raises
    ------
    NotFoundError
        There is no such split or set; the message lists those there are.
    """
    members = members_of(ds)
    if split not in members:
        have = f"it has {', '.join(members)}" if members else "it has no splits"
        msg = f"no split {split!r} in {ds.attrs.get('recipe', 'the dataset')}; {have}"
        raise NotFoundError(msg)
    taken = _Rows(np.flatnonzero(members[split]))
    variables = {name: taken.of(variable) for name, variable in ds.variables.items()}
    return with_variables(ds, variables).assign_attrs(split=split)


class _Rows:
    """Sorted rows to take of variables, in chunks of one length, as Zarr wants them."""

    def __init__(self, rows: NDArray[np.intp]) -> None:
        self._rows, self._token = rows, tokenize(rows)
        self._by_chunks: dict[tuple[int, ...], list[_Part]] = {}

    def of(self, variable: xr.Variable) -> xr.Variable:
        rows = self._rows
        if SAMPLE_DIM not in variable.dims:
            return variable
        if variable.chunks is None or not len(rows):
            return variable.isel({SAMPLE_DIM: rows})
        axis = variable.dims.index(SAMPLE_DIM)
        return xr.Variable(variable.dims, self._taken(variable.data, axis), variable.attrs)

    def _taken(self, data: da.Array, axis: int) -> da.Array:
        """Return the rows; each chunk of the result reads the chunks that hold its rows, whole."""
        parts = self._parts(data.chunks[axis])
        name = f"{data.name}-{self._token}"
        others = [range(1) if k == axis else range(n) for k, n in enumerate(data.numblocks)]
        graph: dict[Key, Any] = {}
        for number, part in enumerate(parts):
            for place in product(*others):
                keys = [(data.name, *place[:axis], b, *place[axis + 1 :]) for b in part.blocks]
                key: Key = (name, *place[:axis], number, *place[axis + 1 :])
                graph[key] = (_rows_of_blocks, keys, list(part.within), axis)
        lengths = tuple(sum(map(len, part.within)) for part in parts)
        chunks = (*data.chunks[:axis], lengths, *data.chunks[axis + 1 :])
        layers = HighLevelGraph.from_collections(name, graph, dependencies=[data])  # type: ignore[list-item]
        return da.Array(layers, name, chunks, meta=data._meta)  # type: ignore[no-untyped-call]

    def _parts(self, chunks: tuple[int, ...]) -> "list[_Part]":
        if chunks not in self._by_chunks:
            stops, length = np.cumsum(chunks), max(chunks)
            self._by_chunks[chunks] = [
                _Part.of(self._rows[first : first + length], stops)
                for first in range(0, len(self._rows), length)
            ]
        return self._by_chunks[chunks]


class _Part(NamedTuple):
    """Rows that are taken together: the blocks that hold them, and their places within each."""

    blocks: list[int]
    within: list[NDArray[np.intp]]

    @classmethod
    def of(cls, rows: NDArray[np.intp], stops: NDArray[np.intp]) -> "_Part":
        blocks, first = np.unique(np.searchsorted(stops, rows, side="right"), return_index=True)
        starts = [stops[block - 1] if block else 0 for block in blocks]
        split = np.split(rows, first[1:])
        return cls(
            blocks.tolist(), [part - start for part, start in zip(split, starts, strict=True)]
        )


def _rows_of_blocks(
    blocks: list[NDArray[Any]], within: list[NDArray[np.intp]], axis: int
) -> NDArray[Any]:
    taken = [block.take(rows, axis=axis) for block, rows in zip(blocks, within, strict=True)]
    return np.concatenate(taken, axis=axis)
