"""A built dataset in memory, as floors and networks learn from it."""

import dataclasses
import hashlib
import math
import tempfile
from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from skybench.errors import IntegrityError, NotFoundError
from skybench.generators.codes import (
    ID_VARIABLE,
    SAMPLE_DIM,
    SPLIT_VARIABLE,
    encode_flags,
    flag_names,
)
from skybench.generators.schema import main_variable
from skybench.generators.sphere.healpix import ring_numbers
from skybench.learning.sample_form import SampleForm
from skybench.registry.arrays.zarr_format import open_raw
from skybench.registry.scoring.question import Question
from skybench.registry.scoring.tasks import AnswerKey, answer_key
from skybench.registry.versions.manifest import Manifest

TRAIN, VALIDATION, TEST, UNLABELLED = 0, 1, 2, 3

MOST_IN_MEMORY = 2 << 30
"""Bytes of images up to which training keeps them in memory, where it has a choice."""

_SPLITS = {"train": TRAIN, "validation": VALIDATION, "test": TEST}
_UNUSED = -1
_NEEDED = 2
_UNPACKED_AT_ONCE = 1024
_IMAGE = ("band", "y", "x")


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where samples come from and what their numbers mean, for files of weights to tell.

    Nothing that is learnt depends on it, so it is no part of a run's digest.

    Parameters
    ----------
    names : tuple of str
        Of the classes or targets.
    bands : tuple of str
        Of the planes, where they are bands.
    unit : str, optional
        Of the pixels, such as "electron".
    licence : str, optional
        Of the samples; what is learnt from them has it too.
    dataset, content : str, optional
        The version, such as "sky@1.0", and its content hash.
    """

    names: tuple[str, ...] = ()
    bands: tuple[str, ...] = ()
    unit: str | None = None
    licence: str | None = None
    dataset: str | None = None
    content: str | None = None


@dataclass(frozen=True)
class Labelled:
    """Samples with what is right for each, and their splits, all in memory.

    Parameters
    ----------
    images : (sample, ...) array
        Images, or samples of another form: int32 electrons, or float32.
    truth : array
        (sample,) class codes, (sample, class) zeros and ones, (sample, target) float64, (sample,
        y, x) class codes or (sample, source, [band,] y, x) light.
    split : (sample,) codes, 0 train, 1 validation, 2 test
        3 are samples without labels that an alignment looks at; all others sit out.
    outputs : int
        How many classes, or targets, there are: numbers that a network gives for a sample.
    task : str
        A key of `skybench.registry.scoring.tasks.TASKS`.
    turns : bool
        Whether a flipped or turned image has the same answer, so that training may do it.
    dims : tuple of str
        Of one sample. Default: ("y", "x") or ("band", "y", "x").
    origin : Origin
    """

    images: npt.NDArray[Any]
    truth: npt.NDArray[Any]
    split: npt.NDArray[np.int8]
    outputs: int
    task: str = "classification"
    turns: bool = True
    dims: tuple[str, ...] = ()
    origin: Origin = Origin()

    @property
    def form(self) -> SampleForm:
        """What a network must know of the samples."""
        shape = self.images.shape[1:]
        return SampleForm(dims=self.dims or _IMAGE[-len(shape) :], shape=shape)

    def rows(self, split: int) -> npt.NDArray[np.int64]:
        """Give the row numbers of one split, ascending."""
        return np.flatnonzero(self.split == split)

    def of_split(self, split: int) -> "Labelled":
        """Return the samples of one split alone."""
        rows = self.rows(split)
        kept = {name: getattr(self, name)[rows] for name in ("images", "truth", "split")}
        return dataclasses.replace(self, **kept)

    def digest(self) -> str:
        """Return the SHA-256 of all that training sees."""
        form = (self.images.shape, self.outputs, self.task, self.turns)
        digest = hashlib.sha256(repr(form).encode())
        for array in (self.images, self.truth, self.split):
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()


@dataclass(frozen=True, kw_only=True)
class TrainingData:
    """Arrays with the names that belong to them.

    Parameters
    ----------
    labelled : Labelled
    ids : (sample,) int64 array
        ``sample_id`` of each row.
    names : tuple of str
        Of the classes or targets, in the order of the codes or columns.
    test_votes : (sample, class) array, optional
        The probability of each class with volunteers, for the test split.
    """

    labelled: Labelled
    ids: npt.NDArray[np.int64]
    names: tuple[str, ...]
    test_votes: npt.NDArray[Any] | None = None

    def of_version(self, manifest: Manifest) -> "TrainingData":
        """Return the same data, known to be those of a version."""
        origin = dataclasses.replace(
            self.labelled.origin,
            licence=manifest.licence,
            dataset=manifest.reference,
            content=manifest.content.root,
        )
        return dataclasses.replace(self, labelled=dataclasses.replace(self.labelled, origin=origin))

    @property
    def test_truth(self) -> npt.NDArray[Any]:
        """What is right for each sample of the test split."""
        return self.labelled.truth[self.labelled.rows(TEST)]

    @property
    def question(self) -> Question:
        """What a baseline's predictions answer."""
        return Question(
            task=self.labelled.task,
            names=self.names,
            ids=self.ids[self.labelled.rows(TEST)],
            shape=self.test_truth.shape[1:] if self.test_truth.ndim >= 3 else (),
        )


