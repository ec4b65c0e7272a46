"""Open one Zarr store of skybench's as a lazy xarray Dataset, without its manifest."""

import xarray as xr

from skybench.errors import IntegrityError
from skybench.registry.arrays.decoding import decode_flags
from skybench.registry.arrays.splits import select_split
from skybench.registry.arrays.zarr_format import in_chunks, missing_chunks, open_raw


def open_url(url: str, *, split: str | None = None, decode: bool = True) -> xr.Dataset:
    """Return the dataset in one Zarr store, without the manifest that would prove it.

    Parameters
    ----------
    url : str
        A path or any fsspec URL of a store that skybench wrote.
    split, decode
        As for `skybench.open`.

    Raises
    ------
    NotFoundError
        There is no such store or split.
    IntegrityError
        Chunks are missing, which would read as fill values without an error.
    """
    stored = open_raw(url, chunked=False)
    ds = in_chunks(stored, url)
    if split is not None:
        ds = select_split(ds, split, stored)
    if missing := missing_chunks(url):
        msg = (
            f"{url} lacks {len(missing)} of its chunks, first {missing[0]}; "
            "the copy is incomplete, fetch or build it again"
        )
        raise IntegrityError(msg)
    return (decode_flags(ds) if decode else ds).drop_encoding()
