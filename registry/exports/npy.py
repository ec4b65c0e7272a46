"""NPY shards, named as the DeepBench paper has them: ``xtrain_0.npy`` and ``ytrain_0.npy``."""

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skybench.generators.codes import SAMPLE_DIM
from skybench.generators.schema import main_variable
from skybench.registry.exports.answers import METADATA_FILE, answers, split_names, write_metadata
from skybench.registry.exports.blocks import unfinished_blocks
from skybench.registry.exports.export_format import DataFormat
from skybench.registry.storage.local_disk import replace_file

SHARD_SAMPLES = 512


def write_npy(ds: xr.Dataset, folder: Path) -> None:
    """Write the main variable and the answers of each split; goes on with a folder that is begun.

    Answers are codes of classes as int64, zeros and ones a class, numbers a target, or a map.
    """
    folder.mkdir(exist_ok=True)
    splits, answers_of = split_names(ds), answers(ds)
    data = ds[[main_variable(ds)]].reset_coords(drop=True)
    for split in dict.fromkeys(splits.tolist()):
        _write_split(data, np.flatnonzero(splits == split), split, answers_of, folder)
    files, places = _shards(splits)
    write_metadata(
        ds, folder / METADATA_FILE, lambda rows: {"file": files[rows], "row": places[rows]}
    )


def _write_split(
    data: xr.Dataset, chosen: NDArray[np.intp], split: str, answers_of: Any, folder: Path
) -> None:
    def x_of(rows: slice) -> Path:
        return folder / f"x{split}_{rows.start // SHARD_SAMPLES}.npy"

    of_split = data.isel({SAMPLE_DIM: chosen})
    for rows, block in unfinished_blocks(of_split, SHARD_SAMPLES, lambda rows: x_of(rows).exists()):
        (images,) = block.data_vars.values()
        right = answers_of(chosen[rows])
        y = x_of(rows).with_name("y" + x_of(rows).name[1:])
        _save(y, right.astype(np.int64) if right.ndim == 1 else right)
        _save(x_of(rows), images.values)  # last: it says that both are there


def _save(path: Path, values: NDArray[Any]) -> None:
    file = BytesIO()
    np.save(file, values)
    replace_file(path, [file.getbuffer()], durable=True)


def _shards(splits: NDArray[np.str_]) -> tuple[NDArray[np.str_], NDArray[np.intp]]:
    """Return the file that each sample is in, and its row there."""
    places = np.empty(len(splits), np.intp)
    for split in set(splits.tolist()):
        rows = np.flatnonzero(splits == split)
        places[rows] = np.arange(len(rows))
    numbers = places // SHARD_SAMPLES
    files = [f"x{split}_{number}.npy" for split, number in zip(splits, numbers, strict=True)]
    return np.array(files, np.str_), places % SHARD_SAMPLES


NPY = DataFormat(
    name="npy",
    suffix="",
    keeps=f"the main variable and the answers as xtrain_0.npy and ytrain_0.npy, {SHARD_SAMPLES} "
    "samples a file; metadata.csv.",
    loses="other data variables, parameters of single sources, units, and what proves the rest.",
    write=write_npy,
    resumable=True,
)
