"""The bytes of a shard, as Zarr's ``sharding_indexed`` codec defines them.

zarr-python passes each chunk of each variable through an event loop and a thread, which costs more
than compressing it where variables are small. A builder writes whole shards only, and these
are simple: the encoded chunks one after the other, then where each begins and how long it is.
"""

from typing import Any

import google_crc32c
import numpy as np
from numcodecs import Blosc
from numpy.typing import NDArray

_ABSENT = np.iinfo(np.uint64).max

_COMPRESSOR = Blosc(cname="lz4", clevel=5, shuffle=Blosc.BITSHUFFLE, blocksize=0)


def shard_bytes(values: NDArray[Any], chunk_rows: int, shard_rows: int, fill_value: Any) -> bytes:
    """Return the shard that holds some rows.

    Parameters
    ----------
    values : (rows, ...) array
        At most `shard_rows` rows.
    chunk_rows, shard_rows : int
        Rows of a chunk, which has all of the other dimensions, and of a shard.
    fill_value
        What stands in the rest of a last chunk that is not full.
    """
    index = np.full((shard_rows // chunk_rows, 2), _ABSENT, dtype="<u8")
    parts, offset = [], 0
    for number, start in enumerate(range(0, len(values), chunk_rows)):
        part = _chunk_bytes(_filled(values[start : start + chunk_rows], chunk_rows, fill_value))
        index[number] = offset, len(part)
        offset += len(part)
        parts.append(part)
    return b"".join([*parts, _with_checksum(index.tobytes())])


def _chunk_bytes(chunk: NDArray[Any]) -> bytes:
    little = np.ascontiguousarray(chunk, dtype=chunk.dtype.newbyteorder("<"))
    return _with_checksum(bytes(_COMPRESSOR.encode(little)))


def _with_checksum(data: bytes) -> bytes:
    return data + int(google_crc32c.value(data)).to_bytes(4, "little")


def _filled(rows: NDArray[Any], length: int, fill_value: Any) -> NDArray[Any]:
    if len(rows) == length:
        return rows
    chunk = np.full((length, *rows.shape[1:]), fill_value, dtype=rows.dtype)
    chunk[: len(rows)] = rows
    return chunk
