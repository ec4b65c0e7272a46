"""What a build has finished: one small file a group of rows, written after the rows themselves.

It holds the digests of blocks of 256 rows, of the dataset and of each of its splits, so that the
content hash of 10^8 samples is made of ten bytes a row and no pixels. Rows whose block begins or
ends in another group stand in it as leaves. The digests of the samples are part of what is
published, and lie in a file of their own that is never copied. A group counts only if both files
are whole and the identity of the build agrees.
"""

import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from sys import maxsize
from typing import IO, Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skybench.errors import IntegrityError, NotFoundError
from skybench.generators.codes import SAMPLE_DIM, SPLIT_VARIABLE
from skybench.registry.arrays.zarr_format import lengthened
from skybench.registry.hashing.content_hash import (
    BLOCK_ROWS,
    Algorithm,
    ContentHash,
    Digests,
    assemble_blocks,
    block_digest,
    canonical_json,
    has_blocks_beside,
    hashed_attributes,
    headers_of,
    leaves,
    sample_digests,
)
from skybench.registry.hashing.parts import Parts
from skybench.registry.storage.store import Store

SAMPLES = "samples"
"""The folder of the digests of samples, inside that of unfinished work."""

_FOLDER = "progress"
_DIGEST = 32
_WHOLE = ""
"""Stands for all rows beside the names of splits."""

Columns = Mapping[str, NDArray[Any]]


class Run(NamedTuple):
    """Digests of consecutive rows of a dataset or split: (number, variables, 32) uint8 arrays.

    Leaves that complete a block that was begun before, whole blocks, leaves of a begun block.
    """

    head: NDArray[np.uint8]
    blocks: NDArray[np.uint8]
    tail: NDArray[np.uint8]

    @property
    def rows(self) -> int:
        """How many rows they are of."""
        return len(self.head) + BLOCK_ROWS * len(self.blocks) + len(self.tail)


class BlockHasher:
    """Makes blocks of leaves as they come.

    Parameters
    ----------
    width : int
        The number of variables.
    before : int or None
        Leaves that came before; None where that is not known, and all are kept.
    """

    def __init__(self, width: int, before: int | None = 0) -> None:
        self._wanting = maxsize if before is None else -before % BLOCK_ROWS
        self._head: list[NDArray[np.uint8]] = [np.empty((0, width, _DIGEST), np.uint8)]
        self._tail = self._head[0]
        self._blocks: list[bytes] = []

    def add(self, rows: NDArray[np.uint8]) -> None:
        """Add the (rows, variables, 32) leaves of the next rows."""
        self._head.append(rows[: self._wanting])
        self._wanting -= len(self._head[-1])
        rows = np.concatenate([self._tail, rows[len(self._head[-1]) :]])
        whole = len(rows) - len(rows) % BLOCK_ROWS
        for start in range(0, whole, BLOCK_ROWS):
            self._close(rows[start : start + BLOCK_ROWS])
        self._tail = rows[whole:].copy()  # a view would keep the whole

    def join(self, run: Run) -> None:
        """Add what another made of the next rows.

        Raises
        ------
        IntegrityError
            It took other rows for the first of a block.
        """
        self.add(run.head)
        if len(run.blocks) and len(self._tail):
            msg = "the blocks of a group of rows do not follow those before; build it again"
            raise IntegrityError(msg)
        self._blocks.append(run.blocks.tobytes())
        self.add(run.tail)

    def taken(self) -> bytes:
        """Return the digests of whole blocks since the last call, row by row."""
        data = b"".join(self._blocks)
        self._blocks.clear()
        return data

    def last(self) -> bytes:
        """Return the rest, with the block that is not full."""
        if len(self._tail):
            self._close(self._tail)
        return self.taken()

    def run(self) -> Run:
        """Return what was made of all rows."""
        blocks = np.frombuffer(self.taken(), np.uint8).reshape(-1, *self._tail.shape[1:])
        return Run(np.concatenate(self._head), blocks, self._tail)

    def _close(self, rows: NDArray[np.uint8]) -> None:
        self._blocks += map(block_digest, np.ascontiguousarray(rows.swapaxes(0, 1)))