def load_training_data(
    source: str | xr.Dataset, *, unpacked: str | PathLike[str] | None = None
) -> TrainingData:
    """Read images, truth and splits of a dataset into memory.

    Parameters
    ----------
    source : str or Dataset
        The path or URL of a Zarr store, or a dataset that was opened or generated.
    unpacked : path, optional
        A folder for images that take more than `MOST_IN_MEMORY`: they are unpacked there, once and
        for this process alone, and read from the disk whenever they are asked for. What is learnt
        is the same. Default: all is kept in memory.

    Raises
    ------
    NotFoundError
        The store is not there, or one of the three splits is empty.
    IntegrityError
        There are no targets, or codes without a meaning.
    """
    ds, where = (open_raw(source), source) if isinstance(source, str) else _given(source)
    key = answer_key(ds, where)
    split = np.full(len(key.ids), _UNUSED, np.int8)
    for name, code in _SPLITS.items():
        rows = key.rows(name)
        if len(rows) < _NEEDED:
            msg = (
                f"{where} has {len(rows)} samples in its {name} split; training needs at least "
                f"{_NEEDED} in each of {', '.join(_SPLITS)}"
            )
            raise NotFoundError(msg)
        split[rows] = code
    data = ds[main_variable(ds)]
    labelled = Labelled(
        images=_images(_nested(data), unpacked),
        truth=key.truth.of_rows(np.arange(len(key.ids))),
        split=split,
        outputs=_outputs(key),
        task=key.task,
        turns=key.task != "regression" or not any(_oriented(ds, n) for n in key.names),
        dims=tuple(str(dim) for dim in data.dims[1:]),
        origin=origin_of(ds, key.names),
    )
    if labelled.form.kind != "images" or key.truth.shape:  # a map would have to turn, too
        labelled = dataclasses.replace(labelled, turns=False)
    votes = key.votes("test")
    return TrainingData(labelled=labelled, ids=key.ids, names=key.names, test_votes=votes)


def _given(ds: xr.Dataset) -> tuple[xr.Dataset, str]:
    """Return a dataset with codes and its samples first, and how messages call it."""
    where = str(ds.attrs.get("recipe", "the dataset"))
    for name in (SAMPLE_DIM, ID_VARIABLE, SPLIT_VARIABLE):
        if name not in {*ds.dims, *ds.variables}:
            msg = f"{where} has no {name!r}, which a dataset to train on needs"
            raise IntegrityError(msg)
    return encode_flags(ds.transpose(SAMPLE_DIM, ...)), where


def _nested(data: xr.DataArray) -> xr.DataArray:
    """Return maps of the sphere in NESTED order, in which networks find neighbours."""
    if data.attrs.get("ordering") != "ring":
        return data
    nside = round((data.sizes["pixel"] / 12) ** 0.5)
    return data.isel(pixel=ring_numbers(nside))


def _images(data: xr.DataArray, unpacked: str | PathLike[str] | None) -> npt.NDArray[Any]:
    if unpacked is None or data.nbytes <= MOST_IN_MEMORY:
        return np.ascontiguousarray(data.to_numpy())
    # A file without a name: it ends with the process, however that ends.
    with tempfile.TemporaryFile(dir=unpacked) as file:
        images: npt.NDArray[Any] = np.memmap(file, data.dtype, "w+", shape=data.shape)
    for start in range(0, len(data), _UNPACKED_AT_ONCE):
        part = slice(start, start + _UNPACKED_AT_ONCE)
        images[part] = data[part].to_numpy()
    return images


def _outputs(key: AnswerKey) -> int:
    """Return how many numbers a network gives, for a sample or each of its pixels."""
    light = key.task == "deblending"
    return math.prod(key.truth.shape[:-2]) if light else len(key.names)


def origin_of(ds: xr.Dataset, names: tuple[str, ...]) -> Origin:
    """Return where the samples of a dataset come from, by what it says itself."""
    main = ds.variables[main_variable(ds)]
    bands = ds.variables.get("band", xr.Variable((), 0))
    return Origin(
        names=names,
        bands=tuple(flag_names(bands).values()) if "flag_values" in bands.attrs else (),
        unit=main.attrs.get("units"),
        licence=ds.attrs.get("license"),
    )


def _oriented(ds: xr.Dataset, target: str) -> bool:
    """Return whether a target changes when the image is turned: an angle, a place, a sense."""
    angle = ds.variables[target].attrs.get("units") == "degree"
    return angle or target.endswith(("_x", "_y", "_1", "_2", "handedness"))
