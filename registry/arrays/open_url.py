"""Open one Zarr store of skybench's as users have it: lazy, one split of it, codes as strings."""

from collections.abc import Callable
from typing import Any

import dask.array as da
import numpy as np
import xarray as xr
from dask.threaded import get as in_threads
from numpy.typing import NDArray

from skybench.errors import IntegrityError, NotFoundError
from skybench.registry.arrays.codes import (
    SAMPLE_DIM,
    SPLIT_VARIABLE,
    decode_flags,
    flag_names,
    with_variables,
)
from skybench.registry.arrays.zarr_format import in_chunks, missing_chunks, open_raw


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
    ds = in_chunks(stored, url)
    if split is not None:
        ds = select_split(ds, split, stored)
    if missing := missing_chunks(url):
        msg = (
            f"{url} lacks {len(missing)} of its chunks, first {missing[0]}; "
            "the copy is incomplete, fetch or build it again"
        )
        raise IntegrityError(msg)
    return (decode_flags(ds) if decode else ds).drop_encoding()


def read_whole(variable: xr.Variable) -> NDArray[Any]:
    """Return the values of a variable, in chunks or not."""
    if isinstance(variable.data, da.Array):
        # To find a scheduler by its name, dask first imports distributed, which takes longer.
        codes = variable.data.compute(scheduler=in_threads)  # type: ignore[no-untyped-call]
        return np.asarray(codes)
    return np.asarray(variable.values)


def select_split(
    ds: xr.Dataset,
    split: str,
    stored: xr.Dataset | None = None,
    read: Callable[[xr.Variable], NDArray[Any]] = read_whole,
) -> xr.Dataset:
    """Return the samples of one split, in order, so that each chunk still reads one chunk.

    Parameters
    ----------
    ds : Dataset
        As stored, with codes not decoded.
    split : str
        A name in the flag meanings of the coordinate ``split``.
    stored : Dataset, optional
        The same, not in chunks: its ``split`` is read at once, since a chunk a task takes four
        times as long.
    read : callable
        How that is read.

    Raises
    ------
    NotFoundError
        There is no such split; the message lists those there are.
    """
    variable = (ds if stored is None else stored).variables.get(SPLIT_VARIABLE)
    named = {} if variable is None else {name: code for code, name in flag_names(variable).items()}
    if variable is None or split not in named:
        have = f"it has {', '.join(named)}" if named else "it has no splits"
        msg = f"no split {split!r} in {ds.attrs.get('recipe', 'the dataset')}; {have}"
        raise NotFoundError(msg)
    taken = _Rows(np.flatnonzero(read(variable) == named[split]))
    variables = {name: taken.of(variable) for name, variable in ds.variables.items()}
    return with_variables(ds, variables).assign_attrs(split=split)


class _Rows:
    """Sorted rows to take of variables, which share what dask holds of the rows themselves."""

    def __init__(self, rows: NDArray[np.intp]) -> None:
        self._rows = rows
        self._by_chunks: dict[tuple[int, ...], tuple[list[int], da.Array]] = {}

    def of(self, variable: xr.Variable) -> xr.Variable:
        rows = self._rows
        if SAMPLE_DIM not in variable.dims:
            return variable
        if len(rows) and rows[-1] - rows[0] == len(rows) - 1:
            return variable.isel({SAMPLE_DIM: slice(int(rows[0]), int(rows[-1]) + 1)})
        if not isinstance(variable.data, da.Array) or not len(rows):
            return variable.isel({SAMPLE_DIM: rows})
        axis = variable.dims.index(SAMPLE_DIM)
        return xr.Variable(variable.dims, self._by_chunk(variable.data, axis), variable.attrs)

    def _by_chunk(self, data: da.Array, axis: int) -> da.Array:
        """Each chunk of the result comes from one chunk, which is read once."""
        used, within = self._within(data.chunks[axis])
        if len(used) < data.numblocks[axis]:
            data = data.blocks[(slice(None),) * axis + (used,)]
        dims = tuple(range(data.ndim))
        taken: da.Array = da.blockwise(  # type: ignore[no-untyped-call]
            _rows_of_block,
            dims,
            data,
            dims,
            within,
            (axis,),
            axis=axis,
            dtype=data.dtype,
            meta=data._meta,
            adjust_chunks={axis: within.chunks[0]},
            align_arrays=False,
            concatenate=True,
        )
        return taken

    def _within(self, chunks: tuple[int, ...]) -> tuple[list[int], da.Array]:
        """Return the chunks that have some of the rows, and the rows counted within each."""
        if chunks not in self._by_chunks:
            stops = np.cumsum(chunks)
            parts = np.split(self._rows, np.searchsorted(self._rows, stops[:-1]))
            used = [number for number, part in enumerate(parts) if len(part)]
            within = [parts[number] - (stops[number] - chunks[number]) for number in used]
            counts = tuple(map(len, within))
            joined = da.from_array(np.concatenate(within), chunks=(counts,))  # type: ignore[no-untyped-call]
            self._by_chunks[chunks] = used, joined
        return self._by_chunks[chunks]


def _rows_of_block(block: NDArray[Any], rows: NDArray[np.intp], axis: int) -> NDArray[Any]:
    return block.take(rows, axis=axis)
