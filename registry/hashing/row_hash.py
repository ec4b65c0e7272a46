"""The lowest level of the hash: canonical bytes of rows, their leaves, digests of samples."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

Digests = NDArray[np.uint8]

_LEAF, _SAMPLE = 0x00, 0x04
_CANONICAL_NAN = {2: 0x7E00, 4: 0x7FC00000, 8: 0x7FF8000000000000}
_COPY_BYTES = 1 << 22
_DIGEST = 32

_REPEATING = 64
"""Rows of so few bytes are often equal: labels, constants, empty slots."""

_LONG = 1024
"""Rows of so many bytes are hashed where they lie; a copy takes longer than a call of Python."""

_BEGUN = sha256(bytes([_LEAF]))


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
    digests = b"".join(
        _hash_rows(values[start : start + step], row_bytes) for start in range(0, len(values), step)
    )
    return np.frombuffer(digests, np.uint8).reshape(len(values), 32)


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
    prefix = np.full((len(columns[0]), 1), _SAMPLE, np.uint8)
    return _digests_of(np.concatenate([prefix, *columns], axis=1))


def _hash_rows(values: NDArray[Any], row_bytes: int) -> bytes:
    rows = _canonical_bytes(values).reshape(len(values), row_bytes)
    if row_bytes >= _LONG:
        return b"".join([_leaf_of(row) for row in rows])
    prefixed = np.full((len(values), 1 + row_bytes), _LEAF, np.uint8)
    prefixed[:, 1:] = rows
    return _digests_of(prefixed).tobytes()


def _leaf_of(row: NDArray[np.uint8]) -> bytes:
    digest = _BEGUN.copy()
    digest.update(row.data)
    return digest.digest()


def _digests_of(rows: NDArray[np.uint8]) -> Digests:
    # As elements of a void dtype, rows become bytes objects without a slice of each in Python.
    texts: list[bytes] = rows.view(f"V{rows.shape[1]}").reshape(-1).tolist()
    if rows.shape[1] <= _REPEATING:
        known = {text: sha256(text).digest() for text in set(texts)}
        digests = b"".join(map(known.__getitem__, texts))
    else:
        digests = b"".join([sha256(text).digest() for text in texts])
    return np.frombuffer(digests, np.uint8).reshape(-1, _DIGEST)


def _canonical_bytes(values: NDArray[Any]) -> NDArray[np.uint8]:
    little = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
    if little.dtype.kind == "f":
        missing = np.isnan(little)
        if missing.any():
            size = little.dtype.itemsize
            little = little.copy()
            little.view(f"<u{size}")[missing] = _CANONICAL_NAN[size]
    return little.reshape(-1).view(np.uint8)
