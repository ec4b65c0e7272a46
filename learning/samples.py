"""The samples of a dataset as networks take them: float32 inputs, and what is right for each.

An input is (plane, *extent), such as (band, y, x), stretched; several inputs are planes of one
array. All is read chunk by chunk, whether it is kept in memory or read anew in each epoch. No torch
here: the arrays are NumPy's, for whatever takes them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skybench.errors import NotFoundError, ParameterError
from skybench.generators.codes import SAMPLE_DIM, SPLIT_VARIABLE, encode_flags
from skybench.generators.schema import main_variable
from skybench.learning.sample_form import SampleForm
from skybench.learning.stretch import Stretch
from skybench.learning.target import Target, target_of
from skybench.registry.arrays.chunked_rows import (
    ArrayRows,
    ChunkedRows,
    chunk_lengths,
    chunk_starts,
    rows_by_chunk,
    sharded_rows,
)
from skybench.registry.open import Openable, Verification
from skybench.registry.open import open as open_version
from skybench.registry.proof.file_check import damage
from skybench.registry.scoring.truth import meanings
from skybench.registry.storage.store import Store
from skybench.registry.versions.index import read_manifest, resolve

MOST_IN_MEMORY = 2 << 30
"""Bytes of inputs in float32 up to which the samples are kept in memory."""

TRAIN: Literal["train"] = "train"
_STRETCH_CHUNKS = 32
_CACHED_BYTES = 1 << 18

Stretches = Stretch | Mapping[str, Stretch | None] | Literal["train"] | None


@dataclass(frozen=True, kw_only=True)
class Input:
    """A variable that networks see, with its stretch; None leaves it as it is stored."""

    name: str
    rows: ChunkedRows
    form: SampleForm
    stretch: Stretch | None

    def put(self, raw: NDArray[Any], out: NDArray[np.float32]) -> None:
        """Put raw samples, stretched, into (sample, plane, *extent)."""
        order = (0, *(axis + 1 for axis in self.form.planes_first))
        # A view of `out` in the order of `raw`: nothing is copied to be turned.
        shape = [self.form.shape[axis] for axis in self.form.planes_first]
        turned = out.reshape(len(out), *shape).transpose(np.argsort(order))
        if self.stretch is None:
            np.copyto(turned, raw, casting="unsafe")
        else:
            self.stretch.applied(raw, turned)


@dataclass(frozen=True, kw_only=True, eq=False)
class Samples:
    """The samples of a dataset, or of one split, that are read as pairs of arrays.

    Attributes
    ----------
    inputs : tuple of Input
    target : Target
    rows : (sample,) int array
        Where each is in the dataset, ascending.
    """

    inputs: tuple[Input, ...]
    target: Target
    rows: NDArray[np.intp]

    def __len__(self) -> int:
        """Count the samples."""
        return len(self.rows)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one input: (plane, *extent)."""
        return (sum(i.form.planes for i in self.inputs), *self.inputs[0].form.extent)

    @property
    def stretch(self) -> dict[str, Stretch | None]:
        """The stretch of each input, which another dataset may be given."""
        return {one.name: one.stretch for one in self.inputs}

    @property
    def nbytes(self) -> int:
        """Bytes of all inputs in float32."""
        return 4 * len(self) * int(np.prod(self.shape))

    @cached_property
    def sources(self) -> tuple[ChunkedRows, ...]:
        """The variables that are read chunk by chunk; all have the same chunks."""
        of_target = () if self.target.map is None else (self.target.map,)
        return (*(one.rows for one in self.inputs), *of_target)

    @cached_property
    def room(self) -> int:
        """The rows of memory that a chunk takes."""
        return max(source.room for source in self.sources)

    @cached_property
    def starts(self) -> NDArray[np.intp]:
        """The row of the dataset at which each chunk begins, and the number of all rows."""
        return chunk_starts(self.sources[0].lengths)

    @cached_property
    def chunks(self) -> dict[int, NDArray[np.intp]]:
        """The rows of these samples within each chunk that has any, by its number."""
        return rows_by_chunk(self.starts, self.rows)

    @cached_property
    def chunk_bytes(self) -> int:
        """What the longest chunk takes in memory, of all variables as they are stored."""
        return self.room * sum(_row_bytes(source) for source in self.sources)

    def empty(self, chunks: int) -> "RawRows":
        """Return room for some chunks."""
        shapes = (((chunks * self.room), *source.row_shape) for source in self.sources)
        arrays = [np.empty(s, v.dtype) for s, v in zip(shapes, self.sources, strict=True)]
        return RawRows(samples=self, arrays=arrays, rows=np.zeros(chunks * self.room, np.intp))

    def held(self, wanted: bool | None) -> "HeldRows | None":
        """Return the samples in memory, where that is wanted; None asks whether they fit."""
        fits = self.nbytes <= MOST_IN_MEMORY if wanted is None else wanted
        return self._read_all() if fits else None

    def _read_all(self) -> "HeldRows":
        inputs = np.empty((len(self), *self.shape), np.float32)
        answers: list[NDArray[Any]] = []
        room, start = self.empty(1), 0
        for number, within in self.chunks.items():
            room.read(number, 0)
            x, y = room.pairs(within)
            inputs[start : start + len(x)] = x
            answers.append(y)
            start += len(x)
        return HeldRows(inputs=inputs, answers=np.concatenate(answers))


