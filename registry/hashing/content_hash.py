"""``skyhash-2``: the content hash of a dataset, whatever its chunks, codecs and file format.

A SHA-256 Merkle tree over logical content. A row of a variable is a leaf, 256 leaves make
a block, the blocks of a variable and its header make the variable's root, and the sorted
roots and the attributes that give them their meaning make the dataset's. ``docs/skyhash-2.md``
defines every byte and publishes test vectors.

In ``skyhash-1`` the attributes of the dataset are left out, and all else is the same. What is
recorded with it is read, proved and made again with it.
"""

import json
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any, Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from skybench.errors import IntegrityError
from skybench.generators.codes import SAMPLE_DIM, SPLIT_VARIABLE
from skybench.registry.hashing.attributes import (
    Attributes,
    attributes_of,
    flag_fault,
    is_text,
    plain,
)
from skybench.registry.hashing.parts import Members, members_of
from skybench.registry.hashing.row_hash import Digests as Digests
from skybench.registry.hashing.row_hash import leaves as leaves
from skybench.registry.hashing.row_hash import sample_digests as sample_digests

Algorithm = Literal["skyhash-1", "skyhash-2"]
ALGORITHM: Algorithm = "skyhash-2"
"""Of what is new."""

BLOCK_ROWS = 256

INLINE_ROWS = 1 << 18
"""Of a variable with more rows the digests of its blocks lie beside, its root proves them."""

_BLOCK, _VARIABLE, _DATASET = b"\x01", b"\x02", b"\x03"
DTYPES = frozenset(
    ["bool", "float16", "float32", "float64"]
    + [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)]
)
"""Those that have canonical bytes."""

_READ_BYTES = 1 << 26

Header = dict[str, Any]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class VariableHash(_Frozen):
    """The root of one variable, the header it covers and the digests of its row blocks.

    Of a variable with many rows there are no digests here: they lie in a file beside.
    """

    root: str
    header: Header
    blocks: tuple[str, ...]


class SplitHash(_Frozen):
    """The roots of the dataset restricted to the rows of one split."""

    root: str
    samples: int
    variables: dict[str, str]


class ContentHash(_Frozen):
    """The identity of a dataset's content, detailed enough to say which part differs.

    Among the splits are the named sets of samples, which may overlap.
    The attributes are those of the dataset that its roots cover; None in ``skyhash-1``.
    """

    algorithm: Algorithm
    root: str
    block_rows: int = BLOCK_ROWS
    attributes: Attributes | None = None
    variables: dict[str, VariableHash]
    splits: dict[str, SplitHash]

    @property
    def sets(self) -> tuple[str, ...]:
        """The names among those of the splits that no sample has as its split: sets."""
        split = self.variables.get(SPLIT_VARIABLE)
        words = None if split is None else split.header["flag_meanings"]
        return () if words is None else tuple(n for n in self.splits if n not in words.split())


def header(name: Hashable, variable: xr.Variable) -> Header:
    """Return what the root of a variable covers besides its values.

    ``units``, ``flag_values`` and ``flag_meanings`` are None where the variable has none;
    other attributes may be reworded without changing the hash.

    Raises
    ------
    IntegrityError
        If the dtype has no canonical bytes (strings, times, objects), ``sample`` is not the first
        dimension, a name or unit is no text, or the flags are none.
    """
    _check_hashable(name, variable)
    flag_values = plain(variable.attrs.get("flag_values"))
    found = {
        "name": name,
        "dims": [str(dim) for dim in variable.dims],
        "shape": list(variable.shape),
        "dtype": variable.dtype.name,
        "units": variable.attrs.get("units"),
        "flag_values": _listed(flag_values),
        "flag_meanings": variable.attrs.get("flag_meanings"),
    }
    if fault := _fault_of_words(found):
        msg = f"variable {name!a} {fault}"
        raise IntegrityError(msg)
    return found


