"""The bytes of a shard, as Zarr's ``sharding_indexed`` codec defines them, written and read.

zarr-python passes each chunk of each variable through an event loop and a thread, which costs more
than compressing it where variables are small. A builder writes whole shards only, and these
are simple: the encoded chunks one after the other, then where each begins and how long it is.
Whoever proves a version needs the bytes of each file and the rows in them: through zarr-python
that is two passes, here it is one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import google_crc32c
import numpy as np
import zarr
from numcodecs import Blosc
from numpy.typing import NDArray

from skybench.errors import IntegrityError

_ABSENT = np.iinfo(np.uint64).max
_CHECKSUM = 4
_CODECS = ["bytes", "blosc", "crc32c"]
_INDEX_CODECS = ["bytes", "crc32c"]

_COMPRESSOR = Blosc(cname="lz4", clevel=5, shuffle=Blosc.BITSHUFFLE, blocksize=0)
_BLOSC_SIZE = slice(4, 8)
"""Where a Blosc header tells the size of what is compressed."""


class ShardWriter:
    """A shard whose rows are added in order; memory holds them compressed.

    Parameters
    ----------
    chunk_rows, shard_rows : int
        Rows of a chunk, which has all of the other dimensions, and of a shard.
    """

    def __init__(self, chunk_rows: int, shard_rows: int) -> None:
        self.room = shard_rows
        self._chunk_rows = chunk_rows
        self._index = np.full((shard_rows // chunk_rows, 2), _ABSENT, dtype="<u8")
        self._chunks: list[bytes] = []
        self._length = 0

    def add(self, values: NDArray[Any], fill_value: Any) -> None:
        """Add rows, as many as there is `room` for at most.

        Parameters
        ----------
        values : (rows, ...) array
            Whole chunks of them, but for the last rows of a dataset.
        fill_value
            What stands in the rest of a last chunk that is not full.
        """
        rows = self._chunk_rows
        for start in range(0, len(values), rows):
            chunk = chunk_bytes(_filled(values[start : start + rows], rows, fill_value))
            self._index[len(self._chunks)] = self._length, len(chunk)
            self._length += len(chunk)
            self._chunks.append(chunk)
        self.room -= len(values)

    @property
    def parts(self) -> list[bytes]:
        """The bytes of the shard, in pieces: joined they would take its memory twice."""
        return [*self._chunks, _with_checksum(self._index.tobytes())]


def chunk_bytes(chunk: NDArray[Any]) -> bytes:
    """Return a chunk as it lies in a shard, or in a file of its own."""
    little = np.ascontiguousarray(chunk, dtype=chunk.dtype.newbyteorder("<"))
    return _with_checksum(bytes(_COMPRESSOR.encode(little)))


def _with_checksum(data: bytes) -> bytes:
    return data + int(google_crc32c.value(data)).to_bytes(_CHECKSUM, "little")


def _filled(rows: NDArray[Any], length: int, fill_value: Any) -> NDArray[Any]:
    if len(rows) == length:
        return rows
    chunk = np.full((length, *rows.shape[1:]), fill_value, dtype=rows.dtype)
    chunk[: len(rows)] = rows
    return chunk


@dataclass(frozen=True, kw_only=True)
class ShardForm:
    """How an array lies in shards along its first dimension.

    Attributes
    ----------
    dtype : dtype
        As stored, little endian.
    row_shape : tuple of int
        The other dimensions, whole in each chunk.
    rows, chunk_rows, shard_rows : int
        Rows of the array, of a chunk and of a shard.
    """

    dtype: np.dtype[Any]
    row_shape: tuple[int, ...]
    rows: int
    chunk_rows: int
    shard_rows: int

    @classmethod
    def of(cls, array: "zarr.Array[Any]") -> Self | None:
        """Return the form of a Zarr array, None where skybench did not lay it out."""
        if not array.shards or not array.size or not _is_ours(array.metadata.to_dict()):
            return None
        if array.chunks[1:] != array.shape[1:] or array.shards[1:] != array.shape[1:]:
            return None
        return cls(
            dtype=np.dtype(array.dtype).newbyteorder("<"),
            row_shape=array.shape[1:],
            rows=array.shape[0],
            chunk_rows=array.chunks[0],
            shard_rows=array.shards[0],
        )

    def shard_keys(self) -> list[str]:
        """Return the keys of the shards inside the array, in order."""
        return [self.shard_key(number) for number in range(-(-self.rows // self.shard_rows))]

    def shard_key(self, number: int) -> str:
        """Return the key of one shard."""
        return "/".join(["c", str(number), *("0" for _ in self.row_shape)])

    def chunks(self, number: int) -> Iterator[tuple[int, int]]:
        """Yield the (start, stop) rows of the chunks of a shard."""
        end = min((number + 1) * self.shard_rows, self.rows)
        for start in range(number * self.shard_rows, end, self.chunk_rows):
            yield start, min(start + self.chunk_rows, end)

    def values(self, data: bytes, rows: tuple[int, int]) -> NDArray[Any]:
        """Return the rows of one chunk out of the bytes of its shard.

        Raises
        ------
        IntegrityError
            A checksum or the index of the shard is wrong.
        """
        number = rows[0] % self.shard_rows // self.chunk_rows
        offset, length = self._place(data, number)
        if offset + length > len(data):
            msg = f"the index of the shard points beyond its {len(data)} bytes"
            raise IntegrityError(msg)
        chunk = np.empty((self.chunk_rows, *self.row_shape), self.dtype)
        self.decode(memoryview(data)[offset : offset + length], chunk)
        return chunk[: rows[1] - rows[0]]

    @property
    def index_bytes(self) -> int:
        """The length of the index at the end of a shard."""
        return self.shard_rows // self.chunk_rows * 16 + _CHECKSUM

    def places(self, data: bytes) -> list[tuple[int, int]]:
        """Return where each chunk of a shard begins and how long it is, from its last bytes.

        A chunk that is absent has length 0.

        Raises
        ------
        IntegrityError
            The checksum of the index is wrong, or it is cut off.
        """
        pairs = self._index(data).tolist()
        return [(0, 0) if offset == _ABSENT else (offset, length) for offset, length in pairs]

    def _place(self, data: bytes, number: int) -> tuple[int, int]:
        """Return one of the `places`, of which there may be thousands."""
        offset, length = self._index(data)[number].tolist()
        return (0, 0) if offset == _ABSENT else (offset, length)

    def _index(self, data: bytes) -> NDArray[np.uint64]:
        size = self.index_bytes
        if len(data) < size:
            msg = f"the shard has {len(data)} bytes, fewer than its index"
            raise IntegrityError(msg)
        index = np.frombuffer(_unsealed(memoryview(data)[-size:], "index of the shard"), "<u8")
        return index.reshape(-1, 2)

    def decode(self, sealed: bytes | memoryview, out: NDArray[Any]) -> None:
        """Put the rows of a chunk, as it lies in its shard, into an array of `chunk_rows` rows.

        Raises
        ------
        IntegrityError
            The chunk is absent, its checksum is wrong, or it is none of this array.
        """
        if not len(sealed):
            msg = "the chunk is absent"
            raise IntegrityError(msg)
        packed = _unsealed(memoryview(sealed), "chunk")
        self._check_size(packed)
        try:
            _COMPRESSOR.decode(packed, out=out)
        except (RuntimeError, ValueError) as error:
            msg = f"the chunk cannot be decompressed: {error}"
            raise IntegrityError(msg) from None

    def _check_size(self, packed: memoryview) -> None:
        """Refuse a chunk that would fill the memory, before it is decompressed."""
        expected = self.chunk_rows * self.dtype.itemsize * int(np.prod(self.row_shape))
        got = int.from_bytes(packed[_BLOSC_SIZE], "little")
        if got != expected:
            msg = f"the chunk holds {got} bytes, expected {expected}"
            raise IntegrityError(msg)


def _unsealed(data: memoryview, what: str) -> memoryview:
    """Return the data before a checksum that must be theirs."""
    content, sealed = data[:-_CHECKSUM], int.from_bytes(data[-_CHECKSUM:], "little")
    # As an array, for the checksum takes no view and the bytes need not be copied.
    if google_crc32c.value(np.frombuffer(content, np.uint8)) != sealed:
        msg = f"the checksum of the {what} is wrong"
        raise IntegrityError(msg)
    return content


def _is_ours(metadata: dict[str, Any]) -> bool:
    codecs = metadata["codecs"]
    if [codec["name"] for codec in codecs] != ["sharding_indexed"]:
        return False
    inside = codecs[0]["configuration"]
    return (
        _names(inside["codecs"]) == _CODECS
        and _names(inside["index_codecs"]) == _INDEX_CODECS
        and inside.get("index_location", "end") == "end"
    )


def _names(codecs: Any) -> list[str]:
    """Return the names of codecs, marking big-endian bytes, which skybench never writes."""
    big = [c.get("configuration", {}).get("endian") == "big" for c in codecs]
    return [c["name"] + "!" * is_big for c, is_big in zip(codecs, big, strict=True)]
