"""What a build has finished: one small file a shard, written after the shard itself.

It holds the hash leaves of the shard's rows, so a resumed build reads no pixels again. It
counts only if its own checksum and the identity of the build agree.
"""

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import IO, Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skybench.errors import IntegrityError, NotFoundError
from skybench.generators.codes import SAMPLE_DIM, SPLIT_VARIABLE, flag_names
from skybench.registry.arrays.zarr_format import lengthened
from skybench.registry.hashing.content_hash import (
    Algorithm,
    ContentHash,
    Digests,
    assemble,
    canonical_json,
    hashed_attributes,
    headers_of,
    leaves,
    sample_digests,
)
from skybench.registry.storage.store import Store

_FOLDER = "progress"
_DIGEST = 32


@dataclass(frozen=True, kw_only=True)
class ShardHashes:
    """The hash leaves, sample digests and split codes of the rows of one shard."""

    start: int
    leaves: dict[str, Digests]
    samples: Digests
    split_codes: NDArray[np.int64]

    @classmethod
    def of(
        cls, start: int, leaves: dict[str, Digests], split_codes: NDArray[Any] | None
    ) -> "ShardHashes":
        """Return those of a shard, from the leaves of its variables along ``sample``."""
        digests = sample_digests(leaves)
        codes = np.zeros(len(digests)) if split_codes is None else split_codes
        return cls(start=start, leaves=leaves, samples=digests, split_codes=codes.astype("<i8"))


def write_hashes(store: Store, identity: str, shard: ShardHashes) -> None:
    """Put the hashes of a shard in place at once."""
    names = sorted(shard.leaves)
    payload = b"".join(
        [
            *(shard.leaves[name].tobytes() for name in names),
            shard.samples.tobytes(),
            shard.split_codes.tobytes(),
        ]
    )
    head = {
        "identity": identity,
        "start": shard.start,
        "rows": len(shard.samples),
        "variables": names,
        "sha256": sha256(payload).hexdigest(),
    }
    store.write(_key(shard.start), canonical_json(head) + b"\n" + payload)


def read_hashes(store: Store, identity: str, start: int) -> ShardHashes | None:
    """Return the hashes of the shard at a row; None if absent, damaged or of another build."""
    try:
        text, _, payload = store.read_bytes(_key(start)).partition(b"\n")
    except NotFoundError:
        return None
    try:
        head = json.loads(text)
        valid = head["identity"] == identity and head["start"] == start
        valid = valid and head["sha256"] == sha256(payload).hexdigest()
    except (ValueError, KeyError, TypeError):
        return None
    return _parsed(head, payload) if valid else None


def finished_starts(store: Store, identity: str) -> set[int]:
    """Return the first rows of the shards that need not be built again."""
    starts = (int(name) for name in store.names(_FOLDER) if name.isdecimal())
    return {start for start in starts if read_hashes(store, identity, start) is not None}


def content_of_shards(
    template: xr.Dataset,
    samples: int,
    shards: Iterable[ShardHashes | None],
    algorithm: Algorithm,
) -> tuple[ContentHash, Digests]:
    """Return the content hash and the sample digests of a dataset, reading no pixels.

    Parameters
    ----------
    template : Dataset
        With no samples; its variables without ``sample`` have their values.
    samples : int
        How many the shards cover together.
    shards : iterable of ShardHashes
        Every row once; None, for one that is missing, raises an `IntegrityError`.
    algorithm : str
        Of the content hash.
    """
    whole = lengthened(template, samples)
    fixed = {
        str(name): leaves(np.asarray(variable.values)[None])
        for name, variable in whole.variables.items()
        if SAMPLE_DIM not in variable.dims
    }
    split = whole.variables.get(SPLIT_VARIABLE)
    headers = headers_of(whole)
    along_sample = sorted(headers.keys() - fixed.keys())
    with GatheredLeaves(shards, along_sample, samples, fixed) as gathered:
        content = assemble(
            headers,
            gathered,
            None if split is None else gathered.split_codes,
            None if split is None else flag_names(split),
            hashed_attributes(whole, algorithm),
        )
        return content, gathered.samples


class GatheredLeaves(Mapping[str, Digests]):
    """The leaves of all rows by variable, gathered from shards into a scratch file.

    Memory holds those of one shard or one variable at a time, however many rows there are.

    Parameters
    ----------
    shards : iterable of ShardHashes
        Together they cover every row once.
    names : iterable of str
        The variables along ``sample``.
    rows : int
        The number of samples.
    fixed : mapping of name to (1, 32) uint8 array
        The leaves of the variables without ``sample``.

    Raises
    ------
    IntegrityError
        The hashes of a shard are missing.
    """

    def __init__(
        self,
        shards: Iterable[ShardHashes | None],
        names: Iterable[str],
        rows: int,
        fixed: Mapping[str, Digests],
    ) -> None:
        self._names = list(names)
        self._rows = rows
        self._fixed = fixed
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        self.split_codes = np.empty(rows, np.int64)
        try:
            for shard in shards:
                self._gather(shard)
        except BaseException:
            self._file.close()
            raise

    def __getitem__(self, name: str) -> Digests:
        """Read the leaves of one variable."""
        if name in self._fixed:
            return self._fixed[name]
        if name not in self._names:
            raise KeyError(name)
        return self._column(self._names.index(name))

    @property
    def samples(self) -> Digests:
        """Read the sample digests."""
        return self._column(len(self._names))

    def __iter__(self) -> Iterator[str]:
        """Iterate over the variables."""
        return iter([*self._names, *self._fixed])

    def __len__(self) -> int:
        """Count the variables."""
        return len(self._names) + len(self._fixed)

    def __enter__(self) -> "GatheredLeaves":
        """Keep the scratch file until the block ends."""
        return self

    def __exit__(self, *_: object) -> None:
        """Delete the scratch file."""
        self._file.close()

    def _gather(self, shard: ShardHashes | None) -> None:
        if shard is None:
            msg = "a progress record went missing during the build; run it again"
            raise IntegrityError(msg)
        rows = slice(shard.start, shard.start + len(shard.samples))
        self.split_codes[rows] = shard.split_codes
        columns = [*(shard.leaves[name] for name in self._names), shard.samples]
        for position, column in enumerate(columns):
            self._file.seek((position * self._rows + shard.start) * _DIGEST)
            self._file.write(column.tobytes())

    def _column(self, position: int) -> Digests:
        self._file.seek(position * self._rows * _DIGEST)
        data = self._file.read(self._rows * _DIGEST)
        return np.frombuffer(data, np.uint8).reshape(self._rows, _DIGEST)


def _key(start: int) -> str:
    return f"{_FOLDER}/{start:012d}"


def _parsed(head: dict[str, Any], payload: bytes) -> ShardHashes:
    rows, names = head["rows"], head["variables"]
    digests = np.frombuffer(payload, np.uint8, count=(len(names) + 1) * rows * _DIGEST)
    columns = digests.reshape(len(names) + 1, rows, _DIGEST)
    return ShardHashes(
        start=head["start"],
        leaves=dict(zip(names, columns[:-1], strict=True)),
        samples=columns[-1],
        split_codes=np.frombuffer(payload, "<i8", offset=digests.size),
    )
