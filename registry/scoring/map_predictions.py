"""Predictions that are maps: a class code, or the light of each source, for each pixel.

A file is an ``.npz`` or a Zarr group with two arrays: ``sample_id`` (sample,) and, for a
segmentation, ``segmentation`` (sample, y, x), whole numbers: 0 is the background and k + 1 class k;
for a deblending ``light`` (sample, source, [band,] y, x), electrons. The content hash that it was
made for may be given as a third array ``content``, one text. In memory an array of the maps alone
is in the order of the test split.
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
from skybench.registry.scoring.tasks import Maps

SUFFIX = ".npz"
_MOST_TEXT = 1 << 12
_BRIGHTEST = np.finfo(np.float32).max


def read_maps(source: Any, question: Question, form: Maps) -> Predictions:
    """Return the maps in a file, in the order of the question's ids, as one run of seed 0.

    Parameters
    ----------
    source : path, open binary file or array
        ``.npz`` or ``.zarr``; an open file is an ``.npz``. An array has the maps in the order of
        the question's ids.
    question : Question
    form : Maps
        That of the question's task.

    Raises
    ------
    PredictionsError
        The file is not exactly an answer.
    """
    name = str(source) if isinstance(source, str | os.PathLike) else "the predictions"
    arrays = _arrays(source, name, question, form)
    missing = [key for key in (ID, form.name) if key not in arrays]
    if missing:
        msg = f"{name} lacks {', '.join(missing)}. It needs {question.expected}."
        raise PredictionsError(msg)
    ids, maps = arrays[ID], arrays[form.name]
    _check(name, ids, maps, question, form)
    places = [f"row {row}" for row in range(len(ids))]
    order = rows_in_order(ids.astype(np.int64), question, name, places)
    content = bound_content(arrays)
    notes = (IN_ORDER,) if isinstance(source, np.ndarray) else ()
    return Predictions(by_seed={0: maps[order].astype(_stored(form))}, content=content, notes=notes)


def write_maps(
    path: str | os.PathLike[str] | IO[bytes],
    question: Question,
    form: Maps,
    by_seed: Mapping[int, NDArray[Any]],
    bound_to: Mapping[str, str],
) -> None:
    """Write the maps of one run as a compressed ``.npz``."""
    (maps,) = by_seed.values()
    arrays: dict[str, Any] = {key: np.array(value) for key, value in bound_to.items()}
    arrays |= {ID: question.ids, form.name: maps.astype(_stored(form))}
    np.savez_compressed(path, **arrays)


def _stored(form: Maps) -> type[np.int8] | type[np.float32]:
    return np.int8 if form.coded else np.float32


def _arrays(source: Any, name: str, question: Question, form: Maps) -> dict[str, NDArray[Any]]:
    if isinstance(source, np.ndarray):
        return {ID: question.ids, form.name: source}
    keys = (ID, form.name, CONTENT_KEY, SPLIT_CONTENT_KEY)
    suffix = Path(name).suffix.lower()
    # Twice the samples as int64: what is larger is no answer, and the check says what is.
    most = 2 * 8 * len(question.ids) * max(1, math.prod(question.shape)) + _MOST_TEXT
    try:
        if suffix == ".zarr":
            return read_zarr(source, keys, most)
        if suffix == SUFFIX or hasattr(source, "read"):
            return read_npz(source, keys, most)
    except Exception as error:  # of a damaged file, there is no end to their kinds
        msg = f"{name} cannot be read as maps: {error or type(error).__name__}"
        raise PredictionsError(msg) from error
    msg = f"{name} must be a {SUFFIX} file or a .zarr group with {ID} and {form.name}"
    raise PredictionsError(msg)


def _check(
    name: str, ids: NDArray[Any], maps: NDArray[Any], question: Question, form: Maps
) -> None:
    shape, kinds = (len(ids), *question.shape), "iu" if form.coded else "iuf"
    fits = ids.ndim == 1 and ids.dtype.kind in "iu"
    if not (fits and maps.shape == shape and maps.dtype.kind in kinds):
        msg = (
            f"{name} has {ID} of {ids.shape} {ids.dtype} and {form.name} of {maps.shape} "
            f"{maps.dtype}; it needs {question.expected}"
        )
        raise PredictionsError(msg)
    allowed, wrong = _wrong(maps, len(question.names), form)
    if wrong.any():
        row, *pixel = np.argwhere(wrong)[0].tolist()
        msg = (
            f"{form.name} must be {allowed}, got {maps[(row, *pixel)]} at {pixel} of row {row} of "
            f"{name}"
        )
        raise PredictionsError(msg)


def _wrong(maps: NDArray[Any], classes: int, form: Maps) -> tuple[str, NDArray[np.bool_]]:
    """Return what pixels may hold, in words, and where they do not."""
    if form.coded:
        return f"codes from 0 to {classes - 1}", (maps < 0) | (maps >= classes)
    return "finite numbers", ~(np.abs(maps) <= _BRIGHTEST)
