"""Arrays in files from strangers: no larger than asked for, and never code."""

import math
import zipfile
from collections.abc import Iterable
from typing import IO, Any

import numpy as np
import zarr
from numpy.typing import NDArray

_SUFFIX = ".npy"
_CODECS = frozenset(["bytes", "blosc", "crc32c", "gzip", "lz4", "sharding_indexed", "zlib", "zstd"])


def read_npz(source: Any, keys: Iterable[str], most_bytes: int) -> dict[str, NDArray[Any]]:
    """Return some arrays of an ``.npz``; those that are not there are left out.

    The header of each is read first, so that a few bytes cannot unfold into more than asked for.

    Parameters
    ----------
    source : path or open binary file
    keys : iterable of str
        The arrays' names; no others are read.
    most_bytes : int
        Of one array in memory.

    Raises
    ------
    ValueError
        An array is too large, or of Python objects, which would be code.
    OSError, zipfile.BadZipFile, zlib.error, ...
        The file is damaged.
    """
    with zipfile.ZipFile(source) as archive:
        names = archive.namelist()
        arrays = {}
        for key in keys:
            if (count := names.count(key + _SUFFIX)) > 1:
                msg = f"it has {key} {count} times"
                raise ValueError(msg)
            if count:
                with archive.open(key + _SUFFIX) as member:
                    _check(key, *_header(member), most_bytes)
                with archive.open(key + _SUFFIX) as member:
                    arrays[key] = np.lib.format.read_array(member, allow_pickle=False)
        return arrays


def read_zarr(source: Any, keys: Iterable[str], most_bytes: int) -> dict[str, NDArray[Any]]:
    """Return some arrays of a Zarr group; as `read_npz`."""
    group = zarr.open_group(source, mode="r")
    arrays = {}
    for key in keys:
        if key not in group:
            continue
        array = group[key]
        if not isinstance(array, zarr.Array):
            msg = f"{key} is no array"
            raise ValueError(msg)
        _check(key, array.shape, array.dtype, most_bytes)
        _check(f"a chunk of {key}", array.chunks, array.dtype, most_bytes + (1 << 26))
        if foreign := set(_codecs(array.metadata.to_dict())) - _CODECS:
            msg = (
                f"{key} has the codec {min(foreign)[:40]}; use one of {', '.join(sorted(_CODECS))}"
            )
            raise ValueError(msg)
        arrays[key] = np.asarray(array[...])
    return arrays


def _header(member: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = np.lib.format.read_magic(member)
    read = np.lib.format.read_array_header_1_0
    shape, _, dtype = (read if version == (1, 0) else np.lib.format.read_array_header_2_0)(member)
    return shape, dtype


def _check(key: str, shape: tuple[int, ...], dtype: np.dtype[Any], most_bytes: int) -> None:
    if dtype.hasobject:
        msg = f"{key} holds Python objects, which would be code"
        raise ValueError(msg)
    if (size := math.prod(shape) * dtype.itemsize) > most_bytes:
        msg = f"{key} unfolds to {size:,} bytes, more than {most_bytes:,}"
        raise ValueError(msg)


def _codecs(metadata: Any) -> Iterable[str]:
    """Return the names of all codecs in the metadata of an array of either Zarr version."""
    chains = [metadata.get(key) for key in ("codecs", "filters", "index_codecs")]
    for codec in [metadata.get("compressor"), *(c for chain in chains for c in chain or ())]:
        if isinstance(codec, dict):
            yield str(codec.get("name", codec.get("id")))
            yield from _codecs(codec.get("configuration") or {})
