"""The documents ``zarr.json`` that skybench writes, of each array and of the group around them.

Each is made here, for the writer to write and for a reader to compare with: what a store from a
stranger says of its codecs, fill values, byte order and names of chunks must be what these
functions say of an array of that shape and dtype. zarr-python 3.1 to 3.4 write the same, to the
byte.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

import numpy as np

from skybench.errors import ParameterError
from skybench.generators.codes import SAMPLE_DIM

Document = dict[str, Any]
"""What a ``zarr.json`` holds."""

METADATA = "zarr.json"

_PIECE_CHUNKS = 4

SHARD_BYTES = 1 << 26
"""Of the values in one shard of a large dataset; one chunk may hold more."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Rows in a chunk (the unit of reading), in a shard (a file), and in a group of shards.

    One writer writes all that a group holds. The shards of the largest variables are of
    `shard_rows`, those of smaller ones longer, up to the whole group, so that a dataset of 10^8
    samples has tens of thousands of files and not millions. By default a group is one shard.
    """

    chunk_rows: int
    shard_rows: int
    group_rows: int = 0

    def __post_init__(self) -> None:
        """Refuse shards that are not whole chunks, and groups that are not whole shards."""
        if self.chunk_rows < 1 or self.shard_rows < 1 or self.shard_rows % self.chunk_rows:
            msg = (
                f"shard_rows must be a multiple of chunk_rows and both at least 1, got "
                f"shard_rows={self.shard_rows}, chunk_rows={self.chunk_rows}"
            )
            raise ParameterError(msg)
        object.__setattr__(self, "group_rows", self.group_rows or self.shard_rows)
        if self.group_rows % self.shard_rows:
            msg = f"group_rows must be a multiple of shard_rows, got {self}"
            raise ParameterError(msg)

    def shard_rows_of(self, row_bytes: int) -> int:
        """Return the rows in a shard of a variable with rows of so many bytes."""
        rows = self.shard_rows
        while self.group_rows % (2 * rows) == 0 and 2 * rows * row_bytes <= SHARD_BYTES:
            rows *= 2
        return rows

    def groups(self, samples: int) -> list[tuple[int, int]]:
        """Return the (start, stop) rows of each group."""
        return _cut(0, samples, self.group_rows)

    def pieces(self, stop: int, start: int = 0) -> list[tuple[int, int]]:
        """Return the rows to have in memory together: whole chunks, never more than a shard."""
        return _cut(start, stop, min(self.shard_rows, _PIECE_CHUNKS * self.chunk_rows))


def _cut(start: int, stop: int, rows: int) -> list[tuple[int, int]]:
    return [(first, min(first + rows, stop)) for first in range(start, stop, rows)]


def array_document(
    dims: Sequence[str],
    shape: Sequence[int],
    dtype: np.dtype[Any],
    attributes: Mapping[str, Any],
    layout: Layout,
) -> Document:
    """Return the metadata of one array.

    Parameters
    ----------
    dims, shape
        Names and lengths of its dimensions.
    dtype : dtype
        Boolean, integer or floating; stored little endian.
    attributes : mapping
        As JSON has them.
    layout : Layout
        Of arrays along ``sample``; others are one chunk.
    """
    codecs = _codecs(dtype.itemsize)
    chunk = grid = [max(1, size) for size in shape]
    if SAMPLE_DIM in dims:
        rows = layout.shard_rows_of(dtype.itemsize * prod(shape[1:]))
        chunk, grid = [layout.chunk_rows, *chunk[1:]], [rows, *grid[1:]]
        codecs = [_shards(chunk, codecs)]
    return {
        "shape": [*shape],
        "data_type": dtype.name,
        "chunk_grid": _configured("regular", chunk_shape=grid),
        "chunk_key_encoding": _configured("default", separator="/"),
        "fill_value": "NaN" if dtype.kind == "f" else fill_value(dtype),
        "codecs": codecs,
        "attributes": dict(attributes),
        **({"dimension_names": [*dims]} if dims else {}),
        "zarr_format": 3,
        "node_type": "array",
        "storage_transformers": [],
    }


def group_document(attributes: Mapping[str, Any], arrays: Mapping[str, Document]) -> Document:
    """Return the metadata of the group, with those of its arrays, by name, consolidated in it."""
    return {
        "attributes": dict(attributes),
        "zarr_format": 3,
        "consolidated_metadata": {
            "kind": "inline",
            "must_understand": False,
            "metadata": {name: arrays[name] for name in sorted(arrays)},
        },
        "node_type": "group",
    }


def document_text(document: Document) -> str:
    """Return the text of a document as it lies in a store."""
    return json.dumps(document, indent=2)


def is_same(one: Any, other: Any) -> bool:
    """Tell whether two values are one in JSON, where 1, 1.0 and true are three."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def chunk_keys_of(name: str, document: Document) -> list[str]:
    """Return the keys of the files that hold the chunks, or the shards, of an array."""
    grid = document["chunk_grid"]["configuration"]["chunk_shape"]
    counts = [-(-size // step) for size, step in zip(document["shape"], grid, strict=True)]
    return ["/".join([name, "c", *map(str, index)]) for index in product(*map(range, counts))]


def fill_value(dtype: np.dtype[Any]) -> Any:
    """Return what a missing chunk reads as: no value that skybench stores, where there is one."""
    if dtype.kind == "f":
        return np.nan
    if dtype.kind == "b":
        return False
    return int(np.iinfo(dtype).min if dtype.kind == "i" else np.iinfo(dtype).max)


def _codecs(itemsize: int) -> list[Document]:
    """Return the chain by which the values of a chunk become bytes under a checksum."""
    blosc = {"typesize": itemsize, "cname": "lz4", "clevel": 5, "shuffle": "bitshuffle"}
    little = _configured("bytes", endian="little")
    return [
        {"name": "bytes"} if itemsize == 1 else little,
        _configured("blosc", **blosc, blocksize=0),
        {"name": "crc32c"},
    ]


def _shards(chunk: Sequence[int], codecs: Sequence[Document]) -> Document:
    return _configured(
        "sharding_indexed",
        chunk_shape=[*chunk],
        codecs=[*codecs],
        index_codecs=[_configured("bytes", endian="little"), {"name": "crc32c"}],
        index_location="end",
    )


def _configured(name: str, **configuration: Any) -> Document:
    return {"name": name, "configuration": configuration}