@dataclass(frozen=True, kw_only=True)
class GroupHashes:
    """The hashes of the rows of one group.

    Attributes
    ----------
    start : int
        The first row.
    names : tuple of str
        The variables along ``sample``, sorted.
    samples : str
        The SHA-256 of the digests of its samples.
    split_codes : (rows,) int8 array
        Zeros where there are no splits.
    runs : dict
        Of all rows as "", and of those of each split and set by its name.
    """

    start: int
    names: tuple[str, ...]
    samples: str
    split_codes: NDArray[np.int8]
    runs: dict[str, Run]

    @property
    def stop(self) -> int:
        """The row after the last."""
        return self.start + len(self.split_codes)

    def blocks(self) -> Iterator[tuple[int, dict[str, str]]]:
        """Yield the number and the digests by variable of each block that begins here."""
        hasher = BlockHasher(len(self.names))
        hasher.join(self.runs[_WHOLE]._replace(head=self.runs[_WHOLE].head[:0]))
        made = np.frombuffer(hasher.last(), np.uint8).reshape(-1, len(self.names), _DIGEST)
        for number, block in enumerate(made, -(-self.start // BLOCK_ROWS)):
            yield number, {n: bytes(d).hex() for n, d in zip(self.names, block, strict=True)}


class GroupHasher:
    """Hashes the rows of a group as they are made.

    Parameters
    ----------
    start : int
        The first row.
    template : Dataset
        With no samples: names of variables, codes of splits and names of sets.
    before : mapping of str to int, optional
        How many rows of each split come before; where it is not known, leaves are kept.
    """

    def __init__(
        self, start: int, template: xr.Dataset, before: Mapping[str, int] | None = None
    ) -> None:
        self._start, self._parts = start, Parts.of(template)
        self._names = names_along_sample(template)
        hasher, known = partial(BlockHasher, len(self._names)), before or {}
        self._hashers = {_WHOLE: hasher(start)}
        self._hashers |= {part: hasher(known.get(part)) for part in self._parts.names}
        self._samples: list[Digests] = []
        self._split_codes: list[NDArray[np.int8]] = []

    def add(self, columns: Columns) -> None:
        """Add the next rows of the variables along ``sample``."""
        by_variable = {name: leaves(columns[name]) for name in self._names}
        rows = np.stack([by_variable[name] for name in self._names], axis=1)
        codes = np.asarray(columns.get(SPLIT_VARIABLE, np.zeros(len(rows))), np.int8)
        self._hashers[_WHOLE].add(rows)
        for part, inside in self._parts.members(columns).items():
            self._hashers[part].add(rows[inside])
        self._samples.append(sample_digests(by_variable))
        self._split_codes.append(codes)

    def result(self) -> tuple[GroupHashes, Digests]:
        """Return the hashes of all rows, and the digests of the samples."""
        digests = np.concatenate([np.empty((0, _DIGEST), np.uint8), *self._samples])
        hashes = GroupHashes(
            start=self._start,
            names=self._names,
            samples=sha256(digests.tobytes()).hexdigest(),
            split_codes=np.concatenate([np.empty(0, np.int8), *self._split_codes]),
            runs={name: hasher.run() for name, hasher in self._hashers.items()},
        )
        return hashes, digests


def names_along_sample(template: xr.Dataset) -> tuple[str, ...]:
    """Return the sorted names of the variables that have samples."""
    return tuple(sorted(str(n) for n, v in template.variables.items() if SAMPLE_DIM in v.dims))


def write_hashes(store: Store, identity: str, group: GroupHashes, samples: Digests) -> None:
    """Put the hashes of a group in place: those of its samples, then the record that counts."""
    store.write(_samples_key(group.start), samples.data, durable=False)
    runs = dict(sorted(group.runs.items()))  # the head has sorted keys, too
    parts = [group.split_codes, *(part for run in runs.values() for part in run)]
    payload = b"".join(part.tobytes() for part in parts)
    head = {
        "identity": identity,
        "start": group.start,
        "rows": len(group.split_codes),
        "variables": group.names,
        "runs": {name: [len(part) for part in run] for name, run in runs.items()},
        "samples": group.samples,
        "sha256": sha256(payload).hexdigest(),
    }
    store.write(_key(group.start), canonical_json(head) + b"\n" + payload)


def read_hashes(store: Store, identity: str, start: int) -> GroupHashes | None:
    """Return the hashes of the group at a row; None if absent, damaged or of another build."""
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


def read_samples(store: Store, group: GroupHashes) -> Digests | None:
    """Return the digests of the samples of a group; None if absent or damaged."""
    try:
        data = store.read_bytes(_samples_key(group.start))
    except NotFoundError:
        return None
    if sha256(data).hexdigest() != group.samples:
        return None
    return np.frombuffer(data, np.uint8).reshape(-1, _DIGEST)


def finished_starts(store: Store) -> list[int]:
    """Return the first rows of the groups that have a record, whole or not."""
    return sorted(int(name) for name in store.names(_FOLDER) if name.isdecimal())


def content_of_groups(
    template: xr.Dataset,
    samples: int,
    groups: Iterable[GroupHashes | None],
    algorithm: Algorithm,
    keep: Callable[[str, bytes], None] | None = None,
) -> ContentHash:
    """Return the content hash of a dataset, reading no pixels.

    Parameters
    ----------
    template : Dataset
        With no samples; its variables without ``sample`` have their values.
    samples : int
        How many the groups cover together.
    groups : iterable of GroupHashes
        All of them, in order; None, for one that is missing, raises an `IntegrityError`.
    algorithm : str
        Of the content hash.
    keep : callable, optional
        Called with the name of a variable and the digests of its blocks where there are too many
        of them to be part of a manifest.
    """
    whole = lengthened(template, samples)
    headers = headers_of(whole)
    fixed = {
        name: block_digest(leaves(np.asarray(whole.variables[name].values)[None]))
        for name in headers.keys() - {*names_along_sample(template)}
    }
    with GatheredBlocks(template) as gathered:
        for group in groups:
            gathered.add(group)
        gathered.finish()
        rows = {part: gathered.rows[part] for part in Parts.of(template).names}

        def blocks(name: str, split: str | None = None) -> bytes:
            if name in fixed:
                return fixed[name]
            digests = gathered.blocks(split or _WHOLE, name)
            if split is None and has_blocks_beside(headers[name]) and keep is not None:
                keep(name, digests)
            return digests

        return assemble_blocks(headers, blocks, rows, hashed_attributes(whole, algorithm))


class GatheredBlocks:
    """The digests of blocks of all rows and of each split, gathered from groups in scratch files.

    Memory holds those of one group, or of one variable, however many rows there are.

    Parameters
    ----------
    template : Dataset
        With no samples.
    """

    def __init__(self, template: xr.Dataset) -> None:
        self._names = names_along_sample(template)
        parts = (_WHOLE, *Parts.of(template).names)
        self._hashers = {part: BlockHasher(len(self._names)) for part in parts}
        self._files: dict[str, IO[bytes]] = {
            split: tempfile.TemporaryFile()  # noqa: SIM115
            for split in self._hashers
        }
        self.rows = dict.fromkeys(self._hashers, 0)

    def __enter__(self) -> "GatheredBlocks":
        """Keep the scratch files until the block ends."""
        return self

    def __exit__(self, *_: object) -> None:
        """Delete them."""
        for file in self._files.values():
            file.close()

    def add(self, group: GroupHashes | None) -> None:
        """Add the next group.

        Raises
        ------
        IntegrityError
            It is missing, or is not the next.
        """
        if group is None or group.start != self.rows[_WHOLE]:
            msg = "a progress record went missing during the build; run it again"
            raise IntegrityError(msg)
        for split, hasher in self._hashers.items():
            self.rows[split] += group.runs[split].rows
            hasher.join(group.runs[split])
            self._files[split].write(hasher.taken())

    def finish(self) -> None:
        """Close the last blocks."""
        for split, hasher in self._hashers.items():
            self._files[split].write(hasher.last())
            self._files[split].flush()

    def blocks(self, split: str, name: str) -> bytes:
        """Return the digests of the blocks of one variable."""
        if not self._files[split].tell():
            return b""
        stored = np.memmap(self._files[split], np.uint8, "r")
        column = stored.reshape(-1, len(self._names), _DIGEST)[:, self._names.index(name)]
        return column.tobytes()


def _key(start: int) -> str:
    return f"{_FOLDER}/{start:012d}"


def _samples_key(start: int) -> str:
    return f"{SAMPLES}/{start:012d}"


def _parsed(head: dict[str, Any], payload: bytes) -> GroupHashes:
    rows, width = head["rows"], len(head["variables"])
    digests = np.frombuffer(payload, np.uint8, offset=rows).reshape(-1, width, _DIGEST)
    stops = np.cumsum([length for lengths in head["runs"].values() for length in lengths])
    parts = iter(np.split(digests, stops[:-1]))
    return GroupHashes(
        start=head["start"],
        names=tuple(head["variables"]),
        samples=head["samples"],
        split_codes=np.frombuffer(payload, np.int8, count=rows),
        runs={name: Run(next(parts), next(parts), next(parts)) for name in head["runs"]},
    )