def assemble(
    headers: Mapping[str, Header],
    leaves_by_variable: Mapping[str, Digests],
    members: Members | None = None,
    attributes: Attributes | None = None,
) -> ContentHash:
    """Return the content hash of a dataset from the leaves of its rows.

    Parameters
    ----------
    headers : mapping of name to header
        As `header` gives them for the whole dataset.
    leaves_by_variable : mapping of name to (rows, 32) uint8 array
        As `leaves` gives them, in the order of the samples; one row for a variable without
        ``sample``. Each is asked for once, so a mapping may read them as it goes.
    members : mapping of str to (sample,) bool arrays, optional
        Which samples are in each split and set.
    attributes : dict, optional
        As `hashed_attributes` gives them. None makes ``skyhash-1``.

    Raises
    ------
    IntegrityError
        A variable has another number of leaves.
    """
    rows_of_split = {name: np.flatnonzero(inside) for name, inside in (members or {}).items()}
    variables: dict[str, VariableHash] = {}
    split_roots: dict[str, dict[str, str]] = {split: {} for split in rows_of_split}
    for name in sorted(headers):
        digests = leaves_by_variable[name]
        _check_rows(headers[name], digests)
        variables[name] = _hash_variable(headers[name], digests)
        for split, rows in rows_of_split.items():
            split_roots[split][name] = _restricted_root(variables[name], digests, rows)
        del digests  # before the next are read, of which there may be much
    counts = {split: len(rows) for split, rows in rows_of_split.items()}
    return _assembled(variables, split_roots, counts, attributes)


def assemble_blocks(
    headers: Mapping[str, Header],
    blocks: Callable[..., bytes],
    split_rows: Mapping[str, int],
    attributes: Attributes | None = None,
) -> ContentHash:
    """Return the content hash of a dataset from the digests of its blocks.

    Parameters
    ----------
    headers : mapping of name to header
        As `header` gives them for the whole dataset.
    blocks : callable
        The name of a variable, and of a split, to the digests of all blocks of its rows, one
        after the other. Each is asked for once.
    split_rows : mapping of name to int
        The samples of each split.
    attributes : dict, optional
        As `hashed_attributes` gives them. None makes ``skyhash-1``.
    """
    variables: dict[str, VariableHash] = {}
    split_roots: dict[str, dict[str, str]] = {split: {} for split in split_rows}
    for name, head in sorted(headers.items()):
        digests = blocks(name)
        variables[name] = _variable_hash(head, digests)
        for split, rows in split_rows.items():
            split_roots[split][name] = (
                variable_root(_restricted(head, rows), blocks(name, split))
                if _has_samples(head)
                else variables[name].root
            )
    return _assembled(variables, split_roots, split_rows, attributes)


def _assembled(
    variables: dict[str, VariableHash],
    split_roots: Mapping[str, dict[str, str]],
    split_rows: Mapping[str, int],
    attributes: Attributes | None,
) -> ContentHash:
    roots = {name: variable.root for name, variable in variables.items()}
    splits = {
        split: SplitHash(
            root=dataset_root(split_roots[split], attributes),
            samples=rows,
            variables=split_roots[split],
        )
        for split, rows in split_rows.items()
    }
    return ContentHash(
        algorithm="skyhash-1" if attributes is None else "skyhash-2",
        root=dataset_root(roots, attributes),
        attributes=attributes,
        variables=variables,
        splits=splits,
    )


def block_digests(digests: Digests, rows: NDArray[np.intp] | None = None) -> tuple[str, ...]:
    """Return the digest of each block of `BLOCK_ROWS` leaves, in hexadecimal digits.

    With `rows`, of those leaves alone, which are copied a block at a time only.
    """
    count = len(digests) if rows is None else len(rows)
    blocks = (slice(start, start + BLOCK_ROWS) for start in range(0, count, BLOCK_ROWS))
    leaves_of = (digests[block if rows is None else rows[block]] for block in blocks)
    return tuple(block_digest(some).hex() for some in leaves_of)


def block_digests_of(ds: xr.Dataset, name: str) -> bytes:
    """Return the digests of the blocks of a variable with samples, one after the other."""
    column = ds.drop_vars(set(ds.variables) - {name})
    digests = _leaves_of_samples(column, [name])[name]
    return bytes.fromhex("".join(block_digests(digests)))


def block_digest(rows: Digests) -> bytes:
    """Return the digest of a block from the leaves of its rows."""
    return sha256(_BLOCK + rows.tobytes()).digest()


