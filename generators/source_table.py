"""A user's table of objects: columns of numbers, from whose rows sources take their parameters.

All that a source takes comes from one row, so parameters stay as correlated as they are in the
table. Files are read by `skybench.generators.table_file`; here are the numbers alone.
"""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any, Self

import numpy as np

from skybench.generators.arrays import Floats, Integers
from skybench.generators.expression import condition, names_in, number

CATALOGUE_ROW = "catalogue_row"
"""The variable that tells the row of a source, and the stream that chooses it."""


@dataclass(frozen=True, eq=False, kw_only=True)
class SourceTable:
    """The rows of a table that a cut keeps.

    Attributes
    ----------
    columns : mapping of (kept,) float64 arrays
        Those that the recipe uses.
    rows : (kept,) int64 array
        Numbers of the rows in the file, from 0.
    total : int
        How many the file has.
    """

    columns: Mapping[str, Floats]
    rows: Integers
    total: int

    @classmethod
    def cut(cls, columns: Mapping[str, Floats], where: str | None) -> Self:
        """Return the rows where an expression holds and no number is missing.

        Raises
        ------
        ValueError
            The expression is wrong, or no row is left.
        """
        total = len(next(iter(columns.values())))
        complete = np.logical_and.reduce([np.isfinite(values) for values in columns.values()])
        kept = np.flatnonzero(complete & condition(where, columns) if where else complete)
        if not kept.size:
            cut = f"where {where!r} " if where else ""
            msg = f"{cut}keeps none of the {total:,} rows, of which {complete.sum():,} are complete"
            raise ValueError(msg)
        return cls(
            columns={name: values[kept] for name, values in columns.items()}, rows=kept, total=total
        )

    @cached_property
    def digest(self) -> str:
        """The hash of the kept rows: their numbers, and the columns in the order of their names."""
        content = sha256(self.rows.astype("<i8").tobytes())
        for name in sorted(self.columns):
            content.update(f"\0{name}\0".encode())
            content.update(self.columns[name].astype("<f8").tobytes())
        return f"sha256:{content.hexdigest()}"

    def __eq__(self, other: object) -> bool:
        """Tell whether two tables have the same rows."""
        return isinstance(other, SourceTable) and self.digest == other.digest

    def __hash__(self) -> int:
        """Return what is equal for equal tables."""
        return hash(self.digest)

    def number(self, expression: str) -> Floats:
        """Return the values of a column, or of an expression of columns, in all kept rows.

        Raises
        ------
        ValueError
            The expression is wrong, or has no finite value in a row.
        """
        values = number(expression, self.columns)
        wrong = np.flatnonzero(~np.isfinite(values))
        if wrong.size:
            row = self.rows[wrong[0]]
            msg = f"{expression!r} has no value in {wrong.size:,} rows, such as row {row}; cut them"
            raise ValueError(msg)
        return values

    def packed(self) -> dict[str, Any]:
        """Return the table as plain values, for a machine that does not see the file."""
        columns = {name: _packed(values, "<f8") for name, values in self.columns.items()}
        return {"columns": columns, "rows": _packed(self.rows, "<i8"), "total": self.total}

    @classmethod
    def unpacked(cls, content: Mapping[str, Any]) -> Self:
        """Return the table that `packed` was made from."""
        return cls(
            columns={n: _unpacked(text, "<f8") for n, text in content["columns"].items()},
            rows=_unpacked(content["rows"], "<i8"),
            total=content["total"],
        )


def _packed(values: Any, dtype: str) -> str:
    return b64encode(values.astype(dtype).tobytes()).decode()


def _unpacked(text: str, dtype: str) -> Any:
    native = np.dtype(dtype).newbyteorder("=")
    return np.frombuffer(b64decode(text), dtype).astype(native)


def picked(uniform: Floats, values: Floats | Integers) -> Floats:
    """Return one of the values for each uniform, all alike; equal uniforms pick one row."""
    # A uniform is below 1, but its product with a large number may round up to that number.
    rows = np.minimum((uniform * len(values)).astype(np.int64), len(values) - 1)
    return np.asarray(values[rows], dtype=np.float64)


def columns_used(content: Mapping[str, Any], where: str | None) -> frozenset[str]:
    """Return the names of the columns that the content of a recipe needs; see `names_in`."""
    expressions = [*_columns(content), *([where] if where else [])]
    return frozenset[str]().union(*map(names_in, expressions))


def _columns(value: Any) -> Iterator[str]:
    """Yield what stands behind the keys ``column`` of distributions."""
    if isinstance(value, Mapping):
        if value.get("distribution") == "column" and isinstance(value.get("column"), str):
            yield value["column"]
        inner: Iterable[Any] = value.values()
    else:
        inner = value if isinstance(value, list | tuple) else ()
    for part in inner:
        yield from _columns(part)
