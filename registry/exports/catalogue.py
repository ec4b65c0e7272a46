"""What the formats of catalogues share: a folder with a table of samples, and one of sources.

The tables are those of `skybench.samples` and `skybench.sources`. They hold no pixels, so none are
read.
"""

from collections.abc import Iterator

import xarray as xr

from skybench.generators.codes import SAMPLE_DIM
from skybench.registry.exports.blocks import blocks
from skybench.registry.tables import Column, has_sources, sample_columns, source_columns

LOSES = "pixels, series, maps and cubes, empty slots, and the codes behind the names."


def table_blocks(ds: xr.Dataset) -> Iterator[dict[str, list[Column]]]:
    """Yield the tables by name, some samples at a time, under a progress bar.

    The first has no rows, so that there is a header where there are no samples.
    """
    known = ds.coords.to_dataset()
    yield tables(known.isel({SAMPLE_DIM: slice(0)}))
    of_classes = known.drop_dims(SAMPLE_DIM)
    for block in blocks(known):
        yield tables(block.merge(of_classes))


def tables(ds: xr.Dataset) -> dict[str, list[Column]]:
    """Return the tables by name; that of sources where samples have some."""
    found = {"samples": sample_columns(ds)}
    return found | {"sources": source_columns(ds)} if has_sources(ds) else found
