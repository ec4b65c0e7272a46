"""Tables of predictions as tools leave them, each read into one frame with the place of its rows.

What is far from an answer is refused before it fills the memory, whichever way it comes in.
"""

import csv
import gzip
import os
import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol, runtime_checkable

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from skybench.errors import IntegrityError, PredictionsError
from skybench.registry.scoring.question import (
    CONTENT_KEY,
    ID,
    IN_ORDER,
    LABEL,
    SEED,
    Question,
    bound_content,
)
from skybench.registry.scoring.tasks import Columns
from skybench.registry.storage.strict_json import strict_json

METADATA_KEY = b"skybench"

_MOST_SEEDS, _MOST_OTHERS = 256, 64
MOST_BYTES = 1 << 30
"""Of predictions, in a file and unfolded."""
_MOST_LINE = 1 << 20
_SHOWN = 80
# What pandas and polars call an index that nobody named, in files and after reading them again.
_INDEX = re.compile(r"|index|level_\d+|__index_level_\d+__|Unnamed: \d+(\.\d+)*")


@runtime_checkable
class ArrowTable(Protocol):
    """A table of polars, pyarrow or another library that speaks the Arrow PyCapsule interface."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Return the table as a stream of Arrow record batches."""


PredictionsSource = (
    str
    | os.PathLike[str]
    | IO[bytes]
    | pd.DataFrame
    | pd.Series
    | xr.DataArray
    | ArrowTable
    | ArrayLike
)


@dataclass(frozen=True)
class Table:
    """Cells with the place of each row, whatever they came from.

    Parameters
    ----------
    source : str
        Names it in messages.
    frame : DataFrame
        As it was, with text for names of columns and without indices that nobody named.
    places : sequence of str
        Of each row, for messages.
    content : str or None
        The content hash that it says it was made for.
    notes : tuple of str
        What was assumed in reading it.
    """

    source: str
    frame: pd.DataFrame
    places: Sequence[str]
    content: str | None = None
    notes: tuple[str, ...] = ()


def read_table(source: PredictionsSource, question: Question) -> Table:
    """Return a table of any kind as a frame; its columns and cells are not checked.

    Parameters
    ----------
    source : path, open binary file, table, series or array
        A file is told by its name: ``.csv``, ``.tsv``, ``.fits``, each also with ``.gz``, or
        ``.parquet``; an open one is Parquet. In memory a pandas DataFrame, what exports Arrow
        (polars, pyarrow), a Series or one-dimensional DataArray with ``sample_id``, or a NumPy
        array in the order of the question's ids.
    question : Question

    Raises
    ------
    PredictionsError
        It holds no table, is damaged, or far larger than an answer can be.
    MissingDependencyError
        Reading it needs a package that is not installed.
    """
    if isinstance(source, str | os.PathLike):
        return _read_path(Path(source), question)
    if isinstance(source, pd.DataFrame):
        return _from_frame("the DataFrame", source, question)
    if isinstance(source, pd.Series):
        return _from_series("the Series", source, question)
    if isinstance(source, xr.DataArray):
        return _from_series("the DataArray", _as_series(source), question)
    if isinstance(source, np.ndarray):
        return _from_array(source, question)
    if isinstance(source, ArrowTable):
        return _from_arrow(source, question)
    if hasattr(source, "read"):
        opened: Any = source
        return _read_parquet(opened, question)
    msg = (
        "predictions are a DataFrame, an Arrow table, a NumPy array or the path of a file, got a "
        f"{type(source).__name__}"
    )
    raise PredictionsError(msg)


def import_pyarrow() -> Any:
    """Return pyarrow with its Parquet module, which take a moment to load."""
    import pyarrow.parquet  # type: ignore[import-untyped]

    return pyarrow


def _read_path(path: Path, question: Question) -> Table:
    name = path.name.lower()
    ending = next((ending for ending in _READERS if name.endswith(ending)), None)
    if ending is None:
        msg = f"{path} must be a {', '.join(list(_READERS)[:-1])} or {list(_READERS)[-1]} file"
        raise PredictionsError(msg)
    if not path.is_file():
        msg = f"{path} is not a file; give the path of your predictions"
        raise PredictionsError(msg)
    return _READERS[ending](path, question)


def _table(
    source: str,
    frame: pd.DataFrame,
    question: Question,
    places: Sequence[str] | None = None,
    content: str | None = None,
    notes: tuple[str, ...] = (),
) -> Table:
    """Return a table of what has been read, which must not be larger than an answer can be."""
    _check_size(source, *frame.shape, question)
    frame = frame.set_axis([str(name) for name in frame.columns], axis=1)
    frame = frame.loc[:, [not _is_index(name, question) for name in frame.columns]]
    places = [f"row {n}" for n in range(len(frame))] if places is None else places
    return Table(source, frame, places, content, notes)