@dataclass(frozen=True, kw_only=True, eq=False)
class HeldRows:
    """Samples in memory, ready to be taken."""

    inputs: NDArray[np.float32]
    answers: NDArray[Any]

    def pairs(self, places: NDArray[np.intp]) -> tuple[NDArray[np.float32], NDArray[Any]]:
        """Return copies of the inputs and answers at some places."""
        return self.inputs.take(places, axis=0), self.answers[places]


@dataclass(frozen=True, kw_only=True, eq=False)
class RawRows:
    """Chunks as they are stored, in room that is filled again and again."""

    samples: Samples
    arrays: list[NDArray[Any]]
    rows: NDArray[np.intp]
    _scratch: dict[str, NDArray[Any]] = field(default_factory=dict)

    def read(self, number: int, slot: int) -> None:
        """Read a chunk of each variable into the slot."""
        sources, room = self.samples.sources, self.samples.room
        place = slice(slot * room, (slot + 1) * room)
        for source, array in zip(sources, self.arrays, strict=True):
            source.read(number, array[place])
        start = self.samples.starts[number]
        self.rows[place] = np.arange(start, start + room)

    def pairs(self, places: NDArray[np.intp]) -> tuple[NDArray[np.float32], NDArray[Any]]:
        """Return the inputs and answers at some places."""
        samples = self.samples
        out = np.empty((len(places), *samples.shape), np.float32)
        plane = 0
        for one, array in zip(samples.inputs, self.arrays, strict=False):
            self._put(one, array, places, out[:, plane : plane + one.form.planes])
            plane += one.form.planes
        of_map = None if samples.target.map is None else self.arrays[-1][places]
        return out, samples.target.of(self.rows[places], of_map)

    def _put(
        self, one: Input, array: NDArray[Any], places: NDArray[np.intp], out: NDArray[np.float32]
    ) -> None:
        """Put an input at some places, so few at a time that they stay in the processor's cache."""
        few = max(1, _CACHED_BYTES // max(1, array[:1].nbytes))
        if one.name not in self._scratch:
            self._scratch[one.name] = np.empty((few, *array.shape[1:]), array.dtype)
        scratch = self._scratch[one.name]
        for start in range(0, len(places), few):
            part = places[start : start + few]
            # Clipping, which valid places do not need, spares NumPy a copy of its own.
            raw = array.take(part, axis=0, out=scratch[: len(part)], mode="clip")
            one.put(raw, out[start : start + few])


def open_samples(
    reference: Openable | xr.Dataset,
    *,
    split: str | None = None,
    inputs: str | Sequence[str] | None = None,
    target: str | Sequence[str] | None = None,
    stretch: Stretches = TRAIN,
    store: str | Store | None = None,
    verify: Verification = "fast",
) -> Samples:
    """Return the samples of a dataset, without reading their pixels.

    Parameters and errors as those of `skybench.learning.batches.batches`.
    """
    ds, rows_of, where = _opened(reference, store, verify)
    rows = _split_rows(ds, split, where)
    train = rows if split == TRAIN else _training_rows(ds, rows, where)
    names = _input_names(ds, inputs)
    given: Mapping[str, Stretch | str | None] = (
        stretch if isinstance(stretch, Mapping) else dict.fromkeys(names, stretch)
    )
    made = []
    for name in names:
        _require_samples(ds, name, where)
        _check_stretch(given.get(name, TRAIN))
        variable = ds.variables[name]
        form = SampleForm(
            dims=tuple(str(dim) for dim in variable.dims[1:]), shape=variable.shape[1:]
        )
        source, own = rows_of(name), given.get(name, TRAIN)
        learnt = _stretch_of(source, train) if isinstance(own, str) else own
        made.append(Input(name=name, rows=source, form=form, stretch=learnt))
    _check_extents(made, where)
    return Samples(inputs=tuple(made), target=target_of(ds, target, rows_of, where), rows=rows)


RowsOf = Callable[[str], ChunkedRows]


def _opened(
    reference: Openable | xr.Dataset, store: str | Store | None, verify: Verification
) -> tuple[xr.Dataset, RowsOf, str]:
    """Return a dataset with codes, how its variables are read, and how messages call it."""
    if isinstance(reference, xr.Dataset):
        ds = _with_samples_first(reference)
        return ds, _array_rows(ds), str(reference.attrs.get("recipe", "the dataset"))
    ds = open_version(reference, store=store, verify=verify, decode=False)
    where = str(reference)
    of_arrays = _array_rows(_with_samples_first(ds))
    if verify == "full":  # each chunk is compared with its hash by the dataset that was opened
        return ds, of_arrays, where
    shards = sharded_rows(*_stored_at(ds, reference, store))
    return ds, lambda name: shards.get(name) or of_arrays(name), where


def _stored_at(ds: xr.Dataset, reference: Openable, store: str | Store | None) -> tuple[str, str]:
    """Return the URL of the Zarr store of an opened dataset, and what mends its damage."""
    if "dataset" not in ds.attrs:
        return str(reference), "The copy is damaged: fetch or build it again"
    place = Store(store)
    manifest = read_manifest(place, resolve(f"{ds.attrs['dataset']}@{ds.attrs['version']}", place))
    fix = str(damage(manifest.reference, ("",))).strip()
    return place.url_of(f"{manifest.key}/{manifest.zarr}"), fix


def _array_rows(ds: xr.Dataset) -> RowsOf:
    lengths = chunk_lengths(ds)
    return lambda name: ArrayRows(variable=ds.variables[name], lengths=lengths)


def _with_samples_first(ds: xr.Dataset) -> xr.Dataset:
    """Return a dataset with codes, ``sample`` first, and the same chunks in all variables."""
    if SAMPLE_DIM not in ds.dims:
        msg = f"a dataset to learn from has the dimension {SAMPLE_DIM!r}; this one has {[*ds.dims]}"
        raise ParameterError(msg)
    return encode_flags(ds.unify_chunks().transpose(SAMPLE_DIM, ...))


def _split_rows(ds: xr.Dataset, split: str | None, where: str) -> NDArray[np.intp]:
    if split is None:
        rows, have = np.arange(ds.sizes[SAMPLE_DIM]), "it is empty"
    else:
        splits = meanings(ds, SPLIT_VARIABLE, where)
        rows, have = np.flatnonzero(splits == split), f"it has {', '.join(np.unique(splits))}"
    if not len(rows):
        msg = f"no samples of split {split!r} in {where}; {have}"
        raise NotFoundError(msg)
    return rows


def _training_rows(ds: xr.Dataset, rows: NDArray[np.intp], where: str) -> NDArray[np.intp]:
    """Return the rows that a stretch is learnt from: of the train split, or where it has none."""
    if SPLIT_VARIABLE not in ds.variables:
        return rows
    train = np.flatnonzero(meanings(ds, SPLIT_VARIABLE, where) == TRAIN)
    return train if len(train) else rows


def _input_names(ds: xr.Dataset, inputs: str | Sequence[str] | None) -> tuple[str, ...]:
    names = (main_variable(ds),) if inputs is None else inputs
    return (names,) if isinstance(names, str) else tuple(names)


def _require_samples(ds: xr.Dataset, name: str, where: str) -> None:
    if name not in ds.variables or SAMPLE_DIM not in ds.variables[name].dims:
        along = sorted(str(n) for n, v in ds.variables.items() if SAMPLE_DIM in v.dims)
        msg = f"{where} has no variable {name!r} along {SAMPLE_DIM}; it has {', '.join(along)}"
        raise ParameterError(msg)


def _check_stretch(stretch: Stretch | str | None) -> None:
    if stretch is not None and stretch != TRAIN and not isinstance(stretch, Stretch):
        msg = f"a stretch is 'train', a Stretch, None or a mapping of them, got {stretch!r}"
        raise ParameterError(msg)


def _check_extents(inputs: Sequence[Input], where: str) -> None:
    if not inputs:
        msg = "inputs must name at least one variable"
        raise ParameterError(msg)
    if len({one.form.extent for one in inputs}) > 1:
        forms = ", ".join(f"{one.name} {one.form}" for one in inputs)
        msg = f"inputs become planes of one array, but those of {where} differ in extent: {forms}"
        raise ParameterError(msg)


def _stretch_of(source: ChunkedRows, train: NDArray[np.intp]) -> Stretch:
    """Learn a stretch from the training samples of at most 32 chunks, evenly spaced."""
    return Stretch.of(np.concatenate([*_rows_in_chunks(source, train)]))


def _rows_in_chunks(source: ChunkedRows, rows: NDArray[np.intp]) -> Iterator[NDArray[Any]]:
    chunks = rows_by_chunk(chunk_starts(source.lengths), rows)
    room = np.empty((source.room, *source.row_shape), source.dtype)
    for number in [*chunks][:: max(1, -(-len(chunks) // _STRETCH_CHUNKS))]:
        source.read(number, room)
        yield room[chunks[number]]


def _row_bytes(source: ChunkedRows) -> int:
    return int(source.dtype.itemsize * np.prod(source.row_shape, dtype=np.int64))
