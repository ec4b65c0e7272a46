"""Catalogues as astropy's text with a header: ECSV."""

from pathlib import Path

import xarray as xr

from skybench.registry.exports.catalogue import LOSES, tables
from skybench.registry.exports.export_format import DataFormat
from skybench.registry.tables import about, to_astropy


def write_ecsv(ds: xr.Dataset, path: Path) -> None:
    """Write samples.ecsv and, where there are any, sources.ecsv into a new folder."""
    path.mkdir()
    for name, columns in tables(ds).items():
        to_astropy(columns, about(ds)).write(path / f"{name}.ecsv", format="ascii.ecsv")


ECSV = DataFormat(
    name="ecsv",
    suffix="",
    keeps="what is known of samples and of sources, a row each, with types, units, descriptions "
    "and where they are from.",
    loses=LOSES,
    write=write_ecsv,
)
