"""Predictions for a test split: checked strictly on the way in, written for the store.

A table, in a file or in memory, has a column ``sample_id`` and either one column ``label`` (class
name or code) or one column a class with its probability; a multi-label task has one column a class
with a probability or 0 and 1, a regression one column a target in the target's unit. With an
optional column ``seed`` it holds several runs. The content hash that it was made for may be given:
``content`` in the Parquet metadata, or a first line ``# content=sha256:…`` in a CSV. What tables
are read is in `skybench.registry.scoring.prediction_tables`. A segmentation and a
deblending are answered by maps: see `skybench.registry.scoring.map_predictions`.

Probabilities may have the round-off of float32 and of a few printed decimals: it is taken out, and
a note says so.
"""

import json
import math
import os
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from skybench.errors import PredictionsError
from skybench.registry.scoring.map_predictions import SUFFIX as MAP_SUFFIX
from skybench.registry.scoring.map_predictions import read_maps, write_maps
from skybench.registry.scoring.prediction_tables import (
    METADATA_KEY,
    ArrowTable,
    PredictionsSource,
    Table,
    import_pyarrow,
    read_table,
)
from skybench.registry.scoring.question import (
    ID,
    LABEL,
    SEED,
    Predictions,
    Question,
    and_more,
    rows_in_order,
)
from skybench.registry.scoring.tasks import Columns, Maps

TABLE_SUFFIX = ".parquet"

_ROUND_OFF = 1e-6
_SUM_TOLERANCE = 1e-2
_MOST_ID = 2.0**53
_SHOWN = 80


def read_predictions(source: PredictionsSource, question: Question) -> Predictions:
    """Return predictions of any kind, in the order of the question's ids.

    Parameters
    ----------
    source : path, open binary file, table, series or array
        As for `read_table`; for maps ``.npz``, ``.zarr`` or an array. An open file is
        of the kind that `write_predictions` writes. A list, a tensor and an ``.npy`` file are
        arrays.
    question : Question

    Raises
    ------
    PredictionsError
        It is not exactly an answer; the message names lines, ids or columns and the fix.
    """
    source = _in_memory(source)
    if isinstance(question.form, Maps):
        return read_maps(source, question, question.form)
    table = read_table(source, question)
    _check_columns(table, question, question.form)
    ids = _integers(table, ID)
    seeds = _integers(table, SEED) if SEED in table.frame else np.zeros_like(ids)
    answers, notes = _answers(table, question, question.form)
    by_seed = {}
    for seed in np.unique(seeds).tolist():
        rows = np.flatnonzero(seeds == seed)
        which = f" for seed {seed}" if SEED in table.frame else ""
        places = [table.places[row] for row in rows.tolist()]
        order = rows_in_order(ids[rows], question, table.source, places, which)
        by_seed[int(seed)] = answers[rows[order]]
    return Predictions(by_seed=by_seed, content=table.content, notes=(*table.notes, *notes))


def write_predictions(
    path: str | os.PathLike[str] | IO[bytes],
    question: Question,
    by_seed: Mapping[int, NDArray[Any]],
    bound_to: Mapping[str, str],
) -> None:
    """Write predictions in the order of the question's ids, to be kept with a record.

    A table becomes Parquet: one row a seed and sample, one float32 column a class or target.
    Maps become a compressed ``.npz``.

    Parameters
    ----------
    path : path or open binary file
        Its name should end in `predictions_suffix`.
    question : Question
    by_seed : mapping of int to array
    bound_to : mapping of str to str
        Goes to the file's metadata; ``content`` is the content hash that was predicted on.
    """
    if isinstance(question.form, Maps):
        write_maps(path, question, question.form, by_seed, bound_to)
        return
    pa = import_pyarrow()
    with np.errstate(over="ignore"):  # what becomes infinite is refused when it is read
        stacked = np.concatenate([np.asarray(by_seed[seed], np.float32) for seed in by_seed])
    columns = {
        ID: np.tile(np.asarray(question.ids, np.int64), len(by_seed)),
        SEED: np.repeat(np.array(list(by_seed), np.int64), len(question.ids)),
    } | {name: stacked[:, k] for k, name in enumerate(question.names)}
    metadata = {METADATA_KEY: json.dumps(dict(bound_to), sort_keys=True).encode()}
    table = pa.table({name: pa.array(values) for name, values in columns.items()})
    pa.parquet.write_table(table.replace_schema_metadata(metadata), path)


