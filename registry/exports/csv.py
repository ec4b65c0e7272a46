"""Catalogues as text with commas."""

from pathlib import Path

import xarray as xr

from skybench.registry.exports.catalogue import LOSES, table_blocks
from skybench.registry.exports.export_format import DataFormat
from skybench.registry.tables import to_pandas


def write_csv(ds: xr.Dataset, path: Path) -> None:
    """Write samples.csv and, where there are any, sources.csv into a new folder."""
    path.mkdir()
    for block in table_blocks(ds):
        for name, columns in block.items():
            file = path / f"{name}.csv"
            first = not file.exists()
            to_pandas(columns).to_csv(file, mode="a", header=first, index=False)


CSV = DataFormat(
    name="csv",
    suffix="",
    keeps="what is known of samples and of sources, a row each, in samples.csv and sources.csv.",
    loses=f"units and descriptions; {LOSES}",
    write=write_csv,
)
