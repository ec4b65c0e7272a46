"""Tables of votes: a row an object, of a file or in memory, with the columns that are asked for.

Identities are text: the numbers of SDSS have 18 digits, of which a float keeps 16.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skybench.errors import NotFoundError, ParameterError
from skybench.generators.arrays import Floats
from skybench.generators.suggestion import nearest
from skybench.survey.reading import file_digest

Texts = NDArray[np.str_]

_SHOWN = 30
"""Names of columns that a message lists; surveys have hundreds."""

_EXACT = 1 << 53
"""Whole numbers up to it are floats."""


@dataclass(frozen=True, kw_only=True)
class VoteTable:
    """A table whose columns are read when they are asked for.

    Attributes
    ----------
    where : str
        Names it in messages.
    names : tuple of str
        Of its columns, as they are written.
    digest : str
        SHA-256 of the file; empty where it is none.
    """

    where: str
    names: tuple[str, ...]
    read: Callable[[str, bool], NDArray[Any]]
    digest: str = ""

    @classmethod
    def of(cls, given: object) -> "VoteTable":
        """Return a file's, or of a DataFrame, an astropy table or a mapping of columns.

        Raises
        ------
        NotFoundError
            There is no such file.
        ParameterError
            It is no table, or of a kind that is not read.
        """
        if isinstance(given, str | PathLike):
            return _of_file(Path(given))
        names = getattr(given, "colnames", None) or getattr(given, "columns", None)
        names = list(given) if isinstance(given, Mapping) else names
        if names is None or not hasattr(given, "__getitem__"):
            msg = (
                "votes are a DataFrame, a table, a mapping of columns or a file, got "
                f"{type(given).__name__}"
            )
            raise ParameterError(msg)
        held: Any = given
        return cls(
            where="the table of votes",
            names=tuple(map(str, names)),
            read=lambda name, _: np.ma.asarray(held[name]),
        )

    def named(self, word: str) -> str | None:
        """Return the column that a word means, None where there is none.

        Case does not count, nor does whether signs that no expression takes are written as ``_``.
        """
        if word in self.names:
            return word
        plain = _plain(word)
        return next((name for name in self.names if _plain(name) == plain), None)

    def column(self, word: str) -> str:
        """Return the column that a word means.

        Raises
        ------
        ParameterError
            There is none; the message names the nearest.
        """
        found = self.named(word)
        if found is not None:
            return found
        near = nearest(word, self.names)
        hint = f"; did you mean {near!r}?" if near else "."
        some = ", ".join(self.names[:_SHOWN]) + (", …" if len(self.names) > _SHOWN else "")
        msg = f"{self.where} has no column {word!r}{hint} It has {len(self.names)}: {some}"
        raise ParameterError(msg)

    def texts(self, word: str) -> Texts:
        """Return a column as text, empty where nothing is written.

        Raises
        ------
        ParameterError
            There is none of that name, or it holds floats that have lost digits.
        """
        values = np.ma.asarray(self.read(self.column(word), True))
        if values.dtype.kind == "f":
            values = _whole(values, f"{self.where}: column {word!r}")
        missing = np.ma.getmaskarray(values) | np.array([_is_missing(v) for v in values.data])
        return np.array(["" if m else _text(v) for m, v in zip(missing, values.data, strict=True)])

    def numbers(self, word: str) -> Floats:
        """Return a column as float64, NaN where there is no number.

        Raises
        ------
        ParameterError
            There is none of that name, or it holds text.
        """
        values: Any = np.ma.asarray(self.read(self.column(word), False))
        if values.dtype.kind == "O":
            values = np.ma.masked_array([np.nan if v is None else v for v in values.data])
        if values.ndim != 1 or values.dtype.kind not in "fiub":
            msg = f"{self.where}: column {word!r} must hold numbers, but holds {values.dtype}"
            raise ParameterError(msg)
        return np.asarray(values.astype(np.float64).filled(np.nan))


def _plain(name: str) -> str:
    return re.sub(r"\W", "_", name).lower()


def _is_missing(value: Any) -> bool:
    return value is None or value != value  # NaN, pandas' among them


def _text(value: Any) -> str:
    return (value.decode() if isinstance(value, bytes) else str(value)).strip()


def _whole(values: Any, where: str) -> Any:
    """Return floats as whole numbers, which identities are; pandas makes floats of a gap."""
    known = values.astype(np.float64).filled(np.nan)
    missing = np.isnan(known)
    whole = np.where(missing, 0, known)
    if (whole != np.rint(whole)).any() or (np.abs(whole) >= _EXACT).any():
        msg = f"{where} holds floats, which are no identities; read it as text or whole numbers"
        raise ParameterError(msg)
    return np.ma.masked_array(whole.astype(np.int64), missing)


class _Opened(NamedTuple):
    """The names of a file's columns, and what gives one of them, perhaps as text."""

    names: Iterable[str]
    column: Callable[[str, bool], Any]


def _of_file(path: Path) -> VoteTable:
    if not path.is_file():
        msg = f"there is no table of votes {path}"
        raise NotFoundError(msg)
    inner = path.with_suffix("") if path.suffix == ".gz" else path
    if inner.suffix.lower() not in _KINDS:
        msg = f"{path}: votes are {', '.join(_KINDS)} or the like with .gz, or a table in memory"
        raise ParameterError(msg)
    try:
        opened = _KINDS[inner.suffix.lower()](path)
    except Exception as error:  # whatever a reader raises at the bytes of strangers
        msg = f"{path} cannot be read as a table: {error}"
        raise ParameterError(msg) from error

    def read(name: str, as_text: bool) -> Any:
        try:
            return opened.column(name, as_text)
        except Exception as error:
            msg = f"{path}: column {name!r} cannot be read: {error}"
            raise ParameterError(msg) from error

    digest = f"sha256:{file_digest(path)}"
    return VoteTable(where=path.name, names=tuple(opened.names), read=read, digest=digest)


# Each library is loaded where a table of its kind is read: together they take a second.
def _csv(path: Path) -> _Opened:
    from pyarrow.csv import (  # type: ignore[import-untyped]
        ConvertOptions,
        open_csv,
        read_csv,
    )

    def column(name: str, as_text: bool) -> Any:
        types = {name: "string"} if as_text else None
        options = ConvertOptions(include_columns=[name], column_types=types)
        return _of_arrow(read_csv(path, convert_options=options)[name], as_text)

    with open_csv(path) as begun:
        return _Opened([str(name) for name in begun.schema.names], column)


def _parquet(path: Path) -> _Opened:
    from pyarrow.parquet import read_schema, read_table  # type: ignore[import-untyped]

    def column(name: str, as_text: bool) -> Any:
        return _of_arrow(read_table(path, columns=[name])[name], as_text)

    return _Opened([str(name) for name in read_schema(path).names], column)


def _of_arrow(column: Any, as_text: bool) -> Any:
    is_whole = str(column.type).startswith(("int", "uint"))
    return (column.cast("string") if as_text and is_whole else column).to_numpy()


def _astropy(path: Path) -> _Opened:
    from astropy.table import Table

    is_text = ".ecsv" in path.suffixes
    table = Table.read(path) if is_text else Table.read(path, format="fits", hdu=1)
    table.convert_bytestring_to_unicode()
    names = [str(name) for name in table.colnames]
    return _Opened(names, lambda name, _: np.ma.asarray(table[name]))


_KINDS: dict[str, Callable[[Path], _Opened]] = {
    ".csv": _csv,
    ".parquet": _parquet,
    ".fits": _astropy,
    ".fit": _astropy,
    ".ecsv": _astropy,
}