def variable_root(head: Header, blocks: Sequence[str] | bytes) -> str:
    """Return the root of a variable from its header and the digests of its blocks.

    These in hexadecimal digits, or one after the other as bytes.
    """
    text = canonical_json(head)
    root = sha256(_VARIABLE + len(text).to_bytes(8, "little") + text)
    root.update(blocks if isinstance(blocks, bytes) else bytes.fromhex("".join(blocks)))
    return f"sha256:{root.hexdigest()}"


def dataset_root(roots: Mapping[str, str], attributes: Attributes | None = None) -> str:
    """Return the root of a dataset, or of a split, from the roots of its variables.

    Without attributes it is that of ``skyhash-1``.
    """
    node = {"algorithm": "skyhash-1", "block_rows": BLOCK_ROWS, "variables": roots}
    if attributes is not None:
        node |= {"algorithm": "skyhash-2", "attributes": attributes}
    return f"sha256:{sha256(_DATASET + canonical_json(node)).hexdigest()}"


def hash_dataset(ds: xr.Dataset, algorithm: Algorithm = ALGORITHM) -> ContentHash:
    """Return the content hash of a dataset in memory or on disk.

    A lazy dataset is read in blocks that follow its chunks. The dataset must hold codes as
    stored: open it with ``decode=False``.

    Raises
    ------
    IntegrityError
        It holds what has no canonical bytes, or an attribute that no hash covers.
    """
    return hash_dataset_and_samples(ds, algorithm)[0]


def hash_dataset_and_samples(
    ds: xr.Dataset, algorithm: Algorithm = ALGORITHM
) -> tuple[ContentHash, Digests]:
    """Return the content hash of a dataset and the (samples, 32) digests of its samples."""
    headers, attributes = headers_of(ds), hashed_attributes(ds, algorithm)
    along_sample = [name for name, head in headers.items() if _has_samples(head)]
    whole = {
        name: leaves(np.asarray(ds.variables[name].values)[None])
        for name in headers.keys() - set(along_sample)
    }
    by_sample = _leaves_of_samples(ds[along_sample], along_sample)
    content = assemble(headers, whole | by_sample, members_of(ds), attributes)
    return content, sample_digests(by_sample)


def variable_roots(template: xr.Dataset, blocks: Iterable[xr.Dataset]) -> dict[str, str]:
    """Return the root of each variable from blocks of samples, in memory for one block.

    Parameters
    ----------
    template : Dataset
        Headers, and the values of variables without ``sample``; it may be lazy.
    blocks : iterable of Dataset
        All its samples, in order.
    """
    headers = headers_of(template)
    along = [name for name, head in headers.items() if _has_samples(head)]
    digests: dict[str, list[str]] = {name: [] for name in headers}
    for name in headers.keys() - set(along):
        values = np.asarray(template.variables[name].values)
        digests[name] += block_digests(leaves(values[None]))
    pending = dict.fromkeys(along, np.empty((0, 32), np.uint8))
    for block in blocks:
        for name in along:
            rows = np.concatenate([pending[name], leaves(block.variables[name].values)])
            whole = len(rows) - len(rows) % BLOCK_ROWS
            digests[name] += block_digests(rows[:whole])
            pending[name] = rows[whole:].copy()  # a view would keep the whole
    for name in along:
        digests[name] += block_digests(pending[name])
    return {name: variable_root(headers[name], digests[name]) for name in sorted(headers)}


def headers_of(ds: xr.Dataset) -> dict[str, Header]:
    """Return the header of every variable and coordinate."""
    return {str(name): header(name, variable) for name, variable in ds.variables.items()}


def hashed_attributes(ds: xr.Dataset, algorithm: Algorithm) -> Attributes | None:
    """Return the attributes of a dataset that the algorithm covers, None where it has none."""
    return None if algorithm == "skyhash-1" else attributes_of(ds)


