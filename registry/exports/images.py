"""PNG and JPEG files, a folder a class, as torchvision's ImageFolder reads them."""

from collections.abc import Sequence
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skybench.errors import ParameterError
from skybench.generators.codes import SAMPLE_DIM
from skybench.generators.schema import main_variable
from skybench.registry.exports.answers import METADATA_FILE, labels, split_names, write_metadata
from skybench.registry.exports.blocks import unfinished_blocks
from skybench.registry.exports.export_format import DataFormat
from skybench.registry.pictures import picture
from skybench.registry.reference import is_refused_by_windows
from skybench.registry.storage.local_disk import replace_file

_WIDTH = {("y", "x"): 1, ("band", "y", "x"): 1, ("z", "y", "x"): 1, ("pixel",): 256}
"""Width of the pictures by dimensions of a sample: 1 keeps each pixel a pixel."""

_BLOCK_SAMPLES = 256


def check_pictures(ds: xr.Dataset) -> None:
    """Raise a `ParameterError` where samples are no images, or a class can be no folder."""
    name = main_variable(ds)
    if _dims(ds, name) not in _WIDTH:
        msg = (
            f"{name} has dimensions ({', '.join(_dims(ds, name))}), which are no picture; "
            "export npy, npz, hdf5 or fits"
        )
        raise ParameterError(msg)
    classes = labels(ds)
    for folder in () if classes is None else np.unique(classes):
        if is_refused_by_windows(str(folder)):
            msg = f"{str(folder)!r} is a class whose folder Windows does not take; rename it"
            raise ParameterError(msg)


def _dims(ds: xr.Dataset, name: str) -> tuple[str, ...]:
    return tuple(str(dim) for dim in ds.variables[name].dims if dim != SAMPLE_DIM)


def write_pictures(ds: xr.Dataset, folder: Path, *, suffix: str, options: dict[str, Any]) -> None:
    """Write a picture a sample, and ``metadata.csv``; goes on with a folder that is begun.

    Parameters
    ----------
    ds : Dataset
    folder : Path
    suffix : str
        Of the pictures.
    options : dict
        Of Pillow, for this kind of file.
    """
    name, files = main_variable(ds), _file_names(ds, suffix)
    paths = [folder / file for file in files]
    for parent in dict.fromkeys(path.parent for path in [folder / METADATA_FILE, *paths]):
        parent.mkdir(parents=True, exist_ok=True)

    def finished(rows: slice) -> bool:
        return all(path.exists() for path in paths[rows])

    data = ds[[name]].reset_coords(drop=True)
    for rows, block in unfinished_blocks(data, _BLOCK_SAMPLES, finished):
        for path, sample in zip(paths[rows], block[name], strict=True):
            file = BytesIO()
            picture(sample, _WIDTH[_dims(ds, name)]).save(file, **options)
            replace_file(path, [file.getbuffer()], durable=False)
    write_metadata(ds, folder / METADATA_FILE, lambda rows: {"file_name": files[rows]})


def _file_names(ds: xr.Dataset, suffix: str) -> Sequence[str]:
    """Return the file of each sample, as ``train/spiral/000017.png`` or ``train/000017.png``."""
    ids: NDArray[np.int64] = np.asarray(ds.variables["sample_id"].values)
    classes, splits = labels(ds), split_names(ds)
    folders = (
        splits if classes is None else [f"{s}/{c}" for s, c in zip(splits, classes, strict=True)]
    )
    return [f"{folder}/{i:06d}{suffix}" for folder, i in zip(folders, ids, strict=True)]


_STRETCHED = (
    "numbers: each picture has an asinh stretch of its own (volumes a logarithm of their column), "
    "so that fluxes are lost, and all variables but the main one"
)

PNG = DataFormat(
    name="png",
    suffix="",
    keeps="a picture a sample, such as train/spiral/000017.png; metadata.csv.",
    loses=f"{_STRETCHED}.",
    write=partial(write_pictures, suffix=".png", options={"format": "PNG"}),
    check=check_pictures,
    resumable=True,
)

JPEG = DataFormat(
    name="jpeg",
    suffix="",
    keeps="a picture a sample, such as train/spiral/000017.jpg; metadata.csv.",
    loses=f"{_STRETCHED}; and faint detail, to the compression.",
    # subsampling 0: the noise of bands is in their colours.
    write=partial(
        write_pictures, suffix=".jpg", options={"format": "JPEG", "quality": 95, "subsampling": 0}
    ),
    check=check_pictures,
    resumable=True,
)
