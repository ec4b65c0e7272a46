"""A dataset of any size, read a part at a time: how every export format gets at values."""

import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skybench.generators.codes import SAMPLE_DIM
from skybench.registry.hashing.content_hash import row_blocks
from skybench.registry.progress_bar import progress_bar

_BLOCK_BYTES = 1 << 24


def blocks(
    ds: xr.Dataset, rows: int | None = None, *, action: str = "Exporting"
) -> Iterator[xr.Dataset]:
    """Yield the samples in order, some at a time and in memory, under a progress bar.

    The bar is shown where standard error is a terminal.

    Parameters
    ----------
    ds : Dataset
        It may be lazy. Variables without ``sample`` are in no block.
    rows : int, optional
        Samples in a block. Default: whole chunks of about 16 MB.
    action : str
        What the bar says.
    """
    for _, block in unfinished_blocks(ds, rows, lambda _: False, action=action):
        yield block


def unfinished_blocks(
    ds: xr.Dataset,
    rows: int | None,
    finished: Callable[[slice], bool],
    *,
    action: str = "Exporting",
) -> Iterator[tuple[slice, xr.Dataset]]:
    """Yield rows and samples of the blocks that an earlier call has not finished; as `blocks`.

    Parameters
    ----------
    finished : callable
        Tells of the rows of a block that it need not be read.
    """
    along = along_samples(ds)
    samples = ds.sizes.get(SAMPLE_DIM, 0)
    with progress_bar(action, samples, shown=sys.stderr.isatty()) as advance:
        for taken in row_slices(along, rows):
            if not finished(taken):
                yield taken, along.isel({SAMPLE_DIM: taken}).compute()
            advance(taken.stop - taken.start)


def along_samples(ds: xr.Dataset) -> xr.Dataset:
    """Return the dataset without the variables that are the same for all samples."""
    return ds.drop_vars([name for name, v in ds.variables.items() if SAMPLE_DIM not in v.dims])


def row_slices(ds: xr.Dataset, rows: int | None = None) -> Iterator[slice]:
    """Yield the rows of each block that `blocks` yields."""
    if rows is None:
        yield from row_blocks(ds, _BLOCK_BYTES)
        return
    samples = ds.sizes.get(SAMPLE_DIM, 0)
    yield from (slice(start, min(start + rows, samples)) for start in range(0, samples, rows))


def columns(ds: xr.Dataset) -> Iterator[tuple[str, Iterator[NDArray[Any]]]]:
    """Yield each variable by name with its values, some rows at a time, under one progress bar.

    For files that hold one variable after the other. The values of a variable must be used up
    before the next is asked for; one without ``sample`` comes whole.
    """
    with progress_bar("Exporting", ds.nbytes, unit="bytes", shown=sys.stderr.isatty()) as advance:
        for name, variable in ds.variables.items():
            yield str(name), _values(variable, advance)


def _values(variable: xr.Variable, advance: Callable[[int], None]) -> Iterator[NDArray[Any]]:
    if SAMPLE_DIM not in variable.dims:
        yield np.asarray(variable.values)
    else:
        alone = xr.Dataset({"values": variable})
        for taken in row_slices(alone):
            values = np.asarray(variable.isel({SAMPLE_DIM: taken}).values)
            yield values
            advance(values.nbytes)