def row_blocks(ds: xr.Dataset, block_bytes: int = _READ_BYTES) -> Iterator[slice]:
    """Yield the rows in order, as slices of whole chunks and about so many bytes each."""
    samples = ds.sizes.get(SAMPLE_DIM, 0)
    row_bytes = max(1, ds.nbytes // max(1, samples))
    target = max(1, block_bytes // row_bytes)
    chunks = ds.unify_chunks().chunksizes.get(SAMPLE_DIM) or (target,) * (-(-samples // target))
    start = stop = 0
    for rows in chunks:
        if stop > start and stop - start + rows > target:
            yield slice(start, stop)
            start = stop
        stop = min(stop + rows, samples)
    if stop > start:
        yield slice(start, stop)


def canonical_json(value: object) -> bytes:
    """Return the one JSON text of a value: sorted keys, no spaces, UTF-8."""
    text = json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text.encode()


def _leaves_of_samples(ds: xr.Dataset, names: list[str]) -> dict[str, Digests]:
    parts: dict[str, list[Digests]] = {name: [np.empty((0, 32), np.uint8)] for name in names}
    for rows in row_blocks(ds):
        block = ds.isel({SAMPLE_DIM: rows}).compute()
        for name in names:
            parts[name].append(leaves(block.variables[name].values))
    return {name: np.concatenate(parts[name]) for name in names}


def _hash_variable(head: Header, digests: Digests) -> VariableHash:
    return _variable_hash(head, bytes.fromhex("".join(block_digests(digests))))


def _variable_hash(head: Header, blocks: bytes) -> VariableHash:
    listed = () if has_blocks_beside(head) else _in_digits(blocks)
    return VariableHash(root=variable_root(head, blocks), header=head, blocks=listed)


def has_blocks_beside(head: Header) -> bool:
    """Tell whether a variable has too many blocks for their digests to stand in a manifest."""
    return _has_samples(head) and bool(head["shape"][0] > INLINE_ROWS)


def _restricted_root(variable: VariableHash, digests: Digests, rows: NDArray[np.intp]) -> str:
    if not _has_samples(variable.header):
        return variable.root
    return variable_root(_restricted(variable.header, len(rows)), block_digests(digests, rows))


def _restricted(head: Header, rows: int) -> Header:
    """Return the header of a variable of which only some rows are taken."""
    return head | {"shape": [rows, *head["shape"][1:]]}


def _in_digits(digests: bytes) -> tuple[str, ...]:
    digits, size = digests.hex(), 2 * sha256().digest_size
    return tuple(digits[start : start + size] for start in range(0, len(digits), size))


def _has_samples(head: Header) -> bool:
    return SAMPLE_DIM in head["dims"]


def _listed(flag_values: Any) -> list[Any] | None:
    """Return codes as a list: one alone may come as a number."""
    if flag_values is None:
        return None
    return list(flag_values) if isinstance(flag_values, list | tuple) else [flag_values]


def _fault_of_words(head: Header) -> str | None:
    for key in ("units", "flag_meanings"):
        if head[key] is not None and not is_text(head[key]):
            return f"has {key} {head[key]!a}, which are no text"
    return flag_fault(head["flag_values"], head["flag_meanings"])


def _check_hashable(name: Hashable, variable: xr.Variable) -> None:
    for word in (name, *variable.dims):
        if not is_text(word):
            msg = f"a variable or dimension is called {word!a}, which is no text; rename it"
            raise IntegrityError(msg)
    if variable.dtype.name not in DTYPES:
        msg = (
            f"variable {name!r} has dtype {variable.dtype}, which has no canonical bytes; "
            f"expected one of {', '.join(sorted(DTYPES))}. Hash the stored codes: "
            "open the dataset with decode=False."
        )
        raise IntegrityError(msg)
    if SAMPLE_DIM in variable.dims[1:]:
        msg = (
            f"variable {name!r} has dimensions {variable.dims}; expected {SAMPLE_DIM!r} first. "
            f"Transpose it: ds.transpose({SAMPLE_DIM!r}, ...)."
        )
        raise IntegrityError(msg)


def _check_rows(head: Header, digests: Digests) -> None:
    expected = head["shape"][0] if _has_samples(head) else 1
    if len(digests) != expected:
        msg = (
            f"variable {head['name']!r} has {len(digests)} leaves, expected {expected} "
            f"from its shape {head['shape']}"
        )
        raise IntegrityError(msg)
