"""Predictions that are maps: a class code for each pixel of each test sample.

A file is an ``.npz`` or a Zarr group with two arrays, ``sample_id`` (sample,) and
``segmentation`` (sample, y, x), whole numbers: 0 is the background and k + 1 class k. The content
hash that it was made for may be given as a third array ``content``, one text. In memory an array
of the maps alone is in the order of the test split.
"""

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from skybench.errors import PredictionsError
from skybench.registry.arrays.bounded_arrays import read_npz, read_zarr
from skybench.registry.scoring.question import (
    CONTENT_KEY,
    ID,
    IN_ORDER,
    SPLIT_CONTENT_KEY,
    Predictions,
    Question,
    bound_content,
    rows_in_order,
)

SUFFIX = ".npz"
MAPS = "segmentation"
KEYS = (ID, MAPS, CONTENT_KEY, SPLIT_CONTENT_KEY)
_MOST_TEXT = 1 << 12


def read_maps(source: Any, question: Question) -> Predictions:
    """Return the maps in a file, in the order of the question's ids, as one run of seed 0.

    Parameters
    ----------
    source : path, open binary file or array
        ``.npz`` or ``.zarr``; an open file is an ``.npz``. An array has the maps in the order of
        the question's ids.
    question : Question

    Raises
    ------
    PredictionsError
        The file is not exactly an answer.
    """
    name = str(source) if isinstance(source, str | os.PathLike) else "the predictions"
    arrays = _arrays(source, name, question)
    missing = [key for key in (ID, MAPS) if key not in arrays]
    if missing:
        msg = f"{name} lacks {', '.join(missing)}. It needs {question.expected}."
        raise PredictionsError(msg)
    ids, maps = arrays[ID], arrays[MAPS]
    _check(name, ids, maps, question)
    places = [f"row {row}" for row in range(len(ids))]
    order = rows_in_order(ids.astype(np.int64), question, name, places)
    content = bound_content(arrays)
    notes = (IN_ORDER,) if isinstance(source, np.ndarray) else ()
    return Predictions(by_seed={0: maps[order].astype(np.int8)}, content=content, notes=notes)


def write_maps(
    path: str | os.PathLike[str] | IO[bytes],
    question: Question,
    by_seed: Mapping[int, NDArray[Any]],
    bound_to: Mapping[str, str],
) -> None:
    """Write the maps of one run as a compressed ``.npz``."""
    (maps,) = by_seed.values()
    arrays: dict[str, Any] = {key: np.array(value) for key, value in bound_to.items()}
    arrays |= {ID: question.ids, MAPS: maps.astype(np.int8)}
    np.savez_compressed(path, **arrays)


def _arrays(source: Any, name: str, question: Question) -> dict[str, NDArray[Any]]:
    if isinstance(source, np.ndarray):
        return {ID: question.ids, MAPS: source}
    suffix = Path(name).suffix.lower()
    # Twice the samples as int64: what is larger is no answer, and the check says what is.
    most = 2 * 8 * len(question.ids) * max(1, math.prod(question.shape)) + _MOST_TEXT
    try:
        if suffix == ".zarr":
            return read_zarr(source, KEYS, most)
        if suffix == SUFFIX or hasattr(source, "read"):
            return read_npz(source, KEYS, most)
    except Exception as error:  # of a damaged file, there is no end to their kinds
        msg = f"{name} cannot be read as maps: {error or type(error).__name__}"
        raise PredictionsError(msg) from error
    msg = f"{name} must be a {SUFFIX} file or a .zarr group with {ID} and {MAPS}"
    raise PredictionsError(msg)


def _check(name: str, ids: NDArray[Any], maps: NDArray[Any], question: Question) -> None:
    expected = (len(ids), *question.shape)
    if ids.ndim != 1 or maps.shape != expected or {ids.dtype.kind, maps.dtype.kind} - set("iu"):
        msg = (
            f"{name} has {ID} of {ids.shape} {ids.dtype} and {MAPS} of {maps.shape} {maps.dtype}; "
            f"it needs {question.expected}"
        )
        raise PredictionsError(msg)
    wrong = np.argwhere((maps < 0) | (maps >= len(question.names)))
    if len(wrong):
        row, *pixel = wrong[0].tolist()
        msg = (
            f"{MAPS} must be codes from 0 to {len(question.names) - 1}, got "
            f"{maps[tuple(wrong[0])]} at {pixel} of row {row} of {name}"
        )
        raise PredictionsError(msg)
