"""The table of a recipe's catalogue: columns of numbers from a CSV, Parquet or FITS file."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from skybench.generators.arrays import Floats
from skybench.generators.source_table import SourceTable, columns_used
from skybench.generators.suggestion import unknown


def with_table(
    content: Mapping[str, Any], folder: Path | None
) -> tuple[Mapping[str, Any], dict[str, Any]]:
    """Return a recipe's content with what is recorded of its catalogue, and the table itself.

    Parameters
    ----------
    content : mapping
        Of a recipe, not yet checked. What is no proper catalogue is left as it is.
    folder : Path or None
        Where its file is looked for; None to read no file.

    Returns
    -------
    content : mapping
        Its catalogue has ``sha256``, ``rows`` and ``kept``, and ``file`` without its folders.
    found : dict
        ``table`` and ``folder``; nothing where the rows are not at hand but their hash is recorded.

    Raises
    ------
    ValueError
        The file cannot be read, or its rows are not those whose hash is recorded.
    """
    block = content.get("catalogue")
    if not isinstance(block, Mapping) or not isinstance(block.get("file"), str):
        return content, {}
    if block.get("content") is not None:
        table: SourceTable | None = SourceTable.unpacked(block["content"])
        where = None
    else:
        where = folder and (folder / block["file"]).parent
        table = _found(content, block, where)
    if table is None:
        return content, {}
    read = {"sha256": table.digest, "rows": table.total, "kept": len(table.rows)}
    if block.get("sha256", table.digest) != table.digest:
        msg = (
            f"catalogue.sha256: the rows of {block['file']} that are used have the hash "
            f"{table.digest}, expected {block['sha256']}; another file or cut was recorded. Take "
            "the key out to use these rows"
        )
        raise ValueError(msg)
    named = {"file": Path(block["file"]).name}
    told = {key: value for key, value in block.items() if key != "content"}
    return {**content, "catalogue": {**told, **named, **read}}, {"table": table, "folder": where}


def _found(
    content: Mapping[str, Any], block: Mapping[str, Any], folder: Path | None
) -> SourceTable | None:
    """Return the rows of a catalogue; None where a recorded one is not at hand."""
    file = Path(block["file"]).name
    if folder is None or not (folder / file).is_file():
        if "sha256" in block:
            return None
        msg = (
            f"catalogue.file: there is no file {block['file']}; paths begin at the recipe's folder"
        )
        raise ValueError(msg)
    cut = block.get("where")
    try:
        wanted = columns_used(content, cut if isinstance(cut, str) else None)
        if not wanted:
            msg = "no parameter is a column of it: {distribution: column, column: NAME}"
            raise ValueError(msg)
        return SourceTable.cut(read_columns(folder / file, wanted), cut)
    except ValueError as error:
        msg = f"catalogue: {file}: {error}"
        raise ValueError(msg) from error


class _Reader(NamedTuple):
    """How a kind of file tells its columns, and gives some of them."""

    names: Callable[[Path], list[str]]
    columns: Callable[[Path, list[str]], dict[str, Any]]


def read_columns(path: Path, wanted: Iterable[str]) -> dict[str, Floats]:
    """Return columns of a table by name, as float64; NaN where a number is missing.

    Parameters
    ----------
    path : Path
        A CSV file with the names in its first line, a Parquet file, or a FITS file, whose first
        table is taken; told by the end of the name (``.csv``, ``.parquet``, ``.fits``).
    wanted : iterable of str

    Raises
    ------
    ValueError
        It is no such file, lacks a column, or one does not hold numbers.
    """
    suffix = path.suffix.lower()
    if suffix not in _READERS:
        msg = f"{path.name} is no table that can be read; it must end in {', '.join(_READERS)}"
        raise ValueError(msg)
    reader, wanted = _READERS[suffix], sorted(wanted)
    try:
        there = reader.names(path)
        missing = [name for name in wanted if name not in there]
        found = reader.columns(path, wanted) if not missing else {}
    except (OSError, ValueError, TypeError) as error:
        msg = f"{path.name} cannot be read: {error}"
        raise ValueError(msg) from error
    if missing:
        raise ValueError(unknown("column", missing[0], there))
    return {name: _numbers(name, values) for name, values in found.items()}


def _numbers(name: str, values: Any) -> Floats:
    array: Any = np.ma.asarray(values)
    if array.ndim != 1 or array.dtype.kind not in "fiub":
        what = "text" if array.dtype.kind in "OUST" else f"{array.dtype} of {array.ndim} dimensions"
        msg = f"column {name!r} must hold a number in each row, but holds {what}"
        raise ValueError(msg)
    return np.asarray(array.astype(np.float64).filled(np.nan))


# Each library is loaded where a table of its kind is read: together they take a second.
def _csv_names(path: Path) -> list[str]:
    from pyarrow.csv import open_csv  # type: ignore[import-untyped]

    with open_csv(path) as reader:
        return [str(name) for name in reader.schema.names]


def _csv_columns(path: Path, names: list[str]) -> dict[str, Any]:
    from pyarrow.csv import ConvertOptions, read_csv

    return _arrays(read_csv(path, convert_options=ConvertOptions(include_columns=names)))


def _parquet_names(path: Path) -> list[str]:
    from pyarrow.parquet import read_schema  # type: ignore[import-untyped]

    return [str(name) for name in read_schema(path).names]


def _parquet_columns(path: Path, names: list[str]) -> dict[str, Any]:
    from pyarrow.parquet import read_table

    return _arrays(read_table(path, columns=names))


def _arrays(table: Any) -> dict[str, Any]:
    """Return the columns of an Arrow table; numbers that are missing are NaN."""
    return {name: table[name].to_numpy() for name in table.column_names}


def _fits_names(path: Path) -> list[str]:
    return [str(name) for name in _fits_table(path).colnames]


def _fits_columns(path: Path, names: list[str]) -> dict[str, Any]:
    table = _fits_table(path)
    return {name: np.ma.asarray(table[name]) for name in names}


def _fits_table(path: Path) -> Any:
    from astropy.table import Table

    return Table.read(path, format="fits", hdu=1)


_READERS = {
    ".csv": _Reader(_csv_names, _csv_columns),
    ".parquet": _Reader(_parquet_names, _parquet_columns),
    ".fits": _Reader(_fits_names, _fits_columns),
}
