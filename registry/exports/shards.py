"""The samples of each split in files of bounded size, as loaders of shards read them."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skybench.errors import ParameterError
from skybench.generators.codes import SAMPLE_DIM
from skybench.registry.exports.answers import split_names
from skybench.registry.exports.blocks import along_samples, row_slices
from skybench.registry.progress_bar import progress_bar
from skybench.registry.storage.local_disk import replace_file

SHARD_BYTES = 1 << 28

Rows = NDArray[np.intp]
Blocks = Iterator[tuple[Rows, xr.Dataset]]
Pieces = Iterator[bytes | memoryview]


@dataclass(frozen=True, kw_only=True)
class Shard:
    """Some samples of one split, which have a file of their own.

    Attributes
    ----------
    split : str
    number, count : int
        Which of the split's shards it is, from 0, and how many there are.
    rows : (sample,) array of int
        Its samples, as rows of the dataset.
    """

    split: str
    number: int
    count: int
    rows: Rows

    @property
    def name(self) -> str:
        """The usual name of such a file, without a suffix: ``train-00000-of-00004``."""
        return f"{self.split}-{self.number:05d}-of-{self.count:05d}"


def check_samples(ds: xr.Dataset) -> None:
    """Raise a `ParameterError` where there is not one sample, and so no file for a loader."""
    if not ds.sizes.get(SAMPLE_DIM, 0):
        msg = "there are no samples to make files of; export npz, zarr or hdf5, or choose some"
        raise ParameterError(msg)


def write_shards(
    ds: xr.Dataset,
    path_of: Callable[[Shard], Path],
    pieces: Callable[[Blocks], Pieces],
    *,
    samples: int | None = None,
) -> None:
    """Write each shard that is not there yet, under one progress bar; memory stays flat.

    Parameters
    ----------
    ds : Dataset
        It may be lazy.
    path_of : callable
        Shard to its file, which has its name only once it is whole.
    pieces : callable
        Rows and samples of a shard, block after block, to the content of its file. Variables
        without ``sample`` are in no block.
    samples : int, optional
        At most so many in a shard, and at most about 256 MB.
    """
    along = along_samples(ds)
    with progress_bar("Exporting", ds.sizes[SAMPLE_DIM], shown=sys.stderr.isatty()) as advance:
        for shard in _shards(ds, samples):
            if path_of(shard).exists():
                advance(len(shard.rows))
                continue
            content = pieces(_blocks(along, shard.rows, advance))
            replace_file(path_of(shard), content, durable=True)


def _shards(ds: xr.Dataset, samples: int | None) -> Iterator[Shard]:
    splits = split_names(ds)
    fitting = max(1, SHARD_BYTES * len(splits) // max(1, ds.nbytes))
    most = fitting if samples is None else min(fitting, samples)
    for split in dict.fromkeys(splits.tolist()):
        rows = np.flatnonzero(splits == split)
        starts = range(0, len(rows), most)
        for number, start in enumerate(starts):
            chosen = rows[start : start + most]
            yield Shard(split=split, number=number, count=len(starts), rows=chosen)


def _blocks(along: xr.Dataset, rows: Rows, advance: Callable[[int], None]) -> Blocks:
    of_shard = along.isel({SAMPLE_DIM: rows})
    for taken in row_slices(of_shard):
        yield rows[taken], of_shard.isel({SAMPLE_DIM: taken}).compute()
        advance(taken.stop - taken.start)


def of_one_sample(variable: xr.Variable) -> tuple[int, ...]:
    """Return the shape that a variable has for one sample."""
    return tuple(variable.sizes[dim] for dim in variable.dims if dim != SAMPLE_DIM)