def _in_memory(source: PredictionsSource) -> PredictionsSource:
    """Return as a NumPy array what holds no more than one: a list, a tensor, an ``.npy`` file."""
    if isinstance(source, str | os.PathLike):
        return _npy(Path(source)) if os.fspath(source).lower().endswith(".npy") else source
    as_it_is = (np.ndarray, pd.DataFrame, pd.Series, xr.DataArray, ArrowTable)
    if isinstance(source, as_it_is) or not (
        isinstance(source, list | tuple) or hasattr(source, "__array__")
    ):
        return source
    try:
        return np.asarray(source)
    except Exception as error:  # of strange libraries and ragged lists, there is no end
        msg = f"the {type(source).__name__} cannot be read as a NumPy array: {error}"
        raise PredictionsError(msg) from error


def _npy(path: Path) -> NDArray[Any]:
    """Return the array of a file, not yet read: its shape is checked first."""
    try:
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        msg = f"{path} cannot be read as a NumPy array: {error}"
        raise PredictionsError(msg) from error
    return array


def predictions_suffix(question: Question) -> str:
    """Return how the name of a file that `write_predictions` writes ends."""
    return MAP_SUFFIX if isinstance(question.form, Maps) else TABLE_SUFFIX


def _check_columns(table: Table, question: Question, form: Columns) -> None:
    have = list(table.frame.columns)
    if repeated := [name for name in have if have.count(name) > 1]:
        msg = f"{table.source} has the column {repeated[0]!r} twice"
        raise PredictionsError(msg)
    single_label = form.exclusive and LABEL in have
    wanted = [ID, LABEL] if single_label else [ID, *question.names]
    unknown = [name for name in have if name not in {*wanted, SEED}]
    missing = [name for name in wanted if name not in have]
    if not unknown and not missing:
        return
    faults = [f"lacks {', '.join(missing)}"] if missing else []
    faults += [_unknown_column(name, missing or wanted) for name in unknown]
    msg = f"{table.source} {'; '.join(faults)}. It needs {question.expected}."
    raise PredictionsError(msg)


def _unknown_column(name: str, wanted: list[str]) -> str:
    separator = next((sign for sign in ";\t|," if sign in name), None)
    if separator == ",":
        return f"has one column {name[:_SHOWN]!r}; a .tsv has tabs between columns, a .csv commas"
    if separator:
        return f"has one column {name[:_SHOWN]!r}; separate columns by commas, not {separator!r}"
    near = get_close_matches(name[:_SHOWN].lower(), wanted, 1, 0.5)
    if near:
        return f"has an unknown column {name[:_SHOWN]!r} (did you mean {near[0]!r}?)"
    return f"has an unknown column {name[:_SHOWN]!r}, to be taken out"


def _integers(table: Table, column: str) -> NDArray[np.int64]:
    numbers = _numbers(table, column)
    wrong = (numbers != np.trunc(numbers)) | (np.abs(numbers) >= _MOST_ID)
    if wrong.any():
        msg = f"{column} must be whole numbers, got {_first(table, column, wrong)}"
        raise PredictionsError(msg)
    return numbers.astype(np.int64)


