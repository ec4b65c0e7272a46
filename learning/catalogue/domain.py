"""Datasets that are learnt from together: views of a recipe, releases, real images.

Each is a `Domain`, samples of one survey with the splits and named sets that they are in; `joined`
makes of several what a network is trained on and tested with.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from skybench.errors import IntegrityError, NotFoundError, ParameterError
from skybench.generators.codes import (
    ID_VARIABLE,
    SAMPLE_DIM,
    SPLIT_VARIABLE,
    flag_names,
    sealed_samples,
)
from skybench.generators.expression import condition
from skybench.generators.schema import main_variable
from skybench.learning.labelled import (
    TEST,
    TRAIN,
    UNLABELLED,
    VALIDATION,
    Labelled,
    Origin,
    origin_of,
)
from skybench.learning.readable import Readable, called, read
from skybench.learning.stretch import Stretch
from skybench.registry.hashing.content_hash import hash_dataset
from skybench.registry.hashing.parts import members_of
from skybench.registry.scoring.coordinates import coordinate_table
from skybench.registry.storage.store import Store

ALL = "all"
"""The part that every sample is in."""

UNKNOWN = -1
"""Class of a sample that nobody labelled."""

_TASK = "classification"
_LABEL = "label"


@dataclass(frozen=True, kw_only=True, eq=False)
class Domain:
    """Samples of one survey in memory, with the splits and named sets that they are in.

    Attributes
    ----------
    name : str
        Such as ``des``: tables and figures call it so.
    ds : Dataset
        Samples with their coordinates, codes not decoded.
    parts : dict of str to (sample,) bool arrays
        Splits and named sets.
    """

    name: str
    ds: xr.Dataset
    parts: dict[str, npt.NDArray[np.bool_]]

    @property
    def images(self) -> npt.NDArray[Any]:
        """(sample, [band,] y, x), as they are stored."""
        return np.asarray(self.ds[main_variable(self.ds)].values)

    @property
    def ids(self) -> npt.NDArray[np.int64]:
        """The ``sample_id`` of each sample."""
        return np.asarray(self.ds[ID_VARIABLE].values, np.int64)

    @property
    def classes(self) -> tuple[str, ...]:
        """Names in the order of the codes; empty where nothing is labelled."""
        label = self.ds.variables.get(_LABEL)
        return () if label is None else tuple(flag_names(label).values())

    @property
    def labels(self) -> npt.NDArray[np.int64]:
        """The class of each sample, `UNKNOWN` where it is not labelled or sealed."""
        label = self.ds.variables.get(_LABEL)
        if label is None:
            return np.full(self.ds.sizes[SAMPLE_DIM], UNKNOWN)
        codes = np.array([*flag_names(label)])
        places = np.select([label.values == code for code in codes], range(len(codes)), UNKNOWN)
        return np.where(sealed_samples(self.ds), UNKNOWN, places).astype(np.int64)

    @property
    def origin(self) -> Origin:
        """Where the samples are from, as files of weights and catalogues tell it."""
        attrs = self.ds.attrs
        version = {"dataset", "version"} <= attrs.keys()
        return replace(
            origin_of(self.ds, self.classes),
            dataset=f"{attrs['dataset']}@{attrs['version']}" if version else attrs.get("recipe"),
            content=attrs.get("content_hash"),
        )

    def rows(self, part: str) -> npt.NDArray[np.intp]:
        """Return the places of the samples of a split or named set.

        Raises
        ------
        NotFoundError
            There are none.
        """
        rows = np.flatnonzero(self.parts.get(part, np.zeros(0, np.bool_)))
        if not len(rows):
            have = ", ".join(name for name, inside in self.parts.items() if inside.any())
            msg = f"{self.name} has no samples of {part!r}; it has {have or 'none'}"
            raise NotFoundError(msg)
        return rows

    def of(self, rows: npt.NDArray[np.intp]) -> "Domain":
        """Return some of the samples."""
        parts = {name: inside[rows] for name, inside in self.parts.items()}
        return replace(self, ds=self.ds.isel({SAMPLE_DIM: rows}), parts=parts)

    def of_part(self, part: str) -> "Domain":
        """Return the samples of a split or named set; raises as `rows`."""
        return self.of(self.rows(part))

    def where(self, cut: str | None) -> npt.NDArray[np.bool_]:
        """Return which samples a cut in their coordinates chooses, as named sets are cut.

        Raises
        ------
        ParameterError
            It names what is no coordinate, or is no condition.
        """
        count = self.ds.sizes[SAMPLE_DIM]
        if cut is None:
            return np.ones(count, np.bool_)
        table = coordinate_table(self.ds, np.arange(count))
        numbers = table.select_dtypes("number")
        try:
            return condition(cut, {str(name): numbers[name].to_numpy() for name in numbers})
        except ValueError as error:
            msg = f"the cut {cut!r} of {self.name}: {error}"
            raise ParameterError(msg) from None

    def stretch(self) -> Stretch:
        """Return the stretch that its images teach, without their labels."""
        return Stretch.of(self.images)

    def content(self) -> str:
        """Return the hash of images and identities, whatever else is known of the samples."""
        main = main_variable(self.ds)
        kept = self.ds[[main]].drop_vars(set(self.ds.coords) - {ID_VARIABLE}, errors="ignore")
        return hash_dataset(kept.drop_attrs(deep=False)).root


def read_domain(
    reference: Readable,
    *,
    name: str | None = None,
    parts: Sequence[str] | None = None,
    store: str | Store | None = None,
) -> Domain:
    """Read images and what is known of them into memory.

    Parameters
    ----------
    reference : str, path, Recipe or Dataset
        As for `skybench.learning.readable.read`. It needs neither labels nor splits.
    name : str, optional
        Default: the reference.
    parts : sequence of str, optional
        Splits and named sets whose samples are read. Default: ``all``, which any dataset has.
    store : str or Store, optional
        As for `skybench.open`.

    Raises
    ------
    NotFoundError
        There is no such dataset, or it has no samples of a part.
    IntegrityError
        Its samples have no identities, or are of another task than a classification.
    """
    ds, known = read(reference, store), name or called(reference)
    if ID_VARIABLE not in ds.variables or ds.attrs.get("task", _TASK) != _TASK:
        what = f"a {ds.attrs.get('task')}" if ID_VARIABLE in ds.variables else "no sample_id"
        msg = f"{known} has {what}: catalogues are of classes of samples with identities"
        raise IntegrityError(msg)
    members = {ALL: np.ones(ds.sizes[SAMPLE_DIM], np.bool_)}
    if SPLIT_VARIABLE in ds.variables:
        members |= members_of(ds)
    domain = Domain(name=known, ds=ds, parts=members)
    if parts is not None:
        inside = np.zeros(ds.sizes[SAMPLE_DIM], np.bool_)
        for part in parts:
            inside[domain.rows(part)] = True
        domain = domain.of(np.flatnonzero(inside))
    return replace(domain, ds=domain.ds.load())


@dataclass(frozen=True, kw_only=True, eq=False)
class Joined:
    """Several domains as one set of samples, of which the first alone teaches.

    Attributes
    ----------
    labelled : Labelled
        Train and validation are those of the first domain, test is that of each, unlabelled what
        the others have of that split. Images of the others are in the stretch of the first.
    domains : tuple of Domain
    """

    labelled: Labelled
    domains: tuple[Domain, ...]

    def rows(self, part: str, domain: str) -> npt.NDArray[np.int64]:
        """Return the rows in `labelled` of a split or named set of one domain."""
        first = 0
        for one in self.domains:
            if one.name == domain:
                return np.asarray(first + one.rows(part), np.int64)
            first += one.ds.sizes[SAMPLE_DIM]
        have = ", ".join(one.name for one in self.domains)
        msg = f"there is no domain {domain!r}; there are {have}"
        raise NotFoundError(msg)

    @property
    def true_labels(self) -> npt.NDArray[np.int64]:
        """The class of each row where it is known, unlabelled ones included: to judge by alone."""
        return np.concatenate([domain.labels for domain in self.domains])


def joined(
    source: Domain, *others: Domain, cut: str | None = None, unlabelled: str = "unlabelled"
) -> Joined:
    """Return domains as one set of samples to learn from and to be tested with.

    Parameters
    ----------
    source : Domain
        Whose train and validation splits are learnt from.
    *others : Domain
    cut : str, optional
        Keeps the samples of train and validation that it chooses, such as those that volunteers
        agree about: ``"vote_fraction_spiral > 0.985"``.
    unlabelled : str
        The part of the others that is learnt from without labels, where they have it.

    Raises
    ------
    ParameterError
        The domains have other classes or images of other shapes.
    NotFoundError
        The source has no train or validation samples.
    """
    for other in others:
        _check_alike(source, other)
    own = source.stretch()
    images = [source.images.astype(np.float32)]
    images += [in_stretch_of(other.images, other.stretch(), own) for other in others]
    splits = [_source_split(source, cut)]
    splits += [_other_split(other, unlabelled) for other in others]
    labelled = Labelled(
        np.concatenate(images),
        np.maximum(np.concatenate([one.labels for one in (source, *others)]), 0),
        np.concatenate(splits),
        len(source.classes),
        origin=source.origin,
    )
    hidden = labelled.split == UNLABELLED
    truth = np.where(hidden, 0, labelled.truth)
    return Joined(labelled=replace(labelled, truth=truth), domains=(source, *others))


def beside(data: Labelled, other: Domain, part: str) -> Labelled:
    """Return samples with those of another survey after them, unlabelled, in the same stretch.

    Parameters
    ----------
    data : Labelled
        As a network learns it.
    other : Domain
    part : str
        The split or named set of the other that is looked at.

    Raises
    ------
    ParameterError
        Images of both have not the same shape.
    NotFoundError
        The other has no samples of the part.
    """
    seen = other.of_part(part)
    _check_shapes(other.name, seen.images.shape[1:], "the dataset", data.images.shape[1:])
    known = Stretch.of(data.images[data.rows(TRAIN)])
    images = in_stretch_of(seen.images, seen.stretch(), known)
    count = len(images)
    untold = np.zeros((count, *data.truth.shape[1:]), data.truth.dtype)
    return replace(
        data,
        images=np.concatenate([data.images.astype(np.float32), images]),
        truth=np.concatenate([data.truth, untold]),
        split=np.concatenate([data.split, np.full(count, UNLABELLED, data.split.dtype)]),
    )


def _check_alike(source: Domain, other: Domain) -> None:
    _check_shapes(other.name, other.images.shape[1:], source.name, source.images.shape[1:])
    if other.classes and other.classes != source.classes:
        msg = f"{other.name} has the classes {other.classes}, {source.name} {source.classes}"
        raise ParameterError(msg)


def _check_shapes(other: str, theirs: tuple[int, ...], source: str, ours: tuple[int, ...]) -> None:
    if ours != theirs:
        msg = f"{other} has images {theirs}, {source} {ours}; cut or bin them alike first"
        raise ParameterError(msg)


def _source_split(source: Domain, cut: str | None) -> npt.NDArray[np.int8]:
    split = np.full(source.ds.sizes[SAMPLE_DIM], -1, np.int8)
    chosen = source.where(cut)
    for part, code in {"train": TRAIN, "validation": VALIDATION}.items():
        rows = source.rows(part)
        kept = rows[chosen[rows] & (source.labels[rows] != UNKNOWN)]
        if len(kept) < 2:
            msg = f"{len(kept)} of {len(rows)} {part} samples of {source.name} are left by {cut!r}"
            raise NotFoundError(msg)
        split[kept] = code
    if "test" in source.parts:
        split[source.parts["test"]] = TEST
    return split


def _other_split(other: Domain, unlabelled: str) -> npt.NDArray[np.int8]:
    split = np.full(other.ds.sizes[SAMPLE_DIM], -1, np.int8)
    for part, code in {"test": TEST, unlabelled: UNLABELLED}.items():
        if part in other.parts:
            split[other.parts[part]] = code
    return split


def in_stretch_of(
    images: npt.NDArray[Any], own: Stretch, other: Stretch
) -> npt.NDArray[np.float32]:
    """Return images that look under another stretch as they do under their own.

    So a network that has the stretch of one survey takes images of another, whose electrons mean
    something else: (asinh(x / s) - m) / d stays as it is.
    """
    seen = own.applied(images)
    seen *= np.float32(other.deviation)
    seen += np.float32(other.mean)
    np.sinh(seen, out=seen)
    seen *= np.float32(other.scale)
    return seen