def _check_size(source: str, rows: int, columns: int, question: Question) -> None:
    """Refuse what is far from an answer before it is in memory."""
    most_rows, most_columns = _MOST_SEEDS * len(question.ids), len(question.names) + _MOST_OTHERS
    if rows > most_rows or columns > most_columns:
        msg = (
            f"{source} has {rows:,} rows of {columns:,} columns, far more than the "
            f"{len(question.ids):,} test samples can have. It needs {question.expected}."
        )
        raise PredictionsError(msg)


def _check_bytes(source: str, size: int) -> None:
    if size > MOST_BYTES:
        msg = f"{source} unfolds to {size:,} bytes, more than {MOST_BYTES:,}"
        raise PredictionsError(msg)


def _is_index(name: str, question: Question) -> bool:
    return _INDEX.fullmatch(name) is not None and name not in question.names


def _from_frame(source: str, frame: pd.DataFrame, question: Question) -> Table:
    named = [name for name in frame.index.names if name in (ID, SEED) and name not in frame]
    return _table(source, frame.reset_index(level=named) if named else frame, question)


def _from_series(source: str, series: "pd.Series[Any]", question: Question) -> Table:
    if ID not in series.index.names:
        msg = f"{source} needs an index named {ID}, of the test samples that its values are for"
        raise PredictionsError(msg)
    return _from_frame(source, series.to_frame(_only_column(question) or LABEL), question)


def _as_series(array: xr.DataArray) -> "pd.Series[Any]":
    if array.ndim != 1 or ID not in array.coords:
        msg = (
            f"the DataArray must have one dimension and the coordinate {ID}, got dimensions "
            f"{array.dims} and coordinates {tuple(array.coords)}; several columns are a DataFrame"
        )
        raise PredictionsError(msg)
    return pd.Series(array.to_numpy(), pd.Index(array[ID].to_numpy(), name=ID))


def _only_column(question: Question) -> str | None:
    """Return the name of the column of an answer that may have a single one."""
    if isinstance(question.form, Columns) and question.form.exclusive:
        return LABEL
    return question.names[0] if len(question.names) == 1 else None


def _from_array(array: NDArray[Any], question: Question) -> Table:
    columns = _columns_of(array, question)
    values = np.char.decode(array, "utf-8") if array.dtype.kind == "S" else array
    frame = pd.DataFrame(values, columns=columns).assign(**{ID: question.ids})
    note = f"{IN_ORDER}; its columns are {', '.join(columns)}" if array.ndim == 2 else IN_ORDER
    return _table("the array", frame, question, notes=(note,))


def _columns_of(array: NDArray[Any], question: Question) -> list[str]:
    count, names, single = len(question.ids), question.names, _only_column(question)
    fitting: dict[tuple[int, ...], list[str]] = {(count, len(names)): list(names)}
    if single is not None:
        fitting[(count,)] = [single]
    if array.shape in fitting and array.dtype.kind in "biufOSU":
        return fitting[array.shape]
    shapes = " or ".join(f"{shape} {', '.join(columns)}" for shape, columns in fitting.items())
    msg = (
        f"the array is {array.shape} {array.dtype}, but the test split has {count:,} samples: "
        f"it must be {shapes}, in the order of skybench.open(…, split='test')"
    )
    raise PredictionsError(msg)


def _from_arrow(source: ArrowTable, question: Question) -> Table:
    pa = import_pyarrow()
    kind = type(source)
    name = f"the {kind.__module__.partition('.')[0]} {kind.__name__}"
    try:
        table = pa.table(source)
        _check_types(name, pa, table.schema, question)
        return _arrow_table(name, table, question)
    except (pa.ArrowException, TypeError, UnicodeError) as error:
        msg = f"{name} cannot be read as an Arrow table: {error}"
        raise PredictionsError(msg) from error


def _read_parquet(path: Path | IO[bytes], question: Question) -> Table:
    source = str(path) if isinstance(path, Path) else "the predictions"
    pa = import_pyarrow()
    try:
        file = pa.parquet.ParquetFile(path)
        metadata = file.metadata
        _check_size(source, metadata.num_rows, metadata.num_columns, question)
        _check_types(source, pa, file.schema_arrow, question)
        groups = range(metadata.num_row_groups)
        _check_bytes(source, sum(metadata.row_group(n).total_byte_size for n in groups))
        if LABEL in file.schema_arrow.names:
            # Kept as a dictionary: a long text, many times, would fill the memory.
            file = pa.parquet.ParquetFile(path, read_dictionary=[LABEL])
        return _arrow_table(source, file.read(), question)
    except (pa.ArrowException, OSError, UnicodeError) as error:
        msg = f"{source} cannot be read as Parquet: {error}"
        raise PredictionsError(msg) from error


def _arrow_table(source: str, table: Any, question: Question) -> Table:
    _check_size(source, table.num_rows, table.num_columns, question)
    names = enumerate(table.column_names)
    answer = table.select([k for k, name in names if not _is_index(name, question)])
    content = _bound_content(table.schema.metadata or {}, source)
    return _table(source, answer.to_pandas(ignore_metadata=True), question, content=content)