def _numbers(table: Table, column: str) -> NDArray[np.float64]:
    cells = table.frame[column]
    # pandas would count the microseconds of a date, and the real part of a complex number.
    cells = cells.astype(str) if cells.dtype.kind in "mMc" else cells
    numbers = pd.to_numeric(cells, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    wrong = ~np.isfinite(numbers)
    if wrong.any():
        msg = (
            f"{column} must be a finite number in every row, got {_first(table, column, wrong)}"
            f"{and_more(wrong)}"
        )
        raise PredictionsError(msg)
    return numbers


def _answers(
    table: Table, question: Question, form: Columns
) -> tuple[NDArray[np.float64], list[str]]:
    """Return a row of numbers for each row of the table, and what was put right in them."""
    if form.exclusive and LABEL in table.frame:
        return np.eye(len(question.names))[_labels(table, question.names)], []
    answers = np.stack([_numbers(table, name) for name in question.names], axis=1)
    if not form.bounded:
        return answers, []
    for name, values in zip(question.names, answers.T, strict=True):
        _check_bounds(table, name, values, form)
    answers, notes = _clipped(answers)
    if form.exclusive:
        _check_sums(table, answers)
        answers, more = _normalised(answers)
        notes += more
    return answers, notes


def _clipped(probabilities: NDArray[np.float64]) -> tuple[NDArray[np.float64], list[str]]:
    within = np.clip(probabilities, 0, 1)
    beyond = np.abs(probabilities - within)
    if not beyond.any():
        return probabilities, []
    note = (
        f"probabilities beyond 0 or 1 by round-off, at most {beyond.max():.3g}, were clipped in "
        f"{_rows(np.asarray(beyond.any(axis=1)))}"
    )
    return within, [note]


def _normalised(probabilities: NDArray[np.float64]) -> tuple[NDArray[np.float64], list[str]]:
    """Return what sums to 1; the round-off of float32 stays, so that stored numbers do."""
    sums = probabilities.sum(axis=1)
    off = np.abs(sums - 1) > _ROUND_OFF
    if not off.any():
        return probabilities, []
    span = " to ".join(sorted({f"{sums[off].min():.7g}", f"{sums[off].max():.7g}"}))
    note = f"probabilities that sum to {span} were divided by their sum in {_rows(off)}"
    return np.where(off[:, None], probabilities / sums[:, None], probabilities), [note]


def _rows(some: NDArray[np.bool_]) -> str:
    return f"{np.count_nonzero(some):,} of {len(some):,} rows"


def _check_bounds(table: Table, name: str, values: NDArray[np.float64], form: Columns) -> None:
    wrong = (values < -_ROUND_OFF) | (values > 1 + _ROUND_OFF)
    if wrong.any():
        msg = (
            f"{name} must be a probability from 0 to 1, got {_first(table, name, wrong)}"
            f"{and_more(wrong)}; {_range_fix(values, form)}"
        )
        raise PredictionsError(msg)


def _range_fix(values: NDArray[np.float64], form: Columns) -> str:
    low, high = values.min(), values.max()
    if low >= -_SUM_TOLERANCE and high <= 1 + _SUM_TOLERANCE:
        return "that is more than round-off: clip it if you know why"
    if low >= 0 and 10 < high <= 100:
        return "divide percentages by 100"
    return f"put logits through a {'softmax' if form.exclusive else 'sigmoid'} first"


def _check_sums(table: Table, probabilities: NDArray[np.float64]) -> None:
    sums = probabilities.sum(axis=1)
    # A little more, since 0.99 of two decimals departs by more than 0.01 in its last bit.
    wrong = np.abs(sums - 1) > _SUM_TOLERANCE + _ROUND_OFF
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        msg = (
            f"the probabilities of a sample must sum to 1 within {_SUM_TOLERANCE}, got "
            f"{sums[row]:.8g} in {table.places[row]} of {table.source}{and_more(wrong)}; "
            "divide each row by its sum"
        )
        raise PredictionsError(msg)


def _labels(table: Table, classes: tuple[str, ...]) -> NDArray[np.int64]:
    codes = {str(code): code for code in range(len(classes))}
    codes |= {f"{code}.0": code for code in range(len(classes))}
    codes |= {name: code for code, name in enumerate(classes)}
    labels = np.array([codes.get(str(cell), -1) for cell in table.frame[LABEL]], np.int64)
    wrong = labels < 0
    if wrong.any():
        cell = str(table.frame[LABEL].iloc[int(np.flatnonzero(wrong)[0])])[:_SHOWN]
        near = get_close_matches(cell.lower(), classes, 1, 0.5)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        msg = (
            f"{LABEL} must be one of {', '.join(classes)} or their codes 0 to {len(classes) - 1}, "
            f"got {_first(table, LABEL, wrong)}{and_more(wrong)}{hint}"
        )
        raise PredictionsError(msg)
    return labels


def _first(table: Table, column: str, wrong: NDArray[Any]) -> str:
    row = int(np.flatnonzero(wrong)[0])
    return f"{_shown(table.frame[column].iloc[row])} in {table.places[row]} of {table.source}"


def _shown(cell: object) -> str:
    """Return text in quotes and a number plainly, without the name of its NumPy type."""
    if (
        cell is None
        or cell is pd.NA
        or cell == ""
        or (isinstance(cell, float) and math.isnan(cell))
    ):
        return "nothing"
    return (repr(str(cell)) if isinstance(cell, str) else str(cell))[:_SHOWN]
