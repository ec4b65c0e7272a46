"""The metadata of a Zarr store from a stranger: nothing in it but what skybench writes.

Zarr takes names, codecs and sizes on trust: an array may be called ``../../elsewhere``, a codec
may be any that is registered, a chunk of a few bytes may announce a terabyte. Readers of the
climate conventions decode by what attributes say: a ``scale_factor`` turns -8 into 96. All of it
stands in the consolidated metadata, which are checked here before any of it is used: each array
must be described word for word as the writer describes one of its shape and dtype.
"""

import math
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeGuard
from unicodedata import category

import numpy as np

from skybench.errors import IntegrityError
from skybench.generators.codes import SAMPLE_DIM
from skybench.registry.arrays.zarr_documents import (
    METADATA,
    Document,
    Layout,
    array_document,
    chunk_keys_of,
    group_document,
    is_same,
)
from skybench.registry.storage.local_disk import entries_below
from skybench.registry.storage.store import Store
from skybench.registry.storage.strict_json import strict_json

MAX_CHUNK_BYTES = 1 << 29
"""Of one chunk in memory; skybench writes 4 MB, or one sample where that is larger."""

MAX_CHUNKS = 1 << 20
MAX_ARRAYS = 4096

_COORDINATES = "coordinates"
_WORDS = frozenset(["long_name", "units", "ordering", "flag_meanings", _COORDINATES])
_ATTRIBUTES = _WORDS | {"flag_values", "flag_masks"}
"""Of arrays. Readers decode none of these to other numbers; any other might be one they do."""

