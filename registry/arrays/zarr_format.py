"""How a dataset lies in Zarr: version 3, sharded along ``sample``, every byte under a checksum.

Arrays go through bytes, Blosc (LZ4, bit shuffle) and CRC32C. All arrays along ``sample`` share
chunk rows, and their shards lie whole in groups of rows, so one writer fills whole shards of every
variable. Chunks that are missing read as the fill value without an error; fill values are
therefore impossible ones, and `missing_chunks` names what is not there.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from math import prod
from threading import Lock
from typing import Any

import numpy as np
import xarray as xr
from dask import threaded
from dask.base import tokenize
from numpy.typing import NDArray
from xarray.conventions import encode_dataset_coordinates
from zarr.storage import FsspecStore, LocalStore

from skybench.errors import NotFoundError, ParameterError
from skybench.generators.codes import SAMPLE_DIM, with_variables
from skybench.registry.arrays.shards import ShardWriter, chunk_bytes
from skybench.registry.arrays.zarr_documents import (
    METADATA,
    SHARD_BYTES,
    array_document,
    chunk_keys_of,
    document_text,
    fill_value,
    group_document,
)
from skybench.registry.arrays.zarr_documents import Layout as Layout
from skybench.registry.arrays.zarr_metadata import ZarrMetadata, check_zarr
from skybench.registry.storage.store import Store

_CHUNK_BYTES = 4 << 20
_MIN_CHUNK_ROWS, _MAX_CHUNK_ROWS = 64, 512
_MIN_SHARDS, _CHUNKS_PER_SHARD = 8, 4
_MIN_LARGE_SHARDS, _MIN_GROUPS = 64, 32
_GROUP_BYTES = 1 << 30
"""Of the values that one writer renders: a minute or so of work, which a crash may lose."""


def _forget_pool() -> None:
    """Make a forked process, such as a DataLoader's worker, start threads of its own for dask.

    The pool that it inherits has lost its threads, and whoever waits for them waits for ever.
    """
    threaded.default_pool = None
    threaded.pools.clear()
    threaded.pools_lock = Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_pool)


def choose_layout(
    template: xr.Dataset,
    samples: int,
    chunk_rows: int | None = None,
    shard_rows: int | None = None,
) -> Layout:
    """Return a layout with chunks of at most 4 MB and 512 rows, up to four of them to a shard.

    A small dataset gets smaller chunks and shards, so that workers can still share it. A large one
    gets larger shards, and groups of them, as long as there are 32 groups to share.

    Parameters
    ----------
    template : Dataset
        Its variables' row sizes decide.
    samples : int
        The samples to be stored.
    chunk_rows, shard_rows
        Given rows instead of chosen ones.

    Raises
    ------
    ParameterError
        The given rows do not make whole chunks in a shard.
    """
    sizes = [1, *(_row_bytes(v) for v in template.variables.values())]
    row_bytes = max(sizes)
    if chunk_rows is None:
        shared = max(_MIN_CHUNK_ROWS, samples // _CHUNKS_PER_SHARD)
        fitting = max(1, min(_MAX_CHUNK_ROWS, _CHUNK_BYTES // row_bytes, shared))
        chunk_rows = 1 << (fitting.bit_length() - 1)
    if shard_rows is not None:
        return Layout(chunk_rows=chunk_rows, shard_rows=shard_rows)
    chunks = samples // (_MIN_SHARDS * max(1, chunk_rows))
    shard_rows = chunk_rows * min(max(1, chunks), _CHUNKS_PER_SHARD)
    large = samples // _MIN_LARGE_SHARDS
    shard_rows = _doubled(shard_rows, min(large, SHARD_BYTES // row_bytes))
    large = samples // _MIN_GROUPS
    group_rows = _doubled(shard_rows, min(large, _GROUP_BYTES // sum(sizes)))
    return Layout(chunk_rows=chunk_rows, shard_rows=shard_rows, group_rows=group_rows)


def _doubled(rows: int, most: int) -> int:
    """Return rows, doubled as often as they stay at `most`."""
    return rows << max(0, (most // rows).bit_length() - 1)


def lengthened(template: xr.Dataset, samples: int) -> xr.Dataset:
    """Return the template with so many samples, all zero and without memory for them."""
    variables = {name: _stretched(v, samples) for name, v in template.variables.items()}
    return with_variables(template, variables)


def create(url: str, template: xr.Dataset, samples: int, layout: Layout) -> None:
    """Write the metadata of a dataset of so many samples, and its variables without ``sample``.

    Parameters
    ----------
    url : str
        A path or any fsspec URL; what is there is replaced.
    template : Dataset
        Names, dimensions, dtypes and attributes; its rows along ``sample`` are not written.
    samples : int
        The length of ``sample``.
    layout : Layout
        The chunk and shard rows.

    Raises
    ------
    ParameterError
        A name, dtype or attribute is none that skybench would read again.
    """
    store, group = Store(url), metadata_of(template, samples, layout)
    store.remove("")
    for name, array in group.arrays.items():
        store.write(f"{name}/{METADATA}", document_text(array), durable=False)
        variable = template.variables[name]
        if SAMPLE_DIM not in variable.dims and variable.size:
            (key,) = chunk_keys_of(name, array)
            store.write(key, chunk_bytes(variable.values), durable=False)
    store.write(METADATA, document_text(group.document), durable=False)


def metadata_of(template: xr.Dataset, samples: int, layout: Layout) -> ZarrMetadata:
    """Return what `create` writes of a dataset; raises as it does."""
    variables, attributes = encode_dataset_coordinates(template.drop_encoding())
    arrays = {
        str(name): array_document(
            [str(dim) for dim in variable.dims],
            _shape(variable, samples),
            variable.dtype,
            _plain(variable.attrs),
            layout,
        )
        for name, variable in variables.items()
    }
    made = ZarrMetadata(document=group_document(_plain(attributes), arrays))
    for fault in made.faults():
        msg = f"this dataset cannot be stored: {fault}"
        raise ParameterError(msg)
    return made


class RowWriter:
    """Writes rows of variables in order; each shard at once, when all its rows are there.

    Whole shards are written, which keeps writers apart: what a shard held before is replaced.

    Parameters
    ----------
    url : str
        Of the Zarr store.
    start : int
        The first row, that of a shard of each variable.
    layout : Layout

    Raises
    ------
    ParameterError
        ``start`` is not the first row of a shard.
    """

    def __init__(self, url: str, start: int, layout: Layout) -> None:
        self._store = Store(url)
        self._start = start
        self._layout = layout
        self._begun: dict[str, ShardWriter] = {}
        self._keys: dict[str, Iterator[str]] = {}

    def add(self, columns: Mapping[str, NDArray[Any]]) -> None:
        """Add the next rows: whole chunks of them, but for the last of the dataset."""
        for name, values in columns.items():
            done = 0
            while done < len(values):
                shard = self._begun.get(name) or self._begin(name, values)
                rows = values[done : done + shard.room]
                shard.add(rows, fill_value(values.dtype))
                done += len(rows)
                if not shard.room:
                    self._write(name)

    def close(self) -> None:
        """Write the last shards, which are not full where the dataset ends."""
        for name in [*self._begun]:
            self._write(name)

    def _begin(self, name: str, values: NDArray[Any]) -> ShardWriter:
        rows = self._layout.shard_rows_of(values.dtype.itemsize * prod(values.shape[1:]))
        if self._start % rows:
            msg = f"rows are written from the start of a shard of {rows}, got row {self._start}"
            raise ParameterError(msg)
        rest = "/0" * (values.ndim - 1)
        keys = (f"{name}/c/{number}{rest}" for number in count(self._start // rows))
        self._keys.setdefault(name, keys)
        self._begun[name] = ShardWriter(self._layout.chunk_rows, rows)
        return self._begun[name]

    def _write(self, name: str) -> None:
        parts = self._begun.pop(name).parts
        self._store.write(next(self._keys[name]), parts, durable=False)


def write_rows(url: str, start: int, columns: Mapping[str, NDArray[Any]], layout: Layout) -> None:
    """Write rows from ``start`` on of variables along ``sample``, as `RowWriter` does."""
    writer = RowWriter(url, start, layout)
    writer.add(columns)
    writer.close()


def open_raw(url: str, *, chunked: bool = True, metadata: ZarrMetadata | None = None) -> xr.Dataset:
    """Return a dataset as stored: lazy, codes not decoded.

    Parameters
    ----------
    url : str
        A path or any fsspec URL.
    chunked : bool
        Whether variables are dask arrays, with chunks as in the store.
    metadata : ZarrMetadata, optional
        Its metadata, where they were read and checked already.

    Raises
    ------
    NotFoundError
        No dataset is there.
    IntegrityError
        Its metadata hold what skybench never writes.
    """
    try:
        if metadata is None:
            check_zarr(Store(url))
    except NotFoundError as missing:
        msg = f"no consolidated Zarr dataset at {url}: {missing}"
        raise NotFoundError(msg) from None
    try:
        ds = xr.open_dataset(
            zarr_store(url),  # type: ignore[arg-type]  # engine zarr takes it; the types do not
            engine="zarr",
            chunks=None,
            cache=False,
            consolidated=True,
            mask_and_scale=False,
            decode_times=False,
            zarr_format=3,
        )
    except (LookupError, OSError, TypeError, ValueError) as error:
        msg = f"no consolidated Zarr dataset at {url}: {error}"
        raise NotFoundError(msg) from error
    for variable in ds.variables.values():
        for name in {"flag_values", "flag_masks"} & variable.attrs.keys():
            variable.attrs[name] = np.asarray(variable.attrs[name], variable.dtype)
    return in_chunks(ds, url) if chunked else ds


def in_chunks(ds: xr.Dataset, url: str) -> xr.Dataset:
    """Return a dataset that is not chunked with dask arrays, which read a chunk a task.

    Parameters
    ----------
    ds : Dataset
        As `open_raw` returns it.
    url : str
        Where it is from, which keeps the tasks of two datasets apart.
    """
    token = tokenize(str(Store(url)))
    variables = {
        name: variable
        if isinstance(variable, xr.IndexVariable) or not variable.ndim
        else variable.chunk(variable.encoding["preferred_chunks"], name=f"{name}-{token}")
        for name, variable in ds.variables.items()
    }
    return with_variables(ds, variables)


def chunk_keys(url: str) -> list[str]:
    """Return the key of every object of chunk data that the store must hold."""
    return check_zarr(Store(url)).chunk_keys()


def missing_chunks(url: str, keys: Sequence[str] | None = None) -> list[str]:
    """Return the keys of chunks that are absent or empty, of all `chunk_keys` by default."""
    keys, store = chunk_keys(url) if keys is None else keys, Store(url)
    present = store.sizes_of(keys) if store.is_web else store.sizes("")
    return [key for key in keys if not present.get(key)]


def zarr_store(url: str) -> LocalStore | FsspecStore:
    """Return the Zarr store at a path or any fsspec URL."""
    place = Store(url)
    if place.is_local:
        return LocalStore(place.root)
    if place.is_web:
        return FsspecStore(place.fs.for_zarr(), path=place.root)
    return FsspecStore.from_url(url)


def _stretched(variable: xr.Variable, samples: int) -> xr.Variable:
    if SAMPLE_DIM not in variable.dims:
        return variable
    zeros = np.broadcast_to(np.zeros((), variable.dtype), _shape(variable, samples))
    return xr.Variable(variable.dims, zeros, variable.attrs)


def _shape(variable: xr.Variable, samples: int) -> tuple[int, ...]:
    return tuple(samples if dim == SAMPLE_DIM else variable.sizes[dim] for dim in variable.dims)


def _plain(attributes: Mapping[Any, Any]) -> dict[str, Any]:
    """Return attributes as JSON has them."""
    return {
        str(name): value.tolist() if isinstance(value, np.ndarray | np.generic) else value
        for name, value in attributes.items()
    }


def _row_bytes(variable: xr.Variable) -> int:
    if SAMPLE_DIM not in variable.dims:
        return 1
    return int(variable.dtype.itemsize * np.prod(variable.shape[1:], dtype=np.int64))
