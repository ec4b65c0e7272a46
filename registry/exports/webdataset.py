"""Tar files of samples, one after the other, as webdataset streams them."""

import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from tarfile import BLOCKSIZE, USTAR_FORMAT, TarInfo
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skybench.generators.codes import ID_VARIABLE, decode_flags
from skybench.registry.exports.answers import answers
from skybench.registry.exports.export_format import DataFormat
from skybench.registry.exports.metadata_text import folder_text
from skybench.registry.exports.shards import Blocks, Pieces, Shard, check_samples, write_shards

SHARD_SAMPLES = 1000


def write_webdataset(ds: xr.Dataset, folder: Path) -> None:
    """Write tar files of each split, and ``dataset.json``; goes on with a folder that is begun.

    A sample has an NPY file a data variable, its answer as ``.cls`` (the code of its class) or
    ``.answer.npy``, and its coordinates as JSON: names for codes, null for NaN.
    """
    folder.mkdir(exist_ok=True)
    (folder / "dataset.json").write_text(folder_text(ds), encoding="utf-8")
    stem, answers_of = ds.attrs.get("dataset", ds.attrs.get("recipe", "samples")), answers(ds)

    def path_of(shard: Shard) -> Path:
        return folder / f"{stem}-{shard.split}-{shard.number:06d}.tar"

    def pieces(blocks: Blocks) -> Pieces:
        for rows, block in blocks:
            yield from _members(block, answers_of(rows))
        yield bytes(2 * BLOCKSIZE)  # the end of an archive

    write_shards(ds, path_of, pieces, samples=SHARD_SAMPLES)


def _members(block: xr.Dataset, right: NDArray[Any]) -> Pieces:
    known = _records(block)
    for row, identity in enumerate(block[ID_VARIABLE].values.tolist()):
        for name, variable in block.data_vars.items():
            yield from _member(f"{identity:06d}.{name}.npy", _npy(variable.values[row]))
        if right.ndim == 1:
            yield from _member(f"{identity:06d}.cls", str(right[row]).encode())
        else:
            yield from _member(f"{identity:06d}.answer.npy", _npy(right[row]))
        record = json.dumps(next(known), allow_nan=False)
        yield from _member(f"{identity:06d}.json", record.encode())


def _records(block: xr.Dataset) -> Iterator[dict[str, Any]]:
    """Yield the coordinates of each sample as JSON has them."""
    known = decode_flags(block.coords.to_dataset())
    columns = {str(name): _plain(v.values) for name, v in known.variables.items()}
    for values in zip(*columns.values(), strict=True):
        yield dict(zip(columns, values, strict=True))


def _plain(values: NDArray[Any]) -> list[Any]:
    """Return values as JSON has them, which knows neither NaN nor infinity."""
    plain: NDArray[np.object_] = values.astype(object)
    if values.dtype.kind == "f":
        plain[~np.isfinite(values)] = None
    return list(plain.tolist())


def _npy(values: NDArray[Any]) -> bytes:
    file = BytesIO()
    np.save(file, values)
    return file.getvalue()


def _member(name: str, content: bytes) -> Pieces:
    """Yield a file of an archive; nothing in it is of this time, machine or user."""
    info = TarInfo(name)
    info.size = len(content)
    yield info.tobuf(USTAR_FORMAT)
    yield content
    yield bytes(-len(content) % BLOCKSIZE)


WEBDATASET = DataFormat(
    name="webdataset",
    suffix="",
    keeps=f"every value, in tar files such as sky-train-000000.tar of {SHARD_SAMPLES:,} samples: "
    "000017.image.npy, 000017.cls and 000017.json; dataset.json with dimensions, units and what "
    "codes mean.",
    loses="the order of samples of several splits, infinities in coordinates, and what proves the "
    "rest.",
    write=write_webdataset,
    check=check_samples,
    resumable=True,
)
