"""The lowest level of the hash: canonical bytes of rows, their leaves, digests of samples."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skybench.generators.native.library import kernel

Digests = NDArray[np.uint8]

_LEAF, _SAMPLE = 0x00, 0x04
_CANONICAL_NAN = {2: 0x7E00, 4: 0x7FC00000, 8: 0x7FF8000000000000}
_COPY_BYTES = 1 << 22
_DIGEST = 32

_FEW = 8
"""The kernel hashes 16 rows side by side, in the time in which OpenSSL hashes some of them."""

_hash_rows = kernel("hash_rows")


def leaves(values: NDArray[Any]) -> Digests:
    """Return the SHA-256 leaf of each row.

    Parameters
    ----------
    values : (rows, ...) array
        Boolean, integer or floating, of any byte order and memory layout.

    Returns
    -------
    (rows, 32) uint8 array
        ``SHA256(0x00 || canonical bytes of the row)``.
    """
    row_bytes = values.dtype.itemsize * int(np.prod(values.shape[1:], dtype=np.int64))
    step = max(1, _COPY_BYTES // max(1, row_bytes))
    digests = np.empty((len(values), _DIGEST), np.uint8)
    for start in range(0, len(values), step):
        some = slice(start, start + step)
        _write_digests(_LEAF, _canonical_bytes(values[some]), row_bytes, digests[some])
    return digests


def sample_digests(leaves_by_variable: Mapping[str, Digests]) -> Digests:
    """Return one digest a sample, over its leaves in the variables sorted by name.

    Parameters
    ----------
    leaves_by_variable : mapping of name to (samples, 32) uint8 array
        The variables along ``sample`` only.
    """
    if not leaves_by_variable:
        return np.empty((0, 32), np.uint8)
    columns = [leaves_by_variable[name] for name in sorted(leaves_by_variable)]
    digests = np.empty((len(columns[0]), _DIGEST), np.uint8)
    rows = np.concatenate(columns, axis=1)
    _write_digests(_SAMPLE, rows.reshape(-1), rows.shape[1], digests)
    return digests


def _write_digests(prefix: int, rows: NDArray[np.uint8], row_bytes: int, digests: Digests) -> None:
    """Write the SHA-256 of a prefix and each row; rows come one after the other."""
    if len(digests) >= _FEW:
        _hash_rows(prefix, rows, row_bytes, digests)
        return
    for digest, row in zip(digests, rows.reshape(len(digests), row_bytes), strict=True):
        made = sha256(bytes([prefix]))
        made.update(row.data)
        digest[:] = np.frombuffer(made.digest(), np.uint8)


def _canonical_bytes(values: NDArray[Any]) -> NDArray[np.uint8]:
    little = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
    if little.dtype.kind == "f":
        missing = np.isnan(little)
        if missing.any():
            size = little.dtype.itemsize
            little = little.copy()
            little.view(f"<u{size}")[missing] = _CANONICAL_NAN[size]
    return little.reshape(-1).view(np.uint8)
