"""Rows that are compared with the published hashes whenever they are read, and not before."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import dask.array as da
import numpy as np
import xarray as xr
from dask.base import tokenize
from numpy.typing import NDArray

from skybench.generators.codes import SAMPLE_DIM
from skybench.registry.hashing.content_hash import BLOCK_ROWS, block_digests, leaves
from skybench.registry.proof.digests_beside import blocks_of
from skybench.registry.proof.file_check import damage, name_of
from skybench.registry.proof.row_check import described_rows, mismatch
from skybench.registry.storage.store import Store
from skybench.registry.versions.manifest import Manifest


def with_checked_rows(ds: xr.Dataset, manifest: Manifest, store: Store) -> xr.Dataset:
    """Return a dataset each of whose chunks is checked when it is read.

    Chunks are whole blocks of 256 rows, the least that can be checked, and not shorter than those
    of the store. Variables without ``sample`` are small: they are read and checked at once.

    Parameters
    ----------
    ds : Dataset
        As stored, lazy and not chunked.
    manifest : Manifest
        Has the digests.
    store : Store
        Has the version.

    Raises
    ------
    IntegrityError
        A variable without ``sample`` is not as published; others raise it when they are read.
    """
    where = store.url_of(f"{manifest.key}/{manifest.zarr}")  # keeps the tasks of copies apart
    return ds.assign(
        {
            name: _checked(CheckedRows.of(str(name), variable, manifest, store), where)
            for name, variable in ds.variables.items()
        }
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class CheckedRows:
    """A variable in a store with the digests of its blocks.

    Attributes
    ----------
    name, version, reference : str
        How messages call the variable and its version.
    variable : Variable
        Lazy; it is pickled with the store it reads, so workers elsewhere check too.
    blocks : sequence of str
        The published digests.
    rows : int
        Rows to read together, whole blocks of them.
    """

    name: str
    version: str
    reference: str
    variable: xr.Variable
    blocks: Sequence[str]
    rows: int

    @classmethod
    def of(
        cls, name: str, variable: xr.Variable, manifest: Manifest, store: Store
    ) -> "CheckedRows":
        """Return the checked form of a variable of a version."""
        chunk = variable.encoding.get("preferred_chunks", {}).get(SAMPLE_DIM, BLOCK_ROWS)
        return cls(
            name=name,
            version=name_of(manifest),
            reference=manifest.reference,
            variable=variable,
            blocks=blocks_of(manifest, name, store),
            rows=-(-chunk // BLOCK_ROWS) * BLOCK_ROWS,
        )

    def read(self, starts: NDArray[np.int64]) -> NDArray[Any]:
        """Return the rows that begin at the one row in `starts`.

        Raises
        ------
        IntegrityError
            They cannot be read, or are not those that were published.
        """
        start = int(starts[0])
        stop = min(start + self.rows, self.variable.sizes[SAMPLE_DIM])
        values = self._values(self.variable.isel({SAMPLE_DIM: slice(start, stop)}), start, stop)
        self._check(leaves(values), start, stop)
        return values

    def read_whole(self) -> NDArray[Any]:
        """Return all values at once, for variables that are small; raises as `read`."""
        along = SAMPLE_DIM in self.variable.dims
        rows = self.variable.sizes[SAMPLE_DIM] if along else 1
        values = self._values(self.variable, 0, rows)
        self._check(leaves(values if along else values[None]), 0, rows)
        return values

    def _values(self, variable: xr.Variable, start: int, stop: int) -> NDArray[Any]:
        try:
            return np.asarray(variable.values, _native(variable))
        except Exception as error:  # codecs raise anything
            said = f"{self._where(start, stop)} cannot be read: {type(error).__name__}: {error}"
            raise damage(self.reference, (f"{said.rstrip('.')}.",)) from None

    def _check(self, digests: NDArray[np.uint8], start: int, stop: int) -> None:
        for number, got in enumerate(block_digests(digests), start // BLOCK_ROWS):
            if got != self.blocks[number]:
                first = number * BLOCK_ROWS
                where = self._where(first, min(first + BLOCK_ROWS, stop))
                raise damage(self.reference, (mismatch(where, self.blocks[number], got),))

    def _where(self, start: int, stop: int) -> str:
        return f"{described_rows(self.variable, self.name, start, stop)} of {self.version}"


def _checked(source: CheckedRows, where: str) -> xr.Variable:
    variable = source.variable
    if SAMPLE_DIM not in variable.dims or not variable.size:
        return xr.Variable(variable.dims, source.read_whole(), variable.attrs)
    rows = variable.sizes[SAMPLE_DIM]
    starts = range(0, rows, source.rows)
    lengths = tuple(min(source.rows, rows - start) for start in starts)
    data = da.map_blocks(  # type: ignore[no-untyped-call]
        source.read,
        da.from_array(np.array(starts), chunks=1),  # type: ignore[no-untyped-call]
        chunks=(lengths, *((size,) for size in variable.shape[1:])),
        new_axis=list(range(1, variable.ndim)),
        dtype=_native(variable),
        meta=np.empty((0,) * variable.ndim, _native(variable)),
        name=f"checked-{source.reference}-{source.name}-{tokenize(where, source.blocks)}",
    )
    return xr.Variable(variable.dims, data, variable.attrs)


def _native(variable: xr.Variable) -> np.dtype[Any]:
    """Return the dtype in this machine's byte order, without which netCDF4 warns of another."""
    dtype: np.dtype[Any] = variable.dtype.newbyteorder("=")
    return dtype
