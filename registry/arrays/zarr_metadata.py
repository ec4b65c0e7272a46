"""The metadata of a Zarr store from a stranger: nothing in it but what skybench writes.

Zarr takes names, codecs and sizes on trust: an array may be called ``../../elsewhere``, a codec
may be any that is registered, a chunk of a few bytes may announce a terabyte. All of it stands in
the consolidated metadata, which is checked here before any of it is used.
"""

import math
import os
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeGuard

from skybench.errors import IntegrityError
from skybench.registry.storage.local_disk import entries_below
from skybench.registry.storage.store import Store
from skybench.registry.storage.strict_json import strict_json

METADATA = "zarr.json"
MAX_CHUNK_BYTES = 1 << 29
"""Of one chunk in memory; skybench writes 4 MB, or one sample where that is larger."""

MAX_CHUNKS = 1 << 20
MAX_ARRAYS = 4096

_CODECS = frozenset(["bytes", "blosc", "crc32c", "sharding_indexed"])
_ITEM_BYTES = {
    "bool": 1,
    **{f"{sign}int{bits}": bits // 8 for sign in ("", "u") for bits in (8, 16, 32, 64)},
    **{f"float{bits}": bits // 8 for bits in (16, 32, 64)},
}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_MAX_SIZE = 1 << 40


def check_zarr(store: Store) -> None:
    """Refuse a Zarr store that is not as skybench writes it, before it is opened.

    Parameters
    ----------
    store : Store
        The folder that holds ``zarr.json``.

    Raises
    ------
    NotFoundError
        There is none.
    IntegrityError
        A name, codec or size in it is none of skybench's, or a link leads out of the folder.
    """
    where = store.url_of(METADATA)
    metadata = strict_json(store.read_text(METADATA), where)
    for fault in _faults(metadata):
        msg = f"{where} is not as skybench writes it: {fault}. Fetch or build the version again."
        raise IntegrityError(msg)
    if store.is_local:
        _check_links(store.local_path(METADATA).parent)


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
    for name, array in arrays.items():
        if not _NAME.fullmatch(name):
            yield f"an array is called {name[:80]!r}, which is no name of a variable"
        elif fault := _fault_of_array(array):
            yield f"array {name} {fault}"


def _fault_of_array(array: Any) -> str | None:
    if not isinstance(array, dict) or array.get("node_type") != "array":
        return "is no array"
    if array.get("zarr_format") != 3 or array.get("storage_transformers"):
        return "is of another Zarr"
    item = _ITEM_BYTES.get(str(array.get("data_type")))
    if item is None:
        return f"has data type {str(array.get('data_type'))[:40]}"
    shape = array.get("shape")
    outer = _configured(array.get("chunk_grid"), "regular").get("chunk_shape")
    if not _are_sizes(shape, 0) or not _are_sizes(outer, 1) or len(shape) != len(outer):
        return f"has shape {str(shape)[:60]} in chunks of {str(outer)[:60]}"
    if _configured(array.get("chunk_key_encoding"), "default").get("separator", "/") != "/":
        return "has other names for its chunks"
    shapes = [outer]
    if fault := _fault_of_codecs(array.get("codecs"), shapes):
        return fault
    return _fault_of_sizes(shape, shapes, item) or _fault_of_attributes(array.get("attributes"))


def _fault_of_codecs(codecs: Any, shapes: list[list[int]], depth: int = 0) -> str | None:
    """Say what is wrong with a chain of codecs; the chunks inside its shards join `shapes`."""
    if not isinstance(codecs, list) or not codecs or depth > 1:
        return "has no chain of codecs"
    for codec in codecs:
        name = codec.get("name") if isinstance(codec, dict) else codec
        if not isinstance(name, str) or name not in _CODECS:
            return f"has the codec {str(name)[:40]}; skybench writes {', '.join(sorted(_CODECS))}"
        if name != "sharding_indexed":
            continue
        shard = _configured(codec, name)
        inner = shard.get("chunk_shape")
        if not _are_sizes(inner, 1) or len(inner) != len(shapes[0]):
            return f"has shards in chunks of {str(inner)[:60]}"
        shapes.append(inner)
        for chain in (shard.get("codecs"), shard.get("index_codecs")):
            if fault := _fault_of_codecs(chain, shapes, depth + 1):
                return fault
    return None


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
    if not isinstance(attributes or {}, dict):
        return "has no mapping of attributes"
    values = (attributes or {}).get("flag_values")
    meanings = (attributes or {}).get("flag_meanings", "")
    if values is None:
        return None
    codes = values if isinstance(values, list) else [values]
    if not all(type(code) is int and abs(code) < 2**63 for code in codes):
        return "has flag_values that are no whole numbers"
    if not isinstance(meanings, str) or len(meanings.split()) != len(codes):
        return f"has {len(codes)} flag_values and other flag_meanings"
    return None


def _configured(part: Any, name: str) -> dict[str, Any]:
    """Return the configuration of a part of the metadata that has this name, else an empty one."""
    if not isinstance(part, dict) or part.get("name") != name:
        return {}
    configuration = part.get("configuration")
    return configuration if isinstance(configuration, dict) else {}


def _are_sizes(sizes: Any, least: int) -> TypeGuard[list[int]]:
    return (
        isinstance(sizes, list)
        and len(sizes) <= 16
        and all(type(size) is int and least <= size <= _MAX_SIZE for size in sizes)
    )
