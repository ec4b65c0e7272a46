"""Catalogues as the Virtual Observatory's tables."""

import warnings
from dataclasses import replace
from pathlib import Path

import xarray as xr

from skybench.registry.exports.catalogue import LOSES, tables
from skybench.registry.exports.export_format import DataFormat
from skybench.registry.tables import Column, about, to_astropy

_WIDER = {"int8": "int16", "uint16": "int32", "uint32": "int64", "float16": "float32"}
"""Types that VOTable lacks, and the least that hold them."""


def write_votable(ds: xr.Dataset, path: Path) -> None:
    """Write samples.vot and, where there are any, sources.vot into a new folder.

    References
    ----------
    Ochsenbein et al. (2019), VOTable Format Definition 1.4, IVOA Recommendation, section 5.4
    """
    from astropy.io.votable import from_table, tree  # put off: slow to load
    from astropy.io.votable.exceptions import W50

    path.mkdir()
    for name, columns in tables(ds).items():
        file = from_table(to_astropy(map(_widened, columns), {}), table_id=name)
        known = about(ds).items()
        file.infos.extend(tree.Info(name=key, value=str(value)) for key, value in known)
        with warnings.catch_warnings():
            # No standard of units knows the electron; readers take the word as it is.
            warnings.simplefilter("ignore", W50)
            # As text, astropy 6.1 writes np.float32(0.5) for the number.
            file.to_xml(str(path / f"{name}.vot"), tabledata_format="binary2")


def _widened(column: Column) -> Column:
    values = column.values
    return replace(column, values=values.astype(_WIDER.get(values.dtype.name, values.dtype)))


VOTABLE = DataFormat(
    name="votable",
    suffix="",
    keeps="what is known of samples and of sources, a row each, with types, units, descriptions "
    "and where they are from, for TOPCAT, Aladin and others.",
    loses=LOSES,
    write=write_votable,
)