_ITEM_BYTES = {
    "bool": 1,
    **{f"{sign}int{bits}": bits // 8 for sign in ("", "u") for bits in (8, 16, 32, 64)},
    **{f"float{bits}": bits // 8 for bits in (16, 32, 64)},
}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_MAX_SIZE = 1 << 40
_CONTROLS = frozenset(["Cc", "Cs", "Zl", "Zp"])
_SHOWN = 80


@dataclass(frozen=True, kw_only=True)
class ZarrMetadata:
    """The metadata of a Zarr store as its own ``zarr.json`` has them, for all its arrays.

    Attributes
    ----------
    document : dict
        What the file holds.
    text : str
        The file, as it was read; empty where it was made here.
    """

    document: Document
    text: str = ""

    @property
    def attributes(self) -> dict[str, Any]:
        """Those of the dataset, without the names of coordinates."""
        named: dict[str, Any] = self.document["attributes"]
        return {name: value for name, value in named.items() if name != _COORDINATES}

    @cached_property
    def arrays(self) -> dict[str, Document]:
        """The metadata of each array, by name."""
        arrays: dict[str, Document] = self.document["consolidated_metadata"]["metadata"]
        return arrays

    def chunk_keys(self) -> list[str]:
        """Return the keys of the files that hold the chunks, or the shards, of all arrays."""
        return [key for name, array in self.arrays.items() for key in chunk_keys_of(name, array)]

    def file_keys(self) -> list[str]:
        """Return the keys of all files of the store."""
        return [METADATA, *(f"{name}/{METADATA}" for name in self.arrays), *self.chunk_keys()]

    def faults(self) -> Iterator[str]:
        """Yield what skybench would not have written."""
        yield from _faults(self.document)


def check_zarr(store: Store) -> ZarrMetadata:
    """Return the metadata of a Zarr store, after refusing one that skybench does not write.

    Parameters
    ----------
    store : Store
        The folder that holds ``zarr.json``.

    Raises
    ------
    NotFoundError
        There is none.
    IntegrityError
        A name, codec, size or attribute in it is none of skybench's, or a link leads out of the
        folder.
    """
    where, text = store.url_of(METADATA), store.read_text(METADATA)
    metadata = ZarrMetadata(document=strict_json(text, where), text=text)
    for fault in metadata.faults():
        msg = f"{where} is not as skybench writes it: {fault}. Fetch or build the version again."
        raise IntegrityError(msg)
    if store.is_local:
        _check_links(store.local_path(METADATA).parent)
    return metadata


def _check_links(folder: Path) -> None:
    root = os.path.realpath(folder)
    for _, entry in entries_below(str(folder)):
        if entry.is_symlink() and not os.path.realpath(entry.path).startswith(root + os.sep):
            msg = f"{entry.path} is a link that leads out of {folder}; replace it by what it names"
            raise IntegrityError(msg)


def _faults(metadata: Any) -> Iterator[str]:
    if not isinstance(metadata, dict) or metadata.get("zarr_format") != 3:
        yield "it is no group of Zarr version 3"
        return
    consolidated = metadata.get("consolidated_metadata")
    arrays = consolidated.get("metadata") if isinstance(consolidated, dict) else None
    if metadata.get("node_type") != "group" or not isinstance(arrays, dict):
        yield "it has no consolidated metadata"
        return
    if len(arrays) > MAX_ARRAYS:
        yield f"it has {len(arrays):,} arrays, more than {MAX_ARRAYS:,}"
        return
    alone = [*_faults_of_arrays(arrays), *_faults_of_group(metadata)]
    yield from alone
    if not alone:
        yield from _faults_together(metadata["attributes"], arrays)


def _faults_of_arrays(arrays: Mapping[str, Any]) -> Iterator[str]:
    for name, array in arrays.items():
        if not _NAME.fullmatch(name):
            yield f"an array is called {name[:80]!r}, which is no name of a variable"
        elif fault := _fault_of_array(array):
            yield f"array {name} {fault}"


def _fault_of_array(array: Any) -> str | None:
    if not isinstance(array, dict) or array.get("node_type") != "array":
        return "is no array"
    item = _ITEM_BYTES.get(str(array.get("data_type")))
    if item is None:
        return f"has data type {str(array.get('data_type'))[:40]}"
    shape, dims = array.get("shape"), array.get("dimension_names", [])
    outer = _configured(array.get("chunk_grid"), "regular").get("chunk_shape")
    if not _are_sizes(shape, 0) or not _are_sizes(outer, 1) or len(shape) != len(outer):
        return f"has shape {str(shape)[:60]} in chunks of {str(outer)[:60]}"
    if not _are_dims(dims) or len(dims) != len(shape):
        return f"has dimensions {str(dims)[:60]} for shape {str(shape)[:60]}"
    inner = _inside_shards(array.get("codecs"), outer)
    if not _are_sizes(inner, 1) or len(inner) != len(outer):
        return f"has shards in chunks of {str(inner)[:60]}"
    return (
        _fault_of_sizes(shape, [outer, inner], item)
        or _fault_of_shards(outer, inner)
        or _fault_of_attributes(array.get("attributes"))
        or _unlike_the_written(array, dims, _layout(dims, outer, inner))
    )


def _unlike_the_written(array: Document, dims: list[str], layout: Layout) -> str | None:
    """Say where an array is described otherwise than the writer describes one of its form."""
    dtype = np.dtype(array["data_type"])
    written = array_document(dims, array["shape"], dtype, array["attributes"], layout)
    return _difference(array, written)


def _difference(got: Any, written: Any, place: str = "") -> str | None:
    """Say where two documents differ first, None where they do not."""
    if isinstance(got, dict) and isinstance(written, dict) and got.keys() == written.keys():
        parts: list[tuple[str, Any, Any]] = [(key, got[key], written[key]) for key in written]
    elif isinstance(got, list) and isinstance(written, list) and len(got) == len(written):
        parts = [(str(n), *pair) for n, pair in enumerate(zip(got, written, strict=True))]
    elif is_same(got, written):
        return None
    else:
        return f"has {place or 'metadata'} {_shown(got)}, where skybench writes {_shown(written)}"
    inside = (_difference(a, b, f"{place}.{key}".lstrip(".")) for key, a, b in parts)
    return next(filter(None, inside), None)


def _shown(value: Any) -> str:
    """Return a short text of part of a document; of codecs and other things their names."""
    if isinstance(value, list) and all(isinstance(part, dict) for part in value):
        value = [part.get("name") for part in value]
    return ascii([*value] if isinstance(value, dict) else value)[:_SHOWN]


def _inside_shards(codecs: Any, outer: list[int]) -> Any:
    """Return the shape of the chunks inside shards, where there are shards."""
    first = codecs[0] if isinstance(codecs, list) and codecs else None
    return _configured(first, "sharding_indexed").get("chunk_shape", outer)


def _fault_of_shards(outer: list[int], inner: list[int]) -> str | None:
    if any(shard % chunk for shard, chunk in zip(outer, inner, strict=True)):
        return f"has shards of {outer}, which are not whole chunks of {inner}"
    return None


def _layout(dims: list[str], outer: list[int], inner: list[int]) -> Layout:
    """Return the layout along ``sample``, which is free; any where there is no such dimension."""
    if SAMPLE_DIM not in dims:
        return Layout(chunk_rows=1, shard_rows=1)
    return Layout(chunk_rows=inner[0], shard_rows=outer[0])


def _fault_of_sizes(shape: list[int], shapes: list[list[int]], item: int) -> str | None:
    if (size := math.prod(shapes[-1]) * item) > MAX_CHUNK_BYTES:
        return f"has chunks of {size:,} bytes, more than {MAX_CHUNK_BYTES:,}"
    for whole, part in pairwise([shape, *shapes]):
        count = math.prod(-(-size // step) for size, step in zip(whole, part, strict=True))
        if count > MAX_CHUNKS:
            return f"has {count:,} chunks, more than {MAX_CHUNKS:,}"
    count = math.prod(-(-size // step) for size, step in zip(shape, shapes[-1], strict=True))
    return f"has {count:,} chunks, more than {MAX_CHUNKS:,}" if count > MAX_CHUNKS else None


def _fault_of_attributes(attributes: Any) -> str | None:
    if not isinstance(attributes, dict):
        return "has no mapping of attributes"
    for name, value in attributes.items():
        if name not in _ATTRIBUTES:
            known = ", ".join(sorted(_ATTRIBUTES))
            return f"has the attribute {name[:40]!r}; skybench writes {known}"
        if name in _WORDS and not (isinstance(value, str) and _is_plain(value, lines=False)):
            return f"has {name} that are no plain text"
    meanings = attributes.get("flag_meanings", "")
    for name in _ATTRIBUTES - _WORDS:
        values = attributes.get(name, [])
        codes = values if isinstance(values, list) else [values]
        if not all(type(code) is int and abs(code) < 2**63 for code in codes):
            return f"has {name} that are no whole numbers"
        if name in attributes and len(meanings.split()) != len(codes):
            return f"has {len(codes)} {name} and other flag_meanings"
    return None


def _faults_of_group(metadata: Document) -> Iterator[str]:
    attributes = metadata.get("attributes")
    if not isinstance(attributes, dict):
        yield "it has no mapping of attributes"
        return
    around = {**metadata["consolidated_metadata"], "metadata": {}}
    if not is_same({**metadata, "consolidated_metadata": around}, group_document(attributes, {})):
        yield "its group is described otherwise than skybench does"
    for name, value in attributes.items():
        plain = isinstance(value, str) and _is_plain(value, lines=True)
        number = type(value) in (int, float, bool) and name != _COORDINATES
        if not _NAME.fullmatch(name) or not (plain or number):
            yield f"its attribute {name[:40]!r} is no plain text or number"


def _faults_together(
    attributes: Mapping[str, Any], arrays: Mapping[str, Document]
) -> Iterator[str]:
    layouts = sorted({_rows_of(array) for array in arrays.values() if SAMPLE_DIM in _dims(array)})
    nested = all(one == other and not b % a for (one, a), (other, b) in pairwise(layouts))
    if not nested:
        yield f"its arrays have chunks and shards of different rows, {layouts}"
    found = {name: array["attributes"].get(_COORDINATES) for name, array in arrays.items()}
    found[""] = attributes.get(_COORDINATES)
    if found != (expected := _coordinates(found, arrays)):
        name = next(name for name in found if found[name] != expected[name])
        yield (
            f"{f'array {name}' if name else 'it'} has coordinates {_shown(found[name])}, "
            f"where skybench writes {_shown(expected[name])}"
        )


def _coordinates(
    found: Mapping[str, str | None], arrays: Mapping[str, Document]
) -> dict[str, str | None]:
    """Return which coordinates xarray lists at each array, and at the dataset as "".

    Which variables are coordinates is said nowhere else: those that are listed anywhere.
    """
    named = {name for text in found.values() for name in (text or "").split()} & arrays.keys()
    dims = {name: set(_dims(array)) for name, array in arrays.items()}
    listed: dict[str, set[str]] = {
        name: set() if name in named | dims[name] else {c for c in named if dims[c] <= dims[name]}
        for name in arrays
    }
    listed[""] = named - set().union(*listed.values())
    return {name: " ".join(sorted(names)) or None for name, names in listed.items()}


def _rows_of(array: Document) -> tuple[int, int]:
    outer = array["chunk_grid"]["configuration"]["chunk_shape"]
    return _inside_shards(array["codecs"], outer)[0], outer[0]


def _dims(array: Document) -> list[str]:
    dims: list[str] = array.get("dimension_names", [])
    return dims


def _is_plain(text: str, *, lines: bool) -> bool:
    """Tell whether text holds no controls; that of a manifest is checked by `PlainText`.

    Which comes with pydantic, and opening a Zarr store does not wait for that.
    """
    signs = (sign for sign in text if not (lines and sign in "\n\t"))
    return not any(category(sign) in _CONTROLS for sign in signs)


def _configured(part: Any, name: str) -> dict[str, Any]:
    """Return the configuration of a part of the metadata that has this name, else an empty one."""
    if not isinstance(part, dict) or part.get("name") != name:
        return {}
    configuration = part.get("configuration")
    return configuration if isinstance(configuration, dict) else {}


def _are_dims(dims: Any) -> TypeGuard[list[str]]:
    """Tell whether these are names, each once, ``sample`` first."""
    return (
        isinstance(dims, list)
        and all(isinstance(dim, str) and _NAME.fullmatch(dim) for dim in dims)
        and len(set(dims)) == len(dims)
        and SAMPLE_DIM not in dims[1:]
    )


def _are_sizes(sizes: Any, least: int) -> TypeGuard[list[int]]:
    return (
        isinstance(sizes, list)
        and len(sizes) <= 16
        and all(type(size) is int and least <= size <= _MAX_SIZE for size in sizes)
    )
