"""The rows of a variable, chunk by chunk: straight from the shards of a store, or from an array.

zarr-python decodes a chunk through an event loop, threads and copies, at a third of the rate that
whoever streams a dataset again and again can have.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import dask
import numpy as np
import xarray as xr
import zarr
from numpy.typing import NDArray

from skybench.errors import IntegrityError
from skybench.generators.codes import SAMPLE_DIM
from skybench.registry.arrays.shards import ShardForm
from skybench.registry.arrays.zarr_format import zarr_store
from skybench.registry.storage.store import Store

_ARRAY_ROWS = 256
"""Rows of a chunk of an array in memory."""


class ChunkedRows(Protocol):
    """A variable whose rows are read chunk by chunk, by several threads and after a fork."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the values."""

    @property
    def row_shape(self) -> tuple[int, ...]:
        """Of one sample."""

    @property
    def lengths(self) -> tuple[int, ...]:
        """The rows of each chunk."""

    @property
    def room(self) -> int:
        """The rows that an array must have for a chunk to be read into it."""

    def read(self, number: int, out: NDArray[Any]) -> None:
        """Put the rows of a chunk first into an array of `room` rows or more."""


@dataclass(frozen=True, kw_only=True)
class ShardedRows:
    """A variable along ``sample`` as skybench stores it; each chunk is under its checksum.

    It holds no open file, so it can be pickled and used after a fork.

    Parameters
    ----------
    url : str
        Of the Zarr store.
    name : str
    form : ShardForm
    said : str
        How messages call the dataset and the fix.
    """

    url: str
    name: str
    form: ShardForm
    said: str = ""
    _places: dict[int, list[tuple[int, int]]] = field(default_factory=dict, repr=False)

    @property
    def dtype(self) -> np.dtype[Any]:
        """As stored."""
        return self.form.dtype

    @property
    def row_shape(self) -> tuple[int, ...]:
        """Of one sample."""
        return self.form.row_shape

    @cached_property
    def lengths(self) -> tuple[int, ...]:
        """The rows of each chunk."""
        form = self.form
        return tuple(
            min(form.chunk_rows, form.rows - start)
            for start in range(0, form.rows, form.chunk_rows)
        )

    @property
    def room(self) -> int:
        """The rows of a whole chunk, which may be more than there are in all."""
        return self.form.chunk_rows

    def read(self, number: int, out: NDArray[Any]) -> None:
        """Put the rows of a chunk first into an array of `room` rows or more.

        Raises
        ------
        IntegrityError
            A checksum is wrong, or the chunk is missing.
        NotFoundError, StoreError
            The shard is missing, or cannot be read.
        """
        shard, within = divmod(number, self.form.shard_rows // self.form.chunk_rows)
        key = f"{self.name}/{self.form.shard_key(shard)}"
        store, first = Store(self.url), number * self.form.chunk_rows
        with self._reading(first, first + self.lengths[number]):
            if shard not in self._places:
                self._places[shard] = self.form.places(
                    store.read_range(key, -self.form.index_bytes)
                )
            start, length = self._places[shard][within]
            self.form.decode(store.read_range(key, start, start + length), out[: self.room])

    def read_whole(self) -> NDArray[Any]:
        """Return all rows, read shard by shard; raises as `read`."""
        store = Store(self.url)
        values = np.empty((self.form.rows, *self.row_shape), self.dtype.newbyteorder("="))
        for number, key in enumerate(self.form.shard_keys()):
            data = store.read_bytes(f"{self.name}/{key}")
            for start, stop in self.form.chunks(number):
                with self._reading(start, stop):
                    values[start:stop] = self.form.values(data, (start, stop))
        return values

    @contextmanager
    def _reading(self, start: int, stop: int) -> Iterator[None]:
        """Say which rows cannot be read."""
        try:
            yield
        except IntegrityError as error:
            rows = f"{self.name} rows {start} to {stop - 1}"
            msg = f"{rows} of {self.url} cannot be read: {error}. {self.said}".rstrip()
            raise IntegrityError(msg) from None


@dataclass(frozen=True, kw_only=True)
class ArrayRows:
    """A variable whose first dimension is ``sample``, in memory or in the chunks of dask.

    Parameters
    ----------
    variable : Variable
    lengths : tuple of int
        As `chunk_lengths` tells them for its dataset, so that all variables have the same chunks.
    """

    variable: xr.Variable
    lengths: tuple[int, ...]

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the variable."""
        return np.dtype(str(self.variable.dtype))

    @property
    def row_shape(self) -> tuple[int, ...]:
        """Of one sample."""
        return self.variable.shape[1:]

    @property
    def room(self) -> int:
        """The rows of the longest chunk."""
        return max(self.lengths, default=0)

    @cached_property
    def starts(self) -> NDArray[np.intp]:
        """Where each chunk begins."""
        return chunk_starts(self.lengths)

    def read(self, number: int, out: NDArray[Any]) -> None:
        """Put the rows of a chunk first into an array; raises what computing them raises."""
        start, length = int(self.starts[number]), self.lengths[number]
        rows = self.variable.isel({SAMPLE_DIM: slice(start, start + length)})
        # In this thread: the caller has several, and those of dask would not survive a fork.
        with dask.config.set(scheduler="synchronous"):
            out[:length] = rows.values


def chunk_lengths(ds: xr.Dataset) -> tuple[int, ...]:
    """Return the rows of each chunk of a dataset whose chunks are unified, or is in memory."""
    if SAMPLE_DIM in ds.chunksizes:
        return ds.chunksizes[SAMPLE_DIM]
    rows = ds.sizes[SAMPLE_DIM]
    return tuple(min(_ARRAY_ROWS, rows - start) for start in range(0, rows, _ARRAY_ROWS))


def chunk_starts(lengths: tuple[int, ...]) -> NDArray[np.intp]:
    """Return the row at which each chunk begins, and at last that at which they all end."""
    return np.cumsum((0, *lengths), dtype=np.intp)


def chunk_numbers(starts: NDArray[np.intp], rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the chunk that each row is in."""
    return np.searchsorted(starts, rows, side="right") - 1


def rows_by_chunk(starts: NDArray[np.intp], rows: NDArray[np.intp]) -> dict[int, NDArray[np.intp]]:
    """Return ascending rows, counted within their chunk, by the number of each that has any."""
    found, first = np.unique(chunk_numbers(starts, rows), return_index=True)
    parts = np.split(rows, first[1:]) if len(found) else []
    return {int(n): part - starts[n] for n, part in zip(found, parts, strict=True)}


def stored_rows(url: str, name: str, variable: xr.Variable) -> NDArray[Any]:
    """Return the values of a variable as `open_raw` gives it, at once.

    On a local disk its shards are read here, at a quarter of the cost; from elsewhere by Zarr,
    which asks for many of their chunks at the same time.
    """
    shards = variable.encoding.get("shards")
    if not shards or not variable.size or not Store(url).is_local:
        return np.asarray(variable)
    form = ShardForm(
        dtype=variable.dtype.newbyteorder("<"),
        row_shape=variable.shape[1:],
        rows=variable.shape[0],
        chunk_rows=variable.encoding["chunks"][0],
        shard_rows=shards[0],
    )
    return ShardedRows(url=url, name=name, form=form).read_whole()


def sharded_rows(url: str, said: str = "") -> dict[str, ShardedRows]:
    """Return the variables of a Zarr store that lie in shards along ``sample``, by name."""
    group = zarr.open_group(zarr_store(url), mode="r", zarr_format=3)
    forms = {name: ShardForm.of(array) for name, array in group.arrays()}
    return {
        name: ShardedRows(url=url, name=name, form=form, said=said)
        for name, form in forms.items()
        if form is not None
    }