def _check_types(source: str, pa: Any, schema: Any, question: Question) -> None:
    kinds = pa.types
    plain = (kinds.is_integer, kinds.is_floating, kinds.is_boolean, kinds.is_null)
    texts = (kinds.is_string, kinds.is_large_string, kinds.is_string_view)
    for field in schema:
        kind = field.type.value_type if kinds.is_dictionary(field.type) else field.type
        if _is_index(field.name, question) or any(is_kind(kind) for is_kind in plain + texts):
            continue
        msg = f"{source} has the column {field.name[:_SHOWN]!a} of {kind}; expected numbers"
        raise PredictionsError(msg)


def _bound_content(metadata: Mapping[bytes, bytes], source: str) -> str | None:
    try:
        bound = strict_json(metadata.get(METADATA_KEY, b"{}").decode(), f"metadata of {source}")
    except (IntegrityError, UnicodeDecodeError) as error:
        raise PredictionsError(str(error)) from None
    return bound_content(bound) if isinstance(bound, dict) else None


def _read_fits(path: Path, question: Question) -> Table:
    import astropy.table  # put off, as it is slow to load
    from astropy.io import fits

    try:
        with fits.open(path) as units:
            tables = [unit for unit in units if isinstance(unit, fits.BinTableHDU)]
            _check_fits(str(path), tables, question)
            table = astropy.table.Table.read(tables[0])
            table.convert_bytestring_to_unicode()
            return _table(str(path), table.to_pandas(index=False), question)
    except PredictionsError:
        raise
    except Exception as error:  # of a damaged file, there is no end to their kinds
        msg = f"{path} cannot be read as a FITS table: {error or type(error).__name__}"
        raise PredictionsError(msg) from error


def _check_fits(source: str, tables: Sequence[Any], question: Question) -> None:
    if len(tables) != 1:
        msg = f"{source} has {len(tables)} binary tables, expected one"
        raise PredictionsError(msg)
    header, columns = tables[0].header, tables[0].columns
    _check_size(source, header["NAXIS2"], header["TFIELDS"], question)
    _check_bytes(source, header["NAXIS2"] * header["NAXIS1"] + header["PCOUNT"])
    wide = [column.name for column in columns if column.dtype.shape or column.dim]
    if wide:
        msg = f"{source} has several values in a row of the column {wide[0][:_SHOWN]!r}"
        raise PredictionsError(msg)


def _read_text(path: Path, question: Question) -> Table:
    name = path.name.lower()
    is_tsv = name.removesuffix(".gz").endswith(".tsv")
    try:
        with (gzip.open if name.endswith(".gz") else open)(
            path, "rt", encoding="utf-8-sig", newline=""
        ) as file:
            return _parse_text(str(path), file, "\t" if is_tsv else ",", question)
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        msg = f"{path} cannot be read as {'TSV' if is_tsv else 'CSV'} in UTF-8: {error}"
        raise PredictionsError(msg) from error


def _parse_text(source: str, file: IO[str], separator: str, question: Question) -> Table:
    content: str | None = None
    rows: list[list[str]] = []
    places: list[str] = []
    reader = csv.reader(_lines(source, file), delimiter=separator)
    for fields in reader:
        if not fields or fields == [""]:
            continue
        if fields[0].startswith("#"):
            key, _, value = fields[0].lstrip("# ").partition("=")
            content = value.strip() if key.strip() == CONTENT_KEY else content
            continue
        if rows and len(fields) != len(rows[0]):
            msg = (
                f"line {reader.line_num} of {source} has {len(fields)} fields, expected "
                f"{len(rows[0])} as in the header"
            )
            raise PredictionsError(msg)
        _check_size(source, len(rows), len(fields), question)
        rows.append([field.strip() for field in fields])
        places.append(f"line {reader.line_num}")
    if not rows:
        msg = f"{source} is empty; it needs a header and one line a test sample"
        raise PredictionsError(msg)
    frame = pd.DataFrame(rows[1:], columns=rows[0])
    return _table(source, frame, question, places[1:], content)


def _lines(source: str, file: IO[str]) -> Iterator[str]:
    """Yield the lines of a file that a few compressed bytes may have made endless."""
    size = 0
    while line := file.readline(_MOST_LINE):
        size += len(line)
        _check_bytes(source, size)
        if len(line) == _MOST_LINE:
            msg = f"{source} has a line of more than {_MOST_LINE:,} characters"
            raise PredictionsError(msg)
        yield line


_READERS: dict[str, Callable[[Path, Question], Table]] = {
    ".csv": _read_text,
    ".csv.gz": _read_text,
    ".tsv": _read_text,
    ".tsv.gz": _read_text,
    ".fits": _read_fits,
    ".fits.gz": _read_fits,
    ".pq": _read_parquet,
    ".parquet": _read_parquet,
}
