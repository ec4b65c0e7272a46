"""Catalogues as Parquet."""

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import xarray as xr

from skybench.registry.exports.catalogue import LOSES, table_blocks
from skybench.registry.exports.export_format import DataFormat
from skybench.registry.tables import Column, about


def write_parquet(ds: xr.Dataset, path: Path) -> None:
    """Write samples.parquet and, where there are any, sources.parquet into a new folder."""
    from pyarrow.parquet import ParquetWriter  # type: ignore[import-untyped]  # late: slow to load

    path.mkdir()
    metadata = {"skybench": json.dumps(about(ds))}
    writers: dict[str, Any] = {}
    with ExitStack() as stack:
        for block in table_blocks(ds):
            for name, columns in block.items():
                table = _arrow(columns, metadata)
                if name not in writers:
                    writer = ParquetWriter(path / f"{name}.parquet", table.schema)
                    writers[name] = stack.enter_context(writer)
                if len(table):  # else there would be an empty row group
                    writers[name].write_table(table)


def _arrow(columns: list[Column], metadata: dict[str, str]) -> pa.Table:
    arrays = [pa.array(column.values) for column in columns]
    fields = [
        pa.field(column.name, array.type, metadata=_said(column))
        for column, array in zip(columns, arrays, strict=True)
    ]
    return pa.table(arrays, schema=pa.schema(fields, metadata=metadata))


def _said(column: Column) -> dict[str, str]:
    said = {"unit": column.units, "description": column.long_name}
    return {key: text for key, text in said.items() if text}


PARQUET = DataFormat(
    name="parquet",
    suffix="",
    keeps="what is known of samples and of sources, a row each, with types, units and descriptions "
    "in the fields' metadata.",
    loses=LOSES,
    write=write_parquet,
)
